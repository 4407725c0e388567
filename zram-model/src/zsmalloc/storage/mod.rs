//! Where the objects of a pool are, if anywhere.
//!
//! The allocator decides by sizes and by the order of calls. It needs two facts of each object: if it is
//! free, which is the next free one; if it is used, who owns it. In the kernel both are the object's
//! first word, and that is one storage here: [`frames`], pages of memory with everything that the
//! kernel leaves in them. The other keeps those words and nothing else: [`words`], a fortieth of the
//! memory. The allocator runs over either without knowing which.
//!
//! What a user stored comes in three strengths ([`Storage`]). With frames it is the bytes. With words it is
//! either nothing, or, object by object, the page that was compressed, since the user's page
//! together with the compressed length says as much as the compressed bytes do.

pub(crate) mod frames;
mod words;

use std::sync::Arc;

use self::{frames::Frames, words::Words};
use super::{
    class_table::ClassShape,
    handle::{Location, ZspageId},
};
use crate::page::PageBytes;

/// What the model keeps of the pages written to its devices.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Storage {
    /// Sizes only, for simulation at size: 24 bytes per slot (the slot table's entry and the handle), and
    /// per object the word that links it. A page read back is [undetermined](crate::Environment::undetermined), and a write
    /// of part of one, which kernels with larger pages do, finds zeros around what it writes.
    Sizes,
    /// The page that each object stands for: what a checker needs that observes compressed lengths, not bytes.
    #[default]
    Pages,
    /// The bytes of the pool's own pages: headers with handles, links of free objects, compressed data. The
    /// environment compresses and decompresses for it
    /// ([`compress_into`](crate::Environment::compress_into), [`decompress`](crate::Environment::decompress)).
    Bytes,
}

/// The end of a free list, in the word of the last object (`-1UL << OBJ_TAG_BITS`).
const END: u64 = u64::MAX << 1;

/// Bit 0 of an object's first word says that it is in use (`OBJ_ALLOCATED_TAG`).
const ALLOCATED: u64 = 1;

/// The first word of each object of a pool, and what else is kept of the object.
#[derive(Clone, Debug)]
pub(crate) enum Objects {
    /// [`Storage::Sizes`]
    Words(Words),
    /// [`Storage::Pages`]
    Pages(Words, Pages),
    /// [`Storage::Bytes`]
    Frames(Frames),
}

/// By handle, the page that its object stands for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pages(Vec<Option<Arc<PageBytes>>>);

impl Pages {
    pub(super) fn get(&self, handle: usize) -> Option<&Arc<PageBytes>> {
        self.0.get(handle)?.as_ref()
    }

    pub(super) fn set(&mut self, handle: usize, page: Option<Arc<PageBytes>>) {
        if handle >= self.0.len() {
            if page.is_none() {
                return;
            }
            self.0.resize(handle + 1, None);
        }
        self.0[handle] = page;
    }
}

/// The link that `init_zspage` leaves in the object at `index`: the next one. The last one's names the waste
/// behind it, if there is any, which is never reached because the zspage is full by then.
fn initial_link(index: u32, shape: &ClassShape, page_size: u32) -> u64 {
    let next = index + 1;
    if next * shape.size < shape.pages * page_size { u64::from(next) << 1 } else { END }
}

/// The object that a link names.
fn linked(word: u64) -> u32 {
    (word >> 1) as u32
}

/// The word that links to the object `next`. The kernel shifts 32 bits here, not 64.
fn link(next: u32) -> u64 {
    u64::from(next << 1)
}

impl Objects {
    pub(super) fn new(storage: Storage, classes: usize, page_size: u32) -> Self {
        let words = || Words::new(classes, page_size);
        match storage {
            Storage::Sizes => Self::Words(words()),
            Storage::Pages => Self::Pages(words(), Pages::default()),
            Storage::Bytes => Self::Frames(Frames::new(classes, page_size)),
        }
    }

    /// Memory for a new zspage, its objects linked in order (`alloc_zspage`, `init_zspage`).
    pub(super) fn begin_zspage(&mut self, id: ZspageId, shape: &ClassShape) {
        match self {
            Self::Words(words) | Self::Pages(words, _) => words.begin_zspage(id, shape),
            Self::Frames(frames) => frames.begin_zspage(id, shape),
        }
    }

    /// The zspage's memory goes back (`__free_zspage`).
    pub(super) fn end_zspage(&mut self, id: ZspageId, shape: &ClassShape) {
        if let Self::Frames(frames) = self {
            frames.end_zspage(id, shape);
        }
    }

    /// Page number `page` of a zspage gives way to another one with the same bytes (`replace_sub_page`).
    pub(super) fn replace_page(&mut self, id: ZspageId, shape: &ClassShape, page: u32) {
        if let Self::Frames(frames) = self {
            frames.replace_page(id, shape, page);
        }
    }

    /// The free object after this free one.
    pub(super) fn next_free(&self, at: Location, shape: &ClassShape) -> u32 {
        linked(match self {
            Self::Words(words) | Self::Pages(words, _) => words.word(at, shape),
            Self::Frames(frames) => frames.link(at, shape),
        })
    }

    /// The object is free, and `next` the one after it.
    pub(super) fn set_free(&mut self, at: Location, shape: &ClassShape, next: u32) {
        match self {
            Self::Words(words) | Self::Pages(words, _) => words.set_word(at, shape, link(next)),
            Self::Frames(frames) => frames.set_free(at, shape, link(next)),
        }
    }

    /// Whose the object is, if it is in use (`obj_allocated`): the owner's word.
    pub(super) fn owner(&self, at: Location, shape: &ClassShape) -> Option<u64> {
        let word = match self {
            Self::Words(words) | Self::Pages(words, _) => words.word(at, shape),
            Self::Frames(frames) => frames.owner(at, shape),
        };
        (word & ALLOCATED != 0).then_some(word & !ALLOCATED)
    }

    /// The object is in use, and this its owner.
    pub(super) fn set_owner(&mut self, at: Location, shape: &ClassShape, owner: u64) {
        match self {
            Self::Words(words) | Self::Pages(words, _) => words.set_word(at, shape, owner | ALLOCATED),
            Self::Frames(frames) => frames.set_owner(at, shape, owner | ALLOCATED),
        }
    }

    /// The object moves (`zs_object_copy`).
    pub(super) fn copy(&mut self, from: Location, to: Location, shape: &ClassShape) {
        if let Self::Frames(frames) = self {
            frames.copy(from, to, shape);
        }
    }
}
