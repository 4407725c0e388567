//! Compaction: objects of the emptiest zspages move into the fullest (`zs_compact`).

use zram_events::Event;

use super::{
    fullness::{EMPTY, LOWEST, full, highest, named},
    handle::{Location, ZspageId},
    pool::Pool,
    zspage::next_used,
};
use crate::{
    behaviours::CompactionLoop, contention::Contention, context::Call, environment::Environment,
    mutation::Mutation, site::Site,
};

impl Pool {
    /// `zs_compact`: the largest class first, and none if a compaction of the pool is under way already. Returns how
    /// many pages it freed, those among them that were left to a worker.
    pub(crate) fn compact(&mut self, site: Site, call: &mut Call<'_, impl Environment + ?Sized>) -> u64 {
        call.emit(site, Event::CompactBegin { pool: self.life });
        let mut freed = 0;
        let turns = if call.env.contended(Contention::Compaction { pool: self.life }) {
            0
        } else {
            self.classes.len()
        };
        for step in 0..turns {
            let class =
                if call.broken(Mutation::CompactionAscending) { step } else { self.classes.len() - 1 - step };
            freed += match call.behaviours().compaction_loop {
                CompactionLoop::DestinationFirst => self.compact_class(class, call),
                CompactionLoop::SourceFirst => self.empty_sources(class, call),
            };
        }
        self.pages_compacted += freed;
        call.emit(site, Event::CompactEnd { pool: self.life, pages: freed });
        freed
    }

    /// `__zs_compact`. A destination stays taken out of its list until it is full; the source returns after each turn.
    fn compact_class(&mut self, class: usize, call: &mut Call<'_, impl Environment + ?Sized>) -> u64 {
        let swapped = call.broken(Mutation::CompactionSwapped);
        let pages = u64::from(self.classes[class].shape.pages);
        let mut freed = 0;
        let mut destination = None;
        call.locks.lock_for_moving(class);
        while self.classes[class].can_compact() > 0 {
            let Some(to) = destination.or_else(|| self.isolate(class, !swapped)) else { break };
            destination = Some(to);
            let Some(from) = self.isolate(class, swapped) else { break };
            if call.env.contended(Contention::Source { zspage: self.zspage(from).life }) {
                self.put_back(class, from, Site::PutbackSource, call);
                break;
            }
            call.locks.write_zspage(from);
            self.migrate(class, from, to, call);
            call.locks.unwrite_zspage(from);
            if self.put_back(class, from, Site::PutbackSource, call) == EMPTY {
                self.free_zspage(from, Site::ZspageFreeCompaction, call);
                freed += pages;
            }
            let full = self.classes[class].group_of(to.number, self.insertion) == full(self.insertion.groups);
            if full || call.env.contended(Contention::Pool { pool: self.life }) {
                self.put_back(class, to, Site::PutbackDestination, call);
                destination = None;
                // Here the others get their turn.
                call.locks.unlock_after_moving(class);
                call.locks.may_sleep();
                call.locks.lock_for_moving(class);
            }
        }
        if let Some(to) = destination {
            self.put_back(class, to, Site::PutbackDestination, call);
        }
        call.locks.unlock_after_moving(class);
        freed
    }

    /// `__zs_compact` as it was first: a source is emptied into one destination after the other. Each turn takes out the next source, and the last
    /// one goes back as it is when nothing can be gained or no destination is left.
    fn empty_sources(&mut self, class: usize, call: &mut Call<'_, impl Environment + ?Sized>) -> u64 {
        let swapped = call.broken(Mutation::CompactionSwapped);
        let pages = u64::from(self.classes[class].shape.pages);
        let mut freed = 0;
        call.locks.lock_for_moving(class);
        while let Some(from) = self.isolate(class, swapped) {
            call.locks.write_zspage(from);
            let emptied = self.classes[class].can_compact() > 0 && self.empty_source(class, from, call);
            call.locks.unwrite_zspage(from);
            let group = self.put_back(class, from, Site::PutbackSource, call);
            if !emptied {
                break;
            }
            if group == EMPTY {
                self.free_zspage(from, Site::ZspageFreeCompaction, call);
                freed += pages;
            }
            // Here the others get their turn.
            call.locks.unlock_after_moving(class);
            call.locks.may_sleep();
            call.locks.lock_for_moving(class);
        }
        call.locks.unlock_after_moving(class);
        freed
    }

    /// Whether all of a source went into destinations. A destination is found full only when there is one more object to move.
    fn empty_source(
        &mut self,
        class: usize,
        from: ZspageId,
        call: &mut Call<'_, impl Environment + ?Sized>,
    ) -> bool {
        let swapped = call.broken(Mutation::CompactionSwapped);
        while let Some(to) = self.isolate(class, !swapped) {
            self.migrate(class, from, to, call);
            self.put_back(class, to, Site::PutbackDestination, call);
            if self.zspage(from).inuse == 0 {
                return true;
            }
            if call.env.contended(Contention::Pool { pool: self.life }) {
                break;
            }
        }
        false
    }

    /// Takes a partly filled zspage out of its list: the fullest (`isolate_dst_zspage`) or the emptiest (`isolate_src_zspage`).
    fn isolate(&mut self, class: usize, fullest: bool) -> Option<ZspageId> {
        let of = &mut self.classes[class];
        let highest = highest(self.insertion.groups);
        let found = if fullest {
            of.first_of_fullest(LOWEST, highest)
        } else {
            of.first_of_emptiest(LOWEST, highest)
        };
        let number = found?;
        of.remove(number);
        Some(ZspageId { class: class as u16, number })
    }

    /// Moves objects in order of their index until the one is full or the other empty (`migrate_zspage`).
    fn migrate(
        &mut self,
        class: usize,
        from: ZspageId,
        to: ZspageId,
        call: &mut Call<'_, impl Environment + ?Sized>,
    ) {
        call.locks.needs_moving(class);
        let shape = self.classes[class].shape;
        let mut index = 0;
        while let Some((used, handle)) = next_used(from, index, &shape, &self.objects) {
            let source = Location { zspage: from, index: used };
            let Some(destination) = self.take(to, handle, Site::ObjMallocCompaction, call) else { break };
            self.objects.copy(source, destination, &shape);
            self.give_back(source, Site::ObjFreeCompaction, call);
            index = used + 1;
            let full = u32::from(self.zspage(to).inuse) == shape.objects;
            if full || self.zspage(from).inuse == 0 {
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
        let of = &mut self.classes[class];
        let group = of.group_of(id.number, self.insertion);
        of.insert(id.number, group, self.insertion);
        let zspage = &of.zspages[id.number as usize];
        let inuse = u32::from(zspage.inuse);
        call.emit(site, Event::Putback { zspage: zspage.life, group: named(group), inuse });
        group
    }
}
