//! SIGINT and SIGTERM: what is under way ends in order.
//!
//! Whoever presses Ctrl-C wants the machine back, as it was. So a plan looks here before each step, and is undone; what only looks ends its
//! output as it would at its end. A command that makes a single write has nothing to undo, and dies of the signal as any program does.

use std::sync::atomic::{AtomicBool, Ordering};

static ASKED: AtomicBool = AtomicBool::new(false);

/// From now on these signals do not end the program: it asks for them with [`asked`].
///
/// # Errors
/// When the system does not let it.
pub fn heed_signals() -> anyhow::Result<()> {
    Ok(ctrlc::set_handler(ask)?)
}

/// Asks for an end, as a signal does.
pub fn ask() {
    ASKED.store(true, Ordering::Relaxed);
}

/// Whether an end was asked for.
#[must_use]
pub fn asked() -> bool {
    ASKED.load(Ordering::Relaxed)
}
