//! Fullness groups and their lists (`enum fullness_group`, `insert_zspage`, `remove_zspage`).
//!
//! A zspage is linked into the list of its group through its own two fields, as in the kernel, so
//! that moving one is constant work however many there are. The lists of a class name its zspages by their number.

use zram_events::Fullness;

use super::zspage::{NONE, Zspage};

/// Empty (`ZS_INUSE_RATIO_0`).
pub(super) const EMPTY: u8 = 0;
/// The emptiest group that holds something (`ZS_INUSE_RATIO_10`).
pub(super) const LOWEST: u8 = 1;
/// The fullest group that has room (`ZS_INUSE_RATIO_99`).
pub(super) const HIGHEST: u8 = 10;
/// Full (`ZS_INUSE_RATIO_100`).
pub(super) const FULL: u8 = 11;
/// How many groups there are.
pub(super) const GROUPS: usize = 12;

/// The group of a zspage with `inuse` of `objects` (`get_fullness_group`).
pub(super) fn group(inuse: u32, objects: u32, truncate: bool) -> u8 {
    if inuse == 0 {
        return EMPTY;
    }
    if inuse == objects {
        return FULL;
    }
    // Less than one in ten must not count as empty, hence the one added.
    let tenths = (100 * inuse / objects / 10) as u8;
    if truncate { tenths.max(LOWEST) } else { tenths + 1 }
}

/// One list of zspages.
#[derive(Clone, Copy, Debug)]
pub(super) struct List {
    first: u32,
    last: u32,
}

impl Default for List {
    fn default() -> Self {
        Self { first: NONE, last: NONE }
    }
}

impl List {
    /// The zspage at the head.
    pub(super) fn first(&self) -> Option<u32> {
        (self.first != NONE).then_some(self.first)
    }

    /// Puts a zspage at the head, where the next search finds it first.
    pub(super) fn push_head(&mut self, zspages: &mut [Zspage], number: u32) {
        let old = self.first;
        let zspage = &mut zspages[number as usize];
        (zspage.prev, zspage.next) = (NONE, old);
        match zspages.get_mut(old as usize) {
            Some(neighbour) => neighbour.prev = number,
            None => self.last = number,
        }
        self.first = number;
    }

    /// Puts a zspage at the tail, as no kernel does.
    pub(super) fn push_tail(&mut self, zspages: &mut [Zspage], number: u32) {
        let old = self.last;
        let zspage = &mut zspages[number as usize];
        (zspage.prev, zspage.next) = (old, NONE);
        match zspages.get_mut(old as usize) {
            Some(neighbour) => neighbour.next = number,
            None => self.first = number,
        }
        self.last = number;
    }

    /// Takes a zspage out.
    pub(super) fn remove(&mut self, zspages: &mut [Zspage], number: u32) {
        let (prev, next) = {
            let zspage = &zspages[number as usize];
            (zspage.prev, zspage.next)
        };
        match zspages.get_mut(prev as usize) {
            Some(neighbour) => neighbour.next = next,
            None => self.first = next,
        }
        match zspages.get_mut(next as usize) {
            Some(neighbour) => neighbour.prev = prev,
            None => self.last = prev,
        }
    }
}

/// The group as events carry it.
pub(super) fn named(group: u8) -> Fullness {
    Fullness(group)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_by_tenths() {
        assert_eq!(group(0, 127, false), EMPTY);
        assert_eq!(group(1, 127, false), LOWEST);
        assert_eq!(group(12, 127, false), LOWEST);
        assert_eq!(group(13, 127, false), 2);
        assert_eq!(group(126, 127, false), HIGHEST);
        assert_eq!(group(127, 127, false), FULL);
        assert_eq!(group(1, 2, false), 6);
    }
}
