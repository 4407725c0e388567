//! The numbers of a device, in bytes and pages, whatever units the kernel prints them in.

use serde::{Deserialize, Serialize};
use zram_host::{Survey, device::BdStat};

/// What the attributes say, and what is known about who uses the device.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Attributes {
    /// Whether it is set up.
    pub initialised: bool,
    /// Bytes that it offers.
    pub disksize: u64,
    /// The primary algorithm.
    pub algorithm: Option<String>,
    /// Those for recompression, by priority.
    pub recompression: Vec<String>,
    /// Bytes of the pages stored, written-back ones included (`orig_data_size`).
    pub stored: u64,
    /// Bytes of the objects in memory (`compr_data_size`).
    pub compressed: u64,
    /// Bytes of memory that they take (`mem_used_total`).
    pub memory: u64,
    /// Most bytes of memory that it took (`mem_used_max`).
    pub peak: u64,
    /// Most bytes that it may take; 0: no limit (`mem_limit`).
    pub limit: u64,
    /// Pages of one word.
    pub same_pages: u64,
    /// Pages stored as they are.
    pub huge_pages: Option<u64>,
    /// Pages that compaction has freed so far.
    pub compacted: u64,
    /// Reads and writes that failed so far.
    pub failed: (u64, u64),
    /// Pages that swap or a file system gave up so far (`notify_free`).
    pub given_up: u64,
    /// The backing device.
    pub backing: Option<Backing>,
    /// Pages read and written so far, as the block layer counts them. `None`: nobody counts.
    pub traffic: Option<Traffic>,
    /// What it is used for: `swap 100`, `ext4 /tmp`.
    pub uses: Vec<String>,
}

/// A backing device.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Backing {
    /// Its path.
    pub path: String,
    /// Its size in bytes, where that is known.
    pub size: Option<u64>,
    /// Bytes on it now.
    pub used: u64,
    /// Bytes read back so far.
    pub read: u64,
    /// Bytes written back so far.
    pub written: u64,
    /// Bytes that may still be written, where the limit counts.
    pub limit: Option<u64>,
    /// Whether pages are written as they are in memory. `None`: the kernel does not do that.
    pub compressed: Option<bool>,
    /// Requests of a pass that are under way at most.
    pub batch: Option<u64>,
}

/// Bytes that went through the block device so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Traffic {
    /// Read.
    pub read: u64,
    /// Written.
    pub written: u64,
}

impl Traffic {
    /// From a block device's `stat`: the third and the seventh number are sectors of 512 bytes.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut numbers = text.split_whitespace().map(|word| word.parse::<u64>().ok());
        let read = numbers.nth(2)??.checked_mul(512)?;
        let written = numbers.nth(3)??.checked_mul(512)?;
        Some(Self { read, written })
    }
}

impl Attributes {
    /// From a survey.
    #[must_use]
    pub fn of(survey: Survey) -> Self {
        let mut this = Self {
            initialised: survey.initialised,
            disksize: survey.disksize,
            algorithm: survey.algorithms.and_then(|algorithms| algorithms.chosen),
            ..Self::default()
        };
        let chosen = |line: zram_host::device::Recompression| line.algorithms.chosen;
        this.recompression = survey.recompression.into_iter().filter_map(chosen).collect();
        if let Some(mm) = survey.mm_stat {
            this.stored = mm.orig_data_size;
            this.compressed = mm.compr_data_size;
            this.memory = mm.mem_used_total;
            this.peak = mm.mem_used_max;
            this.limit = mm.mem_limit;
            this.same_pages = mm.same_pages;
            this.huge_pages = mm.huge_pages;
            this.compacted = mm.pages_compacted;
        }
        if let Some(io) = survey.io_stat {
            this.failed = (io.failed_reads, io.failed_writes);
            this.given_up = io.notify_free;
        }
        this.backing = survey.writeback.and_then(|writeback| {
            let bytes = |units: u64| units.saturating_mul(BdStat::UNIT);
            let bd = writeback.bd_stat.unwrap_or(BdStat { count: 0, reads: 0, writes: 0 });
            Some(Backing {
                path: writeback.backing_dev?,
                size: None,
                used: bytes(bd.count),
                read: bytes(bd.reads),
                written: bytes(bd.writes),
                limit: writeback.limit.filter(|_| writeback.limit_enabled == Some(true)).map(bytes),
                compressed: writeback.compressed,
                batch: writeback.batch_size,
            })
        });
        this
    }

    /// Bytes of the pages that are in memory: what is stored, without what is on the backing device.
    #[must_use]
    pub fn in_memory(&self) -> u64 {
        self.stored.saturating_sub(self.backing.as_ref().map_or(0, |backing| backing.used))
    }

    /// Bytes of pages for each byte of memory that they take. `None`: nothing is in memory.
    #[must_use]
    pub fn ratio(&self) -> Option<f64> {
        let here = self.in_memory();
        (here != 0 && self.memory != 0).then(|| here as f64 / self.memory as f64)
    }

    /// Of the memory taken, what holds no object, from 0 to 1.
    #[must_use]
    pub fn fragmentation(&self) -> Option<f64> {
        let lost = self.memory.saturating_sub(self.compressed);
        (self.memory != 0).then(|| lost as f64 / self.memory as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn traffic_is_of_sectors() {
        let text = "     100        0      800       12      200        0     1600        9        0 1 2\n";
        assert_eq!(Traffic::parse(text), Some(Traffic { read: 800 * 512, written: 1600 * 512 }));
        assert_eq!(Traffic::parse("1 2 3 4 5 6"), None);
    }

    #[test]
    fn what_is_away_takes_no_memory() {
        let backing = Backing { used: 40 << 20, ..Backing::default() };
        let device = Attributes {
            stored: 100 << 20,
            compressed: 18 << 20,
            memory: 20 << 20,
            backing: Some(backing),
            ..Attributes::default()
        };
        assert_eq!((device.in_memory(), device.ratio()), (60 << 20, Some(3.0)));
        assert_eq!(device.fragmentation(), Some(0.1));
        assert_eq!(Attributes::default().ratio(), None);
    }
}
