//! Handles: the indirection through which compaction can move an object.
//!
//! A handle costs one word, as in the kernel: the place of its object, packed. The handle itself is a
//! word too, and what the kernel's would be an address the model uses to carry the life, so that
//! naming an object in an event asks no table.

use zram_events::HandleLife;

/// An object's name that stays when the object moves: what a slot's word and an object's header hold.
///
/// Never 0 and with bit 0 clear, as the kernel's are: 0 is an empty slot's word, and the header of an
/// object in use has bit 0 set (`OBJ_ALLOCATED_TAG`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Handle(u64);

impl Handle {
    pub(super) fn new(position: Position, life: HandleLife) -> Self {
        Self(u64::from(life.0) << 32 | u64::from(position.0 + 1) << 1)
    }

    /// As the `handle` word of a slot.
    pub(crate) fn word(self) -> u64 {
        self.0
    }

    /// From the `handle` word of a slot. Whether there is such an object is for the pool to say.
    pub(crate) fn from_word(word: u64) -> Option<Self> {
        (word & 1 == 0 && word as u32 != 0).then_some(Self(word))
    }

    /// The life that events name.
    pub(crate) fn life(self) -> HandleLife {
        HandleLife((self.0 >> 32) as u32)
    }

    pub(super) fn position(self) -> Position {
        // Bit 0 is clear and the low half is not 0, so that this half is at least 1.
        Position((self.0 as u32 >> 1).wrapping_sub(1))
    }
}

/// Where in the pool's table a handle stands: its address, if the table were the slab.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Position(u32);

impl Position {
    pub(super) fn index(self) -> usize {
        self.0 as usize
    }
}

/// Handles that fit beside a tag bit in half a word.
const MOST: u32 = u32::MAX >> 1;

/// Which zspage of the pool: its class, by position among the distinct ones, and its number there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ZspageId {
    pub(in crate::zsmalloc) class: u16,
    pub(in crate::zsmalloc) number: u32,
}

impl ZspageId {
    /// The two numbers in one, to name its locks.
    pub(super) fn as_u64(self) -> u64 {
        u64::from(self.class) << 32 | u64::from(self.number)
    }
}

/// Where an object is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Location {
    pub(super) zspage: ZspageId,
    pub(super) index: u32,
}

const INDEX_BITS: u32 = 24;
const NUMBER_BITS: u32 = 31;

/// Zspages of one class that a location can tell apart.
pub(super) const MOST_ZSPAGES: u32 = (1 << NUMBER_BITS) - 1;

/// The index of no object: the entry belongs to no object, and where the number would be is the next such entry.
const NOWHERE: u64 = (1 << INDEX_BITS) - 1;

impl Location {
    /// Class, number and index in one word, as the kernel packs page frame number and index (`location_to_obj`).
    fn pack(self) -> u64 {
        let number = u64::from(self.zspage.number) << INDEX_BITS;
        u64::from(self.zspage.class) << (INDEX_BITS + NUMBER_BITS) | number | u64::from(self.index)
    }

    /// `obj_to_location`
    fn unpack(word: u64) -> Option<Self> {
        let index = word & NOWHERE;
        if index == NOWHERE {
            return None;
        }
        let class = (word >> (INDEX_BITS + NUMBER_BITS)) as u16;
        let number = (word >> INDEX_BITS) as u32 & MOST_ZSPAGES;
        Some(Self { zspage: ZspageId { class, number }, index: index as u32 })
    }
}

/// All handles of a pool: where each object is.
#[derive(Clone, Debug)]
pub(super) struct Handles {
    words: Vec<u64>,
    /// The first entry that is not in use.
    unused: u32,
}

impl Default for Handles {
    fn default() -> Self {
        Self { words: Vec::new(), unused: MOST }
    }
}

impl Handles {
    /// An entry that points nowhere yet (`cache_alloc_handle`); none when there are too many to tell apart.
    pub(super) fn allocate(&mut self) -> Option<Position> {
        if let Some(word) = self.words.get(self.unused as usize) {
            let position = Position(self.unused);
            self.unused = (word >> INDEX_BITS) as u32;
            return Some(position);
        }
        let position = u32::try_from(self.words.len()).ok().filter(|at| *at < MOST)?;
        self.words.push(NOWHERE);
        Some(Position(position))
    }

    /// `cache_free_handle`
    pub(super) fn release(&mut self, position: Position) {
        if let Some(word) = self.words.get_mut(position.0 as usize) {
            *word = u64::from(self.unused) << INDEX_BITS | NOWHERE;
            self.unused = position.0;
        }
    }

    /// Where the object is (`handle_to_obj`).
    pub(super) fn location(&self, position: Position) -> Option<Location> {
        self.words.get(position.0 as usize).copied().and_then(Location::unpack)
    }

    /// The object is here now (`record_obj`).
    pub(super) fn record(&mut self, position: Position, location: Location) {
        if let Some(word) = self.words.get_mut(position.0 as usize) {
            *word = location.pack();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_location_fits_one_word() {
        for (class, number, index) in [(0, 0, 0), (256, MOST_ZSPAGES, 3639), (1, 1 << 30, 0x00ff_fffe)] {
            let location = Location { zspage: ZspageId { class, number }, index };
            assert_eq!(Location::unpack(location.pack()), Some(location));
        }
    }

    #[test]
    fn a_handle_is_a_word_with_a_life() {
        let handle = Handle::new(Position(MOST - 1), HandleLife(7));
        assert_eq!((handle.life(), handle.position()), (HandleLife(7), Position(MOST - 1)));
        assert_eq!(Handle::from_word(handle.word()), Some(handle));
        assert_eq!(Handle::from_word(0), None);
        assert_eq!(Handle::from_word(1 << 32), None, "no position");
        assert_eq!(Handle::from_word(handle.word() | 1), None, "tagged");
    }

    #[test]
    fn the_entry_given_back_last_is_the_next_one_out() {
        let mut handles = Handles::default();
        let taken: Vec<_> = (0..3).filter_map(|_| handles.allocate()).collect();
        let here = Location { zspage: ZspageId { class: 3, number: 4 }, index: 5 };
        handles.record(taken[1], here);
        assert_eq!(handles.location(taken[1]), Some(here));
        handles.release(taken[0]);
        handles.release(taken[1]);
        assert_eq!(handles.location(taken[1]), None);
        let again: Vec<_> = (0..3).filter_map(|_| handles.allocate()).collect();
        assert_eq!(again, [Position(1), Position(0), Position(3)]);
    }
}
