//! The platform's primitives: the standard library's, or loom's under `--cfg loom`.
//!
//! `rwlock_t` and `spinlock_t` are primitives of the kernel, and so they are here: what matters is whom they keep out, not how
//! they wait. The zspage lock is zsmalloc's own, so it is built, of these.

#[cfg(loom)]
pub(super) use loom::sync::{
    Condvar, Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard,
    atomic::{AtomicBool, AtomicI32, AtomicU64, Ordering},
};
#[cfg(not(loom))]
pub(super) use std::sync::{
    Condvar, Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard,
    atomic::{AtomicBool, AtomicI32, AtomicU64, Ordering},
};

use std::{
    ops::{Deref, DerefMut},
    sync::PoisonError,
};

/// Locks. A lock whose holder panicked is taken all the same: the panic is what the test reports.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits for a notice, without the lock meanwhile.
pub(super) fn wait<'a, T>(notice: &Condvar, guard: MutexGuard<'a, T>) -> MutexGuard<'a, T> {
    notice.wait(guard).unwrap_or_else(PoisonError::into_inner)
}

/// Whether loom has stopped the world because of a panic.
pub(super) fn stopped() -> bool {
    cfg!(loom) && std::thread::panicking()
}

/// A guard that a panic leaves locked under loom: loom has stopped the world by then, and would abort the process if a
/// destructor asked it for anything, before it could say what it found.
#[derive(Debug)]
pub(super) struct Kept<G>(Option<G>);

impl<G> Kept<G> {
    pub(super) fn new(guard: G) -> Self {
        Self(Some(guard))
    }
}

impl<G> Deref for Kept<G> {
    type Target = G;

    fn deref(&self) -> &G {
        match &self.0 {
            Some(guard) => guard,
            None => unreachable!("only its drop empties it"),
        }
    }
}

impl<G> DerefMut for Kept<G> {
    fn deref_mut(&mut self) -> &mut G {
        match &mut self.0 {
            Some(guard) => guard,
            None => unreachable!("only its drop empties it"),
        }
    }
}

impl<G> Drop for Kept<G> {
    fn drop(&mut self) {
        if stopped() {
            std::mem::forget(self.0.take());
        }
    }
}

/// A turn of a spinning loop (`cpu_relax`).
pub(super) fn relax() {
    #[cfg(loom)]
    loom::thread::yield_now();
    #[cfg(not(loom))]
    std::thread::yield_now();
}
