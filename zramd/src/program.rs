//! The program: the command line, and how it ends.

use std::{
    io::{self, Write},
    process::ExitCode,
};

use crate::{
    cli::{Cli, Color, Command},
    commands,
    config::Wrongs,
    control::{client::Unasked, protocol::NoAnswer},
    terminal::{StandardOutput, aside, columns},
};

/// Does what the command line asks for.
#[must_use]
pub fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().collect();
    let asked = Cli::of(&arguments, columns());
    let color = asked.as_ref().map_or_else(|_| Color::of(&arguments), |cli| cli.output.color);
    // For what is said on the side, from anywhere.
    anstream::ColorChoice::from(color).write_global();
    let mut out = StandardOutput::new(color);
    let ended = match asked {
        Ok(cli) => run(&cli, &mut out),
        Err(wrong) if wrong.use_stderr() => wrong.exit(),
        // Not by clap, which takes a help that nobody got for one that was read.
        Err(help) => write!(out, "{}", help.render().ansi()).map_err(Into::into),
    };
    match ended.and_then(|()| Ok(out.flush()?)) {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever reads has enough.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            match error.downcast_ref::<Wrongs>() {
                Some(wrongs) => {
                    aside::list(wrongs);
                    aside::fail(commands::check_config::Wrong);
                }
                None => aside::fail(format_args!("{error:#}")),
            }
            ExitCode::from(status(&error))
        }
    }
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
        Command::Completions(completions) => commands::completions::run(completions, out),
        Command::Man(man) => commands::man::run(man, out),
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .any(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
