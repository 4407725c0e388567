//! What can be asked for on the command line.
//!
//! A file for each kind of command; `values` has what stands behind the options, parsed once.

mod change;
mod judge;
mod setup;
mod show;
mod util_linux;
pub(crate) mod values;
mod watch;

use std::ffi::OsString;

use clap::{Parser, Subcommand};
use zram_terminal::{Program, command_line, style};

pub use change::{
    Change, Compact, Dry, Idle, Kind, Limit, Recompress, Remove, Reset, Told, Writeback, WritebackKind,
};
pub use judge::{Caps, Doctor};
pub use setup::{Backed, Setup, Swap, Used};
pub use show::{Filter, List, Show, Slots};
pub use util_linux::UtilLinux;
pub use values::Allowance;
pub use watch::{Watch, What};
pub use zram_terminal::{
    about::{Completions, Man},
    color::{Color, Output},
};

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

impl Program for Cli {
    fn output(&mut self) -> &mut Output {
        &mut self.output
    }

    /// The status and `list`: what is asked for again and again.
    fn at_once(word: Option<&str>) -> Option<Self> {
        let command = match word {
            None => None,
            Some("list") => Some(Command::List(List::default())),
            Some(_) => return None,
        };
        Some(Self { command, util_linux: UtilLinux::default(), output: Output::default() })
    }

    /// Not by clap's own rule, for which --color, too, would be an option of the status.
    fn contradiction(&self) -> Option<&'static str> {
        let mixed = self.command.is_some() && self.util_linux != UtilLinux::default();
        mixed.then_some(
            "options and devices before a command are those of util-linux' zramctl: put them behind it",
        )
    }
}

impl Cli {
    /// What these arguments ask for; the first is the program's name. `terminal`: its columns, if standard output is one.
    ///
    /// # Errors
    /// When they make no sense, or ask for help: clap's own error prints it, and knows how to end.
    pub fn of(arguments: &[OsString], terminal: Option<usize>) -> Result<Self, clap::Error> {
        command_line::of(arguments, terminal)
    }
}

/// A command.
///
/// What one takes is put together when it is the one that was asked for, or for a help (`defer`): all of them would take longer than most commands do. So what a
/// command is stands where its options are, which clap takes for its description then.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub enum Command {
    /// How `list` shows them.
    List(List),
    /// What `show` shows.
    Show(Show),
    /// Which slots, and how.
    #[command(after_help = "\
Examples:
  zramctl-rs slots zram0                               how many of each kind, and how old
  zramctl-rs slots zram0 --idle --older 1h --ranges    ranges as `writeback` takes them
  zramctl-rs slots zram0 --sizes --histogram           how old, and how large
  zramctl-rs slots zram0 --at-least 3K --in-memory --ranges    what compresses badly
  zramctl-rs slots zram0 --huge --list | head")]
    Slots(Slots),
    /// What to watch, and for how long.
    #[command(after_help = "\
Examples:
  zramctl-rs watch                                everything but what the allocator does
  zramctl-rs watch zram0 --kind write,free --slot 0-99
  zramctl-rs watch --kind writeback --for 10m
  zramctl-rs watch --kind compress --count 1000 --json | jq -s 'map(.len // empty) | add / length'")]
    Watch(Watch),
    /// Of which device, and how.
    #[command(after_help = "\
Examples:
  zramctl-rs caps
  sudo zramctl-rs caps          also what takes root to look at
  zramctl-rs caps --json | jq '.abilities[] | select(.able != true)'")]
    Caps(Caps),
    /// Which devices, and how thoroughly.
    #[command(after_help = "\
Examples:
  sudo zramctl-rs doctor
  zramctl-rs doctor zram0 --sample 1000       also whether another algorithm would do better
  zramctl-rs doctor --check >/dev/null; [ $? = 3 ] && notify-send 'zram is ill'

Exit status: 0 it was looked at, 1 it could not be,
  2 the command line is wrong, 3 with --check: there is a problem.")]
    Doctor(Doctor),
    /// How to set a device up.
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
    /// For whom to complete.
    #[command(after_help = "\
Examples:
  zramctl-rs completions bash > /usr/share/bash-completion/completions/zramctl-rs
  zramctl-rs completions zsh > /usr/share/zsh/site-functions/_zramctl-rs
  zramctl-rs completions fish > /usr/share/fish/vendor_completions.d/zramctl-rs.fish
  source <(zramctl-rs completions bash)          for this shell only")]
    Completions(Completions),
    /// Which pages, and where to.
    #[command(after_help = "\
Examples:
  zramctl-rs man | man -l -
  zramctl-rs man --dir /usr/share/man/man1")]
    Man(Man),
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_holds_together() {
        Cli::command().debug_assert();
    }

    #[test]
    fn what_is_understood_at_once_is_what_clap_understands() {
        for words in [&["zramctl-rs"][..], &["zramctl-rs", "list"]] {
            let arguments: Vec<OsString> = words.iter().map(Into::into).collect();
            let clap = Cli::try_parse_from(&arguments).unwrap();
            assert!(Cli::at_once(words.get(1).copied()).is_some(), "{words:?}");
            assert_eq!(format!("{:?}", Cli::of(&arguments, None).unwrap()), format!("{clap:?}"));
        }
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
