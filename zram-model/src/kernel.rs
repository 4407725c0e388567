//! The loaded module, as its users meet it.

use std::{collections::BTreeMap, sync::Arc};

use zram_events::{Block, DeviceId, SlotIndex};

use crate::{
    attr::{Attribute, text::c_string},
    bio::{Bio, BioStatus, Memory},
    context::{Call, Lives},
    environment::{Codec, Environment},
    errno::Errno,
    profile::Profile,
    view::{BlockContent, ClassView, SlotView},
    zram::{codec::Priority, device::Device},
    zsmalloc::{ClassTable, storage::Storage},
};

pub mod interleaving;
mod memory;
mod sizes;

/// zram and zsmalloc, loaded.
///
/// A value like any other: it can be cloned, so that one state is continued in several ways, and compared by what it shows. Each
/// method that can ask something takes the [`Environment`] to ask.
///
/// ```
/// # use zram_events::Event;
/// # use zram_model::{BackingRequest, ClockUse, Codec, Completion, Environment, PageBytes};
/// use zram_events::{DeviceId, SlotIndex};
/// use zram_model::{Errno, Kernel, Profile, Storage, Stored};
/// # struct Quiet;
/// # impl Environment for Quiet {
/// #     fn emit(&mut self, _: Event) {}
/// #     fn compress(&mut self, _: Codec, _: &PageBytes) -> Result<u32, Errno> { Err(Errno::EINVAL) }
/// #     fn boot_seconds(&mut self, _: ClockUse) -> u32 { 1 }
/// #     fn open_backing(&mut self, _: &str) -> Result<u64, Errno> { Err(Errno::ENOENT) }
/// #     fn submit_backing(&mut self, _: BackingRequest) -> Completion { Completion::Now(0) }
/// # }
/// # fn main() -> Result<(), Errno> {
/// # let mut world = Quiet;
///
/// // What a thousand pages of 1000 bytes each cost, without having any.
/// let mut kernel = Kernel::with_storage(Profile::debian_7_2(), Storage::Sizes);
/// let zram0 = kernel.hot_add(&mut world)?;
/// kernel.write_attr(zram0, "disksize", b"64M", &mut world)?;
/// let pages = (0..1000).map(|slot| (SlotIndex(slot), Stored::Compressed(1000)));
/// assert_eq!(kernel.store_all(zram0, pages, &mut world)?, 0);
///
/// // Objects of 1008 bytes and their like share a class of 1024: four to a page.
/// let class = kernel.classes(zram0)?.into_iter().find(|class| class.stats[13] != 0);
/// assert_eq!(class.map(|class| (class.size, class.objects, class.pages)), Some((1024, 4, 1)));
/// assert!(kernel.read_attr(zram0, "mm_stat")?.starts_with(b" 4096000  1000000  1024000 "));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Kernel {
    pub(crate) profile: Profile,
    pub(crate) storage: Storage,
    classes: Arc<ClassTable>,
    pub(crate) lives: Lives,
    pub(crate) devices: BTreeMap<DeviceId, Device>,
}

impl Kernel {
    /// The module loaded with `num_devices=0`: no device yet. Of what is written it keeps [`Storage::Pages`].
    #[must_use]
    pub fn new(profile: Profile) -> Self {
        Self::with_storage(profile, Storage::default())
    }

    /// As [`Kernel::new`], with a choice of what is kept of the pages written.
    #[must_use]
    pub fn with_storage(profile: Profile, storage: Storage) -> Self {
        let by_percent = profile.behaviours.chain_by_percent;
        let classes =
            Arc::new(ClassTable::new(profile.page_size.bytes(), profile.chain_size.max(1), by_percent));
        Self { profile, storage, classes, lives: Lives::default(), devices: BTreeMap::new() }
    }

    /// Which kernel this is.
    #[must_use]
    pub fn profile(&self) -> &Profile {
        &self.profile
    }

    /// The devices there are.
    pub fn devices(&self) -> impl Iterator<Item = DeviceId> {
        self.devices.keys().copied()
    }

    /// The names of a device's attributes, each with whether it can be read and written.
    pub fn attributes(&self) -> impl Iterator<Item = (&'static str, bool, bool)> {
        Attribute::all(&self.profile)
    }

    /// One read of an attribute, by its name in `/sys/block/zramN`: the bytes exactly as the kernel's `_show` function
    /// prints them, newline and padding included.
    ///
    /// # Errors
    /// `ENOENT` for a device or attribute that is not there, `EACCES` for one that cannot be read, `ENAMETOOLONG` for
    /// the path of a backing device that does not fit into a page.
    pub fn read_attr(&self, dev: DeviceId, name: &str) -> Result<Vec<u8>, Errno> {
        let device = self.device(dev)?;
        let attribute = Attribute::named(name, &self.profile).ok_or(Errno::ENOENT)?;
        if !attribute.readable() {
            return Err(Errno::EACCES);
        }
        device.show(attribute, &self.profile).map(String::into_bytes)
    }

    /// One write(2) to an attribute: how many bytes it took, at most a page's (`kernfs_fop_write_iter`). Nothing at all
    /// is taken without a look. What the attribute starts, such as a writeback pass, has ended when this returns.
    ///
    /// # Errors
    /// As the attribute answers; `ENOENT` and `EACCES` as for [`Kernel::read_attr`].
    pub fn write_attr(
        &mut self,
        dev: DeviceId,
        name: &str,
        text: &[u8],
        env: &mut (impl Environment + ?Sized),
    ) -> Result<usize, Errno> {
        self.device(dev)?;
        let attribute = Attribute::named(name, &self.profile).ok_or(Errno::ENOENT)?;
        if !attribute.writable() {
            return Err(Errno::EACCES);
        }
        let taken = &text[..text.len().min(self.profile.page_size.as_usize())];
        if taken.is_empty() {
            return Ok(0);
        }
        // The device steps out so that the others can be asked about their backing devices meanwhile.
        let mut device = self.devices.remove(&dev).ok_or(Errno::ENOENT)?;
        let others = &self.devices;
        let open_elsewhere = |path: &str| {
            others.values().any(|other| other.state.backing.as_ref().is_some_and(|b| b.path == path))
        };
        let mut call = Call::new(env, &mut self.lives, &self.profile);
        let result = device.store(attribute, c_string(taken), &self.classes, open_elsewhere, &mut call);
        self.devices.insert(dev, device);
        result.map(|()| taken.len())
    }

    /// One bio, until it has completed (`zram_submit_bio`): the pages that it reads are then in `memory`. What the block layer would not let through does not reach
    /// zram: beyond the end is an I/O error, an operation that zram does not offer is not supported.
    pub fn submit(
        &mut self,
        dev: DeviceId,
        bio: &Bio,
        memory: &mut Memory,
        env: &mut (impl Environment + ?Sized),
    ) -> BioStatus {
        let ended = self.submit_all(dev, std::slice::from_ref(bio), memory, env);
        ended.first().copied().unwrap_or(BioStatus::OK)
    }

    /// The bios of one system call, until all have completed: how each ended, in the order given. They are submitted
    /// one after the other, and none waits for the one before: while read-backs of earlier ones are pending,
    /// [`Environment::choose`] says what comes next, [`crate::Step::Continue`] being the submission.
    pub fn submit_all(
        &mut self,
        dev: DeviceId,
        bios: &[Bio],
        memory: &mut Memory,
        env: &mut (impl Environment + ?Sized),
    ) -> Vec<BioStatus> {
        let Some(device) = self.devices.get_mut(&dev) else {
            return vec![BioStatus::IO_ERROR; bios.len()];
        };
        let mut call = Call::new(env, &mut self.lives, &self.profile);
        device.submit(bios, memory, &mut call)
    }

    /// Swap tells that a slot is free (`zram_slot_free_notify`); `locked` if the slot's lock is held elsewhere.
    ///
    /// # Errors
    /// `ENOENT` if there is no such device or slot.
    pub fn slot_free_notify(
        &mut self,
        dev: DeviceId,
        slot: SlotIndex,
        locked: bool,
        env: &mut (impl Environment + ?Sized),
    ) -> Result<(), Errno> {
        let device = self.devices.get_mut(&dev).ok_or(Errno::ENOENT)?;
        let mut live = device.live().ok_or(Errno::ENOENT)?;
        if slot.0 as usize >= live.disk.slots.len() {
            return Err(Errno::ENOENT);
        }
        let mut call = Call::new(env, &mut self.lives, &self.profile);
        live.slot_free_notify(slot, locked, &mut call);
        Ok(())
    }

    /// One read(2) of the debugfs file `block_state`: the bytes and the file position afterwards.
    ///
    /// # Errors
    /// `EINVAL` before disksize is set, `ENOMEM` for a buffer larger than memory, `ENOENT` if there is no such file.
    pub fn block_state(&self, dev: DeviceId, position: u64, count: usize) -> Result<(Vec<u8>, u64), Errno> {
        let device = self.device(dev)?;
        if !self.profile.memory_tracking || device.claim.removing() {
            return Err(Errno::ENOENT);
        }
        device.block_state(position, count, &self.profile)
    }

    /// The slot table (`struct zram_table_entry`), one entry per page of disksize; empty before disksize is set.
    ///
    /// # Errors
    /// `ENOENT` if there is no such device.
    pub fn slots(&self, dev: DeviceId) -> Result<Vec<SlotView>, Errno> {
        let disk = self.device(dev)?.disk.as_ref();
        let page_size = self.profile.page_size;
        Ok(disk.map_or_else(Vec::new, |disk| {
            disk.slots
                .iter()
                .enumerate()
                .map(|(index, slot)| SlotView::of(disk, index, slot, page_size))
                .collect()
        }))
    }

    /// What zram left in a block of the device's backing device.
    #[must_use]
    pub fn block(&self, dev: DeviceId, block: Block) -> BlockContent {
        let backing = self.devices.get(&dev).and_then(|device| device.state.backing.as_ref());
        backing.map_or(BlockContent::Untouched, |backing| backing.content(block))
    }

    /// How many blocks of the backing device are taken, counted in its bitmap (`bd_stat` has a counter of its own).
    #[must_use]
    pub fn blocks_taken(&self, dev: DeviceId) -> u64 {
        let backing = self.devices.get(&dev).and_then(|device| device.state.backing.as_ref());
        backing.map_or(0, |backing| backing.taken_blocks())
    }

    /// The pool's class array, nominal class by nominal class; empty before disksize is set.
    ///
    /// # Errors
    /// `ENOENT` if there is no such device.
    pub fn classes(&self, dev: DeviceId) -> Result<Vec<ClassView>, Errno> {
        let Some(disk) = &self.device(dev)?.disk else { return Ok(Vec::new()) };
        let view = |(nominal, class): (u16, &crate::zsmalloc::class::Class)| ClassView {
            nominal,
            index: class.shape.index,
            size: class.shape.size,
            objects: class.shape.objects,
            pages: class.shape.pages,
            stats: class.stats,
        };
        Ok((0..).zip(disk.pool.nominal_classes()).map(view).collect())
    }

    /// With what a device compresses what is written to it.
    ///
    /// # Errors
    /// `ENOENT` if there is no such device.
    pub fn codec(&self, dev: DeviceId) -> Result<Codec, Errno> {
        Ok(self.device(dev)?.state.codec(Priority::PRIMARY))
    }

    /// `zs_huge_class_size`, in bytes: a page that compresses to so many or more is stored as it is.
    #[must_use]
    pub fn huge_class_size(&self) -> u32 {
        self.classes.huge_class_size()
    }

    fn device(&self, dev: DeviceId) -> Result<&Device, Errno> {
        self.devices.get(&dev).ok_or(Errno::ENOENT)
    }

    pub(crate) fn device_mut(&mut self, dev: DeviceId) -> Result<&mut Device, Errno> {
        self.devices.get_mut(&dev).ok_or(Errno::ENOENT)
    }
}
