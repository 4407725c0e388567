//! What a program says about itself: completions and manual pages.

use std::{io::Write, path::PathBuf};

use clap::{Args, Command, ValueEnum};
use clap_complete::aot;

/// A shell that completes command lines.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Shell {
    /// bash
    Bash,
    /// zsh
    Zsh,
    /// fish
    Fish,
}

/// Print what a shell needs to complete command lines
#[derive(Debug, Args)]
pub struct Completions {
    /// The shell
    #[arg(value_name = "SHELL")]
    pub shell: Shell,
}

/// Print the manual page, or write a page for each command
#[derive(Debug, Args)]
pub struct Man {
    /// Write a page for the program and for each command into this folder, which must be there
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
}

/// Prints what a shell has to know to complete command lines of this program.
///
/// # Errors
/// When nobody takes it.
pub fn completions(mut program: Command, asked: &Completions, out: &mut dyn Write) -> anyhow::Result<()> {
    let name = program.get_name().to_owned();
    // The generator panics where it cannot write: so into memory first.
    let mut script = Vec::new();
    let shell = match asked.shell {
        Shell::Bash => aot::Shell::Bash,
        Shell::Zsh => aot::Shell::Zsh,
        Shell::Fish => aot::Shell::Fish,
    };
    aot::generate(shell, &mut program, &name, &mut script);
    let script = String::from_utf8(script)?;
    let script = if matches!(asked.shell, Shell::Bash) { with_one_name(&script, &name) } else { script };
    Ok(out.write_all(script.as_bytes())?)
}

/// The generator's script for bash goes through states named after commands, with `__` for a hyphen. Where it leaves a state, it takes
/// that of a program's name for the mark before a command's, so that a program with a hyphen in its name would never complete what is
/// behind a command. This puts the one name into the place of the other.
fn with_one_name(script: &str, program: &str) -> String {
    script.replace(&program.replace('-', "__subcmd__"), &program.replace('-', "__"))
}
