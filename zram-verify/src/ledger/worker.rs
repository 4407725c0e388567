//! Which read-back a worker decompresses.
//!
//! The record of a decompression names no slot. A worker does one item after the other (`process_one_work`), so that it is of the item that its
//! thread was last seen to begin; another worker may have begun one in between, when the first had to wait or lost its processor.

use zram_events::{Block, Event, SlotIndex};

use crate::observed::Origin;

/// The slot and block of the item in which the event at this place happened. None where threads are not known, or none was begun.
pub(super) fn item(events: &[Event], origins: &[Origin], place: usize) -> Option<(SlotIndex, Block)> {
    let thread = origins.get(place)?.tid;
    events.iter().zip(origins).take(place).rev().find_map(|(event, origin)| match event {
        Event::ReadBackWork { slot, block, .. } if origin.tid == thread => Some((*slot, *block)),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use zram_events::Context;

    use super::*;

    #[test]
    fn each_worker_decompresses_what_it_began() {
        let work = |slot| Event::ReadBackWork {
            slot: SlotIndex(slot),
            block: Block(slot.into()),
            context: Context::Worker,
        };
        let decompress = Event::Decompress { result: 0, len: 5, context: Context::Worker };
        let events = [work(1), work(2), decompress, decompress, work(3), decompress];
        let by = [8, 9, 9, 8, 8, 8].map(|tid| Origin { context: Context::Worker, tid, word: 0 });
        let of = |place| item(&events, &by, place).map(|(slot, _)| slot.0);
        assert_eq!([of(2), of(3), of(5)], [Some(2), Some(1), Some(3)]);
        assert_eq!(item(&events, &[], 2), None);
        assert_eq!(of(0), None);
    }
}
