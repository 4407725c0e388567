//! I/O on block devices, `O_DIRECT`.

use std::{
    fs::{File, OpenOptions},
    os::{
        fd::AsRawFd as _,
        unix::fs::{FileExt as _, OpenOptionsExt as _},
    },
    path::Path,
};

use nix::{errno::Errno, libc};

use super::tree::errno;
use crate::port::Buffer;

/// What memory must be a multiple of, so that no page of it belongs to anybody else.
const PAGE: usize = 4096;

mod request {
    nix::ioctl_write_ptr_bad!(
        /// `BLKDISCARD`.
        blkdiscard,
        nix::request_code_none!(0x12, 119),
        [u64; 2]
    );
    nix::ioctl_write_ptr_bad!(
        /// `BLKZEROOUT`.
        blkzeroout,
        nix::request_code_none!(0x12, 127),
        [u64; 2]
    );
}

/// Opens a block device for nothing but having it open.
pub(super) fn open_to_hold(path: &Path) -> Result<File, Errno> {
    File::open(path).map_err(|error| errno(&error))
}

fn open(path: &Path, write: bool) -> Result<File, Errno> {
    OpenOptions::new()
        .read(!write)
        .write(write)
        .custom_flags(libc::O_DIRECT)
        .open(path)
        .map_err(|error| errno(&error))
}

/// Writes the first page of a device that nobody else may have for himself.
pub(super) fn write_first_page(path: &Path, page: &[u8; PAGE]) -> Result<(), Errno> {
    let opened = OpenOptions::new().write(true).custom_flags(libc::O_EXCL).open(path);
    opened
        .and_then(|file| {
            file.write_all_at(page, 0)?;
            file.sync_all()
        })
        .map_err(|error| errno(&error))
}

/// One `preadv(2)` with `O_DIRECT` from any block device; the bytes read.
///
/// # Errors
/// The errno of the open or the read; `EFAULT` when the arena is not whole pages or a piece lies
/// outside it; `EINVAL` when the position is none.
pub fn read_direct(path: &Path, at: u64, buffer: Buffer<'_>) -> Result<usize, Errno> {
    let (vectors, at) = (vectors(buffer)?, position(at)?);
    let file = open(path, false)?;
    let count = libc::c_int::try_from(vectors.len()).map_err(|_| Errno::EINVAL)?;
    // SAFETY: the vectors lie in the arena, which is borrowed exclusively until this function
    // returns and consists of whole pages; so even a kernel that overruns a piece within its page
    // (which this program exists to find) changes no memory that Rust believes unchanged.
    let moved = unsafe { libc::preadv(file.as_raw_fd(), vectors.as_ptr(), count, at) };
    usize::try_from(moved).map_err(|_| Errno::last())
}

/// One `pwritev(2)` with `O_DIRECT`; the bytes written.
pub(super) fn write_direct(path: &Path, at: u64, buffer: Buffer<'_>) -> Result<usize, Errno> {
    let (vectors, at) = (vectors(buffer)?, position(at)?);
    let file = open(path, true)?;
    let count = libc::c_int::try_from(vectors.len()).map_err(|_| Errno::EINVAL)?;
    // SAFETY: as in `read_direct`; a kernel that reads beyond a piece reads our own pages.
    let moved = unsafe { libc::pwritev(file.as_raw_fd(), vectors.as_ptr(), count, at) };
    usize::try_from(moved).map_err(|_| Errno::last())
}

/// The pieces as the kernel takes them.
fn vectors(buffer: Buffer<'_>) -> Result<Vec<libc::iovec>, Errno> {
    let Buffer { arena, pieces } = buffer;
    if arena.as_ptr().align_offset(PAGE) != 0 || !arena.len().is_multiple_of(PAGE) {
        return Err(Errno::EFAULT);
    }
    let (base, size) = (arena.as_mut_ptr(), arena.len());
    pieces
        .iter()
        .map(|piece| {
            let end = piece.start.checked_add(piece.len).filter(|end| *end <= size).ok_or(Errno::EFAULT)?;
            Ok(libc::iovec { iov_base: base.wrapping_add(piece.start).cast(), iov_len: end - piece.start })
        })
        .collect()
}

fn position(at: u64) -> Result<libc::off_t, Errno> {
    at.try_into().map_err(|_| Errno::EINVAL)
}

/// `BLKDISCARD` of a byte range of any block device.
///
/// # Errors
/// The errno of the open or the ioctl.
pub fn discard(path: &Path, at: u64, bytes: u64) -> Result<(), Errno> {
    let file = open(path, true)?;
    // SAFETY: the kernel reads two u64 through the pointer, which is valid during the call.
    unsafe { request::blkdiscard(file.as_raw_fd(), &[at, bytes]) }.map(drop)
}

/// `BLKZEROOUT` of a byte range of any block device.
///
/// # Errors
/// The errno of the open or the ioctl.
pub fn zero_out(path: &Path, at: u64, bytes: u64) -> Result<(), Errno> {
    let file = open(path, true)?;
    // SAFETY: the kernel reads two u64 through the pointer, which is valid during the call.
    unsafe { request::blkzeroout(file.as_raw_fd(), &[at, bytes]) }.map(drop)
}
