//! Several tasks at once on one device.
//!
//! Each has system calls of its own, one after the other, and all begin at the same moment. What comes of them depends on the order in
//! which the kernel serves them; that is the point of it.

use nix::errno::Errno;

use crate::meanwhile::Io;

/// One system call of a task.
pub enum Act<'a> {
    /// I/O on the device: at most 256 pages, so that it makes no more than one bio.
    Io(Io<'a>),
    /// As [`crate::Port::write_attr`].
    Set {
        /// The attribute.
        name: &'a str,
        /// The text, one `write(2)`.
        text: &'a [u8],
    },
}

/// How a call ended, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Acted {
    /// Bytes moved or taken, 0 for a discard.
    pub result: Result<usize, Errno>,
    /// `CLOCK_BOOTTIME` in nanoseconds before it.
    pub before: u64,
    /// And after it.
    pub after: u64,
}

/// What a task did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TaskEnded {
    /// Its thread. On the model its number, from 1.
    pub thread: u32,
    /// Its calls, in order.
    pub acts: Vec<Acted>,
}
