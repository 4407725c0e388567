//! The clocks of a machine.
//!
//! Three, since each lies about something: the one that zram keeps in its slots runs on while the machine is suspended, the one that
//! does not says nothing about how old a file is, and the one on the wall is set by whoever likes.

use std::time::Duration;

use serde::Serialize;

/// What the clocks say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Clocks {
    /// Since boot, with the time that the machine was suspended: `CLOCK_BOOTTIME`, by which zram takes note of accesses.
    pub boot: Duration,
    /// Since boot, without it: `CLOCK_MONOTONIC`.
    pub awake: Duration,
    /// Since 1970, as far as the machine knows: `CLOCK_REALTIME`. It can jump.
    pub wall: Duration,
}

impl Clocks {
    /// How long the machine was suspended since it was booted.
    #[must_use]
    pub fn suspended(&self) -> Duration {
        self.boot.saturating_sub(self.awake)
    }
}
