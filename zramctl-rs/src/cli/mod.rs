//! What can be asked for on the command line.
//!
//! A file for each kind of command; `values` has what stands behind the options, parsed once.

mod about;
mod change;
mod setup;
mod show;
mod util_linux;
mod values;
mod watch;

use clap::{Parser, Subcommand};

pub use about::{Completions, Man, Shell};
pub use change::{
    Change, Compact, Dry, Idle, Kind, Limit, Recompress, RecompressKind, Remove, Reset, Writeback,
};
pub use setup::{Setup, Swap};
pub use show::{Filter, List, Show, Slots};
pub use util_linux::UtilLinux;
pub use values::Allowance;
pub use watch::{Watch, What};

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
    /// Read from debugfs' block_state, which takes root. Without --ranges, --list, --histogram or --json: a summary. Sizes are looked at a moment
    /// after the states: of a slot that is of another kind by then, neither size nor block is shown, and such slots are counted.
    #[command(after_help = "\
Examples:
  zramctl-rs slots zram0                               how many of each kind, and how old
  zramctl-rs slots zram0 --idle --older 1h --ranges    ranges as `writeback` takes them
  zramctl-rs slots zram0 --sizes --histogram           how old, and how large
  zramctl-rs slots zram0 --huge --list | head")]
    Slots(Slots),
    /// Show what happens in zram, as it happens
    ///
    /// By probes, which takes root and a kernel with BTF. They are attached while it runs, and only those that are needed: --kind makes a busy
    /// device slower by less. Ends at Ctrl-C, at --count or --for, and when nobody reads any more; then it says if anything was lost.
    #[command(after_help = "\
Examples:
  zramctl-rs watch                                everything but what the allocator does
  zramctl-rs watch zram0 --kind write,free --slot 0-99
  zramctl-rs watch --kind writeback --for 10m
  zramctl-rs watch --kind compress --count 1000 --json | jq -s 'map(.len // empty) | add / length'")]
    Watch(Watch),
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
    /// Print what a shell needs to complete command lines
    #[command(after_help = "\
Examples:
  zramctl-rs completions bash > /usr/share/bash-completion/completions/zramctl-rs
  zramctl-rs completions zsh > /usr/share/zsh/site-functions/_zramctl-rs
  zramctl-rs completions fish > /usr/share/fish/vendor_completions.d/zramctl-rs.fish
  source <(zramctl-rs completions bash)          for this shell only")]
    Completions(Completions),
    /// Print the manual page, or write a page for each command
    #[command(after_help = "\
Examples:
  zramctl-rs man | man -l -
  zramctl-rs man --dir /usr/share/man/man1")]
    Man(Man),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_holds_together() {
        <Cli as clap::CommandFactory>::command().debug_assert();
    }
}
