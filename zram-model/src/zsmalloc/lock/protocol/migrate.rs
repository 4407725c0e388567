//! Page migration: a page's content moves to another page, and every object word that leads there is rewritten.

use super::{Bug, Fault, Miniature, OBJECTS, ObjectWord};
use crate::zsmalloc::lock::{
    order::{How, Level, Lock, Mode},
    sync::{Ordering, relax},
    task::Task,
    zspage_lock::ZspageLock,
};

/// How a migration came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Migration {
    /// The content is now in this page.
    Moved(usize),
    /// The zspage has readers (`EBUSY`).
    Busy,
    /// The page is not, or no longer, part of a zspage, or there is no such page.
    Gone,
    /// There is no page to move to.
    NoMemory,
}

impl<L: ZspageLock> Miniature<L> {
    /// `zs_page_migrate`, and the page locks around it.
    ///
    /// # Errors
    /// If the task's ledger forbids it.
    pub fn migrate(&self, task: &Task, from: usize) -> Result<Migration, Bug> {
        let Some(source) = self.frames.get(from) else { return Ok(Migration::Gone) };
        let page = source.lock.lock(task)?;
        // The page is locked, so it stays with its zspage, if it has one.
        let Some(zspage) = self.frames[from].owner() else { return Ok(Migration::Gone) };
        let Some(to) = self.take_frame() else { return Ok(Migration::NoMemory) };
        let target = self.frames[to].lock.try_lock(task)?;
        let outcome = self.move_page(task, zspage, from, to)?;
        drop(target);
        if outcome == Migration::Moved(to) {
            self.frames[from].reset();
            drop(page);
            self.give_frame(from);
        } else {
            drop(page);
            self.give_frame(to);
        }
        Ok(outcome)
    }

    fn move_page(&self, task: &Task, zspage: usize, from: usize, to: usize) -> Result<Migration, Bug> {
        let number = self.class_of(zspage);
        let (pool, class) = if self.broken(Fault::ClassBeforePool) {
            let class = self.classes[number].lock(task)?;
            (self.lock.write(task)?, class)
        } else {
            (self.lock.write(task)?, self.classes[number].lock(task)?)
        };
        let Some(writing) = self.write_lock(task, zspage)? else { return Ok(Migration::Busy) };

        for index in 0..OBJECTS {
            self.frames[to].store(index, self.frames[from].load(index));
        }
        // A zspage that the worker has taken off the list has no objects.
        let listed = class.zspages.iter().find(|listed| listed.zspage == zspage);
        for (index, owner) in listed.iter().flat_map(|listed| listed.used.iter().enumerate()) {
            if let Some(handle) = owner {
                self.record(*handle, ObjectWord { frame: to, class: number, index });
            }
        }
        self.zspages[zspage].frame.store(to as u64, Ordering::Relaxed);
        self.frames[to].set_owner(zspage);
        drop(pool);
        drop(class);
        self.write_unlock(task, zspage, writing)?;
        Ok(Migration::Moved(to))
    }

    /// `zspage_write_trylock`; `Some(None)` is a writer that did not ask.
    pub(super) fn write_lock(
        &self,
        task: &Task,
        zspage: usize,
    ) -> Result<Option<Option<L::Writing<'_>>>, Bug> {
        if self.broken(Fault::MovesUnderReaders) {
            return Ok(Some(None));
        }
        let this = Lock::new(Level::Zspage, zspage as u64);
        let waits = self.broken(Fault::WriterWaits);
        task.may_take(this, Mode::Write, if waits { How::Wait } else { How::Try })?;
        loop {
            if let Some(writing) = self.zspages[zspage].lock.try_write() {
                task.took(this, Mode::Write);
                return Ok(Some(Some(writing)));
            }
            if !waits {
                return Ok(None);
            }
            relax();
        }
    }

    /// `zspage_write_unlock`
    pub(super) fn write_unlock(
        &self,
        task: &Task,
        zspage: usize,
        writing: Option<L::Writing<'_>>,
    ) -> Result<(), Bug> {
        if writing.is_some() {
            task.released(Lock::new(Level::Zspage, zspage as u64), Mode::Write)?;
        }
        drop(writing);
        Ok(())
    }
}
