//! What happens elsewhere while a task reads a page.
//!
//! A page is read from the pool under its slot's lock, and until then the model has no other moment: it lets completions and workers go on between two pages.
//! A kernel does not stop for that. The worker that decompresses a read-back may run on another processor, or in the task's place
//! when a tick takes that off its processor, in the middle of a page (`read_from_zspool` of zram_drv.c can sleep and be preempted since 60756575a21a).
//!
//! What it does there touches nothing that the page's reader does: it takes its own slot's lock, so that its slot is another, and
//! fills another page of memory. So it is taken as done right after the page: the order of each task's own events stays, and what the comparison loses is
//! at which of the few events within a page the other came. A worker that is seen to begin on the slot that is being read waits for its lock, and is not
//! before its end either.

use zram_events::{Context, Event};

use crate::observed::Origin;

/// Moves what others do within a task's page behind it; how many events that were.
pub(crate) fn move_behind(events: &mut [Event], origins: &mut [Origin]) -> usize {
    let mut moved = 0;
    let mut at = 0;
    while at < events.len().min(origins.len()) {
        match page_from(events, origins, at) {
            Some(end) => {
                moved += move_foreign(&mut events[at..=end], &mut origins[at..=end]);
                at = end + 1;
            }
            None => at += 1,
        }
    }
    moved
}

/// Where the page ends whose reading begins here, if others do something in between.
fn page_from(events: &[Event], origins: &[Origin], at: usize) -> Option<usize> {
    let begins = matches!(events[at], Event::ReadBegin { .. } | Event::MapObject { .. });
    let reader = origins[at];
    if !begins || reader.context != Context::Task {
        return None;
    }
    for (n, (event, origin)) in events.iter().zip(origins).enumerate().skip(at + 1) {
        let is_own = origin.tid == reader.tid && origin.context == Context::Task;
        match event {
            Event::ReadFromPool { .. } if is_own => return Some(n),
            Event::ReadEnd { .. } | Event::UnmapObject { .. } | Event::Decompress { .. } if is_own => {}
            Event::ReadBackEndio { .. } | Event::ReadBackWork { .. } | Event::Decompress { .. }
                if !is_own => {}
            // Something else than a page that is read, or more than a read-back beside it.
            _ => return None,
        }
    }
    None
}

/// The reader's events first, then the others', each in their order.
fn move_foreign(events: &mut [Event], origins: &mut [Origin]) -> usize {
    let Some(reader) = origins.first().copied() else { return 0 };
    let is_own = |origin: &Origin| origin.tid == reader.tid && origin.context == Context::Task;
    let order: Vec<usize> = {
        let (own, others): (Vec<usize>, Vec<usize>) = (0..events.len()).partition(|at| is_own(&origins[*at]));
        if others.is_empty() {
            return 0;
        }
        own.into_iter().chain(others).collect()
    };
    let foreign = origins.iter().filter(|origin| !is_own(origin)).count();
    let (old_events, old_origins) = (events.to_vec(), origins.to_vec());
    for (to, from) in order.into_iter().enumerate() {
        events[to] = old_events[from];
        origins[to] = old_origins[from];
    }
    foreign
}

#[cfg(test)]
mod tests {
    use zram_events::{Block, DeviceId, HandleLife, SlotIndex};

    use super::*;

    const DEV: DeviceId = DeviceId(0);
    const WORK: Event = Event::ReadBackWork { slot: SlotIndex(7), block: Block(3), context: Context::Worker };
    const DECOMPRESS: Event = Event::Decompress { result: 0, len: 5, context: Context::Worker };

    fn page(slot: u32) -> [Event; 4] {
        let handle = HandleLife(slot);
        [
            Event::ReadBegin { handle, len: 9, span: false },
            Event::Decompress { result: 0, len: 9, context: Context::Task },
            Event::ReadEnd { handle, len: 9 },
            Event::ReadFromPool { dev: DEV, slot: SlotIndex(slot), result: 0 },
        ]
    }

    fn by(tid: u32, context: Context) -> Origin {
        Origin { context, tid, word: 0 }
    }

    /// Origins of events, by whether they are the worker's.
    fn origins(events: &[Event]) -> Vec<Origin> {
        let origin = |event: &Event| match event {
            Event::ReadBackWork { .. } | Event::Decompress { context: Context::Worker, .. } => {
                by(2, Context::Worker)
            }
            _ => by(1, Context::Task),
        };
        events.iter().map(origin).collect()
    }

    #[test]
    fn a_worker_within_a_page_is_taken_as_behind_it() {
        let [begin, decompress, end, done] = page(1);
        let [begin_2, decompress_2, end_2, done_2] = page(2);
        let mut events =
            vec![begin, decompress, WORK, end, DECOMPRESS, done, begin_2, decompress_2, end_2, done_2];
        let mut from = origins(&events);
        assert_eq!(move_behind(&mut events, &mut from), 2);
        let wanted = [begin, decompress, end, done, WORK, DECOMPRESS, begin_2, decompress_2, end_2, done_2];
        assert_eq!(events, wanted);
        assert_eq!(from, origins(&events));
    }

    #[test]
    fn what_is_between_pages_stays() {
        let [begin, decompress, end, done] = page(1);
        let before = vec![WORK, begin, decompress, end, done, DECOMPRESS];
        let mut events = before.clone();
        let mut from = origins(&events);
        assert_eq!(move_behind(&mut events, &mut from), 0);
        assert_eq!(events, before);
    }

    /// Whatever is no read-back is no business of this: the comparison is to see it where it was.
    #[test]
    fn other_things_within_a_page_stay() {
        let [begin, decompress, end, done] = page(1);
        let free = Event::SlotFree { dev: DEV, slot: SlotIndex(1), flags: 0 };
        let before = vec![begin, WORK, free, decompress, end, done];
        let mut events = before.clone();
        let mut from = origins(&events);
        assert_eq!(move_behind(&mut events, &mut from), 0);
        assert_eq!(events, before);
    }
}
