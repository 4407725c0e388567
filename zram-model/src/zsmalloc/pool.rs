//! A pool (`struct zs_pool`): what it consists of, from its beginning to its end.

use std::sync::Arc;

use zram_events::{ClassIndex, Event, HandleLife, PoolLife};

use super::{
    class::{Class, Insertion},
    class_table::{ClassShape, ClassTable, HANDLE_SIZE},
    fullness::named,
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
    view::ZspageView,
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
    /// Whether there is a shrinker.
    pub(super) shrinker: bool,
    /// Whether a worker has empty zspages to free.
    pub(super) free_work: bool,
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
        let created =
            [Allocation::Pool, Allocation::PoolName].into_iter().all(|what| call.env.allocate(what))
                && table
                    .shapes()
                    .iter()
                    .rev()
                    .all(|shape| call.env.allocate(Allocation::SizeClass { class: ClassIndex(shape.index) }));
        let shrinker = created && call.env.allocate(Allocation::Shrinker);
        // A probe sees the function return in either case. What was allocated before one failed is given back by
        // `zs_destroy_pool`, which then names a pool that no one has seen begin: that is not told.
        let life = call.lives.pool();
        call.emit(Site::PoolCreate, Event::PoolCreate { pool: life });
        if !created {
            return Err(Errno::ENOMEM);
        }
        let classes: Vec<_> = table.shapes().iter().copied().map(Class::new).collect();
        let insertion = Insertion {
            groups: call.behaviours().fullness,
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
            shrinker,
            free_work: false,
            insertion,
        })
    }

    /// `zs_destroy_pool`, which waits for the worker.
    pub(crate) fn destroy(mut self, call: &mut Call<'_, impl Environment + ?Sized>) {
        call.emit(Site::PoolDestroy, Event::PoolDestroy { pool: self.life });
        if self.free_work {
            self.free_deferred(call);
        }
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

    /// `zs_lookup_class_index`: the index of the class that an object of `size` bytes would go to; on kernels that forget the
    /// object's header here, of one that is smaller by that.
    pub(crate) fn looked_up_class(&self, size: u32, call: &Call<'_, impl Environment + ?Sized>) -> u16 {
        let forgotten = if call.behaviours().class_lookup_adds_header { 0 } else { HANDLE_SIZE };
        let position = self.table.position(self.table.nominal_index(size.saturating_sub(forgotten)));
        self.classes[position].shape.index
    }

    pub(super) fn shape(&self, id: ZspageId) -> &ClassShape {
        &self.classes[usize::from(id.class)].shape
    }

    pub(super) fn zspage(&self, id: ZspageId) -> &Zspage {
        &self.classes[usize::from(id.class)].zspages[id.number as usize]
    }

    /// Every zspage, class by class.
    pub(crate) fn zspages(&self) -> impl Iterator<Item = ZspageView> {
        self.classes.iter().flat_map(|class| {
            let shape = class.shape;
            class.zspages.iter().filter(|zspage| zspage.alive).map(move |zspage| ZspageView {
                zspage: zspage.life,
                class: ClassIndex(shape.index),
                group: named(zspage.group),
                inuse: u32::from(zspage.inuse),
                objects: shape.objects,
                pages: shape.pages,
            })
        })
    }
}
