//! A zspage: a few pages cut into equal objects (`struct zspage`).
//!
//! The kernel threads the free list through the free objects themselves and keeps the owner's handle
//! in the header of each used one. The model keeps the same two meanings in one word per object.

use zram_events::{HandleLife, ZspageLife};

use super::handle::Handle;

/// "No zspage", "no object".
pub(super) const NONE: u32 = u32::MAX;

/// Which zspage of the pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ZspageId(pub(super) u32);

/// What the first word of an object says (`struct link_free`).
#[derive(Clone, Copy, Debug)]
enum Header {
    /// Free: the next free object, or [`NONE`].
    Free { next: u32 },
    /// Allocated: its owner, and the owner's life.
    Owner { handle: Handle, life: HandleLife },
}

/// A zspage and its links in the list of its fullness group.
#[derive(Clone, Debug)]
pub(super) struct Zspage {
    pub(super) life: ZspageLife,
    /// Position of its class among the distinct classes.
    pub(super) class: u16,
    /// The group in whose list it is (or was, while compaction holds it).
    pub(super) group: u8,
    pub(super) inuse: u32,
    free: u32,
    pub(super) prev: u32,
    pub(super) next: u32,
    objects: Vec<Header>,
}

impl Zspage {
    /// An empty one: objects are handed out in order of their index (`init_zspage`).
    pub(super) fn new(life: ZspageLife, class: u16, objects: u32) -> Self {
        let objects = (1..=objects)
            .map(|next| Header::Free { next: if next == objects { NONE } else { next } })
            .collect();
        Self { life, class, group: 0, inuse: 0, free: 0, prev: NONE, next: NONE, objects }
    }

    /// Takes the first free object (`obj_malloc`); none if the zspage is full.
    pub(super) fn take(&mut self, handle: Handle, life: HandleLife) -> Option<u32> {
        let index = self.free;
        let header = self.objects.get_mut(index as usize)?;
        let Header::Free { next } = *header else { return None };
        *header = Header::Owner { handle, life };
        self.free = next;
        self.inuse += 1;
        Some(index)
    }

    /// Gives an object back (`obj_free`): it is the next to be taken.
    pub(super) fn give_back(&mut self, index: u32) {
        if let Some(header) = self.objects.get_mut(index as usize) {
            *header = Header::Free { next: self.free };
            self.free = index;
            self.inuse = self.inuse.saturating_sub(1);
        }
    }

    /// Gives an object back to the far end of the free list, as no kernel does.
    pub(super) fn give_back_last(&mut self, index: u32) {
        let first = self.free;
        self.give_back(index);
        if first == NONE {
            return;
        }
        let mut last = first;
        while let Some(Header::Free { next }) = self.objects.get(last as usize).copied()
            && next != NONE
        {
            last = next;
        }
        self.objects[last as usize] = Header::Free { next: index };
        self.objects[index as usize] = Header::Free { next: NONE };
        self.free = first;
    }

    /// The first used object from `index` on, and its owner (`find_alloced_obj`).
    pub(super) fn next_used(&self, index: u32) -> Option<(u32, Handle, HandleLife)> {
        let rest = self.objects.get(index as usize..)?;
        rest.iter().zip(index..).find_map(|(header, at)| match *header {
            Header::Owner { handle, life } => Some((at, handle, life)),
            Header::Free { .. } => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_free_list_is_a_stack() {
        let mut zspage = Zspage::new(ZspageLife(0), 0, 4);
        let take = |z: &mut Zspage| z.take(Handle::at(0), HandleLife(0));
        assert_eq!([take(&mut zspage), take(&mut zspage), take(&mut zspage)], [Some(0), Some(1), Some(2)]);
        zspage.give_back(0);
        zspage.give_back(2);
        let again: Vec<_> = (0..4).map(|_| take(&mut zspage)).collect();
        assert_eq!(again, [Some(2), Some(0), Some(3), None]);
    }
}
