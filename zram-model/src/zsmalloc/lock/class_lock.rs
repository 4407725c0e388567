//! The class lock: a spinlock with what it guards inside.

use std::ops::{Deref, DerefMut};

use super::{
    order::{How, Level, Lock, Mode, Violation},
    sync::{Kept, Mutex, MutexGuard, lock},
    task::Task,
};

/// `size_class.lock`, and the lists, free objects and counters of the class.
#[derive(Debug)]
pub struct ClassLock<T> {
    id: u64,
    state: Mutex<T>,
}

/// [`ClassLock`] held, until dropped.
#[derive(Debug)]
pub struct ClassLocked<'a, T> {
    task: &'a Task,
    id: u64,
    state: Kept<MutexGuard<'a, T>>,
}

impl<T> ClassLock<T> {
    /// The lock of class number `id`.
    pub fn new(id: u64, state: T) -> Self {
        Self { id, state: Mutex::new(state) }
    }

    /// `spin_lock(&class->lock)`
    ///
    /// # Errors
    /// If the task's ledger forbids it.
    pub fn lock<'a>(&'a self, task: &'a Task) -> Result<ClassLocked<'a, T>, Violation> {
        let this = Lock::new(Level::Class, self.id);
        task.may_take(this, Mode::Write, How::Wait)?;
        let state = Kept::new(lock(&self.state));
        task.took(this, Mode::Write);
        Ok(ClassLocked { task, id: self.id, state })
    }
}

impl<T> Deref for ClassLocked<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.state
    }
}

impl<T> DerefMut for ClassLocked<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.state
    }
}

impl<T> Drop for ClassLocked<'_, T> {
    fn drop(&mut self) {
        let released = self.task.released(Lock::new(Level::Class, self.id), Mode::Write);
        debug_assert!(released.is_ok(), "a guard stands for a held lock");
    }
}
