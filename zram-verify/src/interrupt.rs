//! Ctrl-C, hang-up and termination.
//!
//! Targets run in process groups of their own, so a Ctrl-C does not reach them: this program has to end them. The handler only
//! sets a flag; whoever waits for an answer looks at it, and leaves by the same road as when a machine has died. So what was
//! found out up to there is still reported, and nothing that was started goes on running.

use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context as _, Result};

/// Exit status of a program ended by Ctrl-C, as shells count it.
pub const EXIT_INTERRUPTED: u8 = 130;

static SIGNALS: AtomicU32 = AtomicU32::new(0);

/// Catches SIGINT, SIGTERM and SIGHUP from here on. A third one ends the program on the spot.
///
/// # Errors
/// When the handler cannot be put in place.
pub fn install() -> Result<()> {
    ctrlc::set_handler(|| {
        if SIGNALS.fetch_add(1, Ordering::SeqCst) > 1 {
            std::process::exit(EXIT_INTERRUPTED.into());
        }
    })
    .context("cannot catch signals")
}

/// Whether a signal has come.
#[must_use]
pub fn is_asked_for() -> bool {
    SIGNALS.load(Ordering::SeqCst) > 0
}
