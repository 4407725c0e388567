//! Ctrl-C, hang-up and termination.
//!
//! Nothing here unwinds from a signal handler. The handler sets a flag; every wait of this program (on a child
//! process, on the channel of a VM, on a lock, between two files of a long copy) looks at the flag at least every
//! few tens of milliseconds and returns [`Interrupted`]. So an interrupted run leaves by the same road as a failed one:
//! destructors kill the VM, remove the staging folder and give the terminal back. A second signal gives up on being
//! tidy, for the case that something is stuck; what it leaves behind is swept up by the next run.

use std::sync::atomic::{AtomicU32, Ordering};

/// Exit status of a program ended by Ctrl-C, as shells count it.
pub(crate) const EXIT_INTERRUPTED: u8 = 130;

static SIGNALS: AtomicU32 = AtomicU32::new(0);

/// The user asked to stop.
#[derive(Debug)]
pub(crate) struct Interrupted;

impl std::fmt::Display for Interrupted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(
            "interrupted; everything started has been stopped, and the cache holds only finished entries",
        )
    }
}

impl std::error::Error for Interrupted {}

/// Catches SIGINT, SIGTERM and SIGHUP from here on.
pub(crate) fn install() -> anyhow::Result<()> {
    ctrlc::set_handler(|| {
        if SIGNALS.fetch_add(1, Ordering::SeqCst) > 0 {
            std::process::exit(EXIT_INTERRUPTED.into());
        }
    })?;
    Ok(())
}

/// An error once a signal has come.
pub(crate) fn check() -> Result<(), Interrupted> {
    if SIGNALS.load(Ordering::SeqCst) > 0 { Err(Interrupted) } else { Ok(()) }
}
