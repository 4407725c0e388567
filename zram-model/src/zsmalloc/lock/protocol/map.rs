//! Reading and writing an object: the zspage is locked under the pool lock, and then the pool lock is let go of.

use super::{Bug, Fault, Handle, Miniature, ObjectWord};
use crate::zsmalloc::lock::{task::Task, zspage_lock::ZspageLock};

/// An object that is being read. Its zspage stays where it is until [`Reading::end`].
#[derive(Debug)]
#[must_use = "the zspage is locked until `end`"]
pub struct Reading<'a, L> {
    pool: &'a Miniature<L>,
    task: &'a Task,
    handle: Handle,
    word: ObjectWord,
}

impl<L: ZspageLock> Miniature<L> {
    /// `zs_obj_read_begin`
    ///
    /// # Errors
    /// If the handle leads nowhere, or the task's ledger forbids it.
    pub fn read_begin<'a>(&'a self, task: &'a Task, handle: Handle) -> Result<Reading<'a, L>, Bug> {
        let word = self.pin(task, handle)?;
        Ok(Reading { pool: self, task, handle, word })
    }

    /// `zs_obj_write`
    ///
    /// # Errors
    /// If the handle leads nowhere, or the task's ledger forbids it.
    pub fn write(&self, task: &Task, handle: Handle, value: u64) -> Result<(), Bug> {
        let word = self.pin(task, handle)?;
        self.frames[word.frame].store(word.index, value);
        self.read_unlock(task, self.zspage_of(word.frame)?)
    }

    /// From the handle to its zspage, which is locked for reading: a writer of content is a reader of the place.
    fn pin(&self, task: &Task, handle: Handle) -> Result<ObjectWord, Bug> {
        let pool = self.lock.read(task)?;
        let word = self.word(handle)?;
        let zspage = self.zspage_of(word.frame)?;
        if self.broken(Fault::ReadLockAfterPoolLock) {
            drop(pool);
            self.read_lock(task, zspage)?;
        } else {
            self.read_lock(task, zspage)?;
            drop(pool);
        }
        Ok(word)
    }
}

impl<L: ZspageLock> Reading<'_, L> {
    /// The object's content, read through the address that `zs_obj_read_begin` returned.
    pub fn load(&self) -> u64 {
        self.pool.frames[self.word.frame].load(self.word.index)
    }

    /// `zs_obj_read_end`: finds the zspage through the handle again, with no lock but the zspage's own.
    ///
    /// # Errors
    /// If the handle no longer leads to the zspage that was locked.
    pub fn end(self) -> Result<(), Bug> {
        let word = self.pool.word(self.handle)?;
        self.pool.read_unlock(self.task, self.pool.zspage_of(word.frame)?)
    }
}
