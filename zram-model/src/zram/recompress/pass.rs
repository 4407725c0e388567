//! One pass over the candidates (`scan_slots_for_recompress`, `recompress_slot`).

use zram_events::{Event, SlotIndex};

use super::command::Terms;
use crate::{
    behaviours::Recompression,
    context::Call,
    environment::{Allocation, Environment},
    errno::Errno,
    mutation::Mutation,
    page::PageBytes,
    site::Site,
    zram::{
        codec::Priority,
        device::Live,
        slot::flag::{IDLE, INCOMPRESSIBLE, PP_SLOT, SAME, WB},
        stats::add,
        writeback::candidates::Candidates,
    },
    zsmalloc::object::Written,
};

impl Live<'_> {
    /// Queues what the terms ask for, unless nothing could come of it. Out of memory, it stops and says nothing.
    pub(super) fn scan_for_recompression(
        &mut self,
        terms: &Terms,
        candidates: &mut Candidates,
        call: &mut Call<'_, impl Environment + ?Sized>,
    ) {
        let again = call.broken(Mutation::SamePriorityAgain);
        for (index, slot) in (0..).zip(&mut self.disk.slots) {
            let done = slot.priority() + u8::from(!again) >= terms.end;
            if !slot.allocated()
                || !slot.flags().all(terms.wanted)
                || slot.has(WB | SAME | INCOMPRESSIBLE)
                || done
            {
                continue;
            }
            let index = SlotIndex(index);
            if !call.env.allocate(Allocation::Candidate { slot: index }) {
                break;
            }
            candidates.place(index, slot.size());
            slot.set(PP_SLOT);
        }
    }

    /// The loop of `recompress_store`: the largest bucket first, until `most` have been tried. The first error ends it.
    pub(super) fn recompress_slots(
        &mut self,
        terms: &Terms,
        mut most: u64,
        candidates: &mut Candidates,
        call: &mut Call<'_, impl Environment + ?Sized>,
    ) -> Result<(), Errno> {
        while let Some(index) = candidates.select() {
            // No slot is locked between two of them, and bios do not take the device's lock.
            self.let_intrude(call);
            if most == 0 {
                break;
            }
            let mut result = Ok(());
            if self.disk.slots[index.0 as usize].has(PP_SLOT) {
                result = self.recompress_slot(index, terms, &mut most, call);
            }
            candidates.remove_selected();
            self.release(index, Site::ReleaseRecompressed, call);
            result?;
        }
        Ok(())
    }

    /// `recompress_slot`: reads the page, compresses it anew, and keeps the result if that saves memory.
    fn recompress_slot(
        &mut self,
        index: SlotIndex,
        terms: &Terms,
        most: &mut u64,
        call: &mut Call<'_, impl Environment + ?Sized>,
    ) -> Result<(), Errno> {
        let old = self.disk.slots[index.0 as usize];
        if old.word == 0 {
            return Err(Errno::EINVAL);
        }
        let exclusive = call.broken(Mutation::ThresholdExclusive);
        if old.size() < terms.threshold || exclusive && old.size() == terms.threshold {
            return Ok(());
        }
        let content = self.read_from_pool(index, Site::ReadFromPoolRecompression, call)?;
        let page = content.into_page(call.profile.page_size);
        if !call.broken(Mutation::RecompressionKeepsIdle) {
            self.disk.slots[index.0 as usize].clear(IDLE);
        }
        let first = match call.behaviours().recompression {
            Recompression::InTurn => terms.priority.number().max(old.priority() + 1),
            Recompression::One => terms.priority.number(),
        };
        if first >= terms.end {
            return Ok(());
        }
        let mut bytes = core::mem::take(&mut self.disk.buffer);
        let found = self.try_in_turn(first, old.size(), terms, page.as_deref(), &mut bytes, call);
        let content = Written { page: page.as_deref(), bytes: &bytes };
        let result = self.replace_object(index, terms, found, content, most, call);
        self.disk.buffer = bytes;
        result
    }

    /// The first algorithm that saves memory, with the length that it gives; none if none does. An error ends the search.
    fn try_in_turn(
        &self,
        first: u8,
        was: u32,
        terms: &Terms,
        page: Option<&PageBytes>,
        bytes: &mut Vec<u8>,
        call: &mut Call<'_, impl Environment + ?Sized>,
    ) -> Result<Option<(Priority, u32)>, Errno> {
        let range = Priority::SECONDARY.and_above().filter(|at| (first..terms.end).contains(&at.number()));
        for priority in range.filter(|at| self.state.algorithm(*at).is_some()) {
            bytes.clear();
            let len = self.compress_again(priority, was, page, bytes, call)?;
            if self.worth_keeping(was, len, terms.threshold, call) {
                return Ok(Some((priority, len)));
            }
        }
        Ok(None)
    }

    /// `zcomp_compress` of a page that was `was` bytes before; a model that keeps sizes only has no page to show.
    fn compress_again(
        &self,
        priority: Priority,
        was: u32,
        page: Option<&PageBytes>,
        bytes: &mut Vec<u8>,
        call: &mut Call<'_, impl Environment + ?Sized>,
    ) -> Result<u32, Errno> {
        let codec = self.state.codec(priority);
        let compressed = match page {
            Some(page) if self.disk.pool.keeps_bytes() => call.env.compress_into(codec, page, bytes),
            Some(page) => call.env.compress(codec, page),
            None => call.env.compress_again(codec, was),
        };
        let (result, len) = match compressed {
            Ok(len) => (0, len),
            Err(errno) => (errno.negative(), 0),
        };
        call.emit(Site::CompressAgain, Event::Compress { result, len });
        compressed
    }

    /// The rest of `recompress_slot`: after `zcomp_compress`.
    fn replace_object(
        &mut self,
        index: SlotIndex,
        terms: &Terms,
        found: Result<Option<(Priority, u32)>, Errno>,
        content: Written<'_>,
        most: &mut u64,
        call: &mut Call<'_, impl Environment + ?Sized>,
    ) -> Result<(), Errno> {
        let old = self.disk.slots[index.0 as usize];
        let by_success = call.broken(Mutation::MaxPagesCountsSuccesses);
        if !by_success {
            // An attempt counts, whatever comes of it.
            *most = most.saturating_sub(1);
        }
        let Some((priority, len)) = found? else {
            let last = terms.last || call.broken(Mutation::IncompressibleTooEarly);
            if last && !call.broken(Mutation::IncompressibleNever) {
                self.disk.slots[index.0 as usize].set(INCOMPRESSIBLE);
            }
            return Ok(());
        };
        let early = call.broken(Mutation::RecompressionFreesFirst);
        if early {
            self.slot_free(index, Site::SlotFreeRecompressed, call);
        }
        let allocated = self.disk.pool.malloc(len, call);
        if allocated.is_err() && call.broken(Mutation::FailedRecompressionSkipped) {
            return Ok(());
        }
        let handle = allocated?;
        if call.broken(Mutation::RecompressionMovesPeak) {
            self.state.stats.update_used_max(self.disk.pool.total_pages());
        }
        self.disk.pool.write(handle, len, content, Site::ObjWriteRecompressed, call);
        if !early {
            self.slot_free(index, Site::SlotFreeRecompressed, call);
        }
        let slot = &mut self.disk.slots[index.0 as usize];
        slot.word = handle.word();
        slot.set_size(len);
        slot.set_priority(priority.number());
        if call.broken(Mutation::RecompressionKeepsTime) {
            slot.access_time = old.access_time;
        }
        add(&mut self.state.stats.compr_data_size, u64::from(len));
        add(&mut self.state.stats.pages_stored, 1);
        *most = most.saturating_sub(u64::from(by_success));
        Ok(())
    }

    /// Whether an object of `new` bytes should replace one of `old`: it must go to a smaller class, and under the threshold.
    fn worth_keeping(
        &self,
        old: u32,
        new: u32,
        threshold: u32,
        call: &Call<'_, impl Environment + ?Sized>,
    ) -> bool {
        let class_index = |size| self.disk.pool.looked_up_class(size, call);
        let (old, class) = (class_index(old), class_index(new));
        let smaller = class < old || class == old && call.broken(Mutation::SameClassKept);
        let under = threshold == 0 || new < threshold || call.broken(Mutation::ThresholdNoCeiling);
        smaller && under
    }
}
