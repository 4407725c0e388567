//! How arguments become what is asked for.
//!
//! Parsing is clap's. What is ours: colour is known before anything else is understood, helps are as wide as the terminal, and a command line that
//! makes sense is not made to wait for the looks of a help that nobody asked for.

use std::ffi::OsString;

use clap::{Command, error::ErrorKind};

use crate::{Color, Program, layout};

/// Columns of a help where nothing is known of a terminal, and most columns that it takes.
const HELP: usize = 80;
const WIDE_HELP: usize = 100;

/// What these arguments ask for; the first is the program's name. `terminal`: its columns, if standard output is one.
///
/// # Errors
/// When they make no sense, or ask for help: clap's own error prints it, and knows how to end.
pub fn of<P: Program>(arguments: &[OsString], terminal: Option<usize>) -> Result<P, clap::Error> {
    let short = match arguments {
        [_] => P::at_once(None),
        [_, word] => word.to_str().and_then(|word| P::at_once(Some(word))),
        _ => None,
    };
    if let Some(mut asked) = short {
        asked.output().columns = terminal;
        return Ok(asked);
    }
    // What makes a help readable takes longer than all the rest of a short command. Whatever is not understood without it is looked at once more with
    // it: a request for help, a mistake, or a number with a sign, which looks like an option.
    if let Ok(asked) = parsed(&mut P::command(), arguments, terminal) {
        return Ok(asked);
    }
    let columns = terminal.unwrap_or(HELP).min(WIDE_HELP);
    parsed(&mut styled::<P>(columns).color(Color::of(arguments).into()), arguments, terminal)
}

fn parsed<P: Program>(
    command: &mut Command,
    arguments: &[OsString],
    terminal: Option<usize>,
) -> Result<P, clap::Error> {
    let mut asked = P::from_arg_matches(&command.try_get_matches_from_mut(arguments)?)?;
    asked.output().columns = terminal;
    match asked.contradiction() {
        Some(why) => Err(command.error(ErrorKind::ArgumentConflict, why)),
        None => Ok(asked),
    }
}

/// The command line as clap knows it, in our looks.
#[must_use]
pub fn styled<P: Program>(columns: usize) -> Command {
    let mut command = P::command().term_width(columns);
    // Also of commands that are put together late (`defer`).
    command.build();
    layout::titled(with_signs(command), columns)
}

/// A number with a sign in front, where none makes sense, is a value that is wrong, and not an option that is unknown.
fn with_signs(command: Command) -> Command {
    let takes_value = |arg: &clap::Arg| !arg.is_positional() && arg.get_action().takes_values();
    command
        .mut_args(|arg| if takes_value(&arg) { arg.allow_negative_numbers(true) } else { arg })
        .mut_subcommands(with_signs)
}
