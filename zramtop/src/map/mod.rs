//! The slot table of a device as far as it was seen, kept so that drawing it costs what the screen has cells, not what the device has
//! slots.
//!
//! A device of 16 GiB has 4 Mi slots, and the map is drawn many times a second while somebody moves about in it. So whatever a window
//! changes is added to and taken from counts at once, at each of several `levels`: a cell of any size is then one or two entries of
//! one of them. Only cells of fewer slots than the lowest level counts are read slot by slot, of which a screen shows few.
//!
//! * [`counts`] is how many slots of each kind there are somewhere.
//! * [`ages`] is how many were touched when.
//! * [`layout`] is which cell of the screen is which slots.

pub mod ages;
pub mod counts;
pub mod layout;
mod levels;

pub use ages::Ages;
pub use counts::Counts;
pub use layout::Layout;

use crate::sample::{Flags, Kind, Window};
use levels::Levels;

/// A device's slots.
#[derive(Clone, Debug, Default)]
pub struct SlotTable {
    flags: Vec<Flags>,
    accessed: Vec<u32>,
    levels: Levels,
    total: Counts,
    ages: Ages,
    /// The last slot that was seen to change, and how many changes were seen.
    changed: Option<u64>,
    changes: u64,
}

impl SlotTable {
    /// Of so many slots, none of which was looked at.
    #[must_use]
    pub fn new(slots: u64) -> Self {
        let len = usize::try_from(slots).unwrap_or(usize::MAX);
        Self {
            flags: vec![Flags::UNKNOWN; len],
            accessed: vec![0; len],
            levels: Levels::new(len),
            total: Counts::of(Flags::UNKNOWN, u32::try_from(slots).unwrap_or(u32::MAX)),
            ..Self::default()
        }
    }

    /// How many slots there are.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.flags.len() as u64
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.flags.is_empty()
    }

    /// Takes in what a window shows.
    pub fn apply(&mut self, window: &Window) {
        let end = index(window.end).min(self.flags.len());
        let mut next = index(window.first);
        for slot in &window.slots {
            let at = index(slot.0);
            if at < next || at >= end {
                continue;
            }
            self.free(next, at);
            self.set(at, slot.2, slot.1);
            next = at + 1;
        }
        self.free(next, end);
    }

    /// Nothing is in these.
    fn free(&mut self, first: usize, end: usize) {
        for at in first..end {
            self.set(at, Flags::FREE, 0);
        }
    }

    fn set(&mut self, at: usize, flags: Flags, accessed: u32) {
        let (was, then) = (self.flags[at], self.accessed[at]);
        if was == flags && then == accessed {
            return;
        }
        self.ages.replace((was, then), (flags, accessed));
        self.accessed[at] = accessed;
        if was != flags {
            self.flags[at] = flags;
            self.levels.replace(at, was, flags);
            self.total.replace(was, flags);
        }
        if was != Flags::UNKNOWN {
            self.changes += 1;
            self.changed = Some(at as u64);
        }
    }

    /// A slot: what it is, and the second since boot when it was last touched, if that is known.
    #[must_use]
    pub fn slot(&self, slot: u64) -> Option<(Flags, Option<u32>)> {
        let at = index(slot);
        let flags = *self.flags.get(at)?;
        Some((flags, self.accessed.get(at).copied().filter(|second| *second != 0)))
    }

    /// What is in 2^`shift` slots, the first of which is `first`, a multiple of that.
    #[must_use]
    pub fn cell(&self, first: u64, shift: u32) -> Counts {
        let first = index(first);
        match self.levels.cell(first, shift) {
            Some(counts) => counts,
            None => {
                let end = first.saturating_add(1 << shift).min(self.flags.len());
                let mut counts = Counts::default();
                for flags in self.flags.get(first..end).unwrap_or_default() {
                    counts.add(*flags);
                }
                counts
            }
        }
    }

    /// Everything.
    #[must_use]
    pub fn total(&self) -> &Counts {
        &self.total
    }

    /// When slots were touched.
    #[must_use]
    pub fn ages(&self) -> &Ages {
        &self.ages
    }

    /// The slot that was seen to change last.
    #[must_use]
    pub fn changed(&self) -> Option<u64> {
        self.changed
    }

    /// How many changes were seen.
    #[must_use]
    pub fn changes(&self) -> u64 {
        self.changes
    }

    /// The first slot from this one on, and then from the beginning, that is of a kind.
    #[must_use]
    pub fn find(&self, from: u64, is: impl Fn(Flags) -> bool) -> Option<u64> {
        let from = index(from).min(self.flags.len());
        let (before, behind) = self.flags.split_at(from);
        let found = behind.iter().position(|flags| is(*flags)).map(|at| from + at);
        found.or_else(|| before.iter().position(|flags| is(*flags))).map(|at| at as u64)
    }

    /// How many slots were looked at.
    #[must_use]
    pub fn known(&self) -> u64 {
        self.len() - u64::from(self.total.kind(Kind::Unknown))
    }
}

/// Beyond any table where it does not fit.
fn index(slot: u64) -> usize {
    usize::try_from(slot).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::Slot;

    /// Numbers that look random.
    fn numbers(seed: u64) -> impl FnMut(u64) -> u64 {
        let mut state = seed;
        move |end| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % end
        }
    }

    /// Whatever windows came, in whatever order: each cell counts what its slots are.
    #[test]
    fn cells_count_what_their_slots_are() {
        const SLOTS: u64 = 5000;
        let mut below = numbers(3);
        let mut table = SlotTable::new(SLOTS);
        let mut truth = vec![Flags::UNKNOWN; SLOTS as usize];
        for _ in 0..200 {
            let first = below(SLOTS);
            let end = (first + below(400)).min(SLOTS);
            let mut slots = Vec::new();
            for slot in first..end {
                let flags = match below(8) {
                    0 => Flags::SAME,
                    1 => Flags::HUGE.and(Flags::INCOMPRESSIBLE),
                    2 => Flags::WRITTEN_BACK.and(Flags::HUGE),
                    3 => Flags::IDLE,
                    4 | 5 => Flags::default(),
                    _ => {
                        truth[slot as usize] = Flags::FREE;
                        continue;
                    }
                };
                let flags = flags.and(Flags::KNOWN).and(Flags::HELD);
                truth[slot as usize] = flags;
                slots.push(Slot(slot, below(100) as u32, flags));
            }
            table.apply(&Window { first, end, slots });
        }
        for shift in 0..14 {
            for first in (0..SLOTS).step_by(1 << shift) {
                let mut counts = Counts::default();
                for flags in &truth[first as usize..((first + (1 << shift)).min(SLOTS)) as usize] {
                    counts.add(*flags);
                }
                assert_eq!(table.cell(first, shift), counts, "slot {first}, 2^{shift}");
            }
        }
        assert_eq!(table.total(), &table.cell(0, 13));
        let held = truth.iter().filter(|flags| flags.has(Flags::HELD)).count() as u64;
        let mut aged = 0;
        table.ages().each(|_, here, away| aged += here + away);
        assert_eq!(aged + table.ages().unknown(), held);
    }

    #[test]
    fn finding_goes_round() {
        let mut table = SlotTable::new(10);
        let held = Flags::KNOWN.and(Flags::HELD);
        let idle = held.and(Flags::IDLE);
        table.apply(&Window { first: 0, end: 10, slots: vec![Slot(2, 5, idle), Slot(7, 6, idle)] });
        let is = |flags: Flags| flags.has(Flags::IDLE);
        assert_eq!([0, 3, 8].map(|from| table.find(from, is)), [Some(2), Some(7), Some(2)]);
        assert_eq!(table.find(0, |flags| flags.has(Flags::SAME)), None);
        assert_eq!(table.slot(2), Some((idle, Some(5))));
        assert_eq!((table.slot(10), table.known(), table.changed()), (None, 10, None));
        table.apply(&Window { first: 2, end: 3, slots: vec![] });
        assert_eq!((table.changed(), table.changes()), (Some(2), 1));
    }
}
