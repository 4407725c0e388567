//! Reading without copying: `zs_obj_read_sg_begin`, `zs_obj_read_sg_end` (from 7.0, dc2e4982cb01).
//!
//! A decompressor that takes a scatterlist is given the pages themselves. zswap uses it; zram's compressors want one address.

use super::{MapError, Mapper, ObjectHandle, ObjectPool};
use crate::zsmalloc::handle::ZspageId;

/// An object as one piece or two; to be given to [`ObjectPool::obj_read_sg_end`].
#[derive(Debug)]
#[must_use = "the zspage is locked until `obj_read_sg_end`"]
pub struct ObjectPieces<'a> {
    pieces: [&'a [u8]; 2],
    count: usize,
    zspage: ZspageId,
}

impl<'a> ObjectPieces<'a> {
    /// The pieces, in order.
    #[must_use]
    pub fn as_slice(&self) -> &[&'a [u8]] {
        &self.pieces[..self.count]
    }
}

impl ObjectPool {
    /// `zs_obj_read_sg_begin`: where the first `len` bytes of an object are. Judges by the length, whatever the mapper's rule: it is no older.
    ///
    /// # Errors
    /// [`MapError`], if there is no such object or not as much of it.
    #[inline]
    pub fn obj_read_sg_begin(
        &self,
        mapper: &mut Mapper,
        handle: ObjectHandle,
        len: usize,
    ) -> Result<ObjectPieces<'_>, MapError> {
        let (frames, place) = self.place(handle)?;
        let wanted = place.fitting(len)?;
        let span = place.length_spans(wanted);
        mapper.locks.pin(place.at.zspage);
        mapper.stats.object(span);
        let pieces = frames.pieces(place.at, &place.shape, place.header(), wanted);
        let pieces = pieces.map(|piece| frames.bytes(piece));
        Ok(ObjectPieces { pieces, count: if span { 2 } else { 1 }, zspage: place.at.zspage })
    }

    /// `zs_obj_read_sg_end`
    #[inline]
    pub fn obj_read_sg_end(&self, mapper: &mut Mapper, pieces: &ObjectPieces<'_>) {
        mapper.locks.unpin(pieces.zspage);
    }
}
