//! A task that uses the locks, with its ledger.

use std::cell::RefCell;

use super::order::{Held, How, Lock, Mode, Violation};

/// One task (thread of control): what it holds, and whether it is held to the rules.
#[derive(Debug)]
pub struct Task {
    held: RefCell<Held>,
    lawless: bool,
}

impl Task {
    /// A task that obeys: whatever the rules forbid is an error before any lock is touched.
    #[must_use]
    pub fn new() -> Self {
        Self { held: RefCell::new(Held::new()), lawless: false }
    }

    /// A task that nobody watches, to see what happens to those who break the rules.
    #[must_use]
    pub fn lawless() -> Self {
        Self { lawless: true, ..Self::new() }
    }

    /// It may sleep here.
    ///
    /// # Errors
    /// [`Violation::SleepsWhileAtomic`].
    pub fn may_sleep(&self) -> Result<(), Violation> {
        self.rule(Held::may_sleep)
    }

    /// It ends here.
    ///
    /// # Errors
    /// [`Violation::LeftHeld`].
    pub fn end(&self) -> Result<(), Violation> {
        self.rule(Held::end)
    }

    /// It is about to take a lock, in a way that may wait, or that may fail.
    pub(super) fn may_take(&self, lock: Lock, mode: Mode, how: How) -> Result<(), Violation> {
        self.rule(|held| held.may_take(lock, mode, how))
    }

    /// It has taken it.
    pub(super) fn took(&self, lock: Lock, mode: Mode) {
        self.held.borrow_mut().took(lock, mode);
    }

    /// It lets go of it.
    pub(super) fn released(&self, lock: Lock, mode: Mode) -> Result<(), Violation> {
        self.held.borrow_mut().release(lock, mode)
    }

    fn rule(&self, rule: impl FnOnce(&Held) -> Result<(), Violation>) -> Result<(), Violation> {
        if self.lawless { Ok(()) } else { rule(&self.held.borrow()) }
    }
}

impl Default for Task {
    fn default() -> Self {
        Self::new()
    }
}
