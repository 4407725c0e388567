//! A size class of a pool: its zspages, their lists, and statistics (`struct size_class`).

use zram_events::ZspageLife;

use super::{
    class_table::ClassShape,
    fullness::{FULL, GROUPS, List, group},
    handle::MOST_ZSPAGES,
    zspage::{NONE, Zspage},
};
use crate::behaviours::Fullness;

/// Position of "objects allocated" among the statistics (`ZS_OBJS_ALLOCATED`).
pub(super) const ALLOCATED: usize = GROUPS;
/// Position of "objects in use" (`ZS_OBJS_INUSE`).
pub(super) const INUSE: usize = GROUPS + 1;

/// How this model inserts zspages: the kernel's way unless a rule is broken.
#[derive(Clone, Copy, Debug)]
pub(super) struct Insertion {
    pub(super) groups: Fullness,
    pub(super) at_tail: bool,
    pub(super) truncate: bool,
}

/// One class.
#[derive(Clone, Debug)]
pub(crate) struct Class {
    pub(crate) shape: ClassShape,
    pub(super) zspages: Vec<Zspage>,
    /// The first entry of `zspages` that holds none.
    unused: u32,
    lists: [List; GROUPS],
    /// One bit per group, set if its list is not empty: the search for room looks here first.
    filled: u16,
    /// Zspages per group, then objects allocated and in use.
    pub(crate) stats: [u64; GROUPS + 2],
}

impl Class {
    pub(super) fn new(shape: ClassShape) -> Self {
        Self {
            shape,
            zspages: Vec::new(),
            unused: NONE,
            lists: [List::default(); GROUPS],
            filled: 0,
            stats: [0; GROUPS + 2],
        }
    }

    pub(super) fn count(&mut self, what: usize, objects: u64) {
        self.stats[what] = self.stats[what].wrapping_add(objects);
    }

    pub(super) fn discount(&mut self, what: usize, objects: u64) {
        self.stats[what] = self.stats[what].wrapping_sub(objects);
    }

    /// The number that the next zspage will have; none if no more can be told apart.
    pub(super) fn next_number(&self) -> Option<u32> {
        if self.unused != NONE {
            return Some(self.unused);
        }
        u32::try_from(self.zspages.len()).ok().filter(|number| *number < MOST_ZSPAGES)
    }

    /// A zspage of [`Class::next_number`], in no list yet.
    pub(super) fn begin_zspage(&mut self, number: u32, life: ZspageLife) {
        let zspage = Zspage::new(life);
        match self.zspages.get_mut(number as usize) {
            Some(entry) => {
                self.unused = entry.next;
                *entry = zspage;
            }
            None => self.zspages.push(zspage),
        }
    }

    /// The zspage is gone; its number is the next to be used.
    pub(super) fn end_zspage(&mut self, number: u32) {
        let entry = &mut self.zspages[number as usize];
        entry.alive = false;
        entry.next = self.unused;
        self.unused = number;
    }

    /// The head of a group's list.
    pub(super) fn first(&self, group: u8) -> Option<u32> {
        self.lists[usize::from(group)].first()
    }

    /// The head of the fullest list among these groups.
    pub(super) fn first_of_fullest(&self, lowest: u8, highest: u8) -> Option<u32> {
        let filled = self.filled_within(lowest, highest);
        (filled != 0).then(|| self.first(filled.ilog2() as u8)).flatten()
    }

    /// The head of the emptiest list among these groups.
    pub(super) fn first_of_emptiest(&self, lowest: u8, highest: u8) -> Option<u32> {
        let filled = self.filled_within(lowest, highest);
        (filled != 0).then(|| self.first(filled.trailing_zeros() as u8)).flatten()
    }

    fn filled_within(&self, lowest: u8, highest: u8) -> u16 {
        const ALL: u16 = (1 << (FULL + 1)) - 1;
        self.filled & (ALL >> (FULL - highest)) & (ALL << lowest)
    }

    /// `get_fullness_group`
    pub(super) fn group_of(&self, number: u32, insertion: Insertion) -> u8 {
        let inuse = u32::from(self.zspages[number as usize].inuse);
        group(inuse, self.shape.objects, insertion.groups, insertion.truncate)
    }

    /// `insert_zspage`: at the head of the group's list, or second.
    pub(super) fn insert(&mut self, number: u32, group: u8, insertion: Insertion) {
        let list = &mut self.lists[usize::from(group)];
        let inuse = |number: u32| self.zspages[number as usize].inuse;
        let second = insertion.groups == Fullness::Quarters
            && list.first().is_some_and(|head| inuse(number) < inuse(head));
        if insertion.at_tail {
            list.push_tail(&mut self.zspages, number);
        } else if second {
            list.push_second(&mut self.zspages, number);
        } else {
            list.push_head(&mut self.zspages, number);
        }
        self.filled |= 1 << group;
        self.zspages[number as usize].group = group;
        self.count(usize::from(group), 1);
    }

    /// `remove_zspage`
    pub(super) fn remove(&mut self, number: u32) {
        let group = self.zspages[number as usize].group;
        let list = &mut self.lists[usize::from(group)];
        list.remove(&mut self.zspages, number);
        if list.first().is_none() {
            self.filled &= !(1 << group);
        }
        self.discount(usize::from(group), 1);
    }

    /// `fix_fullness_group`: moves the zspage only if its group changed.
    pub(super) fn fix(&mut self, number: u32, insertion: Insertion) -> u8 {
        let group = self.group_of(number, insertion);
        if group != self.zspages[number as usize].group {
            self.remove(number);
            self.insert(number, group, insertion);
        }
        group
    }

    /// How many zspages a group's list has, counted along it.
    #[cfg(test)]
    pub(super) fn listed(&self, group: u8) -> u64 {
        assert_eq!(
            self.filled >> group & 1 == 1,
            self.first(group).is_some(),
            "group {group} is known to be filled"
        );
        let next = |number: &u32| Some(self.zspages[*number as usize].next).filter(|next| *next != NONE);
        let listed = core::iter::successors(self.first(group), next);
        listed.inspect(|number| assert_eq!(self.zspages[*number as usize].group, group)).count() as u64
    }

    /// Pages that could be freed if all free objects were gathered (`zs_can_compact`).
    pub(super) fn can_compact(&self) -> u64 {
        let wasted = self.stats[ALLOCATED].saturating_sub(self.stats[INUSE]);
        wasted / u64::from(self.shape.objects) * u64::from(self.shape.pages)
    }
}
