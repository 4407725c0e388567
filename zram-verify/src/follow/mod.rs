//! Following a workload: from what was observed of it to inputs of the model.
//!
//! The operations before these say which bio is to be made, and the model is asked what comes of it. Of a workload it
//! is the kernel that says which bios and notifications came; they are read off the stream of events, each when
//! the model is done with the one before, and everything that lies between two of them is predicted
//! and compared as ever: where the object goes, what becomes of the old one, every counter.
//!
//! A bio's event does not say what its pages hold. Of a page that lies in its slot when the operation is over, the
//! workload knows ([`Placement`]); then the model has its bytes, and decides by itself whether it is
//! same-filled and how long it compresses. Of the others the stream says what came of them: no compression means
//! same-filled, and else the length. That is less, and so it is compared with what the workload may
//! have written at all (set membership), where that is known.
//!
//! Whether a task or a worker made the bio is an input, too: a file system's writeback is a worker's, which then also
//! decompresses what it reads.

mod expected;
mod serial;

use std::collections::BTreeMap;

use zram_agent::protocol::{Content, Data};
use zram_events::{BioOp, Context, Event, Kind};
use zram_host::{Followed, Following};
use zram_model::{Incoming, Stored, slot_flags};

pub(crate) use expected::{Lengths, compare, report};
pub(crate) use serial::interleaved;

use crate::observed::{Observed, Origin};

/// Events without which nothing can be followed.
pub(crate) const NEEDED: &[Kind] = &[Kind::Bio, Kind::SlotFree, Kind::Compress, Kind::SlotFreeNotify];

/// Bytes and sectors of a page.
const PAGE: u32 = 4096;
const SECTORS: u64 = 8;

/// What a page of unknown content came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unknown {
    pub(crate) dev: u32,
    pub(crate) slot: u32,
    pub(crate) stored: Stored,
}

/// What is known of the operation beside its events.
#[derive(Clone, Debug, Default)]
pub(crate) struct Follower {
    /// Pages in their slots, when the operation is over.
    placed: BTreeMap<u32, Content>,
    /// The last bio that wrote to a slot, by its place in the stream.
    last_write: BTreeMap<(u32, u32), usize>,
    /// Words of same-filled slots, when the operation is over.
    words: BTreeMap<(u32, u32), u64>,
    /// Where the last one stood: it is not taken a second time.
    taken: Option<usize>,
    /// Whether a worker made that one, which then decompresses what it reads.
    pub(crate) by_worker: bool,
    /// Pages that were followed without their bytes.
    pub(crate) unknown: Vec<Unknown>,
}

impl Follower {
    /// Everything but the events themselves.
    pub(crate) fn new(observed: &Observed) -> Self {
        let mut follower = Self::default();
        let Some(Data::Work(report)) = &observed.observation.data else { return follower };
        // Swap takes note of zeros by itself: what was last written to such a slot is another page.
        let placed = report.placed.iter().filter(|place| expected::fill(place.content) != Some(0));
        follower.placed = placed.map(|place| (place.slot, place.content)).collect();
        for (n, event) in observed.events.iter().flatten().enumerate() {
            if let Event::Bio { dev, op: BioOp::Write, sector, bytes } = event {
                for slot in slots(*sector, *bytes) {
                    follower.last_write.insert((dev.0, slot), n);
                }
            }
        }
        for (dev, view) in &observed.observation.devices {
            let same = view.slots.iter().flatten().filter(|row| row.flags & slot_flags::SAME != 0);
            follower.words.extend(same.map(|row| ((*dev, row.slot), row.word)));
        }
        follower
    }

    /// What comes at this place of the stream; `dev` is meant where the event does not say.
    pub(crate) fn next(&mut self, at: usize, events: &[Event], origins: &[Origin], dev: u32) -> Following {
        if self.taken.is_some_and(|taken| at <= taken) {
            return Following::End;
        }
        self.taken = Some(at);
        self.by_worker = origins.get(at).is_some_and(|origin| origin.context == Context::Worker);
        Following::Next(match events.get(at) {
            Some(&Event::Bio { dev, op: BioOp::Read, .. }) => {
                let together = reads_from(at, events, origins);
                self.taken = together.last().map(|(at, _)| *at);
                Followed::Reads { dev: dev.0, bios: together.into_iter().map(|(_, bio)| bio).collect() }
            }
            Some(&Event::Bio { dev, op: BioOp::Write, sector, .. }) => {
                Followed::Write { dev: dev.0, sector, pages: self.incoming(at, events, origins) }
            }
            Some(&Event::Bio { dev, op, sector, bytes }) => Followed::Other { dev: dev.0, op, sector, bytes },
            Some(&Event::SlotFreeNotify { slot }) => {
                // Only a lock that somebody else holds keeps it from freeing.
                let freed = match events.get(at + 1) {
                    Some(Event::SlotFree { dev, slot: freed, .. }) if *freed == slot => Some(dev.0),
                    _ => None,
                };
                let dev = freed.unwrap_or(dev);
                Followed::SlotFreeNotify { dev, slot: slot.0, locked: freed.is_none() }
            }
            _ => return Following::End,
        })
    }

    /// The pages of the write that begins here.
    fn incoming(&mut self, at: usize, events: &[Event], origins: &[Origin]) -> Vec<Incoming> {
        let Some(&Event::Bio { dev, sector, bytes, .. }) = events.get(at) else { return Vec::new() };
        let mut rest = at + 1;
        slots(sector, bytes)
            .map(|slot| {
                let (stored, next) = outcome(dev.0, slot, rest, events);
                rest = next;
                let last = self.last_write.get(&(dev.0, slot)) == Some(&at);
                if let Some(content) = self.placed.get(&slot).filter(|_| last) {
                    return Incoming::Page(content.bytes());
                }
                let stored = match stored {
                    Some(len) => Stored::Compressed(len),
                    None => Stored::Same(self.word(dev.0, slot, next, events, origins)),
                };
                self.unknown.push(Unknown { dev: dev.0, slot, stored });
                Incoming::Stored(stored)
            })
            .collect()
    }

    /// The word that a slot is filled with from here on: what it is freed with, or has in the end.
    fn word(&self, dev: u32, slot: u32, from: usize, events: &[Event], origins: &[Origin]) -> u64 {
        let freed = events.iter().zip(origins).skip(from).find_map(|(event, origin)| match event {
            Event::SlotFree { dev: d, slot: s, .. } if (d.0, s.0) == (dev, slot) => Some(origin.word),
            _ => None,
        });
        freed.or_else(|| self.words.get(&(dev, slot)).copied()).unwrap_or(0)
    }
}

/// The reads that begin here: those of one device and one sort of task, until something else comes. Of a file several are sent
/// before the first has been read back.
fn reads_from(at: usize, events: &[Event], origins: &[Origin]) -> Vec<(usize, (u64, u32))> {
    let Some(&Event::Bio { dev: first, .. }) = events.get(at) else { return Vec::new() };
    let worker = |at: usize| origins.get(at).is_some_and(|origin| origin.context == Context::Worker);
    let mut reads = Vec::new();
    for (n, event) in events.iter().enumerate().skip(at) {
        match *event {
            Event::Bio { dev, op: BioOp::Read, sector, bytes } if dev == first && worker(n) == worker(at) => {
                reads.push((n, (sector, bytes)));
            }
            Event::Bio { .. } | Event::SlotFreeNotify { .. } => break,
            _ => {}
        }
    }
    reads
}

/// Slots that a bio is about.
fn slots(sector: u64, bytes: u32) -> impl Iterator<Item = u32> {
    let first = sector / SECTORS;
    (first..first + u64::from(bytes / PAGE)).filter_map(|slot| u32::try_from(slot).ok())
}

/// What a page came to, its events beginning here: the length that it compressed to, or nothing where it was not
/// compressed. And where its events end: behind the freeing of what the slot held before.
fn outcome(dev: u32, slot: u32, from: usize, events: &[Event]) -> (Option<u32>, usize) {
    let mut length = None;
    for (n, event) in events.iter().enumerate().skip(from) {
        match event {
            Event::Compress { len, .. } => length = Some(*len),
            Event::SlotFree { dev: d, slot: s, .. } if (d.0, s.0) == (dev, slot) => return (length, n + 1),
            Event::Bio { .. } | Event::SlotFreeNotify { .. } => return (length, n),
            _ => {}
        }
    }
    (length, events.len())
}

#[cfg(test)]
mod tests {
    use zram_events::{DeviceId, SlotIndex};

    use super::*;

    const DEV: DeviceId = DeviceId(0);

    fn freed(slot: u32) -> Event {
        Event::SlotFree { dev: DEV, slot: SlotIndex(slot), flags: 0 }
    }

    fn write(slot: u64, pages: u32) -> Event {
        Event::Bio { dev: DEV, op: BioOp::Write, sector: slot * SECTORS, bytes: pages * PAGE }
    }

    fn origins(words: &[u64]) -> Vec<Origin> {
        words.iter().map(|word| Origin { tid: 1, word: *word, context: Context::Task }).collect()
    }

    #[test]
    fn a_page_that_is_not_compressed_is_same_filled() {
        let compressed = Event::Compress { result: 0, len: 77 };
        let events = [
            write(4, 2),
            freed(4),
            compressed,
            freed(5),
            Event::SlotFreeNotify { slot: SlotIndex(4) },
            freed(4),
        ];
        let origins = origins(&[0, 0, 0, 0, 0, 9]);
        let mut follower = Follower::default();
        let Following::Next(Followed::Write { pages, .. }) = follower.next(0, &events, &origins, 0) else {
            panic!("a bio comes first");
        };
        let stored = [Stored::Same(9), Stored::Compressed(77)].map(Incoming::Stored);
        assert_eq!(pages, stored);
        assert_eq!(follower.unknown.len(), 2);
        let notified = Followed::SlotFreeNotify { dev: 0, slot: 4, locked: false };
        assert_eq!(follower.next(4, &events, &origins, 0), Following::Next(notified));
        assert_eq!(follower.next(4, &events, &origins, 0), Following::End);
        assert_eq!(follower.next(5, &events, &origins, 0), Following::End);
    }

    #[test]
    fn reads_go_together_until_something_else_comes() {
        let read = |slot: u64| Event::Bio { dev: DEV, op: BioOp::Read, sector: slot * SECTORS, bytes: PAGE };
        let endio = Event::ReadBackEndio { slot: SlotIndex(1), block: zram_events::Block(0), status: 0 };
        let events = [read(1), endio, read(2), write(3, 1), read(4)];
        let origins = origins(&[0; 5]);
        let mut follower = Follower::default();
        let bios = vec![(SECTORS, PAGE), (2 * SECTORS, PAGE)];
        let together = Following::Next(Followed::Reads { dev: 0, bios });
        assert_eq!(follower.next(0, &events, &origins, 0), together);
        assert_eq!(follower.next(2, &events, &origins, 0), Following::End);
        assert!(matches!(follower.next(3, &events, &origins, 0), Following::Next(Followed::Write { .. })));
    }

    #[test]
    fn a_lock_held_elsewhere_shows_by_nothing_being_freed() {
        let events = [Event::SlotFreeNotify { slot: SlotIndex(4) }, write(4, 1)];
        let missed = Followed::SlotFreeNotify { dev: 3, slot: 4, locked: true };
        assert_eq!(Follower::default().next(0, &events, &origins(&[0, 0]), 3), Following::Next(missed));
    }

    #[test]
    fn only_the_last_write_to_a_slot_is_of_the_page_that_lies_there() {
        let content = Content::Text { seed: 5 };
        let compress = |len| Event::Compress { result: 0, len };
        let events = [write(4, 1), compress(70), freed(4), write(4, 1), compress(71), freed(4)];
        let mut follower = Follower {
            placed: [(4, content)].into(),
            last_write: [((0, 4), 3)].into(),
            ..Follower::default()
        };
        let origins = origins(&[0; 6]);
        let pages = |following| match following {
            Following::Next(Followed::Write { pages, .. }) => pages,
            other => panic!("{other:?}"),
        };
        assert_eq!(pages(follower.next(0, &events, &origins, 0)), [Incoming::Stored(Stored::Compressed(70))]);
        assert_eq!(pages(follower.next(3, &events, &origins, 0)), [Incoming::Page(content.bytes())]);
    }
}
