//! Where the kernel asks for memory, as far as it shows what it does without.

use zram_events::{ClassIndex, SlotIndex};

/// A place where the kernel asks for memory and goes on without it when it must.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Allocation {
    /// A new device (`zram_add`).
    Device,
    /// The slot table (`zram_meta_alloc`).
    SlotTable {
        /// Its bytes.
        bytes: u64,
    },
    /// A pool (`zs_create_pool`).
    Pool,
    /// A pool's copy of its name.
    PoolName,
    /// A class of a pool, the largest first.
    SizeClass {
        /// The class's index.
        class: ClassIndex,
    },
    /// A pool's shrinker. Without it there is none, and the pool is made all the same.
    Shrinker,
    /// A handle (`cache_alloc_handle`).
    Handle,
    /// The descriptor of a zspage (`cache_alloc_zspage`).
    Zspage,
    /// Page number `index` of a new zspage (`alloc_zpdesc`).
    ZspagePage {
        /// Which page of the zspage.
        index: u32,
    },
    /// The bitmap of a backing device (`backing_dev_store`).
    Bitmap {
        /// Its bytes.
        bytes: u64,
    },
    /// The buffer for the path of a backing device (`backing_dev_store`).
    BackingPath,
    /// An algorithm with what belongs to it once (`zcomp_create`).
    Compressor {
        /// Its place among the device's algorithms.
        priority: u8,
    },
    /// Its working memory for one processor (`create_ctx`); asked once for all of them.
    CompressorContext {
        /// The algorithm's place.
        priority: u8,
    },
    /// Its buffers for one processor (`zcomp_strm_init`); asked once for all of them.
    CompressorBuffers {
        /// The algorithm's place.
        priority: u8,
    },
    /// The page of a read or write of less than a page (`zram_bvec_read_partial`, `zram_bvec_write_partial`).
    PartialPage {
        /// The slot.
        slot: SlotIndex,
    },
    /// The page that recompression works in (`recompress_store`).
    RecompressionPage,
    /// The control block of a pass (`init_pp_ctl`).
    Candidates,
    /// An entry for a slot selected for post-processing (`place_pp_slot`).
    Candidate {
        /// The slot.
        slot: SlotIndex,
    },
    /// The control block of writeback (`init_wb_ctl`).
    WritebackControl,
    /// Writeback request number `index` with its page (`init_wb_ctl`): all of a batch in advance, or when
    /// first needed, as [`crate::Profile::batch_in_advance`] says.
    WritebackRequest {
        /// Which request of the batch.
        index: u32,
    },
    /// A read-back request and its bio (`read_from_bdev_async`).
    ReadBack {
        /// The slot.
        slot: SlotIndex,
    },
}
