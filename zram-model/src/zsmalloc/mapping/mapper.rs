//! A task on a CPU, which maps objects.

use super::MappingStats;
use crate::{PageSize, zsmalloc::lock::Ledger};

/// How the newer interface finds out whether an object lies on two pages, and what a read of one that does copies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SpanRule {
    /// As it was introduced (44f764134964): by offset and *class size*, for reads and writes; a read copies the class size,
    /// header and waste included. Not in a release: a write to an object much smaller than its class computed a negative length
    /// (fixed in 6.15-rc7 by 02f5bf89f0b0), which happens with pages from 16 KiB on.
    Introduced,
    /// From 6.15 to 6.19: reads as introduced, writes by the length that is written.
    ClassSizeReads,
    /// From 7.0: by offset, header and the length asked for, which is what a read copies.
    #[default]
    Length,
}

/// A task on a CPU: its locks, the CPU's copy buffer (`zs_map_area`), and counters.
#[derive(Debug)]
pub struct Mapper {
    pub(super) rule: SpanRule,
    pub(super) area: Box<[u8]>,
    pub(super) stats: MappingStats,
    pub(super) locks: Ledger,
}

impl Mapper {
    /// A task on a CPU of a kernel with pages of this size, which reads by this rule.
    #[must_use]
    pub fn new(page_size: PageSize, rule: SpanRule) -> Self {
        let area = vec![0; page_size.bytes() as usize].into_boxed_slice();
        Self { rule, area, stats: MappingStats::default(), locks: Ledger::default() }
    }

    /// What was copied so far.
    #[must_use]
    pub fn stats(&self) -> MappingStats {
        self.stats
    }

    /// The task sleeps here: in debug builds, a panic if it must not.
    pub fn may_sleep(&mut self) {
        self.locks.may_sleep();
    }
}
