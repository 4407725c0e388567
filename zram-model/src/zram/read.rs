//! Reading a page that is in memory (`zram_read_page`, `read_from_zspool`).

use std::sync::Arc;

use zram_events::{Event, SlotIndex};

use super::{
    device::Live,
    slot::{
        Slot,
        flag::{HUGE, SAME},
    },
};
use crate::{
    context::Call,
    environment::Environment,
    errno::Errno,
    mutation::Mutation,
    page::{PageBytes, PageSize},
    site::Site,
    view::BlockContent,
    zsmalloc::{Handle, object::Found},
};

/// What a slot in memory reads as.
pub(super) enum Content {
    /// One word, repeated. An empty slot is filled with 0.
    Filled(u64),
    /// A page.
    Page(Arc<PageBytes>),
    /// Nothing that the model keeps.
    Unknown,
}

impl Content {
    /// Into a page of memory; what is not known leaves zeros there.
    pub(super) fn copy_to(&self, page: &mut PageBytes) {
        match self {
            Self::Filled(fill) => fill_page(page, *fill),
            Self::Page(content) => page.copy_from_slice(content),
            Self::Unknown => page.fill(0),
        }
    }

    /// The page, if it is known.
    pub(super) fn into_page(self, size: PageSize) -> Option<Arc<PageBytes>> {
        match self {
            Self::Filled(fill) => Some(fresh_page(size, |page| fill_page(page, fill))),
            Self::Page(content) => Some(content),
            Self::Unknown => None,
        }
    }

    /// As what a block holds after it was written there.
    pub(super) fn into_block(self, size: PageSize) -> BlockContent {
        self.into_page(size).map_or(BlockContent::Unknown, BlockContent::Raw)
    }
}

/// `zram_fill_page`
fn fill_page(page: &mut PageBytes, fill: u64) {
    for word in page.as_chunks_mut::<8>().0 {
        *word = fill.to_le_bytes();
    }
}

/// A page of zeros, before something is put into it.
fn fresh_page(size: PageSize, put: impl FnOnce(&mut PageBytes)) -> Arc<PageBytes> {
    let mut page: Arc<PageBytes> = core::iter::repeat_n(0, size.as_usize()).collect();
    if let Some(bytes) = Arc::get_mut(&mut page) {
        put(bytes);
    }
    page
}

/// Where a page that is read goes.
enum Target<'a> {
    /// A page of memory.
    Memory(&'a mut PageBytes),
    /// Nowhere yet.
    Content(&'a mut Content),
}

impl Target<'_> {
    /// Into memory goes a copy.
    fn put(self, content: Content) {
        match self {
            Self::Memory(page) => content.copy_to(page),
            Self::Content(target) => *target = content,
        }
    }

    /// What a function makes, straight into memory if that is where it goes.
    fn put_by<R>(self, size: PageSize, make: impl FnOnce(&mut PageBytes) -> R) -> Option<R> {
        match self {
            Self::Memory(page) => Some(make(page)),
            Self::Content(target) => {
                let mut result = None;
                *target = Content::Page(fresh_page(size, |page| result = Some(make(page))));
                result
            }
        }
    }
}

impl Live<'_> {
    /// `read_from_zspool`: decompresses if needed.
    pub(super) fn read_from_pool(
        &self,
        index: SlotIndex,
        site: Site,
        call: &mut Call<'_, impl Environment + ?Sized>,
    ) -> Result<Content, Errno> {
        let mut content = Content::Unknown;
        self.read_to(index, Target::Content(&mut content), site, call).map(|()| content)
    }

    /// `read_from_zspool` into a page of memory.
    pub(super) fn read_into(
        &self,
        index: SlotIndex,
        page: &mut PageBytes,
        call: &mut Call<'_, impl Environment + ?Sized>,
    ) -> Result<(), Errno> {
        self.read_to(index, Target::Memory(page), Site::ReadFromPool, call)
    }

    /// Whether a read of the slot gives what was written, or zeros because the model does not keep that.
    pub(super) fn keeps(&self, index: SlotIndex) -> bool {
        let slot = &self.disk.slots[index.0 as usize];
        slot.has(SAME) || Handle::from_word(slot.word).is_none_or(|handle| self.disk.pool.keeps(handle))
    }

    fn read_to(
        &self,
        index: SlotIndex,
        target: Target<'_>,
        site: Site,
        call: &mut Call<'_, impl Environment + ?Sized>,
    ) -> Result<(), Errno> {
        let slot = &self.disk.slots[index.0 as usize];
        let done = match Handle::from_word(slot.word) {
            Some(handle) if !slot.has(SAME) => self.read_object(slot, handle, target, call),
            // The word itself is looked at, not only the flags: an empty slot has none.
            _ => {
                target.put(Content::Filled(slot.word));
                Ok(())
            }
        };
        let result = done.err().map_or(0, Errno::negative);
        call.emit(site, Event::ReadFromPool { dev: self.dev, slot: index, result });
        done
    }

    /// `read_incompressible_page`, `read_compressed_page`
    fn read_object(
        &self,
        slot: &Slot,
        handle: Handle,
        target: Target<'_>,
        call: &mut Call<'_, impl Environment + ?Sized>,
    ) -> Result<(), Errno> {
        let page_size = call.profile.page_size;
        let huge = slot.has(HUGE);
        let (len, at) =
            if huge { (page_size.bytes(), Site::ReadHuge) } else { (slot.size(), Site::ReadCompressed) };
        let pool = &self.disk.pool;
        let mut done = Ok(());
        let found = pool.read_begin(handle, len, at, call);
        if call.behaviours().preemptible_mapping {
            // A compressor's stream is behind a mutex, and the decompressor may sleep too.
            call.locks.may_sleep();
        }
        match found {
            None => target.put(Content::Filled(0)),
            Some(Found::Unknown) => target.put(Content::Unknown),
            Some(Found::Page(page)) => target.put(Content::Page(Arc::clone(page))),
            Some(Found::Bytes([bytes, _])) if huge => {
                target.put_by(page_size, |page| page.copy_from_slice(bytes));
            }
            Some(Found::Bytes([first, second])) => {
                let mut copy = Vec::new();
                let codec = self.codec_of_slot(slot);
                let object = joined(first, second, &mut copy);
                let decompress = |page: &mut PageBytes| call.env.decompress(codec, object, page);
                done = target.put_by(page_size, decompress).unwrap_or(Ok(()));
            }
        }
        if !huge {
            let result = done.err().map_or(0, Errno::negative);
            call.emit(Site::Decompress, Event::Decompress { result, len, context: call.env.submitter() });
        }
        pool.read_end(handle, len, at, call);
        done
    }

    /// `read_from_zspool_raw`: the object as it is stored, without decompressing, with the rest of the block clear. Of the page that it goes to
    /// `written` bytes are those of objects before it.
    pub(super) fn read_raw(
        &self,
        index: SlotIndex,
        written: u32,
        call: &mut Call<'_, impl Environment + ?Sized>,
    ) -> BlockContent {
        let page_size = call.profile.page_size;
        let slot = &self.disk.slots[index.0 as usize];
        let (pool, len) = (&self.disk.pool, slot.size());
        let Some(handle) = Handle::from_word(slot.word) else { return BlockContent::Unknown };
        let content = match pool.read_begin(handle, len, Site::ReadRaw, call) {
            None | Some(Found::Unknown) => BlockContent::Unknown,
            Some(Found::Page(page)) => {
                let (codec, page) = (self.codec_of_slot(slot), Arc::clone(page));
                if len == page_size.bytes() {
                    BlockContent::Raw(page)
                } else if !call.behaviours().trailing_bytes_cleared
                    || call.broken(Mutation::TrailingBytesKept)
                {
                    BlockContent::Unclean { len, stale: written.saturating_sub(len), codec, page }
                } else {
                    // 3bf1c285dc40
                    BlockContent::Compressed { len, codec, page }
                }
            }
            Some(Found::Bytes([first, second])) => BlockContent::Raw(fresh_page(page_size, |page| {
                let bytes = first.iter().chain(second);
                page.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
            })),
        };
        pool.read_end(handle, len, Site::ReadRaw, call);
        content
    }
}

/// Both parts of an object in one piece: by way of a copy if there are two, as `zs_obj_read_begin` does it.
fn joined<'a>(first: &'a [u8], second: &[u8], copy: &'a mut Vec<u8>) -> &'a [u8] {
    if second.is_empty() {
        return first;
    }
    copy.extend_from_slice(first);
    copy.extend_from_slice(second);
    copy
}
