//! Discard and write-zeroes (`zram_bio_discard`), and swap's notice that a slot is free.

use zram_events::{Event, SlotIndex};

use super::{device::Live, stats::add};
use crate::{context::Call, environment::Environment, mutation::Mutation, site::Site};

impl Live<'_> {
    /// `zram_bio_discard`: whole pages only; what is left at either end stays as it is.
    pub(super) fn discard(
        &mut self,
        sector: u64,
        bytes: u32,
        call: &mut Call<'_, impl Environment + ?Sized>,
    ) {
        let page_size = call.profile.page_size;
        let page = page_size.bytes();
        let mut left = bytes;
        let mut index = (sector / page_size.sectors()) as u32;
        let offset = (sector % page_size.sectors() * 512) as u32;
        if offset != 0 && !call.broken(Mutation::DiscardRoundsOut) {
            if left <= page - offset {
                return;
            }
            left -= page - offset;
            index += 1;
        }
        while left >= page {
            let occupied = self.disk.slots[index as usize].allocated();
            self.slot_free(SlotIndex(index), Site::SlotFreeDiscard, call);
            if occupied || !call.broken(Mutation::NotifyFreeOnlyOccupied) {
                add(&mut self.state.stats.notify_free, 1);
            }
            index += 1;
            left -= page;
        }
    }

    /// `zram_slot_free_notify`: `locked` when somebody holds the slot's lock, which it does not wait for.
    pub(crate) fn slot_free_notify(
        &mut self,
        index: SlotIndex,
        locked: bool,
        call: &mut Call<'_, impl Environment + ?Sized>,
    ) {
        call.emit(Site::SlotFreeNotify, Event::SlotFreeNotify { slot: index });
        if !call.broken(Mutation::NotificationNotCounted) {
            add(&mut self.state.stats.notify_free, 1);
        }
        if locked {
            add(&mut self.state.stats.miss_free, 1);
            return;
        }
        if !call.broken(Mutation::NotificationFreesNothing) {
            self.slot_free(index, Site::SlotFreeNotified, call);
        }
    }
}
