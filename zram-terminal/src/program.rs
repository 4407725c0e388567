//! A program, from its command line to its exit status.

use std::{
    io::{self, Write},
    process::ExitCode,
};

use clap::{CommandFactory, FromArgMatches};

use crate::{Color, Output, command_line, output::StandardOutput};

/// What a command line asks a program for.
pub trait Program: CommandFactory + FromArgMatches {
    /// How output is to look.
    fn output(&mut self) -> &mut Output;

    /// What a command line of this word, or of none, asks for, where that is nothing but itself. Such a command may stand in somebody's loop or status bar,
    /// and is understood without putting together all that could have been asked for. It must be what clap would make of it.
    fn at_once(_word: Option<&str>) -> Option<Self> {
        None
    }

    /// Why this cannot be meant, although each part of it can: beyond what clap has rules for.
    fn contradiction(&self) -> Option<&'static str> {
        None
    }
}

/// Runs it. `fail` says on standard error why it was not done, and with which status the program ends.
pub fn main<P: Program>(
    run: impl FnOnce(&P, &mut dyn Write) -> anyhow::Result<()>,
    fail: impl FnOnce(&anyhow::Error) -> u8,
) -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().collect();
    let mut asked = command_line::of::<P>(&arguments, crate::output::columns());
    let color = asked.as_mut().map_or_else(|_| Color::of(&arguments), |asked| asked.output().color);
    // For what is said on the side, from anywhere.
    anstream::ColorChoice::from(color).write_global();
    let mut out = StandardOutput::new(color);
    let ended = match asked {
        Ok(asked) => run(&asked, &mut out),
        Err(wrong) if wrong.use_stderr() => wrong.exit(),
        // Not by clap, which takes a help that nobody got for one that was read.
        Err(help) => write!(out, "{}", help.render().ansi()).map_err(Into::into),
    };
    match ended.and_then(|()| Ok(out.flush()?)) {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever reads has enough.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => ExitCode::from(fail(&error)),
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .any(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
