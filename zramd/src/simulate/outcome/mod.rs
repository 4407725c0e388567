//! What a run came to.
//!
//! Bytes are those of the small machine; the tables multiply them by its scale. What writeback is for is memory: `mean_saved` is what the pages
//! that were on the backing device would have taken in zram's pool, on average over the whole time. What it costs is wear (`written`), and time:
//! pages that come back from the disk are waited for (`read_backs`, `waits`). Freed memory is used for something, so that the pool alone says
//! little: the same machine keeps more in memory, or ends fewer programs (`kills`).
//!
//! * `table` prints outcomes side by side. * [`equal`] compares policies at the same number of bytes written.

pub mod equal;
mod table;

use serde::Serialize;

pub use super::machine::ReadBacks;
pub(crate) use table::LEGEND;
pub use table::table;

/// How long was waited, in microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Waits {
    /// For memory, by somebody, kswapd included: the total of `/proc/pressure/memory`.
    pub memory_some: u64,
    /// By all that had something to do.
    pub memory_full: u64,
    /// For the disk.
    pub io_some: u64,
}

/// The machine at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Sample {
    /// Since the beginning.
    pub seconds: u64,
    /// Bytes of zram's pool.
    pub pool: u64,
    /// Bytes that the pages on the backing device would take there.
    pub saved: u64,
    /// Free memory, in bytes.
    pub free: u64,
    /// Bytes written so far.
    pub written: u64,
    /// Pages read back so far.
    pub read_backs: u64,
    /// Microseconds waited for memory so far.
    pub waited: u64,
}

/// What a run measured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// How many times as much the machine has that it stands for.
    pub scale: u32,
    /// How long it ran.
    pub seconds: u64,
    /// Of that, asleep.
    pub suspended_seconds: u64,
    /// Pages that programs touched.
    pub accesses: u64,
    /// Bytes that were not in memory since they were on the backing device: on average, ...
    pub mean_saved: u64,
    /// ... and at the end.
    pub final_saved: u64,
    /// Bytes of zram's pool, on average.
    pub mean_pool: u64,
    /// And at the end.
    pub final_pool: u64,
    /// Bytes written to the backing device.
    pub written: u64,
    /// The most in any 24 hours.
    pub most_in_day: u64,
    /// What these pages took in memory when they were written, in bytes.
    pub relieved: u64,
    /// Pages that came back.
    pub read_backs: ReadBacks,
    /// Pages that were freed there unread.
    pub dropped: u64,
    /// Pages that were there at the end.
    pub away: u64,
    /// Pages read from swap, wherever they were.
    pub swap_ins: u64,
    /// Pages written to swap.
    pub swap_outs: u64,
    /// Pages of files that were read.
    pub file_reads: u64,
    /// Programs that had to be ended.
    pub kills: u64,
    /// What was waited.
    pub waits: Waits,
    /// How it went.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub samples: Vec<Sample>,
}

impl Outcome {
    /// Pages written.
    #[must_use]
    pub fn pages_written(&self) -> u64 {
        self.written / 4096
    }

    /// Pages that came back within six hours, for each that was written, in thousandths.
    #[must_use]
    pub fn regret(&self) -> u64 {
        self.read_backs.within_6h * 1000 / self.pages_written().max(1)
    }
}

/// An outcome, and whose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Named {
    /// The policy.
    pub name: String,
    /// What came of it.
    #[serde(flatten)]
    pub outcome: Outcome,
}
