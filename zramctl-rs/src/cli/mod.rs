//! What can be asked for on the command line.
//!
//! A file for each kind of command; `values` has what stands behind the options, parsed once.

mod change;
mod judge;
mod setup;
mod show;
mod util_linux;
mod values;

use clap::{Parser, Subcommand};

pub use change::{
    Change, Compact, Dry, Idle, Kind, Limit, Recompress, RecompressKind, Remove, Reset, Writeback,
};
pub use judge::{Caps, Doctor};
pub use setup::{Setup, Swap};
pub use show::{Filter, List, Show, Slots};
pub use util_linux::UtilLinux;
pub use values::Allowance;

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
    /// Show what this kernel can do for zram, and why it cannot
    ///
    /// By the attributes of a device, by the configuration that the kernel was built with, by its release. Nothing is loaded or added to find out.
    /// "?" means that it cannot be told, which is not the same as no.
    #[command(after_help = "\
Examples:
  zramctl-rs caps
  sudo zramctl-rs caps          also what takes root to look at
  zramctl-rs caps --json | jq '.abilities[] | select(.able != true)'")]
    Caps(Caps),
    /// Say what is wrong or wasteful about zram here, and what mends it
    ///
    /// The kernel, what else manages zram, the order of swap areas, limits, memory that compaction would free, pages that do not compress,
    /// writeback and recompression that nobody drives. Nothing is changed.
    #[command(after_help = "\
Examples:
  sudo zramctl-rs doctor
  zramctl-rs doctor zram0 --sample 1000       also whether another algorithm would do better
  zramctl-rs doctor --check >/dev/null || notify-send 'zram has a problem'")]
    Doctor(Doctor),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_holds_together() {
        <Cli as clap::CommandFactory>::command().debug_assert();
    }
}
