//! Changing a device that is set up.

use clap::{Args, Subcommand};
use zram_host::DeviceNumber;

use super::values::{Allowance, memory, range, seconds, word, writeback};

/// A command that changes a device: deferred as [`super::Command`].
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub enum Change {
    /// What to mark.
    Idle(Idle),
    /// What to write back.
    #[command(override_usage = "\
zramctl-rs writeback DEVICE --idle|--huge|--huge-idle|--incompressible
       zramctl-rs writeback DEVICE --range FIRST-LAST...")]
    #[command(after_help = "\
Examples:
  zramctl-rs idle zram0 --older 6h && zramctl-rs writeback zram0 --idle
  zramctl-rs slots zram0 --huge --ranges          which those would be
  zramctl-rs writeback zram0 --range 0-4095 --range 8192-9000 --dry-run")]
    Writeback(Writeback),
    /// What to recompress.
    Recompress(Recompress),
    /// What to compact.
    Compact(Compact),
    /// What to limit.
    #[command(override_usage = "\
zramctl-rs limit DEVICE [--memory SIZE] [--writeback SIZE] [--reset-peak]")]
    #[command(after_help = "\
Examples:
  zramctl-rs limit zram0 --memory 2G --writeback 500M
  zramctl-rs limit zram0 --writeback none")]
    Limit(Limit),
    /// What to reset.
    Reset(Reset),
    /// What to remove.
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

/// How it is said what came of it.
#[derive(Clone, Copy, Debug, Args)]
pub struct Told {
    /// Print what came of it as JSON
    #[arg(long, conflicts_with = "dry_run")]
    pub json: bool,
}

/// Mark pages as idle, for writeback and recompression to choose
///
/// Every page, or those not read or written for so long, which are then the only ones (on Linux 6.1 those marked before stay marked). Reading or
/// writing a page unmarks it. Pages of one word and pages on the backing device are not marked (on Linux 6.1 they are).
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

    /// How it is said
    #[command(flatten)]
    pub told: Told,
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
}

impl Kind {
    /// The kernel's word.
    #[must_use]
    pub fn word(self) -> Option<&'static str> {
        [(self.idle, "idle"), (self.huge, "huge"), (self.huge_idle, "huge_idle")]
            .into_iter()
            .find_map(|(is, word)| is.then_some(word))
    }
}

/// A kind of pages that can be written back.
#[derive(Clone, Copy, Debug, Args)]
pub struct WritebackKind {
    /// One of these
    #[command(flatten)]
    pub kind: Kind,

    /// Those that no algorithm makes smaller
    #[arg(long)]
    pub incompressible: bool,
}

impl WritebackKind {
    /// The kernel's word.
    #[must_use]
    pub fn word(self) -> Option<&'static str> {
        self.kind.word().or_else(|| self.incompressible.then_some("incompressible"))
    }
}

/// Write pages to the backing device and free their memory
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("pages").required(true).args(["idle", "huge", "huge_idle", "incompressible", "range"]))]
pub struct Writeback {
    /// Which, as zram0 or /dev/zram0
    #[arg(value_name = "DEVICE")]
    pub device: DeviceNumber,

    /// Which pages
    #[command(flatten)]
    pub kind: WritebackKind,

    /// Pages FIRST to LAST, whatever they are; repeatable
    #[arg(long, value_name = "FIRST-LAST", value_parser = range)]
    pub range: Vec<(u64, u64)>,

    /// Whether to do it
    #[command(flatten)]
    pub dry: Dry,

    /// How it is said
    #[command(flatten)]
    pub told: Told,
}

/// Compress pages again with a secondary algorithm
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("pages").args(["idle", "huge", "huge_idle"]))]
pub struct Recompress {
    /// Which, as zram0 or /dev/zram0
    #[arg(value_name = "DEVICE")]
    pub device: DeviceNumber,

    /// Which pages; without any: all
    #[command(flatten)]
    pub kind: Kind,

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

    /// How it is said
    #[command(flatten)]
    pub told: Told,
}

/// Move objects together and give back memory
#[derive(Debug, Args)]
pub struct Compact {
    /// Which, as zram0 or /dev/zram0
    #[arg(value_name = "DEVICE")]
    pub device: DeviceNumber,

    /// Whether to do it
    #[command(flatten)]
    pub dry: Dry,

    /// How it is said
    #[command(flatten)]
    pub told: Told,
}

/// Set how much memory a device may take, and how much may be written back
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

    /// How it is said
    #[command(flatten)]
    pub told: Told,
}

/// Throw away what devices hold, and how they were set up
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

    /// How it is said
    #[command(flatten)]
    pub told: Told,
}

/// Take devices away, with what they hold
#[derive(Debug, Args)]
pub struct Remove {
    /// Which, as zram0 or /dev/zram0
    #[arg(value_name = "DEVICE", required = true)]
    pub devices: Vec<DeviceNumber>,

    /// Whether to do it
    #[command(flatten)]
    pub dry: Dry,

    /// How it is said
    #[command(flatten)]
    pub told: Told,
}
