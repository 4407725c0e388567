//! Where the kernel shows zram.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use nix::errno::Errno;

/// Paths of zram's files under a root.
#[derive(Clone, Debug)]
pub struct Tree {
    root: PathBuf,
}

impl Tree {
    /// The tree under this folder; `/` for the running kernel.
    #[must_use]
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// A file of the class `zram-control`.
    #[must_use]
    pub fn control(&self, name: &str) -> PathBuf {
        self.root.join("sys/class/zram-control").join(name)
    }

    /// The folder of a device's attributes.
    #[must_use]
    pub fn attributes(&self, dev: u32) -> PathBuf {
        self.root.join(format!("sys/block/zram{dev}"))
    }

    /// An attribute of a device.
    ///
    /// # Errors
    /// `ENOENT` when the name is not one of a file in the device's own folder.
    pub fn attribute(&self, dev: u32, name: &str) -> Result<PathBuf, Errno> {
        if name.is_empty() || name == "." || name == ".." || name.contains('/') {
            return Err(Errno::ENOENT);
        }
        Ok(self.attributes(dev).join(name))
    }

    /// The device node.
    #[must_use]
    pub fn node(&self, dev: u32) -> PathBuf {
        self.root.join(format!("dev/zram{dev}"))
    }

    /// The file `block_state`.
    #[must_use]
    pub fn block_state(&self, dev: u32) -> PathBuf {
        self.root.join(format!("sys/kernel/debug/zram/zram{dev}/block_state"))
    }

    /// A file of the kernel's, by its absolute path.
    #[must_use]
    pub fn kernel_file(&self, path: &str) -> PathBuf {
        self.root.join(path.trim_start_matches('/'))
    }

    /// Numbers of the devices, ascending.
    ///
    /// # Errors
    /// When the folder of block devices cannot be read.
    pub fn devices(&self) -> Result<Vec<u32>, Errno> {
        let mut numbers = names(&self.root.join("sys/block"))?
            .iter()
            .filter_map(|name| name.strip_prefix("zram")?.parse().ok())
            .collect::<Vec<_>>();
        numbers.sort_unstable();
        Ok(numbers)
    }
}

/// Names in a folder.
pub(super) fn names(folder: &Path) -> Result<Vec<String>, Errno> {
    fs::read_dir(folder)
        .and_then(|entries| {
            entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect()
        })
        .map_err(|error| errno(&error))
}

/// The errno of a failed system call. Errors that the standard library makes up itself (a path with
/// a NUL byte) become `EINVAL`, as the kernel would say.
pub(super) fn errno(error: &io::Error) -> Errno {
    error.raw_os_error().map_or(Errno::EINVAL, Errno::from_raw)
}
