//! What is said on the side, by a command that somebody typed: on standard error. The daemon has its log.
//!
//! `eprintln!` ends the program if nobody takes what it says; here whoever does not listen misses it.

use std::{
    fmt,
    io::{self, Write as _},
};

use anstream::AutoStream;

use super::{
    escape::escaped_lines,
    style::{PROBLEM, Styled},
};

/// Says why it was not done.
pub fn fail(why: impl fmt::Display) {
    line(format_args!("{} {}", Styled(PROBLEM, "zramd:"), escaped_lines(&why.to_string())));
}

/// Lists what is wrong, as compilers do: editors jump to what stands at the beginning of a line.
pub fn list(what: impl fmt::Display) {
    line(escaped_lines(&what.to_string()));
}

fn line(text: impl fmt::Display) {
    let line = format!("{text}\n");
    let _ = AutoStream::auto(io::stderr().lock()).write_all(line.as_bytes());
}
