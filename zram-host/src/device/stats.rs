//! The statistics that a device shows, as numbers with names.
//!
//! Each is a line of numbers whose meaning is their place. New ones were added at the end over the years, so that a line
//! may be shorter than the newest kernel's, or one day longer: what is there is taken, and what is not is `None`.

use serde::Serialize;

/// `mm_stat`: what is stored, and the memory that takes (`mm_stat_show`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct MmStat {
    /// Bytes of the pages stored, uncompressed. Written-back pages count.
    pub orig_data_size: u64,
    /// Bytes of the objects in the pool.
    pub compr_data_size: u64,
    /// Bytes of memory that the pool takes, with what is lost in its zspages.
    pub mem_used_total: u64,
    /// Most bytes that the pool may take; 0 is no limit.
    pub mem_limit: u64,
    /// Most bytes that it took since it was made, or since this was last reset.
    pub mem_used_max: u64,
    /// Pages of one word, which take no memory.
    pub same_pages: u64,
    /// Pages of memory that compaction has freed.
    pub pages_compacted: u64,
    /// Pages stored that do not compress. `None` on kernels before they were counted.
    pub huge_pages: Option<u64>,
    /// Such pages ever stored since the device was set up. `None` on kernels before they were counted.
    pub huge_pages_since: Option<u64>,
}

impl MmStat {
    /// From the attribute's text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let numbers = numbers(text)?;
        let [a, b, c, d, e, f, g, rest @ ..] = &numbers[..] else { return None };
        Some(Self {
            orig_data_size: *a,
            compr_data_size: *b,
            mem_used_total: *c,
            mem_limit: *d,
            mem_used_max: *e,
            same_pages: *f,
            pages_compacted: *g,
            huge_pages: rest.first().copied(),
            huge_pages_since: rest.get(1).copied(),
        })
    }
}

/// `bd_stat`: traffic with the backing device, in units of 4 KiB whatever the page size (`bd_stat_show`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct BdStat {
    /// Units on the backing device now.
    pub count: u64,
    /// Units read back since the device was set up.
    pub reads: u64,
    /// Units written back since then, those included whose slot was rewritten meanwhile, which freed nothing.
    pub writes: u64,
}

impl BdStat {
    /// Bytes of a unit.
    pub const UNIT: u64 = 4096;

    /// From the attribute's text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let numbers = numbers(text)?;
        let [count, reads, writes, ..] = numbers[..] else { return None };
        Some(Self { count, reads, writes })
    }
}

/// `io_stat`: what went wrong, and what was freed (`io_stat_show`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct IoStat {
    /// Reads of pages that failed.
    pub failed_reads: u64,
    /// Writes of pages that failed.
    pub failed_writes: u64,
    /// Pages that were discarded, or that swap said are free, whether or not there was anything in them.
    pub notify_free: u64,
}

impl IoStat {
    /// From the attribute's text. The third number counted accesses that were not of whole pages, and is 0 on newer kernels.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let numbers = numbers(text)?;
        let [failed_reads, failed_writes, _, notify_free, ..] = numbers[..] else { return None };
        Some(Self { failed_reads, failed_writes, notify_free })
    }
}

fn numbers(text: &str) -> Option<Vec<u64>> {
    text.split_whitespace().map(|word| word.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_older_and_newer_kernels_are_read() {
        let old = MmStat::parse("    4096  74  12288  0  12288  1  2\n").unwrap();
        assert_eq!((old.pages_compacted, old.huge_pages, old.huge_pages_since), (2, None, None));
        let now = MmStat::parse("1 2 3 4 5 6 7 8 9 10\n").unwrap();
        assert_eq!((now.orig_data_size, now.huge_pages, now.huge_pages_since), (1, Some(8), Some(9)));
        assert_eq!(MmStat::parse("1 2 3 4 5 6"), None);
        assert_eq!(MmStat::parse("1 2 3 4 5 6 x"), None);
        let most = format!("{} 0 0 0 0 0 0", u64::MAX);
        assert_eq!(MmStat::parse(&most).map(|stat| stat.orig_data_size), Some(u64::MAX));
    }

    #[test]
    fn traffic_is_read() {
        let bd = BdStat { count: 1, reads: 2, writes: 3 };
        assert_eq!(BdStat::parse("       1        2        3\n"), Some(bd));
        assert_eq!(BdStat::parse("1 2"), None);
        let io = IoStat { failed_reads: 1, failed_writes: 2, notify_free: 4 };
        assert_eq!(IoStat::parse("       1        2        0        4\n"), Some(io));
    }
}
