//! Giving zspages back, at once or by a worker (`free_zspage`, `async_free_zspage`).
//!
//! A zspage goes when its last object does. Its pages must be locked for that, and `zs_free` may not
//! sleep: if one is taken, by a migration, the zspage stays in the list of empty ones, where the next
//! allocation of its class may still find it, and a work item waits for the locks later.

use zram_events::{ClassIndex, Event};

use super::{class::ALLOCATED, fullness::EMPTY, handle::ZspageId, pool::Pool};
use crate::{contention::Contention, context::Call, environment::Environment, site::Site};

impl Pool {
    /// `free_zspage`: the zspage is in its class's list and empty.
    pub(super) fn free_zspage(
        &mut self,
        id: ZspageId,
        site: Site,
        call: &mut Call<'_, impl Environment + ?Sized>,
    ) {
        let zspage = self.zspage(id).life;
        let pages = self.shape(id).pages;
        call.locks.needs_class(id.class.into());
        if (0..pages).any(|page| call.env.contended(Contention::Page { zspage, page })) {
            self.free_work = true;
            return;
        }
        call.locks.try_pages(id, pages);
        self.end_zspage(id, site, call);
        call.locks.release_pages(id, pages);
    }

    /// Whether a worker has zspages to free.
    pub(crate) fn deferred(&self) -> bool {
        self.free_work
    }

    /// `async_free_zspage`: all empty zspages go, those of the largest class first, since each class's list is
    /// put before the ones collected so far.
    pub(crate) fn free_deferred(&mut self, call: &mut Call<'_, impl Environment + ?Sized>) {
        self.free_work = false;
        call.emit(Site::DeferredFree, Event::DeferredFree);
        for position in (0..self.classes.len()).rev() {
            while let Some(number) = self.classes[position].first(EMPTY) {
                let id = ZspageId { class: position as u16, number };
                // `lock_zspage`: the worker may sleep for the pages, and has them before it takes the class.
                let pages = self.shape(id).pages;
                call.locks.may_sleep();
                call.locks.try_pages(id, pages);
                call.locks.lock_class(position);
                self.end_zspage(id, Site::ZspageFreeDeferred, call);
                call.locks.unlock_class(position);
                call.locks.release_pages(id, pages);
            }
        }
    }

    /// `__free_zspage`, and the list before it.
    fn end_zspage(&mut self, id: ZspageId, site: Site, call: &mut Call<'_, impl Environment + ?Sized>) {
        call.locks.needs_class(id.class.into());
        let class = &mut self.classes[usize::from(id.class)];
        let shape = class.shape;
        call.locks.needs_pages(id, shape.pages);
        let zspage = class.zspages[id.number as usize].life;
        class.remove(id.number);
        call.emit(site, Event::ZspageFree { zspage, class: ClassIndex(shape.index) });
        class.discount(ALLOCATED, u64::from(shape.objects));
        class.end_zspage(id.number);
        self.objects.end_zspage(id, &shape);
        self.pages_allocated = self.pages_allocated.wrapping_sub(u64::from(shape.pages));
    }
}
