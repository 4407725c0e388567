//! Allocation and release (`zs_malloc`, `zs_free`).

use zram_events::{ClassIndex, Event, ObjectIndex};

use super::{
    class::{ALLOCATED, INUSE},
    fullness::{EMPTY, LOWEST, highest, named},
    handle::{Handle, Location, Position, ZspageId},
    pool::Pool,
};
use crate::{
    context::Call,
    environment::{Allocation, Environment},
    errno::Errno,
    mutation::Mutation,
    site::Site,
};

/// What an allocation has before it looks for room: its class, by position, and a handle.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WantedObject {
    class: usize,
    position: Position,
}

impl Pool {
    /// `zs_malloc`: room for `size` bytes.
    pub(crate) fn malloc(
        &mut self,
        size: u32,
        call: &mut Call<'_, impl Environment + ?Sized>,
    ) -> Result<Handle, Errno> {
        let result = self.try_malloc(size, call);
        self.tell_malloc(size, result, call);
        result
    }

    /// `zs_malloc` returns.
    pub(crate) fn tell_malloc(
        &self,
        size: u32,
        result: Result<Handle, Errno>,
        call: &mut Call<'_, impl Environment + ?Sized>,
    ) {
        let event = match result {
            Ok(handle) => {
                debug_assert_eq!(self.life_of(handle), Some(handle.life()));
                Event::Malloc { pool: self.life, size, handle: handle.life() }
            }
            Err(errno) => Event::MallocFailed { pool: self.life, size, result: errno.negative() },
        };
        call.emit(Site::Malloc, event);
    }

    fn try_malloc(
        &mut self,
        size: u32,
        call: &mut Call<'_, impl Environment + ?Sized>,
    ) -> Result<Handle, Errno> {
        let wanted = self.want(size, call)?;
        if let Some(handle) = self.take_from_existing(wanted, call) {
            return Ok(handle);
        }
        let id = self.zspage_for(wanted, call).ok_or(Errno::ENOMEM)?;
        Ok(self.take_first(id, wanted, call))
    }

    /// What `zs_malloc` does before it takes a lock: the handle and the class.
    pub(crate) fn want(
        &mut self,
        size: u32,
        call: &mut Call<'_, impl Environment + ?Sized>,
    ) -> Result<WantedObject, Errno> {
        if size == 0 {
            return Err(Errno::EINVAL);
        }
        if size > self.table.page_size() {
            let invalid = call.behaviours().too_large_is_invalid;
            return Err(if invalid { Errno::EINVAL } else { Errno::ENOSPC });
        }
        call.locks.may_sleep();
        if !call.env.allocate(Allocation::Handle) {
            return Err(Errno::ENOMEM);
        }
        let position = self.handles.allocate().ok_or(Errno::ENOMEM)?;
        let mut nominal = self.table.nominal_index(size);
        if call.broken(Mutation::ClassOffByOne) {
            nominal += 1;
        }
        Ok(WantedObject { class: self.table.position(nominal), position })
    }

    /// A zspage for what is wanted (`alloc_zspage`), in no list yet.
    pub(crate) fn zspage_for(
        &mut self,
        wanted: WantedObject,
        call: &mut Call<'_, impl Environment + ?Sized>,
    ) -> Option<ZspageId> {
        let id = self.new_zspage(wanted.class, call);
        if id.is_none() {
            self.handles.release(wanted.position);
        }
        id
    }

    /// Whether a zspage of the class has room: what `find_get_zspage` finds at this moment.
    pub(crate) fn has_room(&self, wanted: WantedObject) -> bool {
        self.classes[wanted.class].first_of_fullest(EMPTY, highest(self.insertion.groups)).is_some()
    }

    /// `zs_malloc` in the first time that it holds the class lock: an object of a zspage that is there, if one has room.
    pub(crate) fn take_from_existing(
        &mut self,
        WantedObject { class, position }: WantedObject,
        call: &mut Call<'_, impl Environment + ?Sized>,
    ) -> Option<Handle> {
        call.locks.lock_class(class);
        let Some(number) = self.find_with_room(class, call) else {
            call.locks.unlock_class(class);
            return None;
        };
        let id = ZspageId { class: class as u16, number };
        let handle = Handle::new(position, call.lives.handle());
        self.take(id, handle, Site::ObjMallocExisting, call);
        let group = self.classes[class].fix(number, self.insertion);
        self.tell_fullness(id, group, Site::FixFullnessMalloc, call);
        self.classes[class].count(INUSE, 1);
        call.locks.unlock_class(class);
        Some(handle)
    }

    /// `zs_malloc` in the second time: the first object of a zspage made for it, whatever room there is by now.
    pub(crate) fn take_first(
        &mut self,
        id: ZspageId,
        wanted: WantedObject,
        call: &mut Call<'_, impl Environment + ?Sized>,
    ) -> Handle {
        let handle = Handle::new(wanted.position, call.lives.handle());
        call.locks.lock_class(wanted.class);
        self.take(id, handle, Site::ObjMallocNew, call);
        let class = &mut self.classes[wanted.class];
        let group = class.group_of(id.number, self.insertion);
        class.insert(id.number, group, self.insertion);
        self.pages_allocated += u64::from(class.shape.pages);
        class.count(ALLOCATED, u64::from(class.shape.objects));
        class.count(INUSE, 1);
        call.locks.unlock_class(id.class.into());
        handle
    }

    /// The zspage for a new object (`find_get_zspage`): the fullest group first, its newest first.
    fn find_with_room(&self, class: usize, call: &Call<'_, impl Environment + ?Sized>) -> Option<u32> {
        let class = &self.classes[class];
        let highest = highest(self.insertion.groups);
        if call.broken(Mutation::EmptiestZspageFirst) {
            return class.first_of_emptiest(EMPTY, highest);
        }
        class.first_of_fullest(EMPTY, highest)
    }

    /// `alloc_zspage`
    fn new_zspage(
        &mut self,
        position: usize,
        call: &mut Call<'_, impl Environment + ?Sized>,
    ) -> Option<ZspageId> {
        let class = &mut self.classes[position];
        let shape = class.shape;
        call.locks.may_sleep();
        if !call.env.allocate(Allocation::Zspage)
            || !(0..shape.pages).all(|index| call.env.allocate(Allocation::ZspagePage { index }))
        {
            if call.broken(Mutation::FailedZspageCounted) {
                self.pages_allocated += u64::from(shape.pages);
            }
            return None;
        }
        let id = ZspageId { class: position as u16, number: class.next_number()? };
        let life = call.lives.zspage();
        class.begin_zspage(id.number, life);
        self.objects.begin_zspage(id, &shape);
        let event = Event::ZspageCreate {
            zspage: life,
            class: ClassIndex(shape.index),
            pages: shape.pages,
            objects: shape.objects,
            size: shape.size,
        };
        call.emit(Site::PageChain, event);
        Some(id)
    }

    /// `obj_malloc`: the object that the handle now names.
    pub(super) fn take(
        &mut self,
        id: ZspageId,
        handle: Handle,
        site: Site,
        call: &mut Call<'_, impl Environment + ?Sized>,
    ) -> Option<Location> {
        let class = &mut self.classes[usize::from(id.class)];
        let shape = class.shape;
        let zspage = &mut class.zspages[id.number as usize];
        let index = zspage.take(id, handle, &shape, &mut self.objects)?;
        // What the zspage itself says of its class at this moment.
        let unset = site == Site::ObjMallocNew && call.behaviours().class_set_late;
        let event = Event::ObjMalloc {
            zspage: zspage.life,
            handle: handle.life(),
            index: ObjectIndex(index),
            word_class: word_class(shape.index, call),
            class: ClassIndex(if unset { 0 } else { shape.index }),
            inuse: u32::from(zspage.inuse),
            huge: shape.huge(),
        };
        let at = Location { zspage: id, index };
        self.handles.record(handle.position(), at);
        call.emit(site, event);
        Some(at)
    }

    /// `obj_free`
    pub(super) fn give_back(
        &mut self,
        at: Location,
        site: Site,
        call: &mut Call<'_, impl Environment + ?Sized>,
    ) {
        let class = &mut self.classes[usize::from(at.zspage.class)];
        let shape = class.shape;
        let zspage = &mut class.zspages[at.zspage.number as usize];
        if call.broken(Mutation::FreeListFifo) {
            zspage.give_back_last(at, &shape, &mut self.objects);
        } else {
            zspage.give_back(at, &shape, &mut self.objects);
        }
        let (index, word_class) = (ObjectIndex(at.index), word_class(shape.index, call));
        call.emit(site, Event::ObjFree { index, word_class, size: shape.size });
    }

    /// `zs_free`
    pub(crate) fn free(
        &mut self,
        handle: Handle,
        site: Site,
        call: &mut Call<'_, impl Environment + ?Sized>,
    ) {
        if self.tell_free(handle, site, call) {
            self.release(handle, call);
        }
    }

    /// `zs_free` is entered, with no lock held yet; whether there is such an object.
    pub(crate) fn tell_free(
        &self,
        handle: Handle,
        site: Site,
        call: &mut Call<'_, impl Environment + ?Sized>,
    ) -> bool {
        let there = self.locate(handle).is_some();
        if there {
            call.emit(site, Event::Free { pool: self.life, handle: handle.life() });
        }
        there
    }

    /// What `zs_free` does while it holds the class lock.
    pub(crate) fn release(&mut self, handle: Handle, call: &mut Call<'_, impl Environment + ?Sized>) {
        let Some(at) = self.locate(handle) else { return };
        let id = at.zspage;
        if call.behaviours().class_in_object_word {
            call.locks.lock_class(id.class.into());
        } else {
            call.locks.lock_class_of_handle(id.class.into());
        }
        self.classes[usize::from(id.class)].discount(INUSE, 1);
        self.give_back(at, Site::ObjFree, call);
        let group = self.classes[usize::from(id.class)].fix(id.number, self.insertion);
        self.tell_fullness(id, group, Site::FixFullnessFree, call);
        if group == EMPTY {
            self.free_zspage(id, Site::ZspageFree, call);
        }
        call.locks.unlock_class(id.class.into());
        self.forget_content(handle);
        self.handles.release(handle.position());
    }

    fn tell_fullness(
        &self,
        id: ZspageId,
        group: u8,
        site: Site,
        call: &mut Call<'_, impl Environment + ?Sized>,
    ) {
        let zspage = self.zspage(id);
        let inuse = u32::from(zspage.inuse);
        call.emit(site, Event::FixFullness { zspage: zspage.life, group: named(group), inuse });
    }
}

/// What an object word says of the object's class (`location_to_obj`): 0 where there are no bits for it.
fn word_class(class: u16, call: &Call<'_, impl Environment + ?Sized>) -> ClassIndex {
    let there = call.behaviours().class_in_object_word && !call.broken(Mutation::ClassNotInWord);
    ClassIndex(if there { class } else { 0 })
}

const _: () = assert!(LOWEST == EMPTY + 1);
