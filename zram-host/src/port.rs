//! The port: everything our programs ever ask of "a kernel with zram", as one trait.
//!
//! It has two sides. [`crate::LiveHost`] makes system calls; `SimHost` (feature `sim`) asks the
//! model. Whatever is written against the port runs on both: the agent's executor, and later the
//! tools. So the trait speaks of system calls, not of what they mean: a text written, bytes moved,
//! an errno.

use std::io;

use nix::errno::Errno;

use crate::{
    meanwhile::{Ended, Errand, Io},
    together::{Act, TaskEnded},
};

/// One piece of a buffer: see [`Buffer`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Iovec {
    /// Byte offset in the arena.
    pub start: usize,
    /// Bytes.
    pub len: usize,
}

/// Page-aligned memory, and the pieces of it that an I/O uses. The pages around and between the
/// pieces belong to the caller too: what a kernel does to them can be seen.
pub struct Buffer<'a> {
    /// The arena: a whole number of pages, page-aligned.
    pub arena: &'a mut [u8],
    /// The pieces, in the order of the bytes.
    pub pieces: &'a [Iovec],
}

/// A kernel with zram. Devices are named by number; every call is one system call, and none is
/// retried or split.
pub trait Port {
    /// Reads `hot_add`: a new device.
    ///
    /// # Errors
    /// The errno of the read.
    fn hot_add(&mut self) -> Result<u32, Errno>;

    /// Writes `hot_remove`.
    ///
    /// # Errors
    /// The errno of the write.
    fn hot_remove(&mut self, text: &[u8]) -> Result<usize, Errno>;

    /// Numbers of the devices that exist, ascending.
    ///
    /// # Errors
    /// When the list cannot be read.
    fn devices(&mut self) -> Result<Vec<u32>, Errno>;

    /// Reads an attribute whole.
    ///
    /// # Errors
    /// The errno of the open or the read.
    fn read_attr(&mut self, dev: u32, name: &str) -> Result<Vec<u8>, Errno>;

    /// Writes an attribute with one `write(2)`; answers with the bytes taken.
    ///
    /// # Errors
    /// The errno of the open or the write.
    fn write_attr(&mut self, dev: u32, name: &str, text: &[u8]) -> Result<usize, Errno>;

    /// Opens the block device and keeps it open until [`Port::release`].
    ///
    /// # Errors
    /// The errno of the open.
    fn hold(&mut self, dev: u32) -> Result<(), Errno>;

    /// Closes what [`Port::hold`] opened; `EBADF` when nothing is open.
    ///
    /// # Errors
    /// The errno of the close.
    fn release(&mut self, dev: u32) -> Result<(), Errno>;

    /// One `pwritev(2)` with `O_DIRECT` at this byte offset.
    ///
    /// # Errors
    /// The errno of the open or the write.
    fn write(&mut self, dev: u32, at: u64, buffer: Buffer<'_>) -> Result<usize, Errno>;

    /// One `preadv(2)` with `O_DIRECT` at this byte offset.
    ///
    /// # Errors
    /// The errno of the open or the read.
    fn read(&mut self, dev: u32, at: u64, buffer: Buffer<'_>) -> Result<usize, Errno>;

    /// `BLKDISCARD` of a byte range.
    ///
    /// # Errors
    /// The errno of the open or the ioctl.
    fn discard(&mut self, dev: u32, at: u64, bytes: u64) -> Result<(), Errno>;

    /// `BLKZEROOUT` of a byte range.
    ///
    /// # Errors
    /// The errno of the open or the ioctl.
    fn zero_out(&mut self, dev: u32, at: u64, bytes: u64) -> Result<(), Errno>;

    /// Writes an attribute in another thread and does I/O on the device meanwhile.
    fn meanwhile(&mut self, dev: u32, errand: Errand<'_>, io: Vec<Io<'_>>) -> Ended;

    /// Several tasks at once, each with calls of its own.
    fn together(&mut self, dev: u32, tasks: Vec<Vec<Act<'_>>>) -> Vec<TaskEnded>;

    /// One `pread(2)` of `block_state` from this slot on into a buffer of this size.
    ///
    /// # Errors
    /// The errno of the open or the read.
    fn block_state(&mut self, dev: u32, position: u64, bytes: usize) -> Result<Vec<u8>, Errno>;

    /// `CLOCK_BOOTTIME` in nanoseconds.
    fn boot_time(&mut self) -> u64;

    /// The same clock as of the last tick, in nanoseconds: `ktime_get_coarse_boottime`, whose second zram keeps as that
    /// of an access (until Linux 6.19 it keeps nanoseconds of the fine one).
    fn boot_tick(&mut self) -> u64;
}

/// A step of preparing or tearing down the world around a test failed: nothing the port measures.
#[derive(Debug, thiserror::Error)]
#[error("{doing}: {source}")]
pub struct SetupError {
    /// What was being done, with the path.
    pub doing: String,
    /// Why it failed.
    #[source]
    pub source: io::Error,
}
