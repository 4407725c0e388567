//! `zramctl-rs`: one command line for all of zram.
//!
//! What a command asks of the machine goes through [`zram_host::Machine`], so that every command runs on the model as it runs on a kernel,
//! and is tested there. The command line is parsed once, in [`cli`]; commands take what it became.
//!
//! * [`cli`] is what can be asked for.
//! * [`devices`] are devices with what they are used for.
//! * [`columns`] says what stands in a column, [`table`] how a table looks, [`size`] (of the port's crate) how a size does.
//! * [`shell`] has words for lines that are to be copied.
//! * [`escape`] is for what must not reach a terminal as it is, [`aside`] for what is said on standard error.
//! * [`style`] says what stands out; whether that is seen is standard output's affair.
//! * [`amount`] is a size that depends on the machine, [`plan`] what setting up takes and how it is undone.
//! * [`wanted`] is what a device is to become, [`backing`] a look at what its pages go to.
//! * [`conflicts`] are what else manages zram, or works against it; [`severity`] says how bad something is.
//! * [`doctor`] finds what is wrong or wasteful.
//! * [`probes`] are what looks into a live kernel.
//! * [`writer`] changes something, or says how it would.
//! * [`interrupt`] is Ctrl-C.
//! * [`commands`] are the commands.

#![deny(clippy::print_stderr, clippy::print_stdout)]

pub mod amount;
pub mod aside;
pub mod backing;
pub mod cli;
pub mod columns;
pub mod commands;
pub mod conflicts;
pub mod devices;
pub mod doctor;
pub mod escape;
pub mod interrupt;
pub mod plan;
pub mod probes;
pub mod severity;
pub mod shell;
mod standard_output;
pub mod style;
pub mod table;
pub mod wanted;
pub mod writer;

use std::{
    io::{self, Write},
    process::ExitCode,
};

pub use zram_host::size;
use zram_host::{LiveHost, Machine};

use cli::{Cli, Color, Command};
use commands::change;
use probes::LiveProbes;
use standard_output::StandardOutput;
use writer::Writer;

/// The program: the command line, the running kernel, standard output.
#[must_use]
pub fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().collect();
    let asked = Cli::of(&arguments, standard_output::columns());
    let color = asked.as_ref().map_or_else(|_| Color::of(&arguments), |cli| cli.output.color);
    // For what is said on the side, from anywhere.
    anstream::ColorChoice::from(color).write_global();
    let mut out = StandardOutput::new(color);
    let ended = match asked {
        Ok(cli) => live(&cli, &mut out),
        Err(wrong) if wrong.use_stderr() => wrong.exit(),
        // Not by clap, which takes a help that nobody got for one that was read.
        Err(help) => write!(out, "{}", help.render().ansi()).map_err(Into::into),
    };
    match ended.and_then(|()| Ok(out.flush()?)) {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever reads has enough.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            aside::fail(format_args!("{error:#}"));
            ExitCode::from(status(&error))
        }
    }
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
        aside::say(format_args!("Ctrl-C will end this at once, and not in order: {error:#}"));
    }
    run(cli, &mut LiveHost::new().with_probes(Box::new(LiveProbes::default())), out)
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
        Some(Command::Completions(completions)) => commands::completions::run(completions, out),
        Some(Command::Man(man)) => commands::man::run(man, out),
        Some(Command::Change(command)) => {
            change::run(command, &mut Writer::new(machine, out, command.is_dry()))
        }
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .any(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
