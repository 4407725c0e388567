//! The sequential model's ledger: one per call into the module, kept in debug builds and left empty in release builds.
//!
//! A violation is a mistake in the model, never in its input: no operation can provoke one. So it ends the test that found it.

use super::order::{Held, How, Level, Lock, Mode, Violation};
use crate::zsmalloc::handle::ZspageId;

/// What the task that makes a call holds.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    held: Held,
}

/// A call is into one pool at a time.
const POOL: Lock = Lock::new(Level::Pool, 0);

/// That of the CPU on which the task runs.
const AREA: Lock = Lock::new(Level::MapArea, 0);

fn class_lock(position: usize) -> Lock {
    Lock::new(Level::Class, position as u64)
}

fn zspage_lock(id: ZspageId) -> Lock {
    Lock::new(Level::Zspage, id.as_u64())
}

/// Page number `index` of a zspage, of which there are at most 16.
fn page_lock(id: ZspageId, index: u32) -> Lock {
    Lock::new(Level::Page, id.as_u64() << 4 | u64::from(index))
}

impl Ledger {
    /// `spin_lock(&class->lock)`
    #[inline]
    pub(crate) fn lock_class(&mut self, class: usize) {
        self.check(|held| held.take(class_lock(class), Mode::Write, How::Wait));
    }

    /// `spin_unlock(&class->lock)`
    #[inline]
    pub(crate) fn unlock_class(&mut self, class: usize) {
        self.check(|held| held.release(class_lock(class), Mode::Write));
    }

    /// `assert_spin_locked(&class->lock)`
    #[inline]
    pub(crate) fn needs_class(&mut self, class: usize) {
        self.check(|held| held.needs(class_lock(class), Mode::Write));
    }

    /// The class of a handle, as `zs_free` finds and locks it up to 7.2: under the pool lock.
    #[inline]
    pub(crate) fn lock_class_of_handle(&mut self, class: usize) {
        self.check(|held| {
            held.take(POOL, Mode::Read, How::Wait)?;
            held.take(class_lock(class), Mode::Write, How::Wait)?;
            held.release(POOL, Mode::Read)
        });
    }

    /// The pool for writing and then the class, for whoever moves objects.
    #[inline]
    pub(crate) fn lock_for_moving(&mut self, class: usize) {
        self.check(|held| {
            held.take(POOL, Mode::Write, How::Wait)?;
            held.take(class_lock(class), Mode::Write, How::Wait)
        });
    }

    /// The reverse of [`Ledger::lock_for_moving`].
    #[inline]
    pub(crate) fn unlock_after_moving(&mut self, class: usize) {
        self.check(|held| {
            held.release(class_lock(class), Mode::Write)?;
            held.release(POOL, Mode::Write)
        });
    }

    /// The locks that a move of objects relies on.
    #[inline]
    pub(crate) fn needs_moving(&mut self, class: usize) {
        self.check(|held| {
            held.needs(POOL, Mode::Write)?;
            held.needs(class_lock(class), Mode::Write)
        });
    }

    /// A user's way to its object: the zspage for reading, under the pool lock, which is let go of. From here on the pages
    /// stay, whoever sleeps.
    #[inline]
    pub(crate) fn pin(&mut self, id: ZspageId) {
        self.check(|held| {
            held.take(POOL, Mode::Read, How::Wait)?;
            held.take(zspage_lock(id), Mode::Read, How::Wait)?;
            held.release(POOL, Mode::Read)
        });
    }

    /// `zspage_read_unlock`
    #[inline]
    pub(crate) fn unpin(&mut self, id: ZspageId) {
        self.check(|held| held.release(zspage_lock(id), Mode::Read));
    }

    /// A user's way to its object's bytes, by the newer interface or by the older, which takes the CPU's buffer as well.
    #[inline]
    pub(crate) fn map(&mut self, id: ZspageId, preemptible: bool) {
        self.pin(id);
        if !preemptible {
            self.lock_area();
        }
    }

    /// The reverse of [`Ledger::map`].
    #[inline]
    pub(crate) fn unmap(&mut self, id: ZspageId, preemptible: bool) {
        if !preemptible {
            self.unlock_area();
        }
        self.unpin(id);
    }

    /// `local_lock(&zs_map_area.lock)`
    #[inline]
    pub(crate) fn lock_area(&mut self) {
        self.check(|held| held.take(AREA, Mode::Write, How::Wait));
    }

    /// `local_unlock(&zs_map_area.lock)`
    #[inline]
    pub(crate) fn unlock_area(&mut self) {
        self.check(|held| held.release(AREA, Mode::Write));
    }

    /// `zspage_write_trylock`
    #[inline]
    pub(crate) fn write_zspage(&mut self, id: ZspageId) {
        self.check(|held| held.take(zspage_lock(id), Mode::Write, How::Try));
    }

    /// `zspage_write_unlock`
    #[inline]
    pub(crate) fn unwrite_zspage(&mut self, id: ZspageId) {
        self.check(|held| held.release(zspage_lock(id), Mode::Write));
    }

    /// `trylock_zspage`: the locks of all pages of a zspage.
    #[inline]
    pub(crate) fn try_pages(&mut self, id: ZspageId, pages: u32) {
        self.check(|held| {
            (0..pages).try_for_each(|index| held.take(page_lock(id, index), Mode::Write, How::Try))
        });
    }

    /// `VM_BUG_ON_PAGE(!zpdesc_is_locked(zpdesc))`, for all pages of a zspage.
    #[inline]
    pub(crate) fn needs_pages(&mut self, id: ZspageId, pages: u32) {
        self.check(|held| (0..pages).try_for_each(|index| held.needs(page_lock(id, index), Mode::Write)));
    }

    /// `lock_page`
    #[inline]
    pub(crate) fn lock_page(&mut self, id: ZspageId, index: u32) {
        self.check(|held| held.take(page_lock(id, index), Mode::Write, How::Wait));
    }

    /// `unlock_page`
    #[inline]
    pub(crate) fn unlock_page(&mut self, id: ZspageId, index: u32) {
        self.check(|held| held.release(page_lock(id, index), Mode::Write));
    }

    /// Lets go of the locks of all pages of a zspage.
    #[inline]
    pub(crate) fn release_pages(&mut self, id: ZspageId, pages: u32) {
        self.check(|held| (0..pages).try_for_each(|index| held.release(page_lock(id, index), Mode::Write)));
    }

    /// `might_sleep`
    #[inline]
    pub(crate) fn may_sleep(&mut self) {
        self.check(|held| held.may_sleep());
    }

    #[inline]
    fn check(&mut self, rule: impl FnOnce(&mut Held) -> Result<(), Violation>) {
        if cfg!(debug_assertions) {
            let outcome = rule(&mut self.held);
            debug_assert!(outcome.is_ok(), "the model's own locking is wrong: {outcome:?}");
        }
    }
}

impl Drop for Ledger {
    fn drop(&mut self) {
        // A test that has failed already has its reason.
        if cfg!(debug_assertions) && !std::thread::panicking() {
            self.check(|held| held.end());
        }
    }
}

#[cfg(all(test, debug_assertions))]
mod tests {
    use super::*;

    #[test]
    #[should_panic(expected = "SleepsWhileAtomic")]
    fn sleeping_under_the_class_lock_is_found() {
        let mut ledger = Ledger::default();
        ledger.lock_class(0);
        ledger.may_sleep();
    }

    #[test]
    #[should_panic(expected = "LeftHeld")]
    fn a_lock_left_held_is_found() {
        Ledger::default().lock_class(0);
    }

    #[test]
    #[should_panic(expected = "NotHeld")]
    fn moving_without_the_pool_lock_is_found() {
        let mut ledger = Ledger::default();
        ledger.lock_class(0);
        ledger.needs_moving(0);
    }

    const ZSPAGE: ZspageId = ZspageId { class: 3, number: 9 };

    #[test]
    fn a_reader_may_sleep() {
        let mut ledger = Ledger::default();
        ledger.map(ZSPAGE, true);
        ledger.may_sleep();
        ledger.unmap(ZSPAGE, true);
    }

    #[test]
    #[should_panic(expected = "SleepsWhileAtomic(Lock { level: MapArea")]
    fn a_reader_by_the_older_interface_may_not() {
        let mut ledger = Ledger::default();
        ledger.map(ZSPAGE, false);
        ledger.may_sleep();
    }

    #[test]
    #[should_panic(expected = "WriterWaits")]
    fn a_mover_must_try() {
        let mut ledger = Ledger::default();
        ledger.lock_for_moving(3);
        ledger.check(|held| held.take(zspage_lock(ZSPAGE), Mode::Write, How::Wait));
    }
}
