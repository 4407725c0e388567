//! A size class of a pool: its lists and statistics (`struct size_class`).

use super::{
    class_table::ClassShape,
    fullness::{GROUPS, List, group},
    zspage::{Zspage, ZspageId},
};

/// Position of "objects allocated" among the statistics (`ZS_OBJS_ALLOCATED`).
pub(super) const ALLOCATED: usize = GROUPS;
/// Position of "objects in use" (`ZS_OBJS_INUSE`).
pub(super) const INUSE: usize = GROUPS + 1;

/// How this model inserts zspages: the kernel's way unless a rule is broken.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Insertion {
    pub(super) at_tail: bool,
    pub(super) truncate: bool,
}

/// One class.
#[derive(Clone, Debug)]
pub(crate) struct Class {
    pub(crate) shape: ClassShape,
    lists: [List; GROUPS],
    /// Zspages per group, then objects allocated and in use.
    pub(crate) stats: [u64; GROUPS + 2],
}

impl Class {
    pub(super) fn new(shape: ClassShape) -> Self {
        Self { shape, lists: [List::default(); GROUPS], stats: [0; GROUPS + 2] }
    }

    pub(super) fn count(&mut self, what: usize, objects: u64) {
        self.stats[what] = self.stats[what].wrapping_add(objects);
    }

    pub(super) fn discount(&mut self, what: usize, objects: u64) {
        self.stats[what] = self.stats[what].wrapping_sub(objects);
    }

    /// The head of a group's list.
    pub(super) fn first(&self, group: u8) -> Option<ZspageId> {
        self.lists[usize::from(group)].first()
    }

    /// `get_fullness_group`
    pub(super) fn group_of(&self, zspage: &Zspage, insertion: Insertion) -> u8 {
        group(zspage.inuse, self.shape.objects, insertion.truncate)
    }

    /// `insert_zspage`: at the head of the group's list.
    pub(super) fn insert(&mut self, zspages: &mut [Zspage], id: ZspageId, group: u8, insertion: Insertion) {
        let list = &mut self.lists[usize::from(group)];
        if insertion.at_tail {
            list.push_tail(zspages, id);
        } else {
            list.push_head(zspages, id);
        }
        zspages[id.0 as usize].group = group;
        self.count(usize::from(group), 1);
    }

    /// `remove_zspage`
    pub(super) fn remove(&mut self, zspages: &mut [Zspage], id: ZspageId) {
        let group = usize::from(zspages[id.0 as usize].group);
        self.lists[group].remove(zspages, id);
        self.discount(group, 1);
    }

    /// `fix_fullness_group`: moves the zspage only if its group changed.
    pub(super) fn fix(&mut self, zspages: &mut [Zspage], id: ZspageId, insertion: Insertion) -> u8 {
        let zspage = &zspages[id.0 as usize];
        let group = self.group_of(zspage, insertion);
        if group != zspage.group {
            self.remove(zspages, id);
            self.insert(zspages, id, group, insertion);
        }
        group
    }

    /// Pages that could be freed if all free objects were gathered (`zs_can_compact`).
    pub(super) fn can_compact(&self) -> u64 {
        let wasted = self.stats[ALLOCATED].saturating_sub(self.stats[INUSE]);
        wasted / u64::from(self.shape.objects) * u64::from(self.shape.pages)
    }
}
