//! The older interface: `zs_map_object` and `zs_unmap_object` (up to 6.14).
//!
//! It must return an address, so an object on two pages is handed out as a copy, in a buffer that each CPU has one of. What
//! is copied when is the mode's matter, and for an object on a single page the mode means nothing: the address is the page's.
//! So a write through a read-only mapping is lost if the object lies on two pages, and only then; and a write-only mapping of
//! such an object returns the buffer as the last user left it, all of which goes to the object.

use super::{MapError, Mapper, ObjectHandle, ObjectPool, place::Place};
use crate::zsmalloc::storage::frames::{Frames, Piece};

/// What a mapping is for (`enum zs_mapmode`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MapMode {
    /// Read and write: copied in and out (`ZS_MM_RW`).
    ReadWrite,
    /// Read: not copied out (`ZS_MM_RO`).
    ReadOnly,
    /// Write: not copied in (`ZS_MM_WO`).
    WriteOnly,
}

/// A mapped object, until dropped ([`Mapped::unmap`]). The CPU has no other meanwhile, and its task must not sleep.
#[derive(Debug)]
pub struct Mapped<'a> {
    frames: &'a mut Frames,
    mapper: &'a mut Mapper,
    place: Place,
    mode: MapMode,
    span: bool,
}

impl ObjectPool {
    /// `zs_map_object`
    ///
    /// # Errors
    /// [`MapError::NoObject`]; [`MapError::LocalCopyTooSmall`] if the mapper is of a machine with smaller pages than the pool's.
    pub fn map_object<'a>(
        &'a mut self,
        mapper: &'a mut Mapper,
        handle: ObjectHandle,
        mode: MapMode,
    ) -> Result<Mapped<'a>, MapError> {
        let (frames, place) = self.place_mut(handle)?;
        let span = place.class_spans();
        let (needed, has) = (place.shape.size as usize, mapper.area.len());
        if span && has < needed {
            return Err(MapError::LocalCopyTooSmall { needed, has });
        }
        mapper.locks.pin(place.at.zspage);
        mapper.locks.lock_area();
        mapper.stats.object(span);
        if span && mode != MapMode::WriteOnly {
            let size = place.shape.size;
            copy_in(frames, frames.pieces(place.at, &place.shape, 0, size), &mut mapper.area);
            mapper.stats.copy(2, size as usize);
        }
        Ok(Mapped { frames, mapper, place, mode, span })
    }
}

impl Mapped<'_> {
    /// The object without its header: all that the class has room for, not only what was asked for when it was allocated.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        let (header, size) = (self.place.header() as usize, self.place.shape.size as usize);
        if self.span { &self.mapper.area[header..size] } else { self.frames.bytes(self.on_page()) }
    }

    /// The same, to write to.
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        let (header, size) = (self.place.header() as usize, self.place.shape.size as usize);
        if self.span {
            &mut self.mapper.area[header..size]
        } else {
            let piece = self.on_page();
            self.frames.bytes_mut(piece)
        }
    }

    /// The user's own `memcpy` into the mapping.
    ///
    /// # Errors
    /// [`MapError::TooLong`].
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), MapError> {
        self.place.fitting(bytes.len())?;
        self.bytes_mut()[..bytes.len()].copy_from_slice(bytes);
        self.mapper.stats.user_bytes += bytes.len() as u64;
        Ok(())
    }

    /// The task sleeps here: in debug builds, a panic, for it has the CPU's buffer.
    pub fn may_sleep(&mut self) {
        self.mapper.may_sleep();
    }

    /// `zs_unmap_object`
    pub fn unmap(self) {}

    /// Of an object on a single page: its part behind the header.
    fn on_page(&self) -> Piece {
        let (header, size) = (self.place.header(), self.place.shape.size);
        self.frames.pieces(self.place.at, &self.place.shape, header, size - header)[0]
    }
}

impl Drop for Mapped<'_> {
    fn drop(&mut self) {
        if self.span && self.mode != MapMode::ReadOnly {
            let (header, size) = (self.place.header(), self.place.shape.size);
            let pieces = self.frames.pieces(self.place.at, &self.place.shape, header, size - header);
            self.frames.put(pieces, &self.mapper.area[header as usize..size as usize]);
            self.mapper.stats.copy(2, (size - header) as usize);
        }
        self.mapper.locks.unlock_area();
        self.mapper.locks.unpin(self.place.at.zspage);
    }
}

/// Gathers the two parts of an object.
pub(super) fn copy_in(frames: &Frames, pieces: [Piece; 2], buffer: &mut [u8]) {
    let (first, rest) = buffer.split_at_mut(pieces[0].len);
    first.copy_from_slice(frames.bytes(pieces[0]));
    rest[..pieces[1].len].copy_from_slice(frames.bytes(pieces[1]));
}
