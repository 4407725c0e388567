//! What memory management does to a pool, and what can be seen of its memory.

use std::sync::Arc;

use zram_events::{Block, DeviceId, SlotIndex, ZspageLife};

use super::Kernel;
use crate::{
    context::Call,
    environment::Environment,
    errno::Errno,
    page::PageBytes,
    view::{BlockContent, ZspageView},
    zram::slot::flag::{SAME, WB},
    zsmalloc::{Handle, Pool},
};

impl Kernel {
    /// A read of the debugfs file `zsmalloc/zramN/classes`, as the kernel prints it.
    ///
    /// # Errors
    /// `ENOENT` if there is no such file: the device has no pool before disksize is set, and the kernel may be built
    /// without `CONFIG_ZSMALLOC_STAT`.
    pub fn classes_text(&self, dev: DeviceId) -> Result<Vec<u8>, Errno> {
        if !self.profile.zsmalloc_stat {
            return Err(Errno::ENOENT);
        }
        Ok(self.pool(dev)?.classes_text().into_bytes())
    }

    /// Every zspage of a device's pool, class by class, smallest objects first.
    ///
    /// # Errors
    /// `ENOENT` if there is no such device, or it has no pool.
    pub fn zspages(&self, dev: DeviceId) -> Result<Vec<ZspageView>, Errno> {
        Ok(self.pool(dev)?.zspages().collect())
    }

    /// The kernel moves page number `page` of a zspage to another place in memory (`zs_page_migrate`). Objects keep
    /// their place in the zspage, and their bytes.
    ///
    /// # Errors
    /// `ENOENT` if there is no such device or zspage, `EINVAL` if the zspage has no such page, `EBUSY` if
    /// [`Environment::contended`] says that a reader is in the way.
    pub fn migrate_page(
        &mut self,
        dev: DeviceId,
        zspage: ZspageLife,
        page: u32,
        env: &mut (impl Environment + ?Sized),
    ) -> Result<(), Errno> {
        self.with_pool(dev, env, |pool, call| {
            let id = pool.find_zspage(zspage).ok_or(Errno::ENOENT)?;
            pool.migrate_page(id, page, call)
        })?
    }

    /// Whether empty zspages wait for a worker, because a page of theirs was locked when they were to be freed.
    ///
    /// # Errors
    /// `ENOENT` if there is no such device, or it has no pool.
    pub fn free_deferred_pending(&self, dev: DeviceId) -> Result<bool, Errno> {
        Ok(self.pool(dev)?.deferred())
    }

    /// The worker that frees empty zspages runs (`async_free_zspage`): whether there was work for it.
    ///
    /// # Errors
    /// `ENOENT` if there is no such device, or it has no pool.
    pub fn free_deferred(
        &mut self,
        dev: DeviceId,
        env: &mut (impl Environment + ?Sized),
    ) -> Result<bool, Errno> {
        self.with_pool(dev, env, |pool, call| {
            let pending = pool.deferred();
            if pending {
                pool.free_deferred(call);
            }
            pending
        })
    }

    /// How many pages the pool's shrinker says it could free (`zs_shrinker_count`).
    ///
    /// # Errors
    /// `ENOENT` if there is no such device, or it has no pool.
    pub fn shrinker_count(&self, dev: DeviceId) -> Result<u64, Errno> {
        Ok(self.pool(dev)?.shrinker_count())
    }

    /// Memory pressure runs the pool's shrinker (`zs_shrinker_scan`): the pages it freed, or `None` for `SHRINK_STOP`.
    ///
    /// # Errors
    /// `ENOENT` if there is no such device, or it has no pool.
    pub fn shrinker_scan(
        &mut self,
        dev: DeviceId,
        env: &mut (impl Environment + ?Sized),
    ) -> Result<Option<u64>, Errno> {
        self.with_pool(dev, env, |pool, call| pool.shrinker_scan(call))
    }

    /// With [`crate::Storage::Bytes`], what is stored of a slot in memory, byte for byte as its object has it.
    /// `None` if the slot has no object, or the model does not keep its bytes.
    ///
    /// # Errors
    /// `ENOENT` if there is no such device or slot.
    pub fn object_bytes(&self, dev: DeviceId, slot: SlotIndex) -> Result<Option<Vec<u8>>, Errno> {
        let disk = self.device(dev)?.disk.as_ref().ok_or(Errno::ENOENT)?;
        let slot = disk.slots.get(slot.0 as usize).ok_or(Errno::ENOENT)?;
        let handle = Handle::from_word(slot.word).filter(|_| !slot.has(SAME | WB));
        Ok(handle.and_then(|handle| disk.pool.bytes(handle, slot.size())))
    }

    /// With [`crate::Storage::Pages`], the page that a slot stands for, in memory or on the backing device. `None` if that
    /// is not kept, or the page was [never given](crate::Incoming::Stored). An empty slot stands for zeros.
    ///
    /// # Errors
    /// `ENOENT` if there is no such device or slot.
    pub fn page(&self, dev: DeviceId, index: SlotIndex) -> Result<Option<Arc<PageBytes>>, Errno> {
        let device = self.device(dev)?;
        let disk = device.disk.as_ref().ok_or(Errno::ENOENT)?;
        let slot = disk.slots.get(index.0 as usize).ok_or(Errno::ENOENT)?;
        if slot.has(WB) {
            return Ok(match self.block(dev, Block(slot.word)) {
                BlockContent::Raw(page)
                | BlockContent::Compressed { page, .. }
                | BlockContent::Unclean { page, .. } => Some(page),
                BlockContent::Untouched | BlockContent::Unknown => None,
            });
        }
        Ok(match Handle::from_word(slot.word).filter(|_| !slot.has(SAME)) {
            Some(handle) => disk.pool.page(handle).cloned(),
            None => {
                let words = self.profile.page_size.as_usize() / size_of::<u64>();
                Some(std::iter::repeat_n(slot.word.to_le_bytes(), words).flatten().collect())
            }
        })
    }

    fn pool(&self, dev: DeviceId) -> Result<&Pool, Errno> {
        self.device(dev)?.disk.as_ref().map(|disk| &disk.pool).ok_or(Errno::ENOENT)
    }

    fn with_pool<E: Environment + ?Sized, R>(
        &mut self,
        dev: DeviceId,
        env: &mut E,
        act: impl FnOnce(&mut Pool, &mut Call<'_, E>) -> R,
    ) -> Result<R, Errno> {
        let device = self.devices.get_mut(&dev).ok_or(Errno::ENOENT)?;
        let disk = device.disk.as_mut().ok_or(Errno::ENOENT)?;
        Ok(act(&mut disk.pool, &mut Call::new(env, &mut self.lives, &self.profile)))
    }
}
