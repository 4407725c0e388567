//! Writing slots by size, for simulation of devices whose pages nobody has.

use zram_events::{DeviceId, SlotIndex};

use super::Kernel;
use crate::{
    bio::BioStatus,
    context::Call,
    environment::Environment,
    errno::Errno,
    zram::write::{Incoming, Stored},
};

impl Kernel {
    /// A write of one slot by what its page comes to, without the page: the placement, the limit, the counters and the
    /// events of an aligned bio of one page. What is stored is [unknown](Environment::undetermined) when read.
    ///
    /// # Errors
    /// `ENOENT` if there is no such device, `EIO` for a slot beyond its end, or what the write failed with.
    pub fn store(
        &mut self,
        dev: DeviceId,
        slot: SlotIndex,
        what: Stored,
        env: &mut (impl Environment + ?Sized),
    ) -> Result<(), Errno> {
        let device = self.devices.get_mut(&dev).ok_or(Errno::ENOENT)?;
        let mut live = device.live().ok_or(Errno::EIO)?;
        if slot.0 as usize >= live.disk.slots.len() {
            return Err(Errno::EIO);
        }
        live.write_sized(slot, what, &mut Call::new(env, &mut self.lives, &self.profile))
    }

    /// A write of whole pages from `first` on, as one bio, where some of the pages may be known only by what came of them: for a
    /// checker that follows the bios of a workload, which it sees without their memory.
    ///
    /// # Errors
    /// `ENOENT` if there is no such device.
    pub fn submit_told(
        &mut self,
        dev: DeviceId,
        first: SlotIndex,
        pages: &[Incoming],
        env: &mut (impl Environment + ?Sized),
    ) -> Result<BioStatus, Errno> {
        let device = self.devices.get_mut(&dev).ok_or(Errno::ENOENT)?;
        let Some(mut live) = device.live() else { return Ok(BioStatus::IO_ERROR) };
        // bio_check_eod
        let end = (first.0 as usize).saturating_add(pages.len());
        if pages.is_empty() || end > live.disk.slots.len() {
            return Ok(BioStatus::IO_ERROR);
        }
        let done = live.write_told(first, pages, &mut Call::new(env, &mut self.lives, &self.profile));
        Ok(if done.is_ok() { BioStatus::OK } else { BioStatus::IO_ERROR })
    }

    /// [`Kernel::store`] of many slots, one after the other: how many of the writes failed.
    ///
    /// # Errors
    /// `ENOENT` if there is no such device, `EIO` if it has no size. A write that fails, or is to a slot
    /// beyond the end, does not stop those behind it.
    pub fn store_all(
        &mut self,
        dev: DeviceId,
        writes: impl IntoIterator<Item = (SlotIndex, Stored)>,
        env: &mut (impl Environment + ?Sized),
    ) -> Result<u64, Errno> {
        let device = self.devices.get_mut(&dev).ok_or(Errno::ENOENT)?;
        let mut live = device.live().ok_or(Errno::EIO)?;
        let mut call = Call::new(env, &mut self.lives, &self.profile);
        let slots = live.disk.slots.len();
        let mut failed = 0;
        for (slot, what) in writes {
            let there = (slot.0 as usize) < slots;
            failed += u64::from(!there || live.write_sized(slot, what, &mut call).is_err());
        }
        Ok(failed)
    }
}
