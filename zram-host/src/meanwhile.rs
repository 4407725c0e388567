//! I/O while something else is under way.
//!
//! A writeback pass holds the device's lock, but bios do not take it: slots can be read, written and
//! freed while the pass has them selected or on their way. One thread writes the attribute; another
//! does the I/O, in order, one call at a time.

use std::time::Duration;

use nix::errno::Errno;

use crate::port::Buffer;

/// An attribute written by another thread.
#[derive(Clone, Copy, Debug)]
pub struct Errand<'a> {
    /// The attribute.
    pub name: &'a str,
    /// The text, one `write(2)`.
    pub text: &'a [u8],
    /// How long the I/O waits after that thread has begun.
    pub head_start: Duration,
}

/// One system call beside it: at most 256 pages, so that it makes no more than one bio.
pub enum Io<'a> {
    /// As [`crate::Port::read`].
    Read {
        /// Byte offset.
        at: u64,
        /// Where the bytes go.
        buffer: Buffer<'a>,
    },
    /// As [`crate::Port::write`].
    Write {
        /// Byte offset.
        at: u64,
        /// Where the bytes are.
        buffer: Buffer<'a>,
    },
    /// As [`crate::Port::discard`].
    Discard {
        /// Byte offset.
        at: u64,
        /// Length.
        bytes: u64,
    },
}

/// How it all ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// The write to the attribute.
    pub errand: Result<usize, Errno>,
    /// Each of the others: bytes moved, 0 for a discard.
    pub io: Vec<Result<usize, Errno>>,
}
