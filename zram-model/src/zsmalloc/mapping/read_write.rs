//! The newer interface: `zs_obj_read_begin`, `zs_obj_read_end`, `zs_obj_write` (from 6.15, 44f764134964).
//!
//! It says beforehand whether an object is read or written. A read of an object on two pages is copied to a buffer that the
//! caller brings, so that the CPU need not be kept; a write is not buffered at all.

use std::ops::Deref;

use super::{MapError, Mapper, ObjectHandle, ObjectPool, SpanRule, map_object::copy_in};
use crate::zsmalloc::handle::ZspageId;

/// An object that is being read; to be given to [`ObjectPool::obj_read_end`].
#[derive(Debug)]
#[must_use = "the zspage is locked until `obj_read_end`"]
pub struct ObjectRead<'a> {
    bytes: &'a [u8],
    zspage: ZspageId,
}

impl Deref for ObjectRead<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.bytes
    }
}

impl ObjectPool {
    /// `zs_obj_read_begin`: `len` bytes of an object, on its page, or in `local_copy` if it lies on two.
    ///
    /// # Errors
    /// [`MapError`], if there is no such object, or not as much of it, or the buffer is too small.
    #[inline]
    pub fn obj_read_begin<'a>(
        &'a self,
        mapper: &mut Mapper,
        handle: ObjectHandle,
        len: usize,
        local_copy: &'a mut [u8],
    ) -> Result<ObjectRead<'a>, MapError> {
        let (frames, place) = self.place(handle)?;
        let wanted = place.fitting(len)?;
        let header = place.header();
        // Before 7.0 the header is copied along, and all of the class size.
        let (span, from, copied) = match mapper.rule {
            SpanRule::Introduced | SpanRule::ClassSizeReads => (place.class_spans(), 0, place.shape.size),
            SpanRule::Length => (place.length_spans(wanted), header, wanted),
        };
        let has = local_copy.len();
        if span && has < copied as usize {
            return Err(MapError::LocalCopyTooSmall { needed: copied as usize, has });
        }
        mapper.locks.pin(place.at.zspage);
        mapper.stats.object(span);
        let bytes = if span {
            copy_in(frames, frames.pieces(place.at, &place.shape, from, copied), local_copy);
            mapper.stats.copy(2, copied as usize);
            &local_copy[(header - from) as usize..][..len]
        } else {
            frames.bytes(frames.pieces(place.at, &place.shape, header, wanted)[0])
        };
        Ok(ObjectRead { bytes, zspage: place.at.zspage })
    }

    /// `zs_obj_read_end`
    #[inline]
    pub fn obj_read_end(&self, mapper: &mut Mapper, read: ObjectRead<'_>) {
        mapper.locks.unpin(read.zspage);
    }

    /// `zs_obj_write`: all of `bytes`, to the beginning of the object.
    ///
    /// # Errors
    /// [`MapError`], if there is no such object or not as much room in it; and [`MapError::Underflow`], by the rule that had it.
    #[inline]
    pub fn obj_write(
        &mut self,
        mapper: &mut Mapper,
        handle: ObjectHandle,
        bytes: &[u8],
    ) -> Result<(), MapError> {
        let (frames, place) = self.place_mut(handle)?;
        let len = place.fitting(bytes.len())?;
        let span = place.length_spans(len);
        if mapper.rule == SpanRule::Introduced && place.class_spans() && !span {
            return Err(MapError::Underflow { len: bytes.len() });
        }
        mapper.locks.pin(place.at.zspage);
        mapper.stats.object(span);
        frames.put(frames.pieces(place.at, &place.shape, place.header(), len), bytes);
        mapper.stats.copy(if span { 2 } else { 1 }, bytes.len());
        mapper.locks.unpin(place.at.zspage);
        Ok(())
    }
}
