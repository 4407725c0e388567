//! What can be asked for on the command line.

mod asked;
mod configuration;
mod simulate;

use std::ffi::OsString;

use clap::{Parser, Subcommand};
use zram_terminal::{Program, command_line, style};

pub use asked::{Pause, Resume, RunNow, Socket, StatusOf, Why};
pub use configuration::{CheckConfig, Place, Run, ShowConfig};
pub use simulate::{Policy, Simulate};
pub use zram_terminal::{
    about::{Completions, Man},
    color::{Color, Output},
};

/// Drive idle marking, writeback and recompression of zram devices, within budgets
///
/// Devices are set up by others, such as zramctl-rs. zramd marks what is idle, sends it to the backing device, recompresses, and learns from what
/// comes back. What it may write in a day it never exceeds.
#[derive(Debug, Parser)]
#[command(name = "zramd", version, styles = style::help())]
#[command(after_help = "\
Examples:
  zramd status                what it does, and what is left of the budget
  zramd why                   what it decided last, and for which reasons
  zramd check-config          before `systemctl reload zramd`
  sudo zramd pause --for 2h   while a disk must be left alone

Exit status: 0 all well, 1 it could not be done, 2 the command line is wrong,
  3 the configuration is wrong, 4 zramd does not run or does not answer.")]
pub struct Cli {
    /// What to do
    #[command(subcommand)]
    pub command: Command,

    /// How output looks
    #[command(flatten)]
    pub output: Output,
}

impl Program for Cli {
    fn output(&mut self) -> &mut Output {
        &mut self.output
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
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the daemon
    ///
    /// It stays in the foreground, where systemd wants it, and ends at SIGTERM. SIGHUP reads the configuration again; a wrong one is said in the
    /// log, and the one before stays in force.
    #[command(after_help = "\
Examples:
  systemctl enable --now zramd
  sudo zramd run              in a terminal, to look on")]
    Run(Run),
    /// Show what zramd does: devices, budget, what comes back, what failed
    #[command(after_help = "\
Examples:
  zramd status
  zramd status --json | jq .budget.left_bytes")]
    Status(StatusOf),
    /// Show what zramd decided last, with the reasons
    #[command(after_help = "\
Examples:
  zramd why
  zramd why --last 100 --device zram0
  zramd why --json | jq '.decisions[] | select(.result == \"refused\") | .says'")]
    Why(Why),
    /// Tell zramd to do nothing for a while
    ///
    /// What it has begun it ends. Limits that it gave the kernel stay.
    #[command(after_help = "\
Examples:
  sudo zramd pause --for 2h
  sudo zramd pause            until `zramd resume`, or until it is restarted")]
    Pause(Pause),
    /// Tell zramd to go on
    #[command(after_help = "\
Examples:
  sudo zramd resume")]
    Resume(Resume),
    /// Tell zramd to decide now, and to do it
    ///
    /// As if the time had come: within the budget, and only what would be done anyway.
    #[command(after_help = "\
Examples:
  sudo zramd run-now --dry-run     what it would do
  sudo zramd run-now")]
    RunNow(RunNow),
    /// Say what is wrong with the configuration, all of it, with lines
    ///
    /// Looks at files, and not at the daemon that runs.
    #[command(after_help = "\
Files: zramd.toml, of which the first counts, in /etc/zramd, /run/zramd,
  /usr/local/lib/zramd, /usr/lib/zramd; and zramd.toml.d/*.toml in all of them,
  sorted by name. A file hides those of its name in later folders.

Examples:
  zramd check-config && sudo systemctl reload zramd
  zramd check-config --root /mnt       of a system that does not run")]
    CheckConfig(CheckConfig),
    /// Show the configuration that the files make together
    #[command(after_help = "\
Examples:
  zramd show-config --origin           with the file and line of each value
  zramd show-config --defaults         every key, with what it means
  zramd show-config --json | jq '.keys[] | select(.origin)'")]
    ShowConfig(ShowConfig),
    /// Try policies on a simulated machine
    ///
    /// Runs a workload for some days on a small computer around a model of the kernel, once with each policy, and prints what each saved and what
    /// that cost. The same arguments and configuration print the same, to the last digit.
    #[command(after_help = "\
Workloads that come with zramd: phone, desktop, build-server, database.

Examples:
  zramd simulate --workload desktop --days 7
  zramd simulate --workload phone --per-day 256M,512M,1G,2G   at equal wear
  zramd simulate --workload database --policy zramd,mmd --plot database.svg
  zramd simulate --workload phone --days 2 --record phone.ndjson")]
    Simulate(Simulate),
    /// Print what a shell needs to complete command lines
    #[command(after_help = "\
Examples:
  zramd completions bash > /usr/share/bash-completion/completions/zramd
  zramd completions zsh > /usr/share/zsh/site-functions/_zramd
  zramd completions fish > /usr/share/fish/vendor_completions.d/zramd.fish
  source <(zramd completions bash)     for this shell only")]
    Completions(Completions),
    /// Print the manual page, or write a page for each command
    #[command(after_help = "\
Examples:
  zramd man | man -l -
  zramd man --dir /usr/share/man/man8")]
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

    /// clap breaks these lines as if they were prose, so they must fit.
    #[test]
    fn examples_fit_into_eighty_columns() {
        for command in Cli::command().get_subcommands().chain([&Cli::command()]) {
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            for line in help.lines() {
                assert!(line.chars().count() < 80, "{}: {line}", command.get_name());
            }
        }
    }
}
