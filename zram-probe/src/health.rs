//! What was lost.

use serde::{Deserialize, Serialize};

/// Losses since the probes were attached. Any number but zero makes what was recorded invalid.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// Records for which the ring buffer had no room.
    pub reserve_failures: u64,
    /// Hits that the kernel skipped because the same program was already running on that CPU.
    pub recursion_misses: u64,
    /// Records that were numbered by a program but never came out of the ring buffer.
    pub missed: u64,
    /// Hits for which kernel memory could not be read, so that no record was written.
    pub faults: u64,
}

impl Health {
    /// Whether nothing was lost but for so many hits while a program was already running.
    #[must_use]
    pub fn is_clean_but_for(&self, recursion_misses: u64) -> bool {
        *self == Self { recursion_misses: self.recursion_misses.min(recursion_misses), ..Self::default() }
    }

    /// Whether nothing was lost.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        *self == Self::default()
    }
}
