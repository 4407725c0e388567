//! A pool: allocation, release, and access to objects (`struct zs_pool`).

use std::sync::Arc;

use zram_events::{ClassIndex, Event, HandleLife, ObjectIndex, PoolLife};

use super::{
    class::{ALLOCATED, Class, INUSE, Insertion},
    class_table::{ClassTable, HANDLE_SIZE},
    fullness::{EMPTY, HIGHEST, LOWEST, named},
    handle::{Handle, Handles, Location},
    zspage::{Zspage, ZspageId},
};
use crate::{
    context::Call,
    environment::{Allocation, Environment},
    errno::Errno,
    mutation::Mutation,
    page::PageBytes,
    site::Site,
};

/// One pool, and with it all objects of one device.
#[derive(Clone, Debug)]
pub(crate) struct Pool {
    pub(super) life: PoolLife,
    table: Arc<ClassTable>,
    pub(super) classes: Vec<Class>,
    pub(super) zspages: Vec<Zspage>,
    unused: Vec<u32>,
    pub(super) handles: Handles,
    /// Pages in all zspages (`zs_get_total_pages`).
    pub(super) pages_allocated: u64,
    /// Pages that compaction has freed (`zs_pool_stats`).
    pub(super) pages_compacted: u64,
    /// How zspages enter their lists.
    pub(super) insertion: Insertion,
}

impl Pool {
    /// `zs_create_pool`
    pub(crate) fn create(
        table: &Arc<ClassTable>,
        call: &mut Call<'_, impl Environment + ?Sized>,
    ) -> Result<Self, Errno> {
        let created = call.env.allocate(Allocation::Pool);
        // A probe sees the function return in either case.
        let life = call.lives.pool();
        call.emit(Site::PoolCreate, Event::PoolCreate { pool: life });
        if !created {
            return Err(Errno::ENOMEM);
        }
        let classes = table.shapes().iter().copied().map(Class::new).collect();
        let insertion = Insertion {
            at_tail: call.broken(Mutation::FullnessTail),
            truncate: call.broken(Mutation::FullnessRounding),
        };
        Ok(Self {
            life,
            table: Arc::clone(table),
            classes,
            zspages: Vec::new(),
            unused: Vec::new(),
            handles: Handles::default(),
            pages_allocated: 0,
            pages_compacted: 0,
            insertion,
        })
    }

    /// `zs_destroy_pool`
    pub(crate) fn destroy(self, call: &mut Call<'_, impl Environment + ?Sized>) {
        call.emit(Site::PoolDestroy, Event::PoolDestroy { pool: self.life });
    }

    /// `zs_get_total_pages`
    pub(crate) fn total_pages(&self) -> u64 {
        self.pages_allocated
    }

    /// `pages_compacted` of `zs_pool_stats`
    pub(crate) fn pages_compacted(&self) -> u64 {
        self.pages_compacted
    }

    /// The class of each nominal class, by position.
    pub(crate) fn nominal_classes(&self) -> impl Iterator<Item = &Class> {
        self.table.nominal().iter().map(|position| &self.classes[usize::from(*position)])
    }

    /// The life of the object that a slot's word names.
    pub(crate) fn life_of(&self, handle: Handle) -> Option<HandleLife> {
        let at = self.handles.location(handle)?;
        let (index, _, life) = self.zspages.get(at.zspage.0 as usize)?.next_used(at.index)?;
        (index == at.index).then_some(life)
    }

    /// `zs_malloc`: room for `size` bytes.
    pub(crate) fn malloc(
        &mut self,
        size: u32,
        call: &mut Call<'_, impl Environment + ?Sized>,
    ) -> Result<Handle, Errno> {
        let result = self.try_malloc(size, call);
        let event = match result {
            Ok((handle, life)) => {
                debug_assert_eq!(self.life_of(handle), Some(life));
                Event::Malloc { pool: self.life, size, handle: life }
            }
            Err(errno) => Event::MallocFailed { pool: self.life, size, result: errno.negative() },
        };
        call.emit(Site::Malloc, event);
        result.map(|(handle, _)| handle)
    }

    fn try_malloc(
        &mut self,
        size: u32,
        call: &mut Call<'_, impl Environment + ?Sized>,
    ) -> Result<(Handle, HandleLife), Errno> {
        if size == 0 {
            return Err(Errno::EINVAL);
        }
        if size > self.table.page_size() {
            return Err(Errno::ENOSPC);
        }
        if !call.env.allocate(Allocation::Handle) {
            return Err(Errno::ENOMEM);
        }
        let handle = self.handles.allocate().ok_or(Errno::ENOMEM)?;
        let mut nominal = self.table.nominal_index(size);
        if call.broken(Mutation::ClassOffByOne) {
            nominal += 1;
        }
        let class = self.table.position(nominal);

        if let Some(id) = self.find_with_room(class, call) {
            let life = call.lives.handle();
            self.take(id, handle, life, Site::ObjMallocExisting, call);
            let group = self.classes[class].fix(&mut self.zspages, id, self.insertion);
            self.tell_fullness(id, group, Site::FixFullnessMalloc, call);
            self.classes[class].count(INUSE, 1);
            return Ok((handle, life));
        }
        let Some(id) = self.new_zspage(class, call) else {
            self.handles.release(handle);
            return Err(Errno::ENOMEM);
        };
        let life = call.lives.handle();
        self.take(id, handle, life, Site::ObjMallocNew, call);
        let group = self.classes[class].group_of(&self.zspages[id.0 as usize], self.insertion);
        let shape = self.classes[class].shape;
        self.classes[class].insert(&mut self.zspages, id, group, self.insertion);
        self.pages_allocated += u64::from(shape.pages);
        self.classes[class].count(ALLOCATED, u64::from(shape.objects));
        self.classes[class].count(INUSE, 1);
        Ok((handle, life))
    }

    /// The zspage for a new object (`find_get_zspage`): the fullest group first, its newest first.
    fn find_with_room(&self, class: usize, call: &Call<'_, impl Environment + ?Sized>) -> Option<ZspageId> {
        let class = &self.classes[class];
        if call.broken(Mutation::EmptiestZspageFirst) {
            return (EMPTY..=HIGHEST).find_map(|group| class.first(group));
        }
        (EMPTY..=HIGHEST).rev().find_map(|group| class.first(group))
    }

    /// `alloc_zspage`
    fn new_zspage(
        &mut self,
        class: usize,
        call: &mut Call<'_, impl Environment + ?Sized>,
    ) -> Option<ZspageId> {
        let shape = self.classes[class].shape;
        if !call.env.allocate(Allocation::Zspage)
            || !(0..shape.pages).all(|index| call.env.allocate(Allocation::ZspagePage { index }))
        {
            return None;
        }
        let position = match self.unused.last() {
            Some(position) => *position,
            None => u32::try_from(self.zspages.len()).ok().filter(|at| *at != super::zspage::NONE)?,
        };
        let life = call.lives.zspage();
        let zspage = Zspage::new(life, class as u16, shape.objects);
        if self.unused.pop().is_some() {
            self.zspages[position as usize] = zspage;
        } else {
            self.zspages.push(zspage);
        }
        let event = Event::ZspageCreate {
            zspage: life,
            class: ClassIndex(shape.index),
            pages: shape.pages,
            objects: shape.objects,
            size: shape.size,
        };
        call.emit(Site::PageChain, event);
        Some(ZspageId(position))
    }

    /// `obj_malloc`
    pub(super) fn take(
        &mut self,
        id: ZspageId,
        handle: Handle,
        life: HandleLife,
        site: Site,
        call: &mut Call<'_, impl Environment + ?Sized>,
    ) {
        let zspage = &mut self.zspages[id.0 as usize];
        let shape = self.classes[usize::from(zspage.class)].shape;
        let Some(index) = zspage.take(handle, life) else { return };
        let event = Event::ObjMalloc {
            zspage: zspage.life,
            handle: life,
            index: ObjectIndex(index),
            class: ClassIndex(shape.index),
            inuse: zspage.inuse,
            huge: shape.huge(),
        };
        self.handles.record(handle, Location { zspage: id, index });
        call.emit(site, event);
    }

    /// `obj_free`
    pub(super) fn give_back(
        &mut self,
        at: Location,
        site: Site,
        call: &mut Call<'_, impl Environment + ?Sized>,
    ) {
        let zspage = &mut self.zspages[at.zspage.0 as usize];
        if call.broken(Mutation::FreeListFifo) {
            zspage.give_back_last(at.index);
        } else {
            zspage.give_back(at.index);
        }
        let size = self.classes[usize::from(zspage.class)].shape.size;
        call.emit(site, Event::ObjFree { index: ObjectIndex(at.index), size });
    }

    /// `zs_free`
    pub(crate) fn free(
        &mut self,
        handle: Handle,
        site: Site,
        call: &mut Call<'_, impl Environment + ?Sized>,
    ) {
        let (Some(at), Some(life)) = (self.handles.location(handle), self.life_of(handle)) else { return };
        call.emit(site, Event::Free { pool: self.life, handle: life });
        let class = usize::from(self.zspages[at.zspage.0 as usize].class);
        self.classes[class].discount(INUSE, 1);
        self.give_back(at, Site::ObjFree, call);
        let group = self.classes[class].fix(&mut self.zspages, at.zspage, self.insertion);
        self.tell_fullness(at.zspage, group, Site::FixFullnessFree, call);
        if group == EMPTY {
            self.free_zspage(at.zspage, Site::ZspageFree, call);
        }
        self.handles.release(handle);
    }

    /// `free_zspage`, `__free_zspage`: the zspage is in its class's list and empty.
    pub(super) fn free_zspage(
        &mut self,
        id: ZspageId,
        site: Site,
        call: &mut Call<'_, impl Environment + ?Sized>,
    ) {
        let zspage = &self.zspages[id.0 as usize];
        let (life, position) = (zspage.life, usize::from(zspage.class));
        let class = &mut self.classes[position];
        class.remove(&mut self.zspages, id);
        let shape = class.shape;
        call.emit(site, Event::ZspageFree { zspage: life, class: ClassIndex(shape.index) });
        class.discount(ALLOCATED, u64::from(shape.objects));
        self.pages_allocated = self.pages_allocated.wrapping_sub(u64::from(shape.pages));
        self.unused.push(id.0);
    }

    fn tell_fullness(
        &self,
        id: ZspageId,
        group: u8,
        site: Site,
        call: &mut Call<'_, impl Environment + ?Sized>,
    ) {
        let zspage = &self.zspages[id.0 as usize];
        let event = Event::FixFullness { zspage: zspage.life, group: named(group), inuse: zspage.inuse };
        call.emit(site, event);
    }

    /// `zs_obj_write`: `len` bytes that stand for `page`.
    pub(crate) fn write(
        &mut self,
        handle: Handle,
        len: u32,
        page: Arc<PageBytes>,
        site: Site,
        call: &mut Call<'_, impl Environment + ?Sized>,
    ) {
        if let Some(life) = self.life_of(handle) {
            call.emit(site, Event::ObjWrite { handle: life, len });
        }
        self.handles.set_content(handle, page);
    }

    /// `zs_obj_read_begin`: the page that the object stands for.
    pub(crate) fn read_begin(
        &self,
        handle: Handle,
        len: u32,
        site: Site,
        call: &mut Call<'_, impl Environment + ?Sized>,
    ) -> Option<Arc<PageBytes>> {
        let at = self.handles.location(handle)?;
        let life = self.life_of(handle)?;
        let shape = self.classes[usize::from(self.zspages[at.zspage.0 as usize].class)].shape;
        let mut offset =
            (u64::from(shape.size) * u64::from(at.index) % u64::from(self.table.page_size())) as u32;
        if !shape.huge() {
            offset += HANDLE_SIZE;
        }
        // 44f764134964 asks about the bytes wanted; before, offset and class size alone decided.
        let asked = if call.broken(Mutation::SpanByClassSize) { shape.size } else { len };
        let span = offset + asked > self.table.page_size();
        call.emit(site, Event::ReadBegin { handle: life, len, span });
        self.handles.content(handle)
    }

    /// `zs_obj_read_end`
    pub(crate) fn read_end(
        &self,
        handle: Handle,
        len: u32,
        site: Site,
        call: &mut Call<'_, impl Environment + ?Sized>,
    ) {
        if let Some(life) = self.life_of(handle) {
            call.emit(site, Event::ReadEnd { handle: life, len });
        }
    }
}

const _: () = assert!(LOWEST == EMPTY + 1);
