//! From disksize to reset.

use std::sync::Arc;

use zram_events::{Event, SlotIndex};

use super::{
    codec::{PRIORITIES, Params, Priority},
    device::{Device, Disk},
    slot::Slot,
    stats::Stats,
};
use crate::{
    behaviours::IdleAge,
    complaint::Complaint,
    context::Call,
    environment::{Allocation, Environment, Hazard, TABLE_LIMIT},
    errno::Errno,
    mutation::Mutation,
    site::Site,
    zsmalloc::{ClassTable, Pool},
};

impl Device {
    /// `disksize_store` after parsing: `disksize` is not 0.
    pub(crate) fn set_disksize(
        &mut self,
        disksize: u64,
        table: &Arc<ClassTable>,
        call: &mut Call<'_, impl Environment + ?Sized>,
    ) -> Result<(), Errno> {
        if self.disk.is_some() {
            return Err(Errno::EBUSY);
        }
        let wraps = call.profile.disksize_wraps && !call.broken(Mutation::DisksizeWrapRefused);
        let disksize = call.profile.page_size.align(disksize);
        if disksize == 0 && !wraps {
            return Err(Errno::EINVAL);
        }
        let slots = slot_table(disksize, call)?;
        let pool = Pool::create(table, self.storage, call)?;
        let huge_class_size = table.huge_class_size();
        let kept = call.profile.entry_access_time && call.behaviours().idle_age == IdleAge::Nanoseconds;
        let nanoseconds = if kept { vec![0; slots.len()] } else { Vec::new() };
        self.disk = Some(Disk { disksize, slots, nanoseconds, pool, huge_class_size, buffer: Vec::new() });
        for priority in Priority::PRIMARY.and_above() {
            let Some(algorithm) = self.state.algorithm(priority) else { continue };
            if let Err(errno) = self.state.params[priority.at()].create(algorithm, priority, call) {
                if call.behaviours().algorithm_forgotten {
                    call.env.hazard(Hazard::AlgorithmForgotten);
                }
                self.forget_compressors(call);
                self.free_table(call);
                return Err(errno);
            }
        }
        Ok(())
    }

    /// `zram_reset_device`
    pub(crate) fn reset(&mut self, site: Site, call: &mut Call<'_, impl Environment + ?Sized>) {
        call.emit(site, Event::Reset { dev: self.id });
        self.state.limit_pages = 0;
        if call.behaviours().reset_needs_size && self.disk.is_none() {
            return;
        }
        self.free_table(call);
        self.forget_compressors(call);
        self.state.stats = Stats::default();
        self.state.backing = None;
        if call.broken(Mutation::ResetForgetsLimit) {
            self.state.writeback.limit = 0;
        }
    }

    /// `zram_meta_free`: every slot is freed, empty or not.
    fn free_table(&mut self, call: &mut Call<'_, impl Environment + ?Sized>) {
        let Some(mut live) = self.live() else { return };
        for index in 0..live.disk.slots.len() {
            live.slot_free(SlotIndex(index as u32), Site::SlotFreeReset, call);
        }
        if let Some(disk) = self.disk.take() {
            disk.pool.destroy(call);
        }
    }

    /// `zram_destroy_comps`: back to the default algorithm without parameters. Older kernels keep the name.
    fn forget_compressors(&mut self, call: &Call<'_, impl Environment + ?Sized>) {
        if call.behaviours().reset_keeps_algorithm {
            return;
        }
        self.state.algorithms = [None; PRIORITIES];
        self.state.newlines = [false; PRIORITIES];
        self.state.algorithms[0] = Some(call.profile.default_algorithm);
        self.state.params = [Params::default(); PRIORITIES];
    }
}

/// The slot table (`zram_meta_alloc`): `vmalloc` refuses 0 bytes and more than there is memory.
fn slot_table(disksize: u64, call: &mut Call<'_, impl Environment + ?Sized>) -> Result<Vec<Slot>, Errno> {
    let count = disksize >> call.profile.page_size.shift();
    let bytes = count.saturating_mul(size_of::<Slot>() as u64);
    if bytes == 0 {
        call.env.complain(Complaint::VmallocOfNothing);
        return Err(Errno::ENOMEM);
    }
    if bytes > call.profile.memory.min(TABLE_LIMIT) {
        return Err(Errno::ENOMEM);
    }
    if !call.env.allocate(Allocation::SlotTable { bytes }) {
        return Err(Errno::ENOMEM);
    }
    let count = usize::try_from(count).map_err(|_| Errno::ENOMEM)?;
    let mut slots = Vec::new();
    slots.try_reserve_exact(count).map_err(|_| Errno::ENOMEM)?;
    slots.resize(count, Slot::default());
    Ok(slots)
}
