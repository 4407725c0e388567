//! The pages of a pool, with everything that zsmalloc and its users leave in them.
//!
//! A zspage's pages need not be neighbours, so an object may begin on one and end on another. Its first
//! word never does: sizes are multiples of 8. A huge object fills its page and has no room for a
//! header; its owner stands in the page's descriptor. Pages are not cleared when they change hands,
//! as the kernel's are not.

use super::{END, initial_link};
use crate::zsmalloc::{
    class_table::{ClassShape, HANDLE_SIZE},
    handle::{Location, ZspageId},
};

/// A page of memory, by number (`pfn`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FrameId(u32);

/// A page of memory and its descriptor (`struct zpdesc`).
#[derive(Clone, Debug)]
struct Frame {
    bytes: Box<[u8]>,
    /// The owner of the huge object in it (`zpdesc->handle`).
    owner: u64,
}

/// A part of an object: bytes of one page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) frame: FrameId,
    /// First byte within the page.
    pub(crate) offset: usize,
    /// Bytes; 0 for the second part of an object that has only one.
    pub(crate) len: usize,
}

/// All pages of a pool.
#[derive(Clone, Debug)]
pub(crate) struct Frames {
    shift: u32,
    frames: Vec<Frame>,
    /// Pages that belong to no zspage.
    unused: Vec<FrameId>,
    /// For each class, the pages of its zspages, one zspage behind the other (`zpdesc->next`).
    chains: Vec<Vec<FrameId>>,
}

impl Frames {
    pub(super) fn new(classes: usize, page_size: u32) -> Self {
        let chains = vec![Vec::new(); classes];
        Self { shift: page_size.trailing_zeros(), frames: Vec::new(), unused: Vec::new(), chains }
    }

    /// Bytes of a page.
    pub(crate) fn page_size(&self) -> usize {
        1 << self.shift
    }

    fn allocate(&mut self) -> FrameId {
        self.unused.pop().unwrap_or_else(|| {
            let bytes = vec![0; self.page_size()].into_boxed_slice();
            self.frames.push(Frame { bytes, owner: 0 });
            FrameId(self.frames.len() as u32 - 1)
        })
    }

    pub(super) fn begin_zspage(&mut self, id: ZspageId, shape: &ClassShape) {
        let start = chain_start(id, shape);
        for page in 0..shape.pages as usize {
            let frame = self.allocate();
            self.frames[frame.0 as usize].owner = 0;
            let chain = &mut self.chains[usize::from(id.class)];
            match chain.get_mut(start + page) {
                Some(entry) => *entry = frame,
                None => chain.push(frame),
            }
        }
        let page_size = self.page_size() as u32;
        for index in 0..shape.objects {
            let at = Location { zspage: id, index };
            self.set_first_word(at, shape, initial_link(index, shape, page_size));
        }
        if shape.objects * shape.size < shape.pages * page_size {
            self.set_first_word(Location { zspage: id, index: shape.objects }, shape, END);
        }
    }

    pub(super) fn end_zspage(&mut self, id: ZspageId, shape: &ClassShape) {
        let start = chain_start(id, shape);
        let chain = &self.chains[usize::from(id.class)][start..start + shape.pages as usize];
        self.unused.extend(chain);
    }

    pub(super) fn replace_page(&mut self, id: ZspageId, shape: &ClassShape, page: u32) {
        let (new, at) = (self.allocate(), chain_start(id, shape) + page as usize);
        let old = core::mem::replace(&mut self.chains[usize::from(id.class)][at], new);
        if let Ok([from, to]) = self.frames.get_disjoint_mut([old.0 as usize, new.0 as usize]) {
            to.bytes.copy_from_slice(&from.bytes);
            to.owner = from.owner;
        }
        self.unused.push(old);
    }

    /// The link in a free object: of a huge one, whatever its page begins with, which nobody follows.
    pub(super) fn link(&self, at: Location, shape: &ClassShape) -> u64 {
        let Piece { frame, offset, .. } = self.first_word(at, shape);
        let bytes = &self.frames[frame.0 as usize].bytes[offset..];
        bytes.first_chunk().map_or(END, |word| u64::from_le_bytes(*word))
    }

    pub(super) fn set_free(&mut self, at: Location, shape: &ClassShape, link: u64) {
        if shape.huge() {
            self.set_page_owner(at, shape, 0);
        } else {
            self.set_first_word(at, shape, link);
        }
    }

    pub(super) fn owner(&self, at: Location, shape: &ClassShape) -> u64 {
        if shape.huge() {
            let frame = self.chain(at.zspage, shape)[0];
            return self.frames[frame.0 as usize].owner;
        }
        self.link(at, shape)
    }

    pub(super) fn set_owner(&mut self, at: Location, shape: &ClassShape, owner: u64) {
        if shape.huge() {
            self.set_page_owner(at, shape, owner);
        } else {
            self.set_first_word(at, shape, owner);
        }
    }

    fn set_page_owner(&mut self, at: Location, shape: &ClassShape, owner: u64) {
        let frame = self.chain(at.zspage, shape)[0];
        self.frames[frame.0 as usize].owner = owner;
    }

    fn first_word(&self, at: Location, shape: &ClassShape) -> Piece {
        let start = at.index as usize * shape.size as usize;
        let frame = self.chain(at.zspage, shape)[start >> self.shift];
        Piece { frame, offset: start & (self.page_size() - 1), len: size_of::<u64>() }
    }

    fn set_first_word(&mut self, at: Location, shape: &ClassShape, word: u64) {
        let Piece { frame, offset, .. } = self.first_word(at, shape);
        let bytes = &mut self.frames[frame.0 as usize].bytes[offset..];
        if let Some(first) = bytes.first_chunk_mut() {
            *first = word.to_le_bytes();
        }
    }

    /// The pages of a zspage, in order (`get_first_zpdesc`, `get_next_zpdesc`).
    pub(crate) fn chain(&self, id: ZspageId, shape: &ClassShape) -> &[FrameId] {
        let start = chain_start(id, shape);
        &self.chains[usize::from(id.class)][start..start + shape.pages as usize]
    }

    /// The bytes of a page.
    pub(crate) fn page(&self, frame: FrameId) -> &[u8] {
        &self.frames[frame.0 as usize].bytes
    }

    /// The bytes of a page, to write to.
    pub(crate) fn page_mut(&mut self, frame: FrameId) -> &mut [u8] {
        &mut self.frames[frame.0 as usize].bytes
    }

    /// `len` bytes of an object from byte `from` on, on one page or on two. At most what the object has.
    pub(crate) fn pieces(&self, at: Location, shape: &ClassShape, from: u32, len: u32) -> [Piece; 2] {
        let from = from.min(shape.size);
        let len = len.min(shape.size - from) as usize;
        let start = at.index as usize * shape.size as usize + from as usize;
        let chain = self.chain(at.zspage, shape);
        let (page, offset) = (start >> self.shift, start & (self.page_size() - 1));
        let frame = chain[page.min(chain.len() - 1)];
        let first = len.min(self.page_size() - offset);
        let second = chain.get(page + 1).copied().unwrap_or(frame);
        [Piece { frame, offset, len: first }, Piece { frame: second, offset: 0, len: len - first }]
    }

    /// `len` bytes of what an object's user stored: behind the header, if there is one.
    pub(crate) fn content(&self, at: Location, shape: &ClassShape, len: u32) -> [Piece; 2] {
        let header = if shape.huge() { 0 } else { HANDLE_SIZE };
        self.pieces(at, shape, header, len)
    }

    /// The bytes of a piece.
    pub(crate) fn bytes(&self, piece: Piece) -> &[u8] {
        &self.page(piece.frame)[piece.offset..piece.offset + piece.len]
    }

    /// The bytes of a piece, to write to.
    pub(crate) fn bytes_mut(&mut self, piece: Piece) -> &mut [u8] {
        &mut self.page_mut(piece.frame)[piece.offset..piece.offset + piece.len]
    }

    /// `zs_object_copy`: all of the object, header included.
    pub(super) fn copy(&mut self, from: Location, to: Location, shape: &ClassShape) {
        let mut object = Vec::with_capacity(shape.size as usize);
        for piece in self.pieces(from, shape, 0, shape.size) {
            object.extend_from_slice(self.bytes(piece));
        }
        self.put(self.pieces(to, shape, 0, shape.size), &object);
    }

    /// Copies bytes into pieces. What the pieces have more than there are bytes is cleared.
    pub(crate) fn put(&mut self, pieces: [Piece; 2], bytes: &[u8]) {
        let mut rest = bytes;
        for piece in pieces {
            let (part, behind) = rest.split_at(rest.len().min(piece.len));
            let (target, missing) = self.bytes_mut(piece).split_at_mut(part.len());
            target.copy_from_slice(part);
            missing.fill(0);
            rest = behind;
        }
    }
}

fn chain_start(id: ZspageId, shape: &ClassShape) -> usize {
    id.number as usize * shape.pages as usize
}
