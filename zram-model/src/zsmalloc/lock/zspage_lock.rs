//! The zspage lock: readers may sleep while they hold it, writers may not even wait for it.
//!
//! Neither a rwlock nor a rw-semaphore will do. It is taken under a rwlock, so taking it must not sleep; it is held across
//! decompression, which may. So the two sides are unequal:
//! * readers are kept out by a writer only, and spin for it, since a writer is atomic and soon gone;
//! * a writer is kept out by anyone and never waits, since a reader may be asleep for any length of time.
//!
//! There are two: [`AtomicLock`] as the series was posted in January 2025 (one atomic count), and [`CountedLock`] as it was
//! merged (a count under a small spinlock, which a writer keeps). Every model of the protocol runs on both.

use super::sync::{AtomicI32, Kept, Mutex, MutexGuard, Ordering, lock, relax, stopped};

/// Nobody holds it (`ZS_PAGE_UNLOCKED`).
const UNLOCKED: i32 = 0;
/// A writer holds it (`ZS_PAGE_WRLOCKED`).
const WRITE_LOCKED: i32 = -1;

/// What both zspage locks do.
pub trait ZspageLock: Default + Send + Sync {
    /// Held for writing, until dropped (`zspage_write_unlock`).
    type Writing<'a>
    where
        Self: 'a;

    /// Takes it for reading, spinning while there is a writer (`zspage_read_lock`).
    fn read_lock(&self);

    /// Lets go of it (`zspage_read_unlock`). Not a guard: the kernel finds the zspage anew through the handle, and so must
    /// whoever models that.
    fn read_unlock(&self);

    /// Takes it for writing if nobody holds it (`zspage_write_trylock`).
    #[must_use]
    fn try_write(&self) -> Option<Self::Writing<'_>>;
}

/// As merged (60756575a21a in the mm tree): the count is guarded by a spinlock, which a writer does not let go of. So readers
/// spin on that one, and a kernel with priority inheritance knows whom they wait for.
#[derive(Debug, Default)]
pub struct CountedLock {
    count: Mutex<i32>,
}

/// [`CountedLock`] held for writing.
#[derive(Debug)]
pub struct CountedWriting<'a>(Kept<MutexGuard<'a, i32>>);

impl ZspageLock for CountedLock {
    type Writing<'a> = CountedWriting<'a>;

    fn read_lock(&self) {
        *lock(&self.count) += 1;
    }

    fn read_unlock(&self) {
        *lock(&self.count) -= 1;
    }

    fn try_write(&self) -> Option<CountedWriting<'_>> {
        let mut count = lock(&self.count);
        (*count == UNLOCKED).then(|| {
            *count = WRITE_LOCKED;
            CountedWriting(Kept::new(count))
        })
    }
}

impl Drop for CountedWriting<'_> {
    fn drop(&mut self) {
        **self.0 = UNLOCKED;
    }
}

/// As posted: one atomic count, changed by compare and exchange.
#[derive(Debug, Default)]
pub struct AtomicLock {
    count: AtomicI32,
}

/// [`AtomicLock`] held for writing.
#[derive(Debug)]
pub struct AtomicWriting<'a>(&'a AtomicI32);

impl ZspageLock for AtomicLock {
    type Writing<'a> = AtomicWriting<'a>;

    fn read_lock(&self) {
        let mut count = self.count.load(Ordering::Relaxed);
        loop {
            if count == WRITE_LOCKED {
                relax();
                count = self.count.load(Ordering::Relaxed);
                continue;
            }
            match self.count.compare_exchange_weak(count, count + 1, Ordering::Acquire, Ordering::Relaxed) {
                Ok(_) => return,
                Err(found) => count = found,
            }
        }
    }

    fn read_unlock(&self) {
        self.count.fetch_sub(1, Ordering::Release);
    }

    fn try_write(&self) -> Option<AtomicWriting<'_>> {
        self.count
            .compare_exchange(UNLOCKED, WRITE_LOCKED, Ordering::Acquire, Ordering::Relaxed)
            .ok()
            .map(|_| AtomicWriting(&self.count))
    }
}

impl Drop for AtomicWriting<'_> {
    fn drop(&mut self) {
        // As for `Kept`: loom takes no more stores after a panic.
        if !stopped() {
            self.0.store(UNLOCKED, Ordering::Release);
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    fn rules<L: ZspageLock>() {
        let zspage = L::default();
        zspage.read_lock();
        zspage.read_lock();
        assert!(zspage.try_write().is_none());
        zspage.read_unlock();
        assert!(zspage.try_write().is_none());
        zspage.read_unlock();
        let writing = zspage.try_write();
        assert!(writing.is_some());
        drop(writing);
        zspage.read_lock();
    }

    #[test]
    fn a_writer_gets_it_only_when_there_is_no_reader() {
        rules::<CountedLock>();
        rules::<AtomicLock>();
    }
}
