//! A zspage: a few pages cut into equal objects (`struct zspage`).
//!
//! The free list runs through the free objects themselves, and each object in use begins with its
//! owner's handle. Where those words are is the [storage](super::storage)'s business; what they mean
//! is decided here.

use zram_events::ZspageLife;

use super::{
    class_table::ClassShape,
    handle::{Handle, Location, ZspageId},
    storage::Objects,
};

/// "No zspage".
pub(super) const NONE: u32 = u32::MAX;

/// A zspage and its links in the list of its fullness group.
///
/// There is one for each few objects and, in a pool full of huge ones, for each: hence its 20 bytes.
#[derive(Clone, Debug)]
pub(super) struct Zspage {
    pub(super) life: ZspageLife,
    pub(super) prev: u32,
    pub(super) next: u32,
    /// The object to be taken next (`freeobj`); what it says of a full zspage is never looked at.
    free: u32,
    pub(super) inuse: u16,
    /// The group in whose list it is (or was, while compaction holds it).
    pub(super) group: u8,
    /// Whether it is a zspage, not an entry that waits for one.
    pub(super) alive: bool,
}

const _: () = assert!(size_of::<Zspage>() == 20);

impl Zspage {
    /// An empty one, whose objects the storage has linked in order of their index (`init_zspage`).
    pub(super) fn new(life: ZspageLife) -> Self {
        Self { life, prev: NONE, next: NONE, free: 0, inuse: 0, group: 0, alive: true }
    }

    /// Takes the first free object (`obj_malloc`); none if the zspage is full.
    pub(super) fn take(
        &mut self,
        id: ZspageId,
        handle: Handle,
        shape: &ClassShape,
        objects: &mut Objects,
    ) -> Option<u32> {
        if u32::from(self.inuse) >= shape.objects {
            return None;
        }
        let index = self.free;
        let at = Location { zspage: id, index };
        self.free = objects.next_free(at, shape);
        objects.set_owner(at, shape, handle.word());
        self.inuse += 1;
        Some(index)
    }

    /// Gives an object back (`obj_free`): it is the next to be taken.
    pub(super) fn give_back(&mut self, at: Location, shape: &ClassShape, objects: &mut Objects) {
        objects.set_free(at, shape, self.free);
        self.free = at.index;
        self.inuse = self.inuse.saturating_sub(1);
    }

    /// Gives an object back to the far end of the free list, as no kernel does.
    pub(super) fn give_back_last(&mut self, at: Location, shape: &ClassShape, objects: &mut Objects) {
        let first = self.free;
        let free_before = shape.objects.saturating_sub(u32::from(self.inuse));
        self.give_back(at, shape, objects);
        if free_before == 0 {
            return;
        }
        let mut last = Location { zspage: at.zspage, index: first };
        for _ in 1..free_before {
            last.index = objects.next_free(last, shape);
        }
        let end = objects.next_free(last, shape);
        objects.set_free(last, shape, at.index);
        objects.set_free(at, shape, end);
        self.free = first;
    }
}

#[cfg(test)]
impl Zspage {
    /// How many objects the free list leads to. It must not lead to one twice.
    pub(super) fn free_objects(&self, id: ZspageId, shape: &ClassShape, objects: &Objects) -> u32 {
        let mut seen = std::collections::BTreeSet::new();
        let mut index = self.free;
        while seen.len() < (shape.objects - u32::from(self.inuse)) as usize {
            let at = Location { zspage: id, index };
            assert!(index < shape.objects && objects.owner(at, shape).is_none(), "object {index} is free");
            assert!(seen.insert(index), "object {index} is free once");
            index = objects.next_free(at, shape);
        }
        seen.len() as u32
    }
}

/// The first object in use from `index` on, and its owner (`find_alloced_obj`).
pub(super) fn next_used(
    id: ZspageId,
    index: u32,
    shape: &ClassShape,
    objects: &Objects,
) -> Option<(u32, Handle)> {
    (index..shape.objects).find_map(|index| {
        let owner = objects.owner(Location { zspage: id, index }, shape)?;
        Some((index, Handle::from_word(owner)?))
    })
}

#[cfg(test)]
mod tests {
    use zram_events::HandleLife;

    use super::{super::storage::Storage, *};

    #[test]
    fn the_free_list_is_a_stack() {
        let shape = ClassShape { index: 0, size: 1024, pages: 1, objects: 4 };
        for storage in [Storage::Sizes, Storage::Bytes] {
            let mut objects = Objects::new(storage, 1, 4096);
            let id = ZspageId { class: 0, number: 0 };
            objects.begin_zspage(id, &shape);
            let mut zspage = Zspage::new(ZspageLife(0));
            let handle =
                Handle::new(super::super::handle::Handles::default().allocate().unwrap(), HandleLife(0));
            let take = |z: &mut Zspage, s: &mut Objects| z.take(id, handle, &shape, s);
            let taken = [(); 3].map(|()| take(&mut zspage, &mut objects));
            assert_eq!(taken, [Some(0), Some(1), Some(2)]);
            zspage.give_back(Location { zspage: id, index: 0 }, &shape, &mut objects);
            zspage.give_back(Location { zspage: id, index: 2 }, &shape, &mut objects);
            assert_eq!(next_used(id, 0, &shape, &objects), Some((1, handle)));
            assert_eq!(next_used(id, 2, &shape, &objects), None);
            let again = [(); 4].map(|()| take(&mut zspage, &mut objects));
            assert_eq!(again, [Some(2), Some(0), Some(3), None], "{storage:?}");
            zspage.give_back(Location { zspage: id, index: 3 }, &shape, &mut objects);
            zspage.give_back_last(Location { zspage: id, index: 1 }, &shape, &mut objects);
            let last = [(); 3].map(|()| take(&mut zspage, &mut objects));
            assert_eq!(last, [Some(3), Some(1), None], "{storage:?}");
        }
    }
}
