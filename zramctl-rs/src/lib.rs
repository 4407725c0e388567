//! `zramctl-rs`: one command line for all of zram.
//!
//! What a command asks of the machine goes through [`zram_host::Machine`], so that every command runs on the model as it runs on a kernel,
//! and is tested there. The command line is parsed once, in [`cli`]; commands take what it became.
//!
//! * [`cli`] is what can be asked for.
//! * [`devices`] are devices with what they are used for.
//! * [`columns`] says what stands in a column, [`table`] how a table looks, [`size`] how a size does.
//! * [`amount`] is a size that depends on the machine, [`plan`] what setting up takes and how it is undone.
//! * [`probes`] are what looks into a live kernel.
//! * [`writer`] changes something, or says how it would.
//! * [`commands`] are the commands.

pub mod amount;
pub mod cli;
pub mod columns;
pub mod commands;
pub mod devices;
pub mod plan;
pub mod probes;
pub mod size;
pub mod table;
pub mod writer;

use std::{
    io::{self, Write},
    process::ExitCode,
};

use clap::Parser as _;
use zram_host::{LiveHost, Machine};

use cli::{Cli, Command};
use commands::change;
use probes::LiveProbes;
use writer::Writer;

/// The program: the command line, the running kernel, standard output.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let mut out = io::stdout().lock();
    if matches!(cli.command, Some(Command::Watch(_))) {
        commands::watch::end_when_unread();
        if let Err(error) = commands::watch::end_at_signals() {
            eprintln!("zramctl-rs: Ctrl-C will end this without a last word: {error:#}");
        }
    }
    let mut machine = LiveHost::new().with_probes(Box::new(LiveProbes::default()));
    match run(&cli, &mut machine, &mut out).and_then(|()| Ok(out.flush()?)) {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever reads has enough.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("zramctl-rs: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Does what was asked for.
///
/// # Errors
/// When it could not be done, in a sentence for whoever asked.
pub fn run(cli: &Cli, machine: &mut dyn Machine, out: &mut dyn Write) -> anyhow::Result<()> {
    match &cli.command {
        None => commands::util_linux::run(&cli.util_linux, machine, out),
        Some(Command::List(list)) => commands::list::run(list, machine, out),
        Some(Command::Show(show)) => commands::show::run(show, machine, out),
        Some(Command::Slots(slots)) => commands::slots::run(slots, machine, out),
        Some(Command::Watch(watch)) => commands::watch::run(watch, machine, out),
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
