//! A file system on a device of ours: the kernel's ext4 on what is an ext2.
//!
//! Every change is on the device when its operation ends (`syncfs`), so that nothing is written back later, by a
//! thread that nobody waits for.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read as _},
    os::{fd::AsRawFd as _, unix::fs::FileExt as _},
    path::{Path, PathBuf},
};

use nix::{
    errno::Errno,
    fcntl::{PosixFadviseAdvice, posix_fadvise},
    mount::{MntFlags, MsFlags, mount, umount2},
    unistd::syncfs,
};

use crate::protocol::{Content, Placement};

/// Bytes of a page and of a block.
const PAGE: u64 = 4096;

mod request {
    /// `struct fstrim_range`: from here on, so many bytes, in runs no shorter than this.
    #[repr(C)]
    pub(super) struct Range {
        pub(super) start: u64,
        pub(super) len: u64,
        pub(super) least: u64,
    }

    /// Words of `struct fiemap` without its extents, and of an extent.
    pub(super) const HEAD: usize = 4;
    pub(super) const EXTENT: usize = 7;

    nix::ioctl_readwrite!(
        /// `FITRIM`
        fitrim,
        b'X',
        121,
        Range
    );
    nix::ioctl_readwrite_bad!(
        /// `FS_IOC_FIEMAP`: the request's size counts the head only.
        fiemap,
        nix::request_code_readwrite!(b'f', 11, HEAD * size_of::<u64>()),
        u64
    );
}

/// A mounted file system.
#[derive(Debug)]
pub(super) struct Filesystem {
    place: PathBuf,
}

impl Filesystem {
    /// `mount(2)`
    pub(super) fn mount(dev: u32, node: &Path, discard: bool) -> Result<Self, Errno> {
        let place = std::env::temp_dir().join(format!("zram-agent-mount-{dev}"));
        match fs::create_dir(&place) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(errno(&error)),
            _ => {}
        }
        let options = if discard { "discard" } else { "nodiscard" };
        // Reading must not write.
        let flags = MsFlags::MS_NOATIME | MsFlags::MS_NODIRATIME;
        mount(Some(node), &place, Some("ext4"), flags, Some(options))?;
        Ok(Self { place })
    }

    /// `umount2(2)`
    pub(super) fn unmount(&self) -> Result<(), Errno> {
        umount2(&self.place, MntFlags::empty())?;
        fs::remove_dir(&self.place).map_err(|error| errno(&error))
    }

    /// Writes pages to a file.
    pub(super) fn write(&self, name: &str, at: u32, pages: &[Content]) -> Result<(), Errno> {
        let bytes: Vec<u8> = pages.iter().flat_map(|page| *page.bytes()).collect();
        let path = self.place.join(name);
        let file = OpenOptions::new().write(true).create(true).truncate(false).open(path);
        file.and_then(|file| file.write_all_at(&bytes, u64::from(at) * PAGE))
            .map_err(|error| errno(&error))?;
        self.sync()
    }

    /// Reads a file from the device.
    pub(super) fn read(&self, name: &str) -> Result<Vec<u8>, Errno> {
        let mut file = File::open(self.place.join(name)).map_err(|error| errno(&error))?;
        posix_fadvise(&file, 0, 0, PosixFadviseAdvice::POSIX_FADV_DONTNEED)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(|error| errno(&error))?;
        Ok(bytes)
    }

    /// Deletes a file.
    pub(super) fn remove(&self, name: &str) -> Result<(), Errno> {
        fs::remove_file(self.place.join(name)).map_err(|error| errno(&error))?;
        self.sync()
    }

    /// Discards what is free.
    pub(super) fn trim(&self) -> Result<(), Errno> {
        let folder = File::open(&self.place).map_err(|error| errno(&error))?;
        let mut range = request::Range { start: 0, len: u64::MAX, least: 0 };
        // SAFETY: the kernel reads and writes one structure, which lives until the call returns.
        unsafe { request::fitrim(folder.as_raw_fd(), &raw mut range) }.map(drop)
    }

    fn sync(&self) -> Result<(), Errno> {
        syncfs(File::open(&self.place).map_err(|error| errno(&error))?)
    }

    /// Where the pages of a file lie, by the file system's own map.
    pub(super) fn places(&self, name: &str, contents: &[Content]) -> Result<Vec<Placement>, Errno> {
        let file = File::open(self.place.join(name)).map_err(|error| errno(&error))?;
        let mut words = vec![0_u64; request::HEAD + contents.len() * request::EXTENT];
        // From 0 on, everything; room for as many extents as there are pages.
        words[1] = u64::MAX;
        words[3] = contents.len() as u64;
        // SAFETY: the kernel writes the head and at most as many extents as the head has room for, and the words are
        // that many and live until the call returns.
        unsafe { request::fiemap(file.as_raw_fd(), words.as_mut_ptr()) }?;
        let found = (words[2] >> 32) as usize;
        let extents = words[request::HEAD..].chunks_exact(request::EXTENT).take(found);
        Ok(extents.flat_map(|extent| placed(extent, contents)).collect())
    }
}

/// The pages of an extent: logical and physical beginning, and length, in bytes.
fn placed(extent: &[u64], contents: &[Content]) -> Vec<Placement> {
    let [logical, physical, length, ..] = *extent else { return Vec::new() };
    (0..length / PAGE)
        .filter_map(|page| {
            let content = *contents.get((logical / PAGE + page) as usize)?;
            Some(Placement { slot: u32::try_from(physical / PAGE + page).ok()?, content })
        })
        .collect()
}

fn errno(error: &io::Error) -> Errno {
    error.raw_os_error().map_or(Errno::EIO, Errno::from_raw)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_extent_names_pages_and_slots() {
        let contents = [Content::Zero, Content::Text { seed: 1 }, Content::Text { seed: 2 }];
        let places = placed(&[PAGE, 40 * PAGE, 3 * PAGE, 0, 0, 0, 0], &contents);
        let places: Vec<_> = places.iter().map(|place| (place.slot, place.content)).collect();
        assert_eq!(places, [(40, contents[1]), (41, contents[2])]);
    }
}
