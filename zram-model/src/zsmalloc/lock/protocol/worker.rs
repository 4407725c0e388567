//! The worker that frees the zspages which `zs_free` could not, because one of their pages was locked.

use super::{Bug, Fault, Miniature};
use crate::zsmalloc::lock::{page_lock::PageLocked, task::Task, zspage_lock::ZspageLock};

impl<L: ZspageLock> Miniature<L> {
    /// `async_free_zspage`. Says how many it freed.
    ///
    /// # Errors
    /// If the task's ledger forbids it.
    pub fn free_deferred(&self, task: &Task) -> Result<usize, Bug> {
        let mut freed = 0;
        for class in &self.classes {
            let mut empty = class.lock(task)?;
            let zspages: Vec<usize> = empty
                .zspages
                .iter()
                .filter(|listed| listed.inuse() == 0)
                .map(|listed| listed.zspage)
                .collect();
            empty.zspages.retain(|listed| !zspages.contains(&listed.zspage));
            drop(empty);
            for zspage in zspages {
                let page = self.lock_zspage(task, zspage)?;
                let locked = class.lock(task)?;
                self.give_back(zspage, Some(page))?;
                drop(locked);
                freed += 1;
            }
        }
        Ok(freed)
    }

    /// `lock_zspage`: the page may be migrated away while it is waited for, so it is looked up under the zspage lock, only
    /// tried there, and waited for outside.
    fn lock_zspage<'a>(&'a self, task: &'a Task, zspage: usize) -> Result<PageLocked<'a>, Bug> {
        if self.broken(Fault::WorkerIgnoresMigration) {
            return Ok(self.frames[self.frame_of_zspage(zspage)].lock.lock(task)?);
        }
        loop {
            self.read_lock(task, zspage)?;
            let page = &self.frames[self.frame_of_zspage(zspage)].lock;
            let locked = page.try_lock(task)?;
            self.read_unlock(task, zspage)?;
            match locked {
                Some(locked) => return Ok(locked),
                None => page.wait(task)?,
            }
        }
    }
}
