//! The program: the command line, and how it ends.

use std::{io::Write, process::ExitCode};

use clap::CommandFactory as _;
use zram_terminal::{
    about,
    aside::{self, Aside},
    program,
};

use crate::{
    cli::{Cli, Command},
    commands,
    config::Wrongs,
    control::{client::Unasked, protocol::NoAnswer},
    manual::MANUAL,
};

/// What is said beside the output, by a command that somebody typed; the daemon has its log.
const ASIDE: Aside = Aside::of("zramd");

/// Does what the command line asks for.
#[must_use]
pub fn main() -> ExitCode {
    program::main(run, |error| {
        match error.downcast_ref::<Wrongs>() {
            Some(wrongs) => {
                aside::list(wrongs);
                ASIDE.fail(commands::check_config::Wrong);
            }
            None => ASIDE.fail(format_args!("{error:#}")),
        }
        status(error)
    })
}

/// The exit status of what ended with this.
#[must_use]
pub fn status(error: &anyhow::Error) -> u8 {
    let is_wrong = error.is::<Wrongs>() || error.is::<commands::check_config::Wrong>();
    match error.downcast_ref::<Unasked>() {
        _ if is_wrong => 3,
        Some(Unasked::Answer(NoAnswer::Refused(_))) | None => 1,
        Some(_) => 4,
    }
}

/// Does it.
///
/// # Errors
/// When it could not be done, in a sentence for whoever asked.
pub fn run(cli: &Cli, out: &mut dyn Write) -> anyhow::Result<()> {
    match &cli.command {
        Command::Run(run) => commands::run::run(run),
        Command::Status(status) => commands::status::run(status, out),
        Command::Why(why) => commands::why::run(why, out),
        Command::Pause(pause) => commands::pause::pause(pause, out),
        Command::Resume(resume) => commands::pause::resume(resume, out),
        Command::RunNow(now) => commands::run_now::run(now, out),
        Command::CheckConfig(check) => commands::check_config::run(check, out),
        Command::ShowConfig(show) => commands::show_config::run(show, out),
        Command::Simulate(simulate) => commands::simulate::run(simulate, out),
        Command::Completions(completions) => about::completions(Cli::command(), completions, out),
        Command::Man(man) => MANUAL.write(Cli::command(), man, out),
    }
}
