//! What is said on the side: on standard error, where it is in nobody's way.
//!
//! `eprintln!` ends the program if nobody takes what it says, as when a terminal is gone or a log is full; and a device must not be left half set
//! up for that. Here whoever does not listen misses it.

use std::{
    fmt,
    io::{self, Write as _},
};

use anstream::AutoStream;

use crate::{
    escape::escaped_lines,
    style::{PLAIN, PROBLEM, styled},
};

/// Who says it: a program's name.
#[derive(Clone, Copy, Debug)]
pub struct Aside(&'static str);

impl Aside {
    /// This program.
    #[must_use]
    pub const fn of(program: &'static str) -> Self {
        Self(program)
    }

    /// Says something that whoever asked may want to know.
    pub fn say(self, what: impl fmt::Display) {
        self.write(PLAIN, &what);
    }

    /// Says why it was not done.
    pub fn fail(self, why: impl fmt::Display) {
        self.write(PROBLEM, &why);
    }

    fn write(self, style: anstyle::Style, what: &dyn fmt::Display) {
        let Self(program) = self;
        line(format_args!("{} {}", styled(style, format!("{program}:")), escaped_lines(&what.to_string())));
    }
}

/// Lists what is wrong, as compilers do: editors jump to what stands at the beginning of a line.
pub fn list(what: impl fmt::Display) {
    line(escaped_lines(&what.to_string()));
}

/// In colour, if the program was told so or standard error is a terminal.
fn line(text: impl fmt::Display) {
    let line = format!("{text}\n");
    let _ = AutoStream::auto(io::stderr().lock()).write_all(line.as_bytes());
}
