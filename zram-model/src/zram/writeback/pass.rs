//! One pass over the candidates (`zram_writeback_slots`).

use zram_events::{Block, Event, SlotIndex};

use super::{
    candidates::Candidates,
    in_flight::{Batch, Buffer, InFlight, Request},
};
use crate::{
    behaviours::WrittenBack,
    bio::BioStatus,
    context::Call,
    environment::{BackingOp, Environment},
    errno::Errno,
    mutation::Mutation,
    site::Site,
    zram::{
        device::Live,
        slot::flag::{HUGE, IDLE, PP_SLOT, PRIORITY, WB},
        stats::{add, sub},
    },
    zsmalloc::Handle,
};

type PassCall<'a, 'b, E> = Call<'a, InFlight<'b, E>>;

impl Live<'_> {
    /// `zram_writeback_slots`. An error of the device does not stop the pass; the last one is its result.
    pub(super) fn writeback_slots<E: Environment + ?Sized>(
        &mut self,
        candidates: &mut Candidates,
        mut batch: Batch,
        call: &mut Call<'_, E>,
    ) -> Result<(), Errno> {
        call.emit(Site::Writeback, Event::WritebackBegin { dev: self.dev });
        let fifo = call.broken(Mutation::DoneListFifo);
        let mut in_flight = InFlight::new(&mut *call.env, call.profile.silent, fifo);
        let mut inner = Call::new(&mut in_flight, &mut *call.lives, call.profile);
        let result = self.run_pass(candidates, &mut batch, &mut inner);
        let code = result.err().map_or(0, Errno::negative);
        call.emit(Site::Writeback, Event::WritebackEnd { dev: self.dev, result: code });
        result
    }

    fn run_pass<E: Environment + ?Sized>(
        &mut self,
        candidates: &mut Candidates,
        batch: &mut Batch,
        call: &mut PassCall<'_, '_, E>,
    ) -> Result<(), Errno> {
        let mut result = Ok(());
        // A block reserved for a slot that then was not written serves the next one.
        let mut reserved = None;
        let mut held = None;
        while let Some(index) = candidates.select() {
            self.let_intrude_holding(reserved, call);
            if self.limit_reached() && !call.broken(Mutation::LimitCheckedAfter) {
                result = Err(Errno::EIO);
                break;
            }
            let mut buffer = loop {
                if let Some(buffer) = held.take().or_else(|| batch.take(call.env)) {
                    break buffer;
                }
                self.let_intrude(call);
                if !call.env.wait() {
                    return Err(Errno::ENOMEM);
                }
                result = self.complete_done(batch, Site::WritebackDone, call).and(result);
            };
            let Some(block) = reserved.or_else(|| self.reserve_block(call)) else {
                result = Err(Errno::ENOSPC);
                break;
            };
            reserved = Some(block);
            candidates.remove_selected();
            if !self.disk.slots[index.0 as usize].has(PP_SLOT) {
                held = Some(buffer);
                self.release(index, Site::ReleaseSkipped, call);
                continue;
            }
            if self.write_back(index, block, &mut buffer, call).is_err() {
                // The slot could not be read: block and request serve the next one, and nobody is told.
                held = Some(buffer);
                self.release(index, Site::ReleaseSkipped, call);
                continue;
            }
            reserved = None;
            if call.broken(Mutation::LimitCheckedAfter) && self.limit_reached() {
                result = Err(Errno::EIO);
                break;
            }
        }
        if let Some(block) = reserved
            && call.behaviours().reserved_block_released
            && !call.broken(Mutation::ReservedBlockLeaked)
        {
            // 3e8d8eb8d7f5
            self.release_block(block);
        }
        while call.env.any() {
            self.let_intrude(call);
            if !call.env.wait() {
                break;
            }
            result = self.complete_done(batch, Site::WritebackDoneTail, call).and(result);
        }
        if !call.behaviours().control_block_guarded || call.broken(Mutation::ControlBlockFreedEarly) {
            call.env.free_control_block();
        }
        result
    }

    pub(super) fn limit_reached(&self) -> bool {
        let settings = &self.state.writeback;
        settings.limit_enable && settings.limit == 0
    }

    /// Reads the slot and submits it. The limit is charged before submission.
    fn write_back<E: Environment + ?Sized>(
        &mut self,
        index: SlotIndex,
        block: Block,
        buffer: &mut Buffer,
        call: &mut PassCall<'_, '_, E>,
    ) -> Result<(), Errno> {
        let content = if self.state.writeback.compressed {
            // d38fab605c66
            let content = self.read_raw(index, buffer.0, call);
            buffer.0 = buffer.0.max(self.disk.slots[index.0 as usize].size());
            content
        } else {
            buffer.0 = call.profile.page_size.bytes();
            let content = self.read_from_pool(index, Site::ReadFromPoolWriteback, call)?;
            content.into_block(call.profile.page_size)
        };
        let settings = &mut self.state.writeback;
        if settings.limit_enable && settings.limit > 0 && !call.broken(Mutation::LimitNotCharged) {
            let units = call.profile.page_size.units_of_4k();
            settings.limit =
                settings.limit.wrapping_sub(if call.broken(Mutation::LimitInPages) { 1 } else { units });
        }
        let request = self.backing_request(BackingOp::Write, index, block);
        call.env.submit(Request { request, content, buffer: *buffer, status: 0 });
        Ok(())
    }

    /// `zram_complete_done_reqs`
    fn complete_done<E: Environment + ?Sized>(
        &mut self,
        batch: &mut Batch,
        site: Site,
        call: &mut PassCall<'_, '_, E>,
    ) -> Result<(), Errno> {
        let mut result = Ok(());
        loop {
            // The task may have been woken some time ago, and has not run since.
            self.let_intrude(call);
            let Some(request) = call.env.take_done() else { break };
            let (index, buffer) = (request.request.slot, request.buffer);
            result = self.complete(request, call).and(result);
            self.release(index, Site::ReleaseCompleted, call);
            batch.put(buffer);
        }
        let code = result.err().map_or(0, Errno::negative);
        call.emit(site, Event::WritebackDone { dev: self.dev, result: code });
        result
    }

    /// `zram_writeback_complete`
    fn complete(
        &mut self,
        request: Request,
        call: &mut Call<'_, impl Environment + ?Sized>,
    ) -> Result<(), Errno> {
        let Request { request, content, status, .. } = request;
        let (block, index) = (request.block, request.slot);
        if let Err(errno) = BioStatus(status).into_result() {
            let settings = &mut self.state.writeback;
            if settings.limit_enable && !call.broken(Mutation::LimitNotRefunded) {
                settings.limit = settings.limit.wrapping_add(call.profile.page_size.units_of_4k());
            }
            if !call.broken(Mutation::FailedBlockKept) {
                self.release_block(block);
            }
            return Err(errno);
        }
        if let Some(backing) = &mut self.state.backing {
            backing.write(block, content);
        }
        let stats = &mut self.state.stats;
        add(&mut stats.bd_writes, 1);
        let slot = &mut self.disk.slots[index.0 as usize];
        if !slot.has(PP_SLOT) && !call.broken(Mutation::CompletionUnchecked) {
            // Written, freed or read since: what went to the device is nobody's.
            self.release_block(block);
            return Ok(());
        }
        if call.behaviours().written_back != WrittenBack::Kept {
            self.free_written_back(index, block, call);
            return Ok(());
        }
        slot.clear(IDLE);
        if slot.has(HUGE) && !call.broken(Mutation::HugeNotCountedDown) {
            sub(&mut stats.huge_pages, 1);
        }
        sub(&mut stats.compr_data_size, u64::from(slot.size()));
        if let Some(handle) = Handle::from_word(slot.word) {
            self.disk.pool.free(handle, Site::FreeWrittenBack, call);
        }
        slot.word = block.0;
        slot.set(WB);
        if call.broken(Mutation::MetadataLost) {
            slot.clear(HUGE | PRIORITY);
            slot.set_size(0);
        }
        Ok(())
    }

    /// What completion did before b0377ee80429: the slot is freed whole, and marked as written back.
    pub(super) fn free_written_back(
        &mut self,
        index: SlotIndex,
        block: Block,
        call: &mut Call<'_, impl Environment + ?Sized>,
    ) {
        let before = self.disk.slots[index.0 as usize];
        self.slot_free(index, Site::SlotFreeWrittenBack, call);
        let slot = &mut self.disk.slots[index.0 as usize];
        slot.set(WB);
        slot.word = block.0;
        if call.behaviours().written_back == WrittenBack::FreedAndRestored && self.state.writeback.compressed
        {
            slot.set(before.flags().without(before.flags().without(HUGE | PRIORITY)));
            slot.set_size(before.size());
        }
        add(&mut self.state.stats.pages_stored, 1);
    }

    /// `release_pp_slot`
    pub(in crate::zram) fn release(
        &mut self,
        index: SlotIndex,
        site: Site,
        call: &mut Call<'_, impl Environment + ?Sized>,
    ) {
        call.emit(site, Event::ReleaseSlot { dev: self.dev, slot: index });
        if !call.broken(Mutation::PostProcessingKept) {
            self.disk.slots[index.0 as usize].clear(PP_SLOT);
        }
    }

    pub(super) fn reserve_block(&mut self, call: &Call<'_, impl Environment + ?Sized>) -> Option<Block> {
        let block = self.state.backing.as_mut()?.reserve(call)?;
        add(&mut self.state.stats.bd_count, 1);
        Some(block)
    }

    pub(super) fn release_block(&mut self, block: Block) {
        if let Some(backing) = &mut self.state.backing {
            backing.release(block);
        }
        sub(&mut self.state.stats.bd_count, 1);
    }
}
