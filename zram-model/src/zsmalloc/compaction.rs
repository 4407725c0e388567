//! Compaction: objects of the emptiest zspages move into the fullest (`zs_compact`).

use zram_events::Event;

use super::{
    fullness::{EMPTY, FULL, HIGHEST, LOWEST, named},
    handle::Location,
    pool::Pool,
    zspage::ZspageId,
};
use crate::{context::Call, environment::Environment, mutation::Mutation, site::Site};

impl Pool {
    /// `zs_compact`: the largest class first. Returns how many pages it freed.
    pub(crate) fn compact(&mut self, call: &mut Call<'_, impl Environment + ?Sized>) -> u64 {
        call.emit(Site::Compact, Event::CompactBegin { pool: self.life });
        let mut freed = 0;
        for step in 0..self.classes.len() {
            let class =
                if call.broken(Mutation::CompactionAscending) { step } else { self.classes.len() - 1 - step };
            freed += self.compact_class(class, call);
        }
        self.pages_compacted += freed;
        call.emit(Site::Compact, Event::CompactEnd { pool: self.life, pages: freed });
        freed
    }

    /// `__zs_compact`. A destination stays taken out of its list until it is full; the source returns after each turn.
    fn compact_class(&mut self, class: usize, call: &mut Call<'_, impl Environment + ?Sized>) -> u64 {
        let swapped = call.broken(Mutation::CompactionSwapped);
        let pages = u64::from(self.classes[class].shape.pages);
        let mut freed = 0;
        let mut destination = None;
        while self.classes[class].can_compact() > 0 {
            let Some(to) = destination.or_else(|| self.isolate(class, !swapped)) else { break };
            destination = Some(to);
            let Some(from) = self.isolate(class, swapped) else { break };
            self.migrate(class, from, to, call);
            if self.put_back(class, from, Site::PutbackSource, call) == EMPTY {
                self.free_zspage(from, Site::ZspageFreeCompaction, call);
                freed += pages;
            }
            let group = self.classes[class].group_of(&self.zspages[to.0 as usize], self.insertion);
            if group == FULL {
                self.put_back(class, to, Site::PutbackDestination, call);
                destination = None;
            }
        }
        if let Some(to) = destination {
            self.put_back(class, to, Site::PutbackDestination, call);
        }
        freed
    }

    /// Takes a partly filled zspage out of its list: the fullest (`isolate_dst_zspage`) or the emptiest (`isolate_src_zspage`).
    fn isolate(&mut self, class: usize, fullest: bool) -> Option<ZspageId> {
        let first = |group| self.classes[class].first(group);
        let found = if fullest {
            (LOWEST..=HIGHEST).rev().find_map(first)
        } else {
            (LOWEST..=HIGHEST).find_map(first)
        }?;
        self.classes[class].remove(&mut self.zspages, found);
        Some(found)
    }

    /// Moves objects in order of their index until the one is full or the other empty (`migrate_zspage`).
    fn migrate(
        &mut self,
        class: usize,
        from: ZspageId,
        to: ZspageId,
        call: &mut Call<'_, impl Environment + ?Sized>,
    ) {
        let objects = self.classes[class].shape.objects;
        let mut index = 0;
        while let Some((at, handle, life)) = self.zspages[from.0 as usize].next_used(index) {
            self.take(to, handle, life, Site::ObjMallocCompaction, call);
            self.give_back(Location { zspage: from, index: at }, Site::ObjFreeCompaction, call);
            index = at + 1;
            let full = self.zspages[to.0 as usize].inuse == objects;
            if full || self.zspages[from.0 as usize].inuse == 0 {
                break;
            }
        }
    }

    /// `putback_zspage`
    fn put_back(
        &mut self,
        class: usize,
        id: ZspageId,
        site: Site,
        call: &mut Call<'_, impl Environment + ?Sized>,
    ) -> u8 {
        let group = self.classes[class].group_of(&self.zspages[id.0 as usize], self.insertion);
        self.classes[class].insert(&mut self.zspages, id, group, self.insertion);
        let zspage = &self.zspages[id.0 as usize];
        let event = Event::Putback { zspage: zspage.life, group: named(group), inuse: zspage.inuse };
        call.emit(site, event);
        group
    }
}
