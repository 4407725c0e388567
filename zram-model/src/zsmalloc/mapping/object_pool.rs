//! A pool of bytes without a zram above it: what zswap, or a test of zsmalloc, has.

use std::sync::Arc;

use zram_events::Event;

use super::{MapError, place::Place};
use crate::{
    PageBytes, PageSize,
    context::{Call, Lives},
    environment::{BackingRequest, ClockUse, Codec, Completion, Environment},
    errno::Errno,
    profile::Profile,
    site::Site,
    zsmalloc::{
        ClassTable, Handle, Pool,
        storage::{Storage, frames::Frames},
    },
};

/// An object's name. It stays when the object moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ObjectHandle(Handle);

/// `struct zs_pool`, with the bytes of its pages.
#[derive(Debug)]
pub struct ObjectPool {
    pool: Pool,
    lives: Lives,
    profile: Profile,
}

/// A world in which there is memory and nothing else is asked for.
pub(in crate::zsmalloc) struct Memory;

impl Environment for Memory {
    fn emit(&mut self, _: Event) {}

    fn compress(&mut self, _: Codec, _: &PageBytes) -> Result<u32, Errno> {
        Err(Errno::EINVAL)
    }

    fn boot_seconds(&mut self, _: ClockUse) -> u32 {
        0
    }

    fn open_backing(&mut self, _: &str) -> Result<u64, Errno> {
        Err(Errno::ENOENT)
    }

    fn submit_backing(&mut self, _: BackingRequest) -> Completion {
        Completion::Now(0)
    }
}

impl ObjectPool {
    /// `zs_create_pool`, on a kernel with pages of this size and `CONFIG_ZSMALLOC_CHAIN_SIZE`, which is from 4 to 16: less
    /// and more are taken for those.
    ///
    /// # Errors
    /// [`Errno::ENOMEM`], as the kernel's.
    pub fn new(page_size: PageSize, chain_size: u32) -> Result<Self, Errno> {
        let chain_size = chain_size.clamp(4, 16);
        let profile = Profile { page_size, chain_size, ..Profile::debian_7_2() };
        let table = Arc::new(ClassTable::new(page_size.bytes(), chain_size, false));
        let mut lives = Lives::default();
        let pool = Pool::create(&table, Storage::Bytes, &mut Call::new(&mut Memory, &mut lives, &profile))?;
        Ok(Self { pool, lives, profile })
    }

    /// `zs_malloc`: room for `size` bytes.
    ///
    /// # Errors
    /// [`Errno::EINVAL`] for none, [`Errno::ENOSPC`] for more than a page, [`Errno::ENOMEM`].
    pub fn malloc(&mut self, size: u32) -> Result<ObjectHandle, Errno> {
        let mut memory = Memory;
        let mut call = Call::new(&mut memory, &mut self.lives, &self.profile);
        self.pool.malloc(size, &mut call).map(ObjectHandle)
    }

    /// `zs_free`. A handle that names nothing any more is ignored.
    pub fn free(&mut self, handle: ObjectHandle) {
        self.pool.free(handle.0, Site::FreeSlot, &mut Call::new(&mut Memory, &mut self.lives, &self.profile));
    }

    /// `zs_compact`. Returns how many pages it freed.
    pub fn compact(&mut self) -> u64 {
        self.pool.compact(Site::Compact, &mut Call::new(&mut Memory, &mut self.lives, &self.profile))
    }

    /// `zs_get_total_pages`
    #[must_use]
    pub fn total_pages(&self) -> u64 {
        self.pool.total_pages()
    }

    /// Bytes that an object has room for behind its header: the class's, of which the user asked for some.
    ///
    /// # Errors
    /// [`MapError::NoObject`].
    pub fn room(&self, handle: ObjectHandle) -> Result<usize, MapError> {
        Ok(self.place(handle)?.1.room())
    }

    #[inline]
    pub(super) fn place(&self, handle: ObjectHandle) -> Result<(&Frames, Place), MapError> {
        let (frames, at, shape) = self.pool.mapped(handle.0).ok_or(MapError::NoObject)?;
        Ok((frames, Place::new(frames, at, *shape)))
    }

    #[inline]
    pub(super) fn place_mut(&mut self, handle: ObjectHandle) -> Result<(&mut Frames, Place), MapError> {
        let (frames, at, shape) = self.pool.mapped_mut(handle.0).ok_or(MapError::NoObject)?;
        let place = Place::new(frames, at, shape);
        Ok((frames, place))
    }
}
