//! The virtual machine's own disk, which completes in its own interrupt: `virtio_blk`.
//!
//! A disk that is not made by the agent may hold somebody's data. So the machine that is made for testing gives its disk a serial number, and
//! no disk without that number is ever touched.

use std::{
    fs,
    path::{Path, PathBuf},
};

use zram_host::live::zero_out;

use crate::world::Trouble;

/// What the disk says of itself.
const SERIAL: &str = "zram-rs-backing";

/// Bytes of a block, and of a sector.
const PAGE: u64 = 4096;
const SECTOR: u64 = 512;

/// The disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct VirtualDisk {
    path: PathBuf,
    pages: u64,
}

impl VirtualDisk {
    /// The disk of this machine, if it has one for this purpose.
    pub(super) fn find() -> Option<Self> {
        Self::find_in(Path::new("/sys/block"), Path::new("/dev"))
    }

    fn find_in(blocks: &Path, dev: &Path) -> Option<Self> {
        for entry in fs::read_dir(blocks).ok()?.flatten() {
            let read = |name: &str| fs::read_to_string(entry.path().join(name)).unwrap_or_default();
            if read("serial").trim_end() != SERIAL {
                continue;
            }
            let sectors: u64 = read("size").trim_end().parse().ok()?;
            return Some(Self { path: dev.join(entry.file_name()), pages: sectors * SECTOR / PAGE });
        }
        None
    }

    /// Its node.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Overwrites its first so many blocks.
    pub(super) fn clear(&self, pages: u64) -> Result<(), Trouble> {
        if pages > self.pages {
            return Err(Trouble::TooMuch {
                what: "a backing device in pages of the machine's disk",
                asked: pages,
                limit: self.pages,
            });
        }
        zero_out(&self.path, 0, pages * PAGE)
            .map_err(|errno| Trouble::setup(format!("overwriting {}", self.path.display()), errno))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_disk_that_says_so_is_taken() {
        let folder = tempfile::tempdir().unwrap();
        let disk = |name: &str, serial: Option<&str>| {
            let disk = folder.path().join(name);
            fs::create_dir(&disk).unwrap();
            fs::write(disk.join("size"), "16384\n").unwrap();
            if let Some(serial) = serial {
                fs::write(disk.join("serial"), serial).unwrap();
            }
        };
        disk("vda", Some("somebody's\n"));
        disk("sda", None);
        let find = || VirtualDisk::find_in(folder.path(), Path::new("/dev"));
        assert_eq!(find(), None);
        disk("vdb", Some("zram-rs-backing"));
        let found = find().unwrap();
        assert_eq!(found, VirtualDisk { path: "/dev/vdb".into(), pages: 2048 });
        assert!(found.clear(2049).is_err());
    }
}
