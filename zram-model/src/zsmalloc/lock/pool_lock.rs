//! The pool lock: whoever holds it for reading may follow a handle to its zspage, for nothing is moved meanwhile.

use super::{
    order::{How, Level, Lock, Mode, Violation},
    sync::{Kept, RwLock, RwLockReadGuard, RwLockWriteGuard},
    task::Task,
};

const LOCK: Lock = Lock::new(Level::Pool, 0);

/// `zs_pool.lock`
#[derive(Debug, Default)]
pub struct PoolLock(RwLock<()>);

/// [`PoolLock`] held for reading, until dropped.
#[derive(Debug)]
pub struct PoolReading<'a> {
    task: &'a Task,
    _guard: Kept<RwLockReadGuard<'a, ()>>,
}

/// [`PoolLock`] held for writing, until dropped.
#[derive(Debug)]
pub struct PoolWriting<'a> {
    task: &'a Task,
    _guard: Kept<RwLockWriteGuard<'a, ()>>,
}

impl PoolLock {
    /// `read_lock(&pool->lock)`
    ///
    /// # Errors
    /// If the task's ledger forbids it.
    pub fn read<'a>(&'a self, task: &'a Task) -> Result<PoolReading<'a>, Violation> {
        task.may_take(LOCK, Mode::Read, How::Wait)?;
        let guard = self.0.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        task.took(LOCK, Mode::Read);
        Ok(PoolReading { task, _guard: Kept::new(guard) })
    }

    /// `write_lock(&pool->lock)`
    ///
    /// # Errors
    /// If the task's ledger forbids it.
    pub fn write<'a>(&'a self, task: &'a Task) -> Result<PoolWriting<'a>, Violation> {
        task.may_take(LOCK, Mode::Write, How::Wait)?;
        let guard = self.0.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        task.took(LOCK, Mode::Write);
        Ok(PoolWriting { task, _guard: Kept::new(guard) })
    }
}

impl Drop for PoolReading<'_> {
    fn drop(&mut self) {
        let released = self.task.released(LOCK, Mode::Read);
        debug_assert!(released.is_ok(), "a guard stands for a held lock");
    }
}

impl Drop for PoolWriting<'_> {
    fn drop(&mut self) {
        let released = self.task.released(LOCK, Mode::Write);
        debug_assert!(released.is_ok(), "a guard stands for a held lock");
    }
}
