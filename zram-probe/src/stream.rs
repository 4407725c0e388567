//! Draining the ring buffer into an ordered stream.
//!
//! The programs number a record after they have reserved room for it, so two CPUs can end up in the
//! buffer in one order and in the numbering in the other. Records wait here until all with lower
//! numbers have come; as numbers are given out only with room in hand, none stays away for good.

use std::collections::BTreeMap;

use aya::maps::{MapData, RingBuf};
use zram_events::{RawRecord, raw::RECORD_BYTES};

/// Puts records into the order of their numbers.
#[derive(Debug, Default)]
pub(crate) struct Reorder {
    waiting: BTreeMap<u64, RawRecord>,
    next: u64,
}

impl Reorder {
    fn push(&mut self, record: RawRecord) {
        self.waiting.insert(record.seq, record);
    }

    fn pop(&mut self) -> Option<RawRecord> {
        let record = self.waiting.remove(&self.next)?;
        self.next += 1;
        Some(record)
    }

    fn pop_below(&mut self, end: u64) -> Option<RawRecord> {
        if self.next < end { self.pop() } else { None }
    }

    /// Numbers below `end` of which no record has come.
    fn missing(&self, end: u64) -> u64 {
        end.saturating_sub(self.next).saturating_sub(self.waiting.range(..end).count() as u64)
    }
}

/// The ring buffer and what waits for its predecessors.
pub(crate) struct Stream {
    ring: RingBuf<MapData>,
    order: Reorder,
    /// Entries that were not records: the object and this library are not of one version.
    malformed: u64,
}

impl Stream {
    pub(crate) fn new(ring: RingBuf<MapData>) -> Self {
        Self { ring, order: Reorder::default(), malformed: 0 }
    }

    /// Empties the ring buffer into the waiting records.
    pub(crate) fn fetch(&mut self) {
        while let Some(entry) = self.ring.next() {
            match <&[u8; RECORD_BYTES]>::try_from(&*entry) {
                Ok(bytes) => self.order.push(RawRecord::from_bytes(bytes)),
                Err(_) => self.malformed += 1,
            }
        }
    }

    /// Empties the ring buffer as far as what was numbered before `end`: at most as much as fits into it, however quickly more comes.
    pub(crate) fn fetch_below(&mut self, end: u64) {
        while let Some(entry) = self.ring.next() {
            match <&[u8; RECORD_BYTES]>::try_from(&*entry) {
                Ok(bytes) => {
                    let record = RawRecord::from_bytes(bytes);
                    let is_end = record.seq >= end;
                    self.order.push(record);
                    if is_end {
                        break;
                    }
                }
                Err(_) => self.malformed += 1,
            }
        }
    }

    /// Moves what is in order and was numbered before `end` to `out`; returns how many.
    pub(crate) fn drain_below(&mut self, end: u64, out: &mut Vec<RawRecord>) -> usize {
        self.fetch_below(end);
        let before = out.len();
        out.extend(std::iter::from_fn(|| self.order.pop_below(end)));
        out.len() - before
    }

    /// Moves what is in order to `out`; returns how many.
    pub(crate) fn drain(&mut self, out: &mut Vec<RawRecord>) -> usize {
        self.fetch();
        let before = out.len();
        out.extend(std::iter::from_fn(|| self.order.pop()));
        out.len() - before
    }

    /// Records that were numbered, up to `end`, but have not come, and entries that were no records.
    pub(crate) fn missing(&self, end: u64) -> u64 {
        self.order.missing(end) + self.malformed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(seq: u64) -> RawRecord {
        RawRecord { seq, ..RawRecord::default() }
    }

    #[test]
    fn waits_for_the_lower_number() {
        let mut order = Reorder::default();
        order.push(record(1));
        assert_eq!(order.pop(), None);
        order.push(record(0));
        assert_eq!(std::iter::from_fn(|| order.pop()).map(|r| r.seq).collect::<Vec<_>>(), [0, 1]);
    }

    #[test]
    fn what_came_later_waits_for_the_next_time() {
        let mut order = Reorder::default();
        for seq in [0, 2, 1, 3] {
            order.push(record(seq));
        }
        let mut seen = |end| std::iter::from_fn(|| order.pop_below(end)).map(|r| r.seq).collect::<Vec<_>>();
        assert_eq!((seen(2), seen(2), seen(9)), (vec![0, 1], vec![], vec![2, 3]));
    }

    #[test]
    fn counts_what_has_not_come() {
        let mut order = Reorder::default();
        for seq in [0, 1, 3, 5] {
            order.push(record(seq));
        }
        assert_eq!(order.missing(6), 2);
        assert_eq!(std::iter::from_fn(|| order.pop()).count(), 2);
        assert_eq!((order.missing(6), order.missing(4), order.missing(2)), (2, 1, 0));
    }
}
