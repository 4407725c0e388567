//! Writeback of what was queued, one slot after the other (330edc2bc059 to f405066a1f0d: 6.13 to 6.18).
//!
//! What is selected, and in which order, is as it is today. What is not there yet are requests: there is one page, each write is
//! waited for, and what follows from it is done before the next slot is looked at. So completions have no order of their own; a block
//! that was reserved in vain serves the next slot; and the limit is charged only for what arrived *and* was still wanted.

use zram_events::{Block, Event, SlotIndex};

use super::candidates::Candidates;
use crate::{
    bio::BioStatus,
    context::Call,
    environment::{Allocation, BackingOp, Completion, Environment},
    errno::Errno,
    mutation::Mutation,
    site::Site,
    zram::{device::Live, slot::flag::PP_SLOT, stats::add},
};

impl Live<'_> {
    /// `writeback_store` without requests.
    pub(super) fn writeback_in_turn(
        &mut self,
        text: &[u8],
        call: &mut Call<'_, impl Environment + ?Sized>,
    ) -> Result<(), Errno> {
        if !call.env.allocate(Allocation::Candidates) {
            return Err(Errno::ENOMEM);
        }
        let mut candidates = Candidates::new(call);
        let result =
            self.collect(text, &mut candidates, call).and_then(|()| self.pass_in_turn(&mut candidates, call));
        for index in candidates.leftovers() {
            self.release(index, Site::ReleaseLeftover, call);
        }
        result
    }

    /// `zram_writeback_slots`
    fn pass_in_turn(
        &mut self,
        candidates: &mut Candidates,
        call: &mut Call<'_, impl Environment + ?Sized>,
    ) -> Result<(), Errno> {
        call.emit(Site::Writeback, Event::WritebackBegin { dev: self.dev });
        let result = if call.env.allocate(Allocation::WritebackRequest { index: 0 }) {
            self.write_candidates(candidates, call)
        } else {
            Err(Errno::ENOMEM)
        };
        let code = result.err().map_or(0, Errno::negative);
        call.emit(Site::Writeback, Event::WritebackEnd { dev: self.dev, result: code });
        result
    }

    fn write_candidates(
        &mut self,
        candidates: &mut Candidates,
        call: &mut Call<'_, impl Environment + ?Sized>,
    ) -> Result<(), Errno> {
        let mut result = Ok(());
        let mut reserved = None;
        while let Some(index) = candidates.select() {
            self.let_intrude_holding(reserved, call);
            if self.limit_reached() {
                result = Err(Errno::EIO);
                break;
            }
            let Some(block) = reserved.or_else(|| self.reserve_block(call)) else {
                result = Err(Errno::ENOSPC);
                break;
            };
            reserved = Some(block);
            candidates.remove_selected();
            match self.write_and_wait(index, block, call) {
                Ok(true) => reserved = None,
                Ok(false) => {}
                // Other slots may fare better. The last error is the pass's result.
                Err(errno) => result = Err(errno),
            }
            self.release(index, Site::ReleaseCompleted, call);
        }
        if let Some(block) = reserved {
            self.release_block(block);
        }
        result
    }

    /// One turn of the loop: whether the slot now is in the block.
    fn write_and_wait(
        &mut self,
        index: SlotIndex,
        block: Block,
        call: &mut Call<'_, impl Environment + ?Sized>,
    ) -> Result<bool, Errno> {
        let selected = |live: &Self| live.disk.slots[index.0 as usize].has(PP_SLOT);
        if !selected(self) {
            return Ok(false);
        }
        // A slot that cannot be read is passed over in silence.
        let Ok(content) = self.read_from_pool(index, Site::ReadFromPoolWriteback, call) else {
            return Ok(false);
        };
        let content = content.into_block(call.profile.page_size);
        let request = self.backing_request(BackingOp::Write, index, block);
        let completion = call.env.submit_backing(request);
        self.let_intrude_holding(Some(block), call);
        let status = match completion {
            Completion::Now(status) => status,
            Completion::Later => call.env.complete_backing(request),
        };
        BioStatus(status).into_result()?;
        if let Some(backing) = &mut self.state.backing {
            backing.write(block, content);
        }
        add(&mut self.state.stats.bd_writes, 1);
        if !selected(self) && !call.broken(Mutation::CompletionUnchecked) {
            return Ok(false);
        }
        self.free_written_back(index, block, call);
        let settings = &mut self.state.writeback;
        if settings.limit_enable && settings.limit > 0 && !call.broken(Mutation::LimitNotCharged) {
            settings.limit = settings.limit.wrapping_sub(call.profile.page_size.units_of_4k());
        }
        Ok(true)
    }
}
