//! `completions`: what a shell has to know to complete command lines.

use std::io::Write;

use clap::CommandFactory as _;
use clap_complete::aot;

use crate::cli::{Cli, Completions, Shell};

/// Prints a script for the shell.
///
/// # Errors
/// When nobody takes it.
pub fn run(options: &Completions, out: &mut dyn Write) -> anyhow::Result<()> {
    let mut command = Cli::command();
    let name = command.get_name().to_owned();
    // The generator panics where it cannot write: so into memory first.
    let mut script = Vec::new();
    let shell = match options.shell {
        Shell::Bash => aot::Shell::Bash,
        Shell::Zsh => aot::Shell::Zsh,
        Shell::Fish => aot::Shell::Fish,
    };
    aot::generate(shell, &mut command, &name, &mut script);
    Ok(out.write_all(&script)?)
}
