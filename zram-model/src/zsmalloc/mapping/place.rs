//! Where an object lies, and what can be wrong with a request for it.

use thiserror::Error;

#[cfg(doc)]
use super::SpanRule;
use crate::zsmalloc::{
    class_table::{ClassShape, HANDLE_SIZE},
    handle::Location,
    storage::frames::Frames,
};

/// Why an object was not handed out. In the kernel each of these is memory corruption.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum MapError {
    /// The handle was freed, or is of another pool.
    #[error("the handle names no object of this pool")]
    NoObject,
    /// More was asked for than the object has.
    #[error("{len} bytes of an object that has room for {room}")]
    TooLong {
        /// What was asked for, in bytes.
        len: usize,
        /// What there is, in bytes.
        room: usize,
    },
    /// The object lies on two pages and does not fit the caller's buffer, or the CPU's.
    #[error("the local copy takes {needed} bytes, and the buffer has {has}: give it a page")]
    LocalCopyTooSmall {
        /// What is needed, in bytes.
        needed: usize,
        /// What there is, in bytes.
        has: usize,
    },
    /// [`SpanRule::Introduced`]: by its class size the object lies on two pages, all that is to be written ends on the first, and the
    /// length of the second part comes out negative.
    #[error(
        "{len} bytes end before the page does: their part on the second page has a negative length (fixed by 02f5bf89f0b0)"
    )]
    Underflow {
        /// What was to be written, in bytes.
        len: usize,
    },
}

/// An object's place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) at: Location,
    pub(super) shape: ClassShape,
    /// Where in its first page the object begins, header included.
    offset: u32,
    page_size: u32,
}

impl Place {
    #[inline]
    pub(super) fn new(frames: &Frames, at: Location, shape: ClassShape) -> Self {
        let page_size = frames.page_size() as u32;
        let offset = (shape.size * at.index) & (page_size - 1);
        Self { at, shape, offset, page_size }
    }

    /// Bytes of header before what the user stores.
    #[inline]
    pub(super) fn header(&self) -> u32 {
        if self.shape.huge() { 0 } else { HANDLE_SIZE }
    }

    /// Bytes that a user may store.
    pub(super) fn room(&self) -> usize {
        (self.shape.size - self.header()) as usize
    }

    /// Whether all that the class has for the object crosses the page.
    #[inline]
    pub(super) fn class_spans(&self) -> bool {
        self.offset + self.shape.size > self.page_size
    }

    /// Whether its first `len` bytes behind the header end on another page than the header.
    #[inline]
    pub(super) fn length_spans(&self, len: u32) -> bool {
        self.offset + self.header() + len > self.page_size
    }

    /// `len`, if the object has as much.
    #[inline]
    pub(super) fn fitting(&self, len: usize) -> Result<u32, MapError> {
        let room = self.room();
        if len <= room { Ok(len as u32) } else { Err(MapError::TooLong { len, room }) }
    }
}
