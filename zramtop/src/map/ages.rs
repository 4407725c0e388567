//! When slots were last touched: how many in which second.
//!
//! Ages grow by themselves, seconds do not: so seconds are counted, and a histogram of ages is made of them when somebody looks.

use std::collections::BTreeMap;

use crate::sample::Flags;

/// How many slots were last touched in which second since boot.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ages {
    /// In memory, and on the backing device.
    seconds: BTreeMap<u32, (u64, u64)>,
    /// Slots of which nobody knows.
    unknown: u64,
}

/// Ages of a histogram: below how many seconds each is, and what it is called.
pub const BOUNDS: [(u32, &str); 10] = [
    (10, "10 s"),
    (60, "1 min"),
    (300, "5 min"),
    (900, "15 min"),
    (3600, "1 h"),
    (3 * 3600, "3 h"),
    (12 * 3600, "12 h"),
    (86_400, "1 day"),
    (7 * 86_400, "1 week"),
    (u32::MAX, "older"),
];

impl Ages {
    /// A slot has become another, or was touched.
    pub(super) fn replace(&mut self, was: (Flags, u32), is: (Flags, u32)) {
        if let Some(count) = self.count(was) {
            *count = count.saturating_sub(1);
        }
        let (flags, second) = was;
        if flags.has(Flags::HELD) && self.seconds.get(&second) == Some(&(0, 0)) {
            self.seconds.remove(&second);
        }
        if let Some(count) = self.count(is) {
            *count += 1;
        }
    }

    fn count(&mut self, (flags, second): (Flags, u32)) -> Option<&mut u64> {
        if !flags.has(Flags::HELD) {
            return None;
        }
        if second == 0 {
            return Some(&mut self.unknown);
        }
        let (here, away) = self.seconds.entry(second).or_default();
        Some(if flags.has(Flags::WRITTEN_BACK) { away } else { here })
    }

    /// Each second with how many slots in memory and on the backing device were last touched in it.
    pub fn each(&self, mut each: impl FnMut(u32, u64, u64)) {
        for (second, (here, away)) in &self.seconds {
            each(*second, *here, *away);
        }
    }

    /// Slots of which nobody knows.
    #[must_use]
    pub fn unknown(&self) -> u64 {
        self.unknown
    }

    /// How many slots in memory and on the backing device are of each age of [`BOUNDS`], at this second since boot.
    #[must_use]
    pub fn histogram(&self, now: u32) -> [(u64, u64); BOUNDS.len()] {
        let mut bars = [(0, 0); BOUNDS.len()];
        self.each(|second, here, away| {
            let age = now.saturating_sub(second);
            let bar = BOUNDS.iter().position(|(end, _)| age < *end).unwrap_or(BOUNDS.len() - 1);
            bars[bar].0 += here;
            bars[bar].1 += away;
        });
        bars
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_grow_by_themselves() {
        let mut ages = Ages::default();
        let held = Flags::KNOWN.and(Flags::HELD);
        ages.replace((Flags::UNKNOWN, 0), (held, 100));
        ages.replace((Flags::UNKNOWN, 0), (held, 100));
        ages.replace((Flags::UNKNOWN, 0), (held.and(Flags::WRITTEN_BACK), 95));
        assert_eq!(ages.histogram(104)[..2], [(2, 1), (0, 0)]);
        assert_eq!(ages.histogram(150)[..2], [(0, 0), (2, 1)]);
        ages.replace((held, 100), (held, 150));
        assert_eq!(ages.histogram(150)[..2], [(1, 0), (1, 1)]);
        ages.replace((held, 150), (Flags::FREE, 0));
        ages.replace((held, 100), (held, 0));
        assert_eq!((ages.histogram(150)[..2].to_vec(), ages.unknown()), (vec![(0, 0), (0, 1)], 1));
    }
}
