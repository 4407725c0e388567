//! A pool (`struct zs_pool`): what it consists of, from its beginning to its end.

use std::sync::Arc;

use zram_events::{Event, HandleLife, PoolLife};

use super::{
    class::{Class, Insertion},
    class_table::{ClassShape, ClassTable},
    handle::{Handle, Handles, Location, ZspageId},
    storage::{Objects, Storage},
    zspage::Zspage,
};
use crate::{
    context::Call,
    environment::{Allocation, Environment},
    errno::Errno,
    mutation::Mutation,
    site::Site,
};

/// One pool, and with it all objects of one device.
#[derive(Clone, Debug)]
pub(crate) struct Pool {
    pub(super) life: PoolLife,
    pub(super) table: Arc<ClassTable>,
    pub(super) classes: Vec<Class>,
    pub(super) handles: Handles,
    pub(super) objects: Objects,
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
        storage: Storage,
        call: &mut Call<'_, impl Environment + ?Sized>,
    ) -> Result<Self, Errno> {
        let created = call.env.allocate(Allocation::Pool);
        // A probe sees the function return in either case.
        let life = call.lives.pool();
        call.emit(Site::PoolCreate, Event::PoolCreate { pool: life });
        if !created {
            return Err(Errno::ENOMEM);
        }
        let classes: Vec<_> = table.shapes().iter().copied().map(Class::new).collect();
        let insertion = Insertion {
            at_tail: call.broken(Mutation::FullnessTail),
            truncate: call.broken(Mutation::FullnessRounding),
        };
        let objects = Objects::new(storage, classes.len(), table.page_size());
        Ok(Self {
            life,
            table: Arc::clone(table),
            classes,
            handles: Handles::default(),
            objects,
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
        self.locate(handle).map(|_| handle.life())
    }

    /// Where the object is; none if the word that was taken for a handle names no object in use.
    pub(super) fn locate(&self, handle: Handle) -> Option<Location> {
        let at = self.handles.location(handle.position())?;
        let owner = self.objects.owner(at, self.shape(at.zspage))?;
        (owner == handle.word()).then_some(at)
    }

    pub(super) fn shape(&self, id: ZspageId) -> &ClassShape {
        &self.classes[usize::from(id.class)].shape
    }

    pub(super) fn zspage(&self, id: ZspageId) -> &Zspage {
        &self.classes[usize::from(id.class)].zspages[id.number as usize]
    }
}
