//! What the kernel writes into its log when it finds itself misused.
//!
//! A complaint with a backtrace (`WARN`) is an answer, too: tools that watch the log raise an alarm, and with
//! `panic_on_warn` the machine stops. So the model says when one is due, and a checker expects it there and
//! nowhere else.

/// A `WARN` that something in zram leads to. Most are of the kind that the kernel prints the first time after boot, or
/// after a write to debugfs' `clear_warn_once`; the model tells of each time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Complaint {
    /// `__vmalloc_node_range` was asked for 0 bytes, by way of `zram_meta_alloc`.
    VmallocOfNothing,
    /// `zram_read_page` failed, which its own words say should never happen: the object could not be decompressed; there was no
    /// memory for a read-back's request (bf989ade270d); or, where parts of a page are read, the backing device failed. Printed
    /// each time. Writeback and recompression read by other ways and say nothing, but up to 6.12 writeback read by this one.
    ReadFailed,
}
