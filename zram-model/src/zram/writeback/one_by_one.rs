//! Writeback before there were requests and queues: one slot after the other (until f405066a1f0d and 330edc2bc059).
//!
//! The table is gone through in order. Each slot costs a look at the limit and a reserved block before anybody
//! knows whether it matches, so that a full device or an exhausted limit is an error even where nothing is to
//! be done. Each write is waited for. What tells that the slot was touched meanwhile is the mark that such a touch
//! clears anyway, IDLE, which the pass therefore sets on what it takes.

use std::ops::Range;

use zram_events::SlotIndex;

use super::scan::Mode;
use crate::{
    attr::{number, text::sysfs_streq},
    behaviours::WritebackCommand,
    bio::BioStatus,
    context::Call,
    environment::{Allocation, BackingOp, Completion, Environment},
    errno::Errno,
    mutation::Mutation,
    site::Site,
    zram::{
        device::Live,
        slot::flag::{IDLE, SAME, UNDER_WB, WB},
        stats::add,
        submit::complaining,
    },
};

impl Live<'_> {
    /// `writeback_store` of 6.1 and 6.12, for a device that has a size.
    pub(super) fn writeback_word(
        &mut self,
        text: &[u8],
        call: &mut Call<'_, impl Environment + ?Sized>,
    ) -> Result<(), Errno> {
        let first = call.behaviours().writeback_command == WritebackCommand::FirstWords;
        let words = if first { &WORDS[..3] } else { &WORDS };
        let (mode, range) = parse(text, words, self.disk.slots.len()).ok_or(Errno::EINVAL)?;
        if self.state.backing.is_none() {
            return Err(Errno::ENODEV);
        }
        if !call.env.allocate(Allocation::WritebackRequest { index: 0 }) {
            return Err(Errno::ENOMEM);
        }
        let mut result = Ok(());
        // The block of a slot that then was not written serves the next one.
        let mut reserved = None;
        for index in range {
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
            let name = SlotIndex(index as u32);
            if !self.select_in_place(index, mode) {
                continue;
            }
            let content = self.read_from_pool(name, Site::ReadFromPoolWriteback, call);
            let content = if call.behaviours().pass_complains { complaining(content, call) } else { content };
            let Ok(content) = content else {
                self.disk.slots[index].clear(UNDER_WB | IDLE);
                continue;
            };
            let content = content.into_block(call.profile.page_size);
            let request = self.backing_request(BackingOp::Write, name, block);
            let completion = call.env.submit_backing(request);
            self.let_intrude_holding(reserved, call);
            let status = match completion {
                Completion::Now(status) => status,
                Completion::Later => call.env.complete_backing(request),
            };
            if let Err(errno) = BioStatus(status).into_result() {
                self.disk.slots[index].clear(UNDER_WB | IDLE);
                result = Err(errno);
                continue;
            }
            if let Some(backing) = &mut self.state.backing {
                backing.write(block, content);
            }
            add(&mut self.state.stats.bd_writes, 1);
            let slot = &mut self.disk.slots[index];
            if !slot.allocated() || !slot.has(IDLE) {
                slot.clear(UNDER_WB | IDLE);
                continue;
            }
            self.free_written_back(name, block, call);
            self.disk.slots[index].clear(UNDER_WB);
            reserved = None;
            let settings = &mut self.state.writeback;
            if settings.limit_enable && settings.limit > 0 && !call.broken(Mutation::LimitNotCharged) {
                settings.limit = settings.limit.wrapping_sub(call.profile.page_size.units_of_4k());
            }
        }
        if let Some(block) = reserved {
            self.release_block(block);
        }
        result
    }

    /// Whether the slot is to be written, and if so its mark.
    fn select_in_place(&mut self, index: usize, mode: Mode) -> bool {
        let wanted = mode.flags();
        let slot = &mut self.disk.slots[index];
        let selected = slot.allocated() && !slot.has(WB | SAME | UNDER_WB) && slot.flags().all(wanted);
        if selected {
            slot.set(UNDER_WB | IDLE);
        }
        selected
    }
}

/// What can be said but a slot. The last came with recompression.
const WORDS: [&[u8]; 4] = [b"idle", b"huge", b"huge_idle", b"incompressible"];

/// The word, or the one slot, and the slots that it is about.
fn parse(text: &[u8], words: &[&[u8]], slots: usize) -> Option<(Mode, Range<usize>)> {
    for word in words {
        if sysfs_streq(text, word) {
            return Some((Mode::parse(word)?, 0..slots));
        }
    }
    let number = text.strip_prefix(b"page_index=")?;
    // kstrtol: of the negative numbers only -0 is in the table.
    let index = match number.strip_prefix(b"-") {
        Some(digits) if digits.starts_with(b"+") => return None,
        Some(digits) => number::unsigned_long(digits, 10).ok().filter(|number| *number == 0)?,
        None => number::unsigned_long(number, 10).ok()?,
    };
    let index = usize::try_from(index).ok().filter(|index| *index < slots)?;
    Some((Mode::default(), index..index + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_word_or_one_slot() {
        let slots = |text: &[u8]| parse(text, &WORDS, 8).map(|(_, range)| range);
        assert_eq!(slots(b"incompressible"), Some(0..8));
        assert_eq!(parse(b"incompressible", &WORDS[..3], 8).map(|(_, range)| range), None);
        assert_eq!(slots(b"idle"), Some(0..8));
        assert_eq!(slots(b"huge_idle\n"), Some(0..8));
        assert_eq!(slots(b" idle"), None);
        assert_eq!(slots(b"type=idle"), None);
        assert_eq!(slots(b""), None);
        assert_eq!(slots(b"page_index=7\n"), Some(7..8));
        assert_eq!(slots(b"page_index=+7"), Some(7..8));
        assert_eq!(slots(b"page_index=-0"), Some(0..1));
        assert_eq!(slots(b"page_index=-+0"), None);
        assert_eq!(slots(b"page_index=-1"), None);
        assert_eq!(slots(b"page_index=8"), None);
        assert_eq!(slots(b"page_index=18446744073709551616"), None);
        assert_eq!(slots(b"page_index=1 page_index=2"), None);
        assert_eq!(slots(b"page_indexes=1-2"), None);
    }
}
