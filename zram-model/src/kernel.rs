//! The loaded module, as its users meet it.

use zram_events::{Block, DeviceId};

use crate::{
    bio::{Bio, BioStatus, Memory},
    environment::Environment,
    errno::Errno,
    profile::Profile,
    view::{BlockContent, ClassView, SlotView},
};

/// zram and zsmalloc, loaded, with no device yet.
#[derive(Clone, Debug)]
pub struct Kernel {
    profile: Profile,
}

impl Kernel {
    /// The module loaded with `num_devices=0`.
    #[must_use]
    pub fn new(profile: Profile) -> Self {
        Self { profile }
    }

    /// Which kernel this is.
    #[must_use]
    pub fn profile(&self) -> &Profile {
        &self.profile
    }

    /// A read of `/sys/class/zram-control/hot_add`.
    ///
    /// # Errors
    /// `ENOMEM`.
    pub fn hot_add(&mut self, env: &mut (impl Environment + ?Sized)) -> Result<DeviceId, Errno> {
        let _ = env;
        Err(Errno::ENOMEM)
    }

    /// A write to `/sys/class/zram-control/hot_remove`: how many bytes it took.
    ///
    /// # Errors
    /// As the kernel answers.
    pub fn hot_remove(&mut self, text: &[u8], env: &mut (impl Environment + ?Sized)) -> Result<usize, Errno> {
        let _ = (text, env);
        Err(Errno::ENODEV)
    }

    /// One read of an attribute: the bytes exactly as the kernel prints them.
    ///
    /// # Errors
    /// `ENOENT` for a device or attribute that is not there, `EACCES` for one that cannot be read.
    pub fn read_attr(&self, dev: DeviceId, name: &str) -> Result<Vec<u8>, Errno> {
        let _ = (dev, name);
        Err(Errno::ENOENT)
    }

    /// One write(2) to an attribute: how many bytes it took.
    ///
    /// # Errors
    /// As the kernel answers; `ENOENT` and `EACCES` as for [`Kernel::read_attr`].
    pub fn write_attr(
        &mut self,
        dev: DeviceId,
        name: &str,
        text: &[u8],
        env: &mut (impl Environment + ?Sized),
    ) -> Result<usize, Errno> {
        let _ = (dev, name, text, env);
        Err(Errno::ENOENT)
    }

    /// open(2) of the block device.
    ///
    /// # Errors
    /// `ENOENT` if there is no such device.
    pub fn open(&mut self, dev: DeviceId) -> Result<(), Errno> {
        let _ = dev;
        Err(Errno::ENOENT)
    }

    /// close(2) of the block device.
    ///
    /// # Errors
    /// `ENOENT` if there is no such device, `EBADF`-like `EINVAL` if nobody had it open.
    pub fn close(&mut self, dev: DeviceId) -> Result<(), Errno> {
        let _ = dev;
        Err(Errno::ENOENT)
    }

    /// One bio, until it has completed.
    pub fn submit(
        &mut self,
        dev: DeviceId,
        bio: &Bio,
        memory: &mut Memory,
        env: &mut (impl Environment + ?Sized),
    ) -> BioStatus {
        let _ = (dev, bio, memory, env);
        BioStatus::IO_ERROR
    }

    /// One read(2) of the debugfs file `block_state`: the bytes and the file position afterwards.
    ///
    /// # Errors
    /// `EINVAL` before disksize is set, `ENOENT` if there is no such file.
    pub fn block_state(&self, dev: DeviceId, position: u64, count: usize) -> Result<(Vec<u8>, u64), Errno> {
        let _ = (dev, position, count);
        Err(Errno::ENOENT)
    }

    /// The slot table, empty before disksize is set.
    ///
    /// # Errors
    /// `ENOENT` if there is no such device.
    pub fn slots(&self, dev: DeviceId) -> Result<Vec<SlotView>, Errno> {
        let _ = dev;
        Err(Errno::ENOENT)
    }

    /// What zram left in a block of the device's backing device.
    #[must_use]
    pub fn block(&self, dev: DeviceId, block: Block) -> BlockContent {
        let _ = (dev, block);
        BlockContent::Untouched
    }

    /// The pool's class array, nominal class by nominal class; empty before disksize is set.
    ///
    /// # Errors
    /// `ENOENT` if there is no such device.
    pub fn classes(&self, dev: DeviceId) -> Result<Vec<ClassView>, Errno> {
        let _ = dev;
        Err(Errno::ENOENT)
    }

    /// `zs_huge_class_size`: objects of this many bytes and more are stored uncompressed.
    #[must_use]
    pub fn huge_class_size(&self) -> u32 {
        0
    }
}
