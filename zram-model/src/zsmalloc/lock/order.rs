//! Who holds what, in which order it may be taken, and who may sleep: the rules that lockdep checks in the kernel.
//!
//! The ledger is of one task. It knows nothing of other tasks and never waits; it only says whether a task that did this
//! could be part of a deadlock, or would sleep where it must not.

use std::fmt;

use thiserror::Error;

/// The kinds of lock, outermost first: while holding one, a task may wait only for a later one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// The lock of a page (`lock_page`): the only one that is slept for.
    Page,
    /// The pool's rwlock (`zs_pool.lock`).
    Pool,
    /// A size class's spinlock (`size_class.lock`).
    Class,
    /// A zspage's lock (`zspage.zsl`; before 6.15 a rwlock).
    Zspage,
    /// The local lock of a CPU's copy buffer, of the older mapping API (`zs_map_area.lock`).
    MapArea,
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Page => "page lock",
            Self::Pool => "pool lock",
            Self::Class => "class lock",
            Self::Zspage => "zspage lock",
            Self::MapArea => "map area's lock",
        })
    }
}

/// One lock: its kind, and which of that kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Lock {
    /// The kind.
    pub level: Level,
    /// Which one, as the caller numbers them.
    pub id: u64,
}

impl Lock {
    /// Lock number `id` of a kind.
    #[must_use]
    pub const fn new(level: Level, id: u64) -> Self {
        Self { level, id }
    }
}

impl fmt::Display for Lock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.level, self.id)
    }
}

/// Shared or alone. Locks that know no readers are always held for writing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mode {
    /// With other readers.
    Read,
    /// Alone.
    Write,
}

/// Whether the task would wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum How {
    /// Until the lock is free.
    Wait,
    /// Not at all. A trylock cannot close a circle of waiting tasks, so it is free of the order.
    Try,
}

/// What a task did that the rules forbid.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum Violation {
    /// A lock was waited for while a later one, or another of its kind, was held.
    #[error("waits for {wanted} while it holds {held}: the order is page, pool, class, zspage")]
    Order {
        /// What was held.
        held: Lock,
        /// What was waited for.
        wanted: Lock,
    },
    /// A lock was taken that the task holds already.
    #[error("takes {0}, which it holds")]
    Recursion(Lock),
    /// The zspage lock was waited for in order to write.
    #[error("waits to write under {0}: its readers may be asleep, so writers only try")]
    WriterWaits(Lock),
    /// The task slept while atomic.
    #[error("sleeps while it holds {0}")]
    SleepsWhileAtomic(Lock),
    /// A lock was released, or relied upon, that the task does not hold (so).
    #[error("needs {lock} held to {}", match mode { Mode::Read => "read", Mode::Write => "write" })]
    NotHeld {
        /// Which lock.
        lock: Lock,
        /// In which mode.
        mode: Mode,
    },
    /// The task ended and still held a lock.
    #[error("ends and still holds {0}")]
    LeftHeld(Lock),
}

/// What one task holds.
#[derive(Clone, Debug, Default)]
pub struct Held(Vec<(Lock, Mode)>);

impl Held {
    /// A task that holds nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// The task is about to take a lock.
    ///
    /// # Errors
    /// If it holds it already, if it would wait against the order, if it would sleep while atomic, or if it would wait to
    /// write under a zspage lock.
    pub fn may_take(&self, lock: Lock, mode: Mode, how: How) -> Result<(), Violation> {
        if self.0.iter().any(|(held, _)| *held == lock) {
            return Err(Violation::Recursion(lock));
        }
        if how == How::Try {
            return Ok(());
        }
        if lock.level == Level::Zspage && mode == Mode::Write {
            return Err(Violation::WriterWaits(lock));
        }
        if let Some((held, _)) = self.0.iter().find(|(held, _)| held.level >= lock.level) {
            return Err(Violation::Order { held: *held, wanted: lock });
        }
        if lock.level == Level::Page { self.may_sleep() } else { Ok(()) }
    }

    /// The task has taken the lock.
    pub fn took(&mut self, lock: Lock, mode: Mode) {
        self.0.push((lock, mode));
    }

    /// The task takes a lock: [`Held::may_take`] and [`Held::took`] in one.
    ///
    /// # Errors
    /// As [`Held::may_take`].
    pub fn take(&mut self, lock: Lock, mode: Mode, how: How) -> Result<(), Violation> {
        self.may_take(lock, mode, how)?;
        self.took(lock, mode);
        Ok(())
    }

    /// The task lets go of a lock. Any order will do, as in the kernel.
    ///
    /// # Errors
    /// [`Violation::NotHeld`].
    pub fn release(&mut self, lock: Lock, mode: Mode) -> Result<(), Violation> {
        match self.0.iter().rposition(|held| *held == (lock, mode)) {
            Some(position) => {
                self.0.remove(position);
                Ok(())
            }
            None => Err(Violation::NotHeld { lock, mode }),
        }
    }

    /// What follows relies on the lock (`assert_spin_locked`, `lockdep_assert_held`). Held for writing is good for reading.
    ///
    /// # Errors
    /// [`Violation::NotHeld`].
    pub fn needs(&self, lock: Lock, mode: Mode) -> Result<(), Violation> {
        let good = |(held, as_mode): &(Lock, Mode)| *held == lock && (*as_mode == mode || mode == Mode::Read);
        if self.0.iter().any(good) { Ok(()) } else { Err(Violation::NotHeld { lock, mode }) }
    }

    /// The task may sleep here (`might_sleep`): it holds no spinlock, no rwlock, no zspage lock for writing, no map area.
    ///
    /// # Errors
    /// [`Violation::SleepsWhileAtomic`].
    pub fn may_sleep(&self) -> Result<(), Violation> {
        match self.0.iter().find(|(lock, mode)| atomic(lock.level, *mode)) {
            Some((lock, _)) => Err(Violation::SleepsWhileAtomic(*lock)),
            None => Ok(()),
        }
    }

    /// The task ends.
    ///
    /// # Errors
    /// [`Violation::LeftHeld`].
    pub fn end(&self) -> Result<(), Violation> {
        self.0.first().map_or(Ok(()), |(lock, _)| Err(Violation::LeftHeld(*lock)))
    }
}

/// Whether holding it forbids sleep.
const fn atomic(level: Level, mode: Mode) -> bool {
    match level {
        Level::Page => false,
        Level::Zspage => matches!(mode, Mode::Write),
        Level::Pool | Level::Class | Level::MapArea => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: Lock = Lock::new(Level::Page, 1);
    const POOL: Lock = Lock::new(Level::Pool, 0);
    const CLASS: Lock = Lock::new(Level::Class, 3);
    const ZSPAGE: Lock = Lock::new(Level::Zspage, 7);
    const AREA: Lock = Lock::new(Level::MapArea, 0);

    fn holding(locks: &[(Lock, Mode)]) -> Held {
        let mut held = Held::new();
        for (lock, mode) in locks {
            let how = if lock.level == Level::Zspage { How::Try } else { How::Wait };
            held.take(*lock, *mode, how).unwrap();
        }
        held
    }

    #[test]
    fn the_order_is_page_pool_class_zspage_map_area() {
        let order = [PAGE, POOL, CLASS, ZSPAGE, AREA];
        for (at, outer) in order.iter().enumerate() {
            for (below, inner) in order.iter().enumerate() {
                let held = holding(&[(*outer, Mode::Read)]);
                let taken = held.may_take(*inner, Mode::Read, How::Wait);
                assert_eq!(taken.is_ok(), at < below, "{outer} then {inner}");
            }
        }
        // Another lock of the same kind is no better.
        let other = Lock::new(Level::Class, 4);
        let refused = Err(Violation::Order { held: CLASS, wanted: other });
        assert_eq!(holding(&[(CLASS, Mode::Write)]).may_take(other, Mode::Write, How::Wait), refused);
    }

    #[test]
    fn a_trylock_is_free_of_the_order_but_not_of_itself() {
        // free_zspage tries the page locks under the class lock.
        let held = holding(&[(CLASS, Mode::Write)]);
        assert_eq!(held.may_take(PAGE, Mode::Write, How::Try), Ok(()));
        assert_eq!(held.may_take(CLASS, Mode::Write, How::Try), Err(Violation::Recursion(CLASS)));
    }

    #[test]
    fn writers_of_a_zspage_only_try() {
        let held = holding(&[(POOL, Mode::Write), (CLASS, Mode::Write)]);
        assert_eq!(held.may_take(ZSPAGE, Mode::Write, How::Wait), Err(Violation::WriterWaits(ZSPAGE)));
        assert_eq!(held.may_take(ZSPAGE, Mode::Write, How::Try), Ok(()));
        assert_eq!(held.may_take(ZSPAGE, Mode::Read, How::Wait), Ok(()));
    }

    #[test]
    fn readers_of_a_zspage_sleep_and_nobody_else() {
        assert_eq!(holding(&[(PAGE, Mode::Write), (ZSPAGE, Mode::Read)]).may_sleep(), Ok(()));
        for (lock, mode) in
            [(POOL, Mode::Read), (CLASS, Mode::Write), (ZSPAGE, Mode::Write), (AREA, Mode::Write)]
        {
            assert_eq!(holding(&[(lock, mode)]).may_sleep(), Err(Violation::SleepsWhileAtomic(lock)));
        }
    }

    #[test]
    fn what_is_not_held_is_neither_released_nor_relied_upon() {
        let mut held = holding(&[(POOL, Mode::Read), (CLASS, Mode::Write)]);
        assert_eq!(held.needs(CLASS, Mode::Read), Ok(()));
        let missing = Err(Violation::NotHeld { lock: POOL, mode: Mode::Write });
        assert_eq!(held.needs(POOL, Mode::Write), missing);
        assert_eq!(held.release(POOL, Mode::Write), missing);
        assert_eq!(held.release(POOL, Mode::Read), Ok(()));
        assert_eq!(held.end(), Err(Violation::LeftHeld(CLASS)));
        assert_eq!(held.release(CLASS, Mode::Write), Ok(()));
        assert_eq!(held.end(), Ok(()));
        assert_eq!(
            Violation::NotHeld { lock: POOL, mode: Mode::Write }.to_string(),
            "needs pool lock 0 held to write"
        );
    }
}
