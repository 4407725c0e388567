//! Standard output: where styles are shown or taken out, and where a failure gets a sentence.
//!
//! Commands know only of something to write to. When writing fails, it is not the device's fault, and the message must not look as if it were.

use std::io::{self, Stdout, Write};

use anstream::AutoStream;
use nix::errno::Errno;
use terminal_size::{Width, terminal_size_of};

use crate::Color;

/// Standard output, with colour or without.
///
/// It is not kept locked: a program that draws may have to give a terminal back from whatever thread panics.
pub struct StandardOutput(AutoStream<Stdout>);

impl StandardOutput {
    /// Standard output.
    #[must_use]
    pub fn new(color: Color) -> Self {
        Self(AutoStream::new(io::stdout(), color.into()))
    }
}

/// Columns of the terminal that standard output is, if it is one.
#[must_use]
pub fn columns() -> Option<usize> {
    terminal_size_of(io::stdout())
        .map(|(Width(columns), _)| usize::from(columns))
        .filter(|columns| *columns > 0)
}

impl Write for StandardOutput {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes).map_err(explained)
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes).map_err(explained)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush().map_err(explained)
    }
}

/// Of the same kind, which tells a reader who has enough from a disk that is full.
fn explained(error: io::Error) -> io::Error {
    let why =
        error.raw_os_error().map_or_else(|| error.to_string(), |raw| Errno::from_raw(raw).desc().to_owned());
    io::Error::new(error.kind(), format!("cannot write to standard output: {why}"))
}
