//! What can be asked for on the command line.

use clap::{Args, Parser, Subcommand};
use zram_host::DeviceNumber;

use crate::{
    amount::Amount,
    columns::{Column, Selection},
    size::{parse, parse_decimal},
};

/// Set up, look at and control zram devices
///
/// Without a command it is util-linux' zramctl: the same options, the same columns, the same layout. The commands do what that one
/// cannot.
#[derive(Debug, Parser)]
#[command(name = "zramctl-rs", version, max_term_width = 100, args_conflicts_with_subcommands = true)]
#[command(after_help = "\
Examples:
  zramctl-rs                                  the devices that are set up, as zramctl prints them
  zramctl-rs --raw --bytes -o NAME,DATA,PEAK  for a script
  zramctl-rs list                             with what they are used for, and the right ratio
  zramctl-rs show zram0                       everything about one
  zramctl-rs slots zram0 --idle --ranges      which pages are idle

Exit status: 0 all well; 1 it could not be done; 2 the command line makes no sense.")]
pub struct Cli {
    /// What to do
    #[command(subcommand)]
    pub command: Option<Command>,

    /// As util-linux' zramctl
    #[command(flatten)]
    pub util_linux: UtilLinux,
}

/// The options of util-linux' `zramctl`: what shows something, and what sets up and resets.
#[derive(Debug, Args)]
pub struct UtilLinux {
    /// Only this device, set up or not; the one to set up; or those to reset
    #[arg(value_name = "DEVICE")]
    pub devices: Vec<DeviceNumber>,

    /// Print sizes in bytes
    #[arg(short, long)]
    pub bytes: bool,

    /// Leave out the headings
    #[arg(short, long, visible_alias = "no-headings")]
    pub noheadings: bool,

    /// Columns to print, separated by commas; `+LIST` adds them to the usual ones. `zramctl-rs list --help` names them
    #[arg(short, long, value_name = "LIST", conflicts_with_all = ["find", "reset", "size"])]
    pub output: Option<Selection>,

    /// Print all columns that util-linux has
    #[arg(long)]
    pub output_all: bool,

    /// One space between cells, spaces within as \x20
    #[arg(long)]
    pub raw: bool,

    /// Find a device that is not set up, or add one, and print its path
    #[arg(short, long, conflicts_with_all = ["devices", "reset"])]
    pub find: bool,

    /// Set the device up with this size: 4G and 4GiB are powers of 1024, 4GB of 1000
    #[arg(short, long, value_name = "SIZE", value_parser = parse_decimal, conflicts_with = "reset")]
    pub size: Option<u64>,

    /// ... with this compression algorithm
    #[arg(short, long, value_name = "NAME", requires = "size", value_parser = word)]
    pub algorithm: Option<String>,

    /// ... with these parameters for it, as algorithm_params takes them
    #[arg(short = 'p', long, value_name = "PARAMETERS", requires = "size")]
    pub algorithm_params: Option<String>,

    /// ... with so many streams, which newer kernels do not have
    #[arg(short = 't', long, value_name = "N", requires = "size")]
    pub streams: Option<u64>,

    /// Reset the devices and remove them
    #[arg(short, long, requires = "devices")]
    pub reset: bool,
}

/// A command.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show the devices, a line each
    List(List),
    /// Show everything about one device
    Show(Show),
    /// Show the states of a device's slots: what is idle, huge, written back, and where
    ///
    /// Read from debugfs' block_state, which takes root. Without --ranges, --list or --json: a summary.
    #[command(after_help = "\
Examples:
  zramctl-rs slots zram0                               how many of each kind, and how old
  zramctl-rs slots zram0 --idle --older 1h --ranges    ranges as `writeback` takes them
  zramctl-rs slots zram0 --huge --list | head")]
    Slots(Slots),
    /// Set a device up, from nothing to swap
    ///
    /// Finds a device that is not set up, or adds one, and prints its path. The steps are known before the first is taken (--dry-run prints
    /// them), and when one fails everything is as it was.
    #[command(after_help = "\
Sizes: 4G, 50% (of the memory), ram / 2, ram * 1.5, min(ram / 2, 8G), max(1G, 10%)

Examples:
  zramctl-rs setup --size 'min(ram / 2, 8G)' --algorithm zstd --swap --priority 100
  zramctl-rs setup --size 8G --memory 2G --backing /dev/vg0/zram --compressed-writeback --writeback-limit 10G --swap
  zramctl-rs setup zram0 --size 4G --algorithm lz4 --recompress zstd --recompress deflate --dry-run")]
    Setup(Setup),
    /// Take a device into use as swap, or out of it
    #[command(subcommand)]
    Swap(Swap),
    /// The commands that change a device
    #[command(flatten)]
    Change(Change),
}

/// How to set a device up.
#[derive(Debug, Args)]
pub struct Setup {
    /// Which, as zram0 or /dev/zram0; by default one that is not set up
    #[arg(value_name = "DEVICE")]
    pub device: Option<DeviceNumber>,

    /// What it offers, as if nothing were compressed
    #[arg(short, long, value_name = "SIZE")]
    pub size: Amount,

    /// Primary compression algorithm
    #[arg(short, long, value_name = "NAME", value_parser = word)]
    pub algorithm: Option<String>,

    /// Its parameters, as algorithm_params takes them, such as level=3
    #[arg(long, value_name = "PARAMETERS", requires = "algorithm")]
    pub algorithm_params: Option<String>,

    /// Algorithm for recompression; repeatable, the first is tried first
    #[arg(long = "recompress", value_name = "NAME", value_parser = word)]
    pub recompression: Vec<String>,

    /// Memory that the pool may take: 512M, 2G, or none
    #[arg(long, value_name = "SIZE", value_parser = memory)]
    pub memory: Option<Allowance>,

    /// Block device to write pages back to. What is on it is lost
    #[arg(long, value_name = "PATH")]
    pub backing: Option<String>,

    /// Write pages back as they are in memory: less work, the same space
    #[arg(long, requires = "backing")]
    pub compressed_writeback: bool,

    /// Requests that a writeback pass has on the way at most
    #[arg(long, value_name = "N", requires = "backing", value_parser = clap::value_parser!(u32).range(1..))]
    pub batch_size: Option<u32>,

    /// What may be written back: 500M, or none
    #[arg(long, value_name = "SIZE", requires = "backing", value_parser = writeback)]
    pub writeback_limit: Option<Allowance>,

    /// Take it into use as swap
    #[arg(long)]
    pub swap: bool,

    /// ... with this priority: areas of the highest are used first
    #[arg(long, value_name = "N", requires = "swap", value_parser = clap::value_parser!(u16).range(0..=32767))]
    pub priority: Option<u16>,

    /// ... and discard: zram does without, since swap tells it of each slot that is free
    #[arg(long, requires = "swap")]
    pub discard: bool,

    /// Whether to do it
    #[command(flatten)]
    pub dry: Dry,
}

/// Swap on a device.
#[derive(Debug, Subcommand)]
pub enum Swap {
    /// Take a device into use as swap. What is on it is lost
    On {
        /// Which, as zram0 or /dev/zram0
        #[arg(value_name = "DEVICE")]
        device: DeviceNumber,

        /// Areas of the highest priority are used first
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(0..=32767))]
        priority: Option<u16>,

        /// Discard: zram does without
        #[arg(long)]
        discard: bool,
    },
    /// Take it out of use, which reads back what is in it
    Off {
        /// Which, as zram0 or /dev/zram0
        #[arg(value_name = "DEVICE")]
        device: DeviceNumber,
    },
}

/// A command that changes a device.
#[derive(Debug, Subcommand)]
pub enum Change {
    /// Mark pages as idle, for writeback and recompression to choose
    ///
    /// Every page, or those not read or written for so long, which are then the only ones (on Linux 6.1 those marked before stay marked). Reading or
    /// writing a page unmarks it. Pages of one word and pages on the backing device are not marked (on Linux 6.1 they are).
    Idle(Idle),
    /// Write pages to the backing device and free their memory
    #[command(after_help = "\
Examples:
  zramctl-rs idle zram0 --older 6h && zramctl-rs writeback zram0 --idle
  zramctl-rs slots zram0 --huge --ranges          which those would be
  zramctl-rs writeback zram0 --range 0-4095 --range 8192-9000 --dry-run")]
    Writeback(Writeback),
    /// Compress pages again with a secondary algorithm
    Recompress(Recompress),
    /// Move objects together and give back memory
    Compact(Compact),
    /// Set how much memory a device may take, and how much may be written back
    #[command(after_help = "\
Examples:
  zramctl-rs limit zram0 --memory 2G --writeback 500M
  zramctl-rs limit zram0 --writeback none")]
    Limit(Limit),
    /// Throw away what devices hold, and how they were set up
    Reset(Reset),
    /// Take devices away, with what they hold
    Remove(Remove),
}

impl Change {
    /// Whether it is only to be said, not done.
    #[must_use]
    pub fn is_dry(&self) -> bool {
        let (Self::Idle(Idle { dry, .. })
        | Self::Writeback(Writeback { dry, .. })
        | Self::Recompress(Recompress { dry, .. })
        | Self::Compact(Compact { dry, .. })
        | Self::Limit(Limit { dry, .. })
        | Self::Reset(Reset { dry, .. })
        | Self::Remove(Remove { dry, .. })) = self;
        dry.dry_run
    }
}

/// What is only said, not done.
#[derive(Clone, Copy, Debug, Args)]
pub struct Dry {
    /// Print what would be written, and change nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// What to mark.
#[derive(Debug, Args)]
pub struct Idle {
    /// Which, as zram0 or /dev/zram0
    #[arg(value_name = "DEVICE")]
    pub device: DeviceNumber,

    /// Only pages not read or written for so long: 90, 90s, 15m, 2h, 3d
    #[arg(long, value_name = "AGE", value_parser = seconds)]
    pub older: Option<u64>,

    /// Whether to do it
    #[command(flatten)]
    pub dry: Dry,
}

/// A kind of pages.
#[derive(Clone, Copy, Debug, Args)]
pub struct Kind {
    /// Those marked as idle
    #[arg(long)]
    pub idle: bool,

    /// Those stored uncompressed
    #[arg(long)]
    pub huge: bool,

    /// Those of which both is true
    #[arg(long)]
    pub huge_idle: bool,

    /// Those that no algorithm makes smaller
    #[arg(long)]
    pub incompressible: bool,
}

impl Kind {
    /// The kernel's word.
    #[must_use]
    pub fn word(self) -> Option<&'static str> {
        [
            (self.idle, "idle"),
            (self.huge, "huge"),
            (self.huge_idle, "huge_idle"),
            (self.incompressible, "incompressible"),
        ]
        .into_iter()
        .find_map(|(is, word)| is.then_some(word))
    }
}

/// What to write back.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("pages").required(true).args(["idle", "huge", "huge_idle", "incompressible", "range"]))]
pub struct Writeback {
    /// Which, as zram0 or /dev/zram0
    #[arg(value_name = "DEVICE")]
    pub device: DeviceNumber,

    /// Which pages
    #[command(flatten)]
    pub kind: Kind,

    /// Pages FIRST to LAST, whatever they are; repeatable
    #[arg(long, value_name = "FIRST-LAST", value_parser = range)]
    pub range: Vec<(u64, u64)>,

    /// Whether to do it
    #[command(flatten)]
    pub dry: Dry,
}

/// What to recompress.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("pages").args(["idle", "huge", "huge_idle"]))]
pub struct Recompress {
    /// Which, as zram0 or /dev/zram0
    #[arg(value_name = "DEVICE")]
    pub device: DeviceNumber,

    /// Which pages; without any: all
    #[command(flatten)]
    pub kind: RecompressKind,

    /// Only pages that take so many bytes or more, and keep the result only if it takes less
    #[arg(long, value_name = "BYTES")]
    pub threshold: Option<u32>,

    /// Try so many pages at most
    #[arg(long, value_name = "N")]
    pub max_pages: Option<u64>,

    /// With this algorithm, which is one of the device's secondary ones
    #[arg(long, value_name = "NAME", conflicts_with = "priority", value_parser = word)]
    pub algorithm: Option<String>,

    /// With the algorithm of this priority; without either, that of priority 1
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=3))]
    pub priority: Option<u32>,

    /// Whether to do it
    #[command(flatten)]
    pub dry: Dry,
}

/// A kind of pages that can be recompressed.
#[derive(Clone, Copy, Debug, Args)]
pub struct RecompressKind {
    /// Those marked as idle
    #[arg(long)]
    pub idle: bool,

    /// Those stored uncompressed
    #[arg(long)]
    pub huge: bool,

    /// Those of which both is true
    #[arg(long)]
    pub huge_idle: bool,
}

impl RecompressKind {
    /// The kernel's word.
    #[must_use]
    pub fn word(self) -> Option<&'static str> {
        let Self { idle, huge, huge_idle } = self;
        Kind { idle, huge, huge_idle, incompressible: false }.word()
    }
}

/// What to compact.
#[derive(Debug, Args)]
pub struct Compact {
    /// Which, as zram0 or /dev/zram0
    #[arg(value_name = "DEVICE")]
    pub device: DeviceNumber,

    /// Whether to do it
    #[command(flatten)]
    pub dry: Dry,
}

/// How much of something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Allowance {
    /// No limit.
    None,
    /// So many bytes.
    Bytes(u64),
}

/// What to limit.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("limits").required(true).multiple(true).args(["memory", "writeback", "reset_peak"]))]
pub struct Limit {
    /// Which, as zram0 or /dev/zram0
    #[arg(value_name = "DEVICE")]
    pub device: DeviceNumber,

    /// Memory that the pool may take: 512M, 2G, or none for no limit
    #[arg(long, value_name = "SIZE", value_parser = memory)]
    pub memory: Option<Allowance>,

    /// What may be written back from now on, in whole blocks of 4K: 500M, 0, or none for no limit
    #[arg(long, value_name = "SIZE", value_parser = writeback)]
    pub writeback: Option<Allowance>,

    /// Let the peak of memory begin anew
    #[arg(long)]
    pub reset_peak: bool,

    /// Whether to do it
    #[command(flatten)]
    pub dry: Dry,
}

/// What to reset.
#[derive(Debug, Args)]
pub struct Reset {
    /// Which, as zram0 or /dev/zram0
    #[arg(value_name = "DEVICE", required = true)]
    pub devices: Vec<DeviceNumber>,

    /// Also what Linux keeps: the writeback limit, the batch size, the form of writeback
    #[arg(long)]
    pub settings: bool,

    /// Whether to do it
    #[command(flatten)]
    pub dry: Dry,
}

/// What to remove.
#[derive(Debug, Args)]
pub struct Remove {
    /// Which, as zram0 or /dev/zram0
    #[arg(value_name = "DEVICE", required = true)]
    pub devices: Vec<DeviceNumber>,

    /// Whether to do it
    #[command(flatten)]
    pub dry: Dry,
}

/// How `list` shows them.
#[derive(Debug, Args)]
#[command(after_help = columns_help())]
pub struct List {
    /// Also those that are not set up
    #[arg(short, long)]
    pub all: bool,

    /// Print sizes in bytes
    #[arg(short, long)]
    pub bytes: bool,

    /// Leave out the headings
    #[arg(short, long, alias = "noheadings")]
    pub no_headings: bool,

    /// Columns to print, separated by commas; `+LIST` adds them to the usual ones
    #[arg(short, long, value_name = "LIST")]
    pub output: Option<Selection>,

    /// Print all columns
    #[arg(long, conflicts_with = "output")]
    pub output_all: bool,

    /// One space between cells, spaces within as \x20
    #[arg(long)]
    pub raw: bool,

    /// As JSON: everything, whatever the columns
    #[arg(long, conflicts_with_all = ["raw", "output", "output_all", "no_headings", "bytes"])]
    pub json: bool,
}

/// What `show` shows.
#[derive(Debug, Args)]
pub struct Show {
    /// Which, as zram0 or /dev/zram0
    #[arg(value_name = "DEVICE")]
    pub device: DeviceNumber,

    /// Print sizes in bytes
    #[arg(short, long)]
    pub bytes: bool,

    /// As JSON
    #[arg(long, conflicts_with = "bytes")]
    pub json: bool,
}

/// Which slots, and how.
#[derive(Debug, Args)]
pub struct Slots {
    /// Which, as zram0 or /dev/zram0
    #[arg(value_name = "DEVICE")]
    pub device: DeviceNumber,

    /// Which of them
    #[command(flatten)]
    pub filter: Filter,

    /// Only slots FIRST to LAST, as `page_indexes=` counts them
    #[arg(long, value_name = "FIRST-LAST", value_parser = range)]
    pub range: Option<(u64, u64)>,

    /// A line each
    #[arg(long, conflicts_with = "ranges")]
    pub list: bool,

    /// Neighbours as one range
    #[arg(long)]
    pub ranges: bool,

    /// As JSON
    #[arg(long)]
    pub json: bool,
}

/// Which slots: those of which all of this is true.
#[derive(Clone, Copy, Debug, Args)]
pub struct Filter {
    /// Marked as idle
    #[arg(long)]
    pub idle: bool,

    /// Stored uncompressed
    #[arg(long)]
    pub huge: bool,

    /// Of one word
    #[arg(long)]
    pub same: bool,

    /// On the backing device
    #[arg(long)]
    pub written_back: bool,

    /// In memory
    #[arg(long, conflicts_with = "written_back")]
    pub in_memory: bool,

    /// Compressed with a secondary algorithm
    #[arg(long)]
    pub recompressed: bool,

    /// That no algorithm makes smaller
    #[arg(long)]
    pub incompressible: bool,

    /// Not read or written for so long: 90, 90s, 15m, 2h, 3d
    #[arg(long, value_name = "AGE", value_parser = seconds)]
    pub older: Option<u64>,
}

/// `FIRST-LAST`, or one number.
fn range(text: &str) -> Result<(u64, u64), String> {
    let wrong = || format!("\"{text}\" is no range of slots: give FIRST-LAST, such as 0-1023");
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let range = (first.parse().map_err(|_| wrong())?, last.parse().map_err(|_| wrong())?);
    if range.0 > range.1 { Err(wrong()) } else { Ok(range) }
}

/// A time in seconds, or with a letter.
fn seconds(text: &str) -> Result<u64, String> {
    let wrong = || format!("\"{text}\" is no age: give seconds, or a number with s, m, h or d");
    let (digits, unit) = match text.char_indices().last() {
        Some((at, 's')) => (&text[..at], 1),
        Some((at, 'm')) => (&text[..at], 60),
        Some((at, 'h')) => (&text[..at], 3600),
        Some((at, 'd')) => (&text[..at], 86_400),
        _ => (text, 1),
    };
    digits.parse::<u64>().ok().and_then(|n| n.checked_mul(unit)).ok_or_else(wrong)
}

/// A size that a pool may have, or `none`.
fn memory(text: &str) -> Result<Allowance, String> {
    match text {
        "none" => Ok(Allowance::None),
        _ => match parse(text)? {
            0 => Err("0 is no limit to Linux: say none if that is meant".to_owned()),
            bytes => Ok(Allowance::Bytes(bytes)),
        },
    }
}

/// What may be written back, or `none`.
fn writeback(text: &str) -> Result<Allowance, String> {
    match text {
        "none" => Ok(Allowance::None),
        _ => match parse(text)? {
            1..4096 => Err("Linux counts in blocks of 4096 bytes: give 0, or at least one".to_owned()),
            bytes => Ok(Allowance::Bytes(bytes)),
        },
    }
}

/// One word, which a command to the kernel can hold.
fn word(text: &str) -> Result<String, String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if !text.is_empty() && text.chars().all(fits) {
        Ok(text.to_owned())
    } else {
        Err(format!("\"{text}\" is no algorithm's name"))
    }
}

fn columns_help() -> String {
    let mut text = "Columns:\n".to_owned();
    for column in Column::ALL {
        text.push_str(&format!("  {:<11} {}\n", column.name(), column.about()));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_holds_together() {
        <Cli as clap::CommandFactory>::command().debug_assert();
    }

    #[test]
    fn ages_and_ranges_are_read() {
        assert_eq!(seconds("90"), Ok(90));
        assert_eq!(seconds("2h"), Ok(7200));
        for wrong in ["", "h", "-1", "1w", "99999999999999999999d", "1.5h"] {
            assert!(seconds(wrong).is_err(), "{wrong}");
        }
        assert_eq!(range("3-9"), Ok((3, 9)));
        assert_eq!(range("7"), Ok((7, 7)));
        for wrong in ["", "9-3", "a-b", "3-", "-3"] {
            assert!(range(wrong).is_err(), "{wrong}");
        }
    }
}
