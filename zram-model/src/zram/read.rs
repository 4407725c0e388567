//! Reading a page that is in memory (`zram_read_page`, `read_from_zspool`).

use std::sync::Arc;

use zram_events::{Context, Event, SlotIndex};

use super::{
    device::Live,
    slot::flag::{HUGE, SAME},
};
use crate::{
    context::Call,
    environment::Environment,
    page::{PageBytes, PageSize},
    site::Site,
    zsmalloc::Handle,
};

/// What a slot in memory reads as.
pub(super) enum Content {
    /// One word, repeated. An empty slot is filled with 0.
    Filled(u64),
    /// A page.
    Page(Arc<PageBytes>),
}

impl Content {
    pub(super) fn copy_to(&self, page: &mut PageBytes) {
        match self {
            Self::Filled(fill) => fill_page(page, *fill),
            Self::Page(content) => page.copy_from_slice(content),
        }
    }

    pub(super) fn into_page(self, size: PageSize) -> Arc<PageBytes> {
        match self {
            Self::Filled(fill) => {
                let mut page = vec![0; size.as_usize()];
                fill_page(&mut page, fill);
                page.into()
            }
            Self::Page(content) => content,
        }
    }
}

/// `zram_fill_page`
fn fill_page(page: &mut PageBytes, fill: u64) {
    for word in page.as_chunks_mut::<8>().0 {
        *word = fill.to_le_bytes();
    }
}

impl Live<'_> {
    /// `read_from_zspool`: decompresses if needed.
    pub(super) fn read_from_pool(
        &self,
        index: SlotIndex,
        site: Site,
        call: &mut Call<'_, impl Environment + ?Sized>,
    ) -> Content {
        let slot = &self.disk.slots[index.0 as usize];
        let content = match Handle::from_word(slot.word) {
            Some(handle) if !slot.has(SAME) => {
                let (len, at) = if slot.has(HUGE) {
                    (call.profile.page_size.bytes(), Site::ReadHuge)
                } else {
                    (slot.size(), Site::ReadCompressed)
                };
                let page = self.disk.pool.read_begin(handle, len, at, call);
                if !slot.has(HUGE) {
                    let event = Event::Decompress { result: 0, len, context: Context::Task };
                    call.emit(Site::Decompress, event);
                }
                self.disk.pool.read_end(handle, len, at, call);
                page.map_or(Content::Filled(0), Content::Page)
            }
            // The word itself is looked at, not only the flags: an empty slot has none.
            _ => Content::Filled(slot.word),
        };
        call.emit(site, Event::ReadFromPool { dev: self.dev, slot: index, result: 0 });
        content
    }

    /// `read_from_zspool_raw`: the object as it is stored, without decompressing.
    pub(super) fn read_raw(
        &self,
        index: SlotIndex,
        call: &mut Call<'_, impl Environment + ?Sized>,
    ) -> (u32, Arc<PageBytes>) {
        let slot = &self.disk.slots[index.0 as usize];
        let len = slot.size();
        let page = Handle::from_word(slot.word).and_then(|handle| {
            let page = self.disk.pool.read_begin(handle, len, Site::ReadRaw, call);
            self.disk.pool.read_end(handle, len, Site::ReadRaw, call);
            page
        });
        (len, page.unwrap_or_else(|| vec![0; call.profile.page_size.as_usize()].into()))
    }
}
