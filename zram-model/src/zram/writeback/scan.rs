//! Which slots a command means (`scan_slots_for_writeback`).

use zram_events::{Event, SlotIndex};

use super::candidates::Candidates;
use crate::{
    context::Call,
    environment::{Allocation, Environment},
    mutation::Mutation,
    site::Site,
    view::SlotFlags,
    zram::{
        device::Live,
        slot::flag::{HUGE, IDLE, INCOMPRESSIBLE, PP_SLOT, SAME, WB},
    },
};

/// What a slot must be: bits, all of which it must have. 0 takes every slot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Mode(u32);

const HUGE_WRITEBACK: u32 = 1;
const IDLE_WRITEBACK: u32 = 2;
const INCOMPRESSIBLE_WRITEBACK: u32 = 4;

impl Mode {
    /// `parse_mode`; none for a word that is no mode.
    pub(super) fn parse(word: &[u8]) -> Option<Self> {
        Some(Self(match word {
            b"idle" => IDLE_WRITEBACK,
            b"huge" => HUGE_WRITEBACK,
            b"huge_idle" => IDLE_WRITEBACK | HUGE_WRITEBACK,
            b"incompressible" => INCOMPRESSIBLE_WRITEBACK,
            _ => return None,
        }))
    }

    /// The flags that it asks of a slot.
    pub(super) fn flags(self) -> SlotFlags {
        [(HUGE_WRITEBACK, HUGE), (IDLE_WRITEBACK, IDLE), (INCOMPRESSIBLE_WRITEBACK, INCOMPRESSIBLE)]
            .into_iter()
            .filter(|(bit, _)| self.0 & bit != 0)
            .fold(SlotFlags::default(), |flags, (_, flag)| flags | flag)
    }
}

impl Live<'_> {
    /// Queues the slots of `low..high` that match. Out of memory, it stops and says nothing.
    pub(super) fn scan_for_writeback(
        &mut self,
        mode: Mode,
        low: u64,
        high: u64,
        candidates: &mut Candidates,
        call: &mut Call<'_, impl Environment + ?Sized>,
    ) {
        let event = Event::WritebackScan { dev: self.dev, mode: mode.0, low, high };
        call.emit(Site::WritebackScan, event);
        let wanted = mode.flags();
        let range = low as usize..(high as usize).min(self.disk.slots.len());
        for index in range {
            let slot = &mut self.disk.slots[index];
            if !slot.allocated() || slot.has(WB | SAME) || !slot.flags().all(wanted) {
                continue;
            }
            let name = SlotIndex(index as u32);
            if !call.env.allocate(Allocation::Candidate { slot: name }) {
                if call.broken(Mutation::ShortListSkips) {
                    continue;
                }
                break;
            }
            candidates.place(name, slot.size());
            slot.set(PP_SLOT);
        }
    }
}
