//! `zs_free`, by both protocols.

use super::{Bug, ClassState, Fault, FreeProtocol, Handle, Miniature, ObjectWord};
use crate::zsmalloc::lock::{
    class_lock::ClassLocked,
    page_lock::PageLocked,
    sync::{Ordering, lock},
    task::Task,
    zspage_lock::ZspageLock,
};

impl<L: ZspageLock> Miniature<L> {
    /// `zs_free`
    ///
    /// # Errors
    /// If the handle leads to the wrong object or nowhere, or the task's ledger forbids it.
    pub fn free(&self, task: &Task, handle: Handle) -> Result<(), Bug> {
        let (mut class, word) = self.lock_class_of(task, handle)?;
        let zspage = self.zspage_of(word.frame)?;
        let wrong = Bug::WrongObject { handle: handle.0, frame: word.frame, index: word.index };
        let listed = class.zspages.iter_mut().find(|listed| listed.zspage == zspage).ok_or(wrong.clone())?;
        if listed.used[word.index] != Some(handle.0) {
            return Err(wrong);
        }
        listed.used[word.index] = None;
        let empty = listed.inuse() == 0;
        self.frames[word.frame].clear(word.index);

        let page = if empty { self.unlist(task, &mut class, zspage)? } else { None };
        if self.protocol == FreeProtocol::ClassInWord {
            drop(class);
            self.give_back(zspage, page)?;
        } else {
            self.give_back(zspage, page)?;
            drop(class);
        }
        // `cache_free_handle`
        if let Some(word) = self.handles.get(handle.0) {
            word.store(0, Ordering::Relaxed);
        }
        Ok(())
    }

    /// From a handle to its class, locked, and the object word as it stands under that lock.
    fn lock_class_of<'a>(
        &'a self,
        task: &'a Task,
        handle: Handle,
    ) -> Result<(ClassLocked<'a, ClassState>, ObjectWord), Bug> {
        match self.protocol {
            FreeProtocol::PoolLock => {
                let pool = self.lock.read(task)?;
                let word = self.word(handle)?;
                let class = self.class_of(self.zspage_of(word.frame)?);
                let class = self.classes[class].lock(task)?;
                drop(pool);
                Ok((class, word))
            }
            FreeProtocol::ClassInWord => {
                let first = self.word(handle)?;
                let class = if self.broken(Fault::ClassThroughPage) {
                    self.class_of(self.zspage_of(first.frame)?)
                } else {
                    first.class
                };
                let class = self.classes[class].lock(task)?;
                let word = if self.broken(Fault::NoSecondLook) { first } else { self.word(handle)? };
                Ok((class, word))
            }
        }
    }

    /// `trylock_zspage` and `remove_zspage`: takes an empty zspage off its class's list, unless its page is locked; then it
    /// stays there, and the worker has to come (`kick_deferred_free`).
    pub(super) fn unlist<'a>(
        &'a self,
        task: &'a Task,
        class: &mut ClassLocked<'_, ClassState>,
        zspage: usize,
    ) -> Result<Option<PageLocked<'a>>, Bug> {
        let page = &self.frames[self.frame_of_zspage(zspage)].lock;
        let locked =
            if self.broken(Fault::FreeWaitsForPage) { Some(page.lock(task)?) } else { page.try_lock(task)? };
        if locked.is_some() {
            class.zspages.retain(|listed| listed.zspage != zspage);
        }
        Ok(locked)
    }

    /// `__free_zspage`, if the page was locked: page and zspage go back to where they came from.
    pub(super) fn give_back(&self, zspage: usize, page: Option<PageLocked<'_>>) -> Result<(), Bug> {
        let Some(page) = page else { return Ok(()) };
        let frame = self.frame_of_zspage(zspage);
        if page.page() != frame as u64 {
            return Err(Bug::PageNotLocked(frame));
        }
        self.frames[frame].reset();
        self.zspages[zspage].live.store(false, Ordering::Relaxed);
        drop(page);
        self.give_frame(frame);
        lock(&self.spare_zspages).push(zspage);
        Ok(())
    }
}
