//! Handles: the indirection through which compaction can move an object.

use std::sync::Arc;

use super::zspage::ZspageId;
use crate::page::PageBytes;

/// An object's name that stays when the object moves. Never 0 as a word, as in the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Handle(u32);

impl Handle {
    #[cfg(test)]
    pub(super) const fn at(position: u32) -> Self {
        Self(position)
    }

    /// As the `handle` word of a slot.
    pub(crate) fn word(self) -> u64 {
        u64::from(self.0) + 1
    }

    /// From the `handle` word of a slot.
    pub(crate) fn from_word(word: u64) -> Option<Self> {
        word.checked_sub(1).and_then(|at| u32::try_from(at).ok()).map(Self)
    }
}

/// Where an object is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Location {
    pub(super) zspage: ZspageId,
    pub(super) index: u32,
}

/// All handles of a pool: where each object is, and the page it stands for.
///
/// The two are kept apart so that a pool that only counts need not carry contents.
#[derive(Clone, Debug, Default)]
pub(super) struct Handles {
    locations: Vec<Option<Location>>,
    contents: Vec<Option<Arc<PageBytes>>>,
    unused: Vec<u32>,
}

impl Handles {
    /// A handle that points nowhere yet (`cache_alloc_handle`); none when 2³² are in use.
    pub(super) fn allocate(&mut self) -> Option<Handle> {
        if let Some(position) = self.unused.pop() {
            return Some(Handle(position));
        }
        let position = u32::try_from(self.locations.len()).ok()?;
        self.locations.push(None);
        self.contents.push(None);
        Some(Handle(position))
    }

    /// `cache_free_handle`
    pub(super) fn release(&mut self, handle: Handle) {
        let at = handle.0 as usize;
        if let (Some(location), Some(content)) = (self.locations.get_mut(at), self.contents.get_mut(at)) {
            *location = None;
            *content = None;
            self.unused.push(handle.0);
        }
    }

    /// Where the object is (`handle_to_obj`).
    pub(super) fn location(&self, handle: Handle) -> Option<Location> {
        self.locations.get(handle.0 as usize).copied().flatten()
    }

    /// The object is here now (`record_obj`).
    pub(super) fn record(&mut self, handle: Handle, location: Location) {
        if let Some(entry) = self.locations.get_mut(handle.0 as usize) {
            *entry = Some(location);
        }
    }

    pub(super) fn content(&self, handle: Handle) -> Option<Arc<PageBytes>> {
        self.contents.get(handle.0 as usize).cloned().flatten()
    }

    pub(super) fn set_content(&mut self, handle: Handle, page: Arc<PageBytes>) {
        if let Some(entry) = self.contents.get_mut(handle.0 as usize) {
            *entry = Some(page);
        }
    }
}
