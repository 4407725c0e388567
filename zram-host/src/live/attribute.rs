//! Reading and writing attribute files.

use std::{
    fs::{File, OpenOptions},
    io::{Read as _, Write as _},
    path::Path,
};

use nix::errno::Errno;

use super::tree::errno;

/// Longest text of an attribute: sysfs gives the driver one page for it.
const PAGE: usize = 4096;

/// The whole text. A read that does not fill its buffer was the last one: that is how sysfs ends a
/// file, and it saves a system call on each of the dozen attributes read after every operation.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, Errno> {
    let mut file = File::open(path).map_err(|error| errno(&error))?;
    let (mut text, mut end) = (vec![0; PAGE], 0);
    loop {
        end += file.read(&mut text[end..]).map_err(|error| errno(&error))?;
        if end < text.len() {
            text.truncate(end);
            return Ok(text);
        }
        text.resize(end + PAGE, 0);
    }
}

/// The whole text of a file in `/proc`, where a read may bring less than was asked for before the end: whole lines.
pub(super) fn read_to_end(path: &Path) -> Result<Vec<u8>, Errno> {
    std::fs::read(path).map_err(|error| errno(&error))
}

/// One `pread(2)`.
pub(super) fn read_once(path: &Path, position: u64, bytes: usize) -> Result<Vec<u8>, Errno> {
    let file = File::open(path).map_err(|error| errno(&error))?;
    // A buffer that is not cleared first: of a large device this is called thousands of times.
    let mut text = Vec::with_capacity(bytes);
    rustix::io::pread(&file, rustix::buffer::spare_capacity(&mut text), position)
        .map_err(|errno| Errno::from_raw(errno.raw_os_error()))?;
    Ok(text)
}

/// One `write(2)`; the bytes taken.
pub(super) fn write(path: &Path, text: &[u8]) -> Result<usize, Errno> {
    let mut file = OpenOptions::new().write(true).open(path).map_err(|error| errno(&error))?;
    file.write(text).map_err(|error| errno(&error))
}
