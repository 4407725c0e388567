//! Fullness groups and their lists (`enum fullness_group`, `insert_zspage`, `remove_zspage`).
//!
//! A zspage is linked into the list of its group through its own two fields, as in the kernel, so
//! that moving one is constant work however many there are. The lists of a class name its zspages by their number.

use zram_events::Fullness;

use super::zspage::{NONE, Zspage};
use crate::behaviours::Fullness as Groups;

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

/// Of four groups, the fuller of those with room (`ZS_ALMOST_FULL`). The emptier one has the number of [`LOWEST`] (`ZS_ALMOST_EMPTY`).
const ALMOST_FULL: u8 = 2;

/// Of four groups, the full one (`ZS_FULL`).
const FULL_OF_FOUR: u8 = 3;

/// The fullest group that has room.
pub(super) fn highest(groups: Groups) -> u8 {
    match groups {
        Groups::Quarters => ALMOST_FULL,
        Groups::Tenths => HIGHEST,
    }
}

/// The group of the full.
pub(super) fn full(groups: Groups) -> u8 {
    match groups {
        Groups::Quarters => FULL_OF_FOUR,
        Groups::Tenths => FULL,
    }
}

/// The group of a zspage with `inuse` of `objects` (`get_fullness_group`).
pub(super) fn group(inuse: u32, objects: u32, groups: Groups, truncate: bool) -> u8 {
    if inuse == 0 {
        return EMPTY;
    }
    if inuse == objects {
        return full(groups);
    }
    if groups == Groups::Quarters {
        return if inuse <= 3 * objects / 4 { LOWEST } else { ALMOST_FULL };
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

    /// Puts a zspage behind the one at the head, if there is one.
    pub(super) fn push_second(&mut self, zspages: &mut [Zspage], number: u32) {
        let Some(head) = self.first() else { return self.push_head(zspages, number) };
        let next = zspages[head as usize].next;
        zspages[head as usize].next = number;
        let zspage = &mut zspages[number as usize];
        (zspage.prev, zspage.next) = (head, next);
        match zspages.get_mut(next as usize) {
            Some(neighbour) => neighbour.prev = number,
            None => self.last = number,
        }
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
        let group = |inuse, objects| group(inuse, objects, Groups::Tenths, false);
        assert_eq!(group(0, 127), EMPTY);
        assert_eq!(group(1, 127), LOWEST);
        assert_eq!(group(12, 127), LOWEST);
        assert_eq!(group(13, 127), 2);
        assert_eq!(group(126, 127), HIGHEST);
        assert_eq!(group(127, 127), FULL);
        assert_eq!(group(1, 2), 6);
    }

    #[test]
    fn groups_by_quarters() {
        let group = |inuse, objects| group(inuse, objects, Groups::Quarters, false);
        assert_eq!(group(0, 127), EMPTY);
        assert_eq!(group(1, 127), LOWEST);
        assert_eq!(group(95, 127), LOWEST);
        assert_eq!(group(96, 127), ALMOST_FULL);
        assert_eq!(group(126, 127), ALMOST_FULL);
        assert_eq!(group(127, 127), FULL_OF_FOUR);
        assert_eq!(group(1, 2), LOWEST);
        assert_eq!(group(1, 1), FULL_OF_FOUR);
    }

    #[test]
    fn the_second_place_is_behind_the_head() {
        let mut zspages: Vec<_> = (0..4).map(|life| Zspage::new(zram_events::ZspageLife(life))).collect();
        let mut list = List::default();
        list.push_second(&mut zspages, 0);
        list.push_second(&mut zspages, 1);
        list.push_second(&mut zspages, 2);
        list.push_head(&mut zspages, 3);
        let order: Vec<u32> = core::iter::successors(list.first(), |number| {
            Some(zspages[*number as usize].next).filter(|next| *next != NONE)
        })
        .collect();
        assert_eq!((order, list.last), (vec![3, 0, 2, 1], 1));
    }
}
