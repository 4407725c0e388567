//! `zramctl-rs`: one command line for all of zram.
//!
//! What a command asks of the machine goes through [`zram_host::Machine`], so that every command runs on the model as it runs on a kernel,
//! and is tested there. The command line is parsed once, in [`cli`]; commands take what it became.
//!
//! * [`cli`] is what can be asked for.
//! * [`devices`] are devices with what they are used for.
//! * [`columns`] says what stands in a column, [`table`] how a table looks, [`size`] (of the port's crate) how a size does.
//! * [`shell`] has words for lines that are to be copied.
//! * How it meets people it shares with our other programs: [`zram_terminal`].
//! * [`amount`] is a size that depends on the machine, [`plan`] what setting up takes and how it is undone.
//! * [`wanted`] is what a device is to become, [`backing`] a look at what its pages go to.
//! * [`conflicts`] are what else manages zram, or works against it; [`severity`] says how bad something is.
//! * [`doctor`] finds what is wrong or wasteful.
//! * [`writer`] changes something, or says how it would.
//! * [`interrupt`] is Ctrl-C.
//! * [`commands`] are the commands.

#![deny(clippy::print_stderr, clippy::print_stdout)]

pub mod amount;
pub mod backing;
pub mod cli;
pub mod columns;
pub mod commands;
pub mod conflicts;
pub mod devices;
pub mod doctor;
pub mod interrupt;
mod manual;
pub mod plan;
pub mod severity;
pub mod shell;
pub mod table;
pub mod wanted;
pub mod writer;

use std::{io::Write, process::ExitCode};

use clap::CommandFactory as _;
pub use zram_host::size;
use zram_host::{LiveHost, Machine};
use zram_probe::machine::LiveProbes;
use zram_terminal::{about, aside::Aside, escape, program, style};

use cli::{Cli, Command};
use commands::change;
use manual::MANUAL;
use writer::Writer;

/// What is said beside the output.
const ASIDE: Aside = Aside::of("zramctl-rs");

/// The program: the command line, the running kernel, standard output.
#[must_use]
pub fn main() -> ExitCode {
    program::main(live, |error| {
        ASIDE.fail(format_args!("{error:#}"));
        status(error)
    })
}

/// The exit status of what ended with this: 3 if it was done and found what `doctor --check` looks for, 1 if it was not done.
#[must_use]
pub fn status(error: &anyhow::Error) -> u8 {
    if error.is::<commands::doctor::Unwell>() { 3 } else { 1 }
}

/// On the running kernel.
fn live(cli: &Cli, out: &mut dyn Write) -> anyhow::Result<()> {
    if matches!(cli.command, Some(Command::Watch(_))) {
        commands::watch::end_when_unread();
    }
    if matches!(cli.command, Some(Command::Watch(_) | Command::Setup(_) | Command::Swap(_)))
        && let Err(error) = interrupt::heed_signals()
    {
        ASIDE.say(format_args!("Ctrl-C will end this at once, and not in order: {error:#}"));
    }
    run(cli, &mut LiveHost::new().with_probes(Box::new(LiveProbes::new(slow))), out)
}

/// Said when probes are not in place after a while.
fn slow() {
    ASIDE.say("attaching probes takes longer than usual ...");
}

/// Does what was asked for.
///
/// # Errors
/// When it could not be done, in a sentence for whoever asked.
pub fn run(cli: &Cli, machine: &mut dyn Machine, out: &mut dyn Write) -> anyhow::Result<()> {
    match &cli.command {
        None => commands::util_linux::run(&cli.util_linux, machine, out),
        Some(Command::List(list)) => commands::list::run(list, cli.output.columns, machine, out),
        Some(Command::Show(show)) => commands::show::run(show, machine, out),
        Some(Command::Slots(slots)) => commands::slots::run(slots, machine, out),
        Some(Command::Watch(watch)) => commands::watch::run(watch, machine, out),
        Some(Command::Caps(caps)) => commands::caps::run(caps, machine, out),
        Some(Command::Doctor(doctor)) => commands::doctor::run(doctor, machine, out),
        Some(Command::Setup(setup)) => commands::setup::run(setup, machine, out),
        Some(Command::Swap(swap)) => commands::swap::run(swap, machine, out),
        Some(Command::Completions(completions)) => about::completions(Cli::command(), completions, out),
        Some(Command::Man(man)) => MANUAL.write(Cli::command(), man, out),
        Some(Command::Change(command)) => {
            change::run(command, &mut Writer::new(machine, out, command.is_dry()))
        }
    }
}
