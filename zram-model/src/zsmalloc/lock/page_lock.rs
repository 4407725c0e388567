//! The page lock: the outermost one, and the only one that a task sleeps for.
//!
//! Migration holds it around the whole move of a page. Freeing a zspage takes those of all its pages, so that none is under
//! migration; `zs_free` is atomic by then and only tries, and leaves the zspage to a worker if it does not get them.

use super::{
    order::{How, Level, Lock, Mode, Violation},
    sync::{Condvar, Mutex, lock, stopped, wait},
    task::Task,
};

/// `PG_locked` of a page, and those who wait for it.
#[derive(Debug)]
pub struct PageLock {
    id: u64,
    locked: Mutex<bool>,
    unlocked: Condvar,
}

/// [`PageLock`] held, until dropped.
#[derive(Debug)]
pub struct PageLocked<'a> {
    task: &'a Task,
    page: &'a PageLock,
}

impl PageLock {
    /// The lock of page number `id`.
    #[must_use]
    pub fn new(id: u64) -> Self {
        Self { id, locked: Mutex::new(false), unlocked: Condvar::new() }
    }

    /// `lock_page`: sleeps until the page is unlocked.
    ///
    /// # Errors
    /// If the task's ledger forbids it.
    pub fn lock<'a>(&'a self, task: &'a Task) -> Result<PageLocked<'a>, Violation> {
        let this = Lock::new(Level::Page, self.id);
        task.may_take(this, Mode::Write, How::Wait)?;
        let mut locked = lock(&self.locked);
        while *locked {
            locked = wait(&self.unlocked, locked);
        }
        *locked = true;
        drop(locked);
        task.took(this, Mode::Write);
        Ok(PageLocked { task, page: self })
    }

    /// `trylock_page`
    ///
    /// # Errors
    /// If the task's ledger forbids it.
    pub fn try_lock<'a>(&'a self, task: &'a Task) -> Result<Option<PageLocked<'a>>, Violation> {
        let this = Lock::new(Level::Page, self.id);
        task.may_take(this, Mode::Write, How::Try)?;
        if std::mem::replace(&mut *lock(&self.locked), true) {
            return Ok(None);
        }
        task.took(this, Mode::Write);
        Ok(Some(PageLocked { task, page: self }))
    }

    /// `wait_on_page_locked`: sleeps until the page is unlocked, and does not take it.
    ///
    /// # Errors
    /// If the task's ledger forbids it.
    pub fn wait(&self, task: &Task) -> Result<(), Violation> {
        task.may_take(Lock::new(Level::Page, self.id), Mode::Write, How::Wait)?;
        let mut locked = lock(&self.locked);
        while *locked {
            locked = wait(&self.unlocked, locked);
        }
        Ok(())
    }
}

impl PageLocked<'_> {
    /// Which page is locked.
    #[must_use]
    pub fn page(&self) -> u64 {
        self.page.id
    }
}

impl Drop for PageLocked<'_> {
    fn drop(&mut self) {
        let released = self.task.released(Lock::new(Level::Page, self.page.id), Mode::Write);
        debug_assert!(released.is_ok(), "a guard stands for a held lock");
        if !stopped() {
            *lock(&self.page.locked) = false;
            self.page.unlocked.notify_all();
        }
    }
}
