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
    let script = String::from_utf8(script)?;
    let script = if matches!(options.shell, Shell::Bash) { with_one_name(&script, &name) } else { script };
    Ok(out.write_all(script.as_bytes())?)
}

/// The generator's script for bash goes through states named after commands, with `__` for a hyphen. Where it leaves a state, it takes
/// that of a program's name for the mark before a command's, so that a program with a hyphen in its name would never complete what is
/// behind a command. This puts the one name into the place of the other.
fn with_one_name(script: &str, program: &str) -> String {
    script.replace(&program.replace('-', "__subcmd__"), &program.replace('-', "__"))
}
