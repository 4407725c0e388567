//! A device's counters (`struct zram_stats`).

/// Counters, cleared by reset. They wrap as the kernel's atomics do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Stats {
    pub(crate) compr_data_size: u64,
    pub(crate) failed_reads: u64,
    pub(crate) failed_writes: u64,
    /// On kernels with [`crate::Behaviours::counts_invalid_io`].
    pub(crate) invalid_io: u64,
    pub(crate) notify_free: u64,
    pub(crate) same_pages: u64,
    pub(crate) huge_pages: u64,
    pub(crate) huge_pages_since: u64,
    pub(crate) pages_stored: u64,
    pub(crate) max_used_pages: u64,
    /// On kernels with [`crate::Behaviours::write_stalls`].
    pub(crate) write_stalls: u64,
    pub(crate) miss_free: u64,
    pub(crate) bd_count: u64,
    pub(crate) bd_reads: u64,
    pub(crate) bd_writes: u64,
}

/// Counts up, wrapping.
pub(crate) fn add(counter: &mut u64, by: u64) {
    *counter = counter.wrapping_add(by);
}

/// Counts down, wrapping.
pub(crate) fn sub(counter: &mut u64, by: u64) {
    *counter = counter.wrapping_sub(by);
}

impl Stats {
    /// `update_used_max`
    pub(crate) fn update_used_max(&mut self, pages: u64) {
        self.max_used_pages = self.max_used_pages.max(pages);
    }
}
