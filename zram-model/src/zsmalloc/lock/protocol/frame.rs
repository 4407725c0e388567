//! A page: its lock, the zspage it belongs to, and its objects.

use crate::zsmalloc::lock::{
    page_lock::PageLock,
    sync::{AtomicU64, Ordering},
};

/// Objects in a page.
pub const OBJECTS: usize = 2;

/// What the next owner of a page puts there.
const FOREIGN: u64 = u64::MAX;

/// `struct zpdesc` and the page behind it.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) lock: PageLock,
    /// The zspage and one; 0 for none (`zpdesc.zspage`).
    owner: AtomicU64,
    objects: [AtomicU64; OBJECTS],
}

impl Frame {
    pub(super) fn new(id: usize) -> Self {
        let objects = [AtomicU64::new(FOREIGN), AtomicU64::new(FOREIGN)];
        Self { lock: PageLock::new(id as u64), owner: AtomicU64::new(0), objects }
    }

    pub(super) fn owner(&self) -> Option<usize> {
        (self.owner.load(Ordering::Relaxed) as usize).checked_sub(1)
    }

    pub(super) fn set_owner(&self, zspage: usize) {
        self.owner.store(zspage as u64 + 1, Ordering::Relaxed);
    }

    pub(super) fn load(&self, index: usize) -> u64 {
        self.objects[index].load(Ordering::Relaxed)
    }

    pub(super) fn store(&self, index: usize, value: u64) {
        self.objects[index].store(value, Ordering::Relaxed);
    }

    /// The object is free: its room belongs to whoever comes next (`obj_free`).
    pub(super) fn clear(&self, index: usize) {
        self.store(index, FOREIGN);
    }

    /// The page is no longer the pool's (`reset_zpdesc`), and its next owner writes to it.
    pub(super) fn reset(&self) {
        self.owner.store(0, Ordering::Relaxed);
        for index in 0..OBJECTS {
            self.clear(index);
        }
    }
}
