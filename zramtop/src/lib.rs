//! `zramtop`: see the slots.
//!
//! A terminal view of zram: what is in every slot of a device, where the memory goes, what writeback does, what reads cost.
//!
//! One thread looks ([`collector`]), another draws. What lies between them are moments ([`sample`]), which come from the running kernel,
//! from the model, or from a recording ([`source`]). A look at a kernel may hang for as long as a pass holds the device; the screen then
//! says so, and goes on.
//!
//! * [`state`] is what is on the screen: a pure function of what happened.
//! * [`view`] draws it.
//! * [`map`] are the slots of a device, counted so that drawing is cheap.
//! * [`cli`] is what can be asked for, [`terminal`] what is done to a terminal and undone again.
//! * [`once`] prints a single look, for scripts.
//! * [`run`](mod@run) is the program on a terminal.

#![deny(clippy::print_stderr, clippy::print_stdout)]

pub mod cli;
pub mod collector;
pub mod map;
pub mod once;
pub mod run;
pub mod sample;
pub mod source;
pub mod state;
pub mod terminal;
pub mod view;

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use clap::Parser as _;

use cli::Cli;

/// The program.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let ended = if cli.once { once::run(&cli, &mut io::stdout().lock()) } else { run::run(&cli) };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever reads has enough.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody listens where this cannot be said either.
            let _ = writeln!(io::stderr().lock(), "zramtop: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let mut causes = error.chain().filter_map(|cause| cause.downcast_ref::<io::Error>());
    causes.any(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
