//! What can be asked for on the command line.
//!
//! A file for each kind of command; `values` has what stands behind the options, parsed once.

mod about;
mod change;
mod examples;
mod judge;
mod output;
mod setup;
mod show;
mod util_linux;
pub(crate) mod values;
mod watch;

use std::ffi::OsString;

use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand, error::ErrorKind};

pub use about::{Completions, Man, Shell};
pub use change::{
    Change, Compact, Dry, Idle, Kind, Limit, Recompress, Remove, Reset, Told, Writeback, WritebackKind,
};
pub use judge::{Caps, Doctor};
pub use output::{Color, Output};
pub use setup::{Backed, Setup, Swap, Used};
pub use show::{Filter, List, Show, Slots};
pub use util_linux::UtilLinux;
pub use values::Allowance;
pub use watch::{Watch, What};

use crate::style;

/// Set up, look at and control zram devices
///
/// Without a command it is util-linux' zramctl: the same options, the same columns, the same layout. The commands do what that one
/// cannot.
#[derive(Debug, Parser)]
#[command(name = "zramctl-rs", version, styles = style::help())]
#[command(override_usage = "zramctl-rs [OPTIONS] [DEVICE]...\n       zramctl-rs [--color WHEN] COMMAND")]
#[command(after_help = "\
Examples:
  zramctl-rs                                  the devices that are set up, as zramctl prints them
  zramctl-rs --raw --bytes -o NAME,DATA,PEAK  for a script
  zramctl-rs list                             with what they are used for, and the right ratio
  zramctl-rs show zram0                       everything about one
  zramctl-rs slots zram0 --idle --ranges      which pages are idle

Exit status: 0 all well, 1 it could not be done, 2 the command line is wrong,
  3 `doctor --check` found a problem.")]
pub struct Cli {
    /// What to do
    #[command(subcommand)]
    pub command: Option<Command>,

    /// As util-linux' zramctl
    #[command(flatten)]
    pub util_linux: UtilLinux,

    /// How output looks
    #[command(flatten)]
    pub output: Output,
}

/// Columns of a help where nothing is known of a terminal, and most columns that it takes.
const HELP: usize = 80;
const WIDE_HELP: usize = 100;

impl Cli {
    /// What these arguments ask for; the first is the program's name. `terminal`: its columns, if standard output is one.
    ///
    /// # Errors
    /// When they make no sense, or ask for help: clap's own error prints it, and knows how to end.
    pub fn of(arguments: &[OsString], terminal: Option<usize>) -> Result<Self, clap::Error> {
        let columns = terminal.unwrap_or(HELP).min(WIDE_HELP);
        let mut command = Self::styled(columns).color(Color::of(arguments).into());
        let mut cli = Self::from_arg_matches(&command.try_get_matches_from_mut(arguments)?)?;
        cli.output.columns = terminal;
        // Not by clap's own rule, for which --color, too, would be an option of the status.
        if cli.command.is_some() && cli.util_linux != UtilLinux::default() {
            let why =
                "options and devices before a command are those of util-linux' zramctl: put them behind it";
            return Err(command.error(ErrorKind::ArgumentConflict, why));
        }
        Ok(cli)
    }

    /// The command line as clap knows it, in this program's looks.
    #[must_use]
    pub fn styled(columns: usize) -> clap::Command {
        examples::titled(with_signs(Self::command()).term_width(columns), columns)
    }
}

/// A number with a sign in front, where none makes sense, is a value that is wrong, and not an option that is unknown.
fn with_signs(command: clap::Command) -> clap::Command {
    let takes_value = |arg: &clap::Arg| !arg.is_positional() && arg.get_action().takes_values();
    command
        .mut_args(|arg| if takes_value(&arg) { arg.allow_negative_numbers(true) } else { arg })
        .mut_subcommands(with_signs)
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
  zramctl-rs slots zram0 --at-least 3K --in-memory --ranges    what compresses badly
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
  zramctl-rs doctor --check >/dev/null; [ $? = 3 ] && notify-send 'zram is ill'

Exit status: 0 it was looked at, 1 it could not be,
  2 the command line is wrong, 3 with --check: there is a problem.")]
    Doctor(Doctor),
    /// Set devices up, from nothing to swap or a file system
    ///
    /// Finds a device that is not set up, or adds one, and prints its path. The steps are known before the first is taken (--dry-run prints
    /// them), and when one fails everything is as it was.
    #[command(after_help = "\
Sizes: 4G, 50% (of the memory), ram / 2, ram * 1.5, min(ram / 2, 8G), max(1G, 10%)

Examples:
  zramctl-rs setup --size 'min(ram / 2, 8G)' --algorithm zstd --swap --priority 100
  zramctl-rs setup --size 8G --memory 2G --backing /dev/vg0/zram --compressed-writeback --writeback-limit 10G --swap
  zramctl-rs setup --size 8G --backing /var/lib/zram --backing-size 16G --encrypt --swap
  zramctl-rs setup --size 2G --mount /srv/build --mount-options noatime,discard
  zramctl-rs setup zram0 --size 4G --algorithm lz4 --recompress zstd:level=8 --recompress deflate --dry-run
  zramctl-rs setup --file /etc/zram.toml

A file of devices:
  [[device]]
  size = 'min(ram / 2, 8G)'
  algorithm = 'zstd'
  recompress = ['zstd:level=8']
  swap = { priority = 100 }

  [device.backing]
  path = '/var/lib/zram'
  size = '16G'
  encrypt = true
  writeback-limit = '10G'

  [[device]]
  size = '2G'
  mount = { at = '/srv/build', options = 'noatime,discard' }")]
    Setup(Box<Setup>),
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
        Cli::command().debug_assert();
    }

    #[test]
    fn colour_may_be_asked_for_anywhere_and_the_status_only_alone() {
        let of = |words: &str| Cli::of(&words.split(' ').map(Into::into).collect::<Vec<_>>(), None);
        for words in ["zramctl-rs --color always list", "zramctl-rs list --color=always"] {
            assert_eq!(of(words).unwrap().output.color, Color::Always, "{words}");
        }
        for words in ["zramctl-rs --bytes list", "zramctl-rs -s 4G list", "zramctl-rs zram0 list"] {
            assert_eq!(of(words).unwrap_err().exit_code(), 2, "{words}");
        }
    }
}
