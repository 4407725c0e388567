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
//! * [`run`](mod@run) is the program on a terminal. What it shares with our other programs is in [`zram_terminal`].

#![deny(clippy::print_stderr, clippy::print_stdout)]

pub mod cli;
pub mod collector;
mod manual;
pub mod map;
pub mod once;
pub mod run;
pub mod sample;
pub mod source;
pub mod state;
pub mod terminal;
pub mod view;

use std::{io::Write, process::ExitCode};

use clap::CommandFactory as _;
use zram_terminal::{
    about::{self, Completions, Man},
    aside::Aside,
    program,
};

use cli::Cli;
use manual::MANUAL;

/// What is said beside the output.
const ASIDE: Aside = Aside::of("zramtop");

/// The program.
#[must_use]
pub fn main() -> ExitCode {
    program::main(ended, |error| {
        ASIDE.fail(format_args!("{error:#}"));
        1
    })
}

/// Does what was asked for.
fn ended(cli: &Cli, out: &mut dyn Write) -> anyhow::Result<()> {
    if let Some(shell) = cli.completions {
        return about::completions(Cli::command(), &Completions { shell }, out);
    }
    if cli.man {
        return MANUAL.write(Cli::command(), &Man { dir: None }, out);
    }
    if cli.once { once::run(cli, out) } else { run::run(cli) }
}
