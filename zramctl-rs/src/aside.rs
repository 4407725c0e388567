//! What is said on the side: on standard error, where it is in nobody's way.
//!
//! `eprintln!` ends the program if nobody takes what it says, as when a terminal is gone or a log is full; and a device must not be left half set
//! up for that. Here whoever does not listen misses it.

use std::{
    fmt,
    io::{self, Write},
};

use anstream::AutoStream;

use crate::{
    escape::escaped_lines,
    style::{PLAIN, PROBLEM, Styled, styled},
};

/// Says something that whoever asked may want to know.
pub fn say(what: impl fmt::Display) {
    write(styled(PLAIN, "zramctl-rs:"), &what);
}

/// Says why it was not done.
pub fn fail(why: impl fmt::Display) {
    write(styled(PROBLEM, "zramctl-rs:"), &why);
}

/// In colour, if the program was told so or standard error is a terminal.
fn write(who: Styled<&str>, what: &dyn fmt::Display) {
    let line = format!("{who} {}\n", escaped_lines(&what.to_string()));
    let _ = AutoStream::auto(io::stderr().lock()).write_all(line.as_bytes());
}
