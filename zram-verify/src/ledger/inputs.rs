//! What was taken from observations, by kind, for the report.

use serde::Serialize;
use zram_model::BackingRequest;

/// Inputs taken, by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Inputs {
    /// Compressed lengths (`zcomp_compress`).
    pub compressed_lengths: u64,
    /// Seconds at which slots were accessed.
    pub access_seconds: u64,
    /// Seconds from which an age was counted.
    pub idle_seconds: u64,
    /// Places where the order of asynchronous steps was taken from the events.
    pub orders: u64,
    /// Statuses of the backing device other than success.
    pub backing_errors: u64,
    /// Allocations that failed.
    pub allocation_failures: u64,
    /// Page migrations: events taken out, since they change nothing that is compared.
    pub migrations: u64,
    /// Outcomes of decompressing bytes that are not the object's.
    pub foreign_decompressions: u64,
    /// Dictionaries for a compressor: whether the kernel could read them.
    pub dictionaries: u64,
    /// Moments at which another task's bio came while a pass was under way.
    pub intrusions: u64,
    /// Ends of bios that were full, where the kernel makes one segment of pages that happen to be neighbours.
    pub bio_ends: u64,
    /// Steps of several tasks at once: whose came next.
    pub turns: u64,
    /// Peaks of the pool's size that several writers left, each within bounds.
    pub peaks: u64,
    /// Bios of a workload: which came, of which slots, and when.
    pub bios_followed: u64,
    /// Slots that swap said are free: which, and when.
    pub notifications_followed: u64,
    /// Pages of a workload that were written and of which only is known what came of them.
    pub outcomes_followed: u64,
}

impl Inputs {
    /// Each kind's name and count.
    #[must_use]
    pub fn rows(&self) -> [(&'static str, u64); 16] {
        [
            ("compressed lengths", self.compressed_lengths),
            ("seconds of access", self.access_seconds),
            ("seconds of idle marking", self.idle_seconds),
            ("orders of completion", self.orders),
            ("errors of the backing device", self.backing_errors),
            ("allocation failures", self.allocation_failures),
            ("page migrations", self.migrations),
            ("foreign decompressions", self.foreign_decompressions),
            ("dictionaries read", self.dictionaries),
            ("bios during a pass", self.intrusions),
            ("ends of full bios", self.bio_ends),
            ("steps of several tasks", self.turns),
            ("peaks of the pool", self.peaks),
            ("bios followed", self.bios_followed),
            ("slot-free notifications followed", self.notifications_followed),
            ("outcomes of pages followed", self.outcomes_followed),
        ]
    }

    /// Adds another ledger's counts.
    pub fn absorb(&mut self, other: &Self) {
        self.compressed_lengths += other.compressed_lengths;
        self.access_seconds += other.access_seconds;
        self.idle_seconds += other.idle_seconds;
        self.orders += other.orders;
        self.backing_errors += other.backing_errors;
        self.allocation_failures += other.allocation_failures;
        self.migrations += other.migrations;
        self.foreign_decompressions += other.foreign_decompressions;
        self.dictionaries += other.dictionaries;
        self.intrusions += other.intrusions;
        self.bio_ends += other.bio_ends;
        self.turns += other.turns;
        self.peaks += other.peaks;
        self.bios_followed += other.bios_followed;
        self.notifications_followed += other.notifications_followed;
        self.outcomes_followed += other.outcomes_followed;
    }
}

/// A compressed length beside the one that the exact codec gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodecLength {
    /// The algorithm and its parameters.
    pub algorithm: String,
    /// The codec's length; none where there is no exact codec.
    pub predicted: Option<u32>,
    /// The kernel's.
    pub observed: u32,
}

/// What a request to the backing device came to, beside what the device is made to answer (`blk_status_t`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackingAnswer {
    /// The request.
    pub request: BackingRequest,
    /// By the blocks that fail.
    pub predicted: u8,
    /// By the kernel.
    pub observed: u8,
}

/// A time of access that the clocks around the operation do not allow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImpossibleTime {
    /// The device.
    pub dev: u32,
    /// The slot.
    pub slot: u32,
    /// What the slot shows.
    pub shown: String,
    /// What is possible, first and last.
    pub possible: [String; 2],
}
