//! Where in the kernel's code an event arises.
//!
//! The model emits every event that the source implies. Whether a probe can see it depends on the
//! build: a function that the compiler inlined into one of its callers is visible from the others
//! only. So each emission names its call site, and a profile lists the sites that are silent.

macro_rules! sites {
    ($($variant:ident: $describes:literal,)*) => {
        /// A point at which an event arises: the function, and who called it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u8)]
        pub enum Site {
            $(#[doc = $describes] $variant,)*
        }

        impl Site {
            /// Every site.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The site in words: function and caller.
            #[must_use]
            pub fn describes(self) -> &'static str {
                match self {
                    $(Self::$variant => $describes,)*
                }
            }
        }
    };
}

sites! {
    PoolCreate: "`zs_create_pool` from `zram_meta_alloc`",
    PoolDestroy: "`zs_destroy_pool` from `zram_meta_free`",
    PageChain: "`create_page_chain` from `alloc_zspage`",
    PageChainMigration: "`create_page_chain` from `zs_page_migrate`",
    PageMigrate: "`zs_page_migrate`",
    ObjMallocExisting: "`obj_malloc` from `zs_malloc`, into a zspage that was there",
    ObjMallocNew: "`obj_malloc` from `zs_malloc`, into a new zspage",
    ObjMallocCompaction: "`obj_malloc` from `migrate_zspage`",
    ObjFree: "`obj_free` from `zs_free`",
    ObjFreeCompaction: "`obj_free` from `migrate_zspage`",
    FixFullnessMalloc: "`fix_fullness_group` from `zs_malloc`",
    FixFullnessFree: "`fix_fullness_group` from `zs_free`",
    PutbackSource: "`putback_zspage` of a source, from `__zs_compact`",
    PutbackDestination: "`putback_zspage` of a destination, from `__zs_compact`",
    ZspageFree: "`__free_zspage` from `zs_free`",
    ZspageFreeCompaction: "`__free_zspage` from `__zs_compact`",
    ZspageFreeDeferred: "`__free_zspage` from `async_free_zspage`",
    DeferredFree: "`async_free_zspage`",
    ShrinkerScan: "`zs_shrinker_scan`",
    Malloc: "`zs_malloc`",
    FreeSlot: "`zs_free` from `slot_free`",
    FreeOverLimit: "`zs_free` of an object that `mem_limit` refused",
    FreeWrittenBack: "`zs_free` from `zram_writeback_complete`",
    ReadHuge: "`zs_obj_read_begin`/`_end` (`zs_map_object`/`zs_unmap_object`) from `read_incompressible_page`",
    ReadCompressed: "`zs_obj_read_begin`/`_end` (`zs_map_object`/`zs_unmap_object`) from `read_compressed_page`",
    ReadRaw: "`zs_obj_read_begin`/`_end` from `read_from_zspool_raw`",
    ObjWriteHuge: "`zs_obj_write` (`zs_map_object`/`zs_unmap_object`) from `write_incompressible_page`",
    ObjWriteCompressed: "`zs_obj_write` (`zs_map_object`/`zs_unmap_object`) from `zram_write_page`",
    ObjWriteRecompressed: "`zs_obj_write` (`zs_map_object`/`zs_unmap_object`) from `recompress_slot`",
    Compact: "`zs_compact` from `compact_store`",
    CompactShrinker: "`zs_compact` from `zs_shrinker_scan`",
    Bio: "`zram_submit_bio`",
    SlotFreeSame: "`slot_free` from `write_same_filled_page`",
    SlotFreeHuge: "`slot_free` from `write_incompressible_page`",
    SlotFreeCompressed: "`slot_free` from `zram_write_page`",
    SlotFreeDiscard: "`slot_free` from `zram_bio_discard`",
    SlotFreeReset: "`slot_free` from `zram_meta_free`",
    SlotFreeWrittenBack: "`slot_free` from `zram_writeback_complete`, on kernels before b0377ee80429",
    SlotFreeNotified: "`slot_free` from `zram_slot_free_notify`",
    SlotFreeRecompressed: "`slot_free` from `recompress_slot`",
    Compress: "`zcomp_compress` from `zram_write_page`",
    CompressAgain: "`zcomp_compress` from `recompress_slot`",
    Decompress: "`zcomp_decompress` from `read_compressed_page`",
    DecompressReadBack: "`zcomp_decompress` from `decompress_bdev_page`",
    ReadFromPool: "`read_from_zspool` from `zram_read_page`",
    ReadFromPoolWriteback: "`read_from_zspool` from `zram_writeback_slots`",
    ReadFromPoolRecompression: "`read_from_zspool` from `recompress_slot`",
    WritebackScan: "`scan_slots_for_writeback`",
    Writeback: "`zram_writeback_slots`",
    WritebackEndio: "`zram_writeback_endio`",
    WritebackDone: "`zram_complete_done_reqs` because no request was idle",
    WritebackDoneTail: "`zram_complete_done_reqs` at the end of a pass",
    ReleaseSkipped: "`release_pp_slot` of a slot that lost its mark, from `zram_writeback_slots`",
    ReleaseCompleted: "`release_pp_slot` from `zram_complete_done_reqs`",
    ReleaseLeftover: "`release_pp_slot` from `release_pp_ctl`",
    ReleaseRecompressed: "`release_pp_slot` from `recompress_store`",
    ReadBackEndio: "`zram_async_read_endio`",
    ReadBackWork: "`zram_deferred_decompress`",
    SlotFreeNotify: "`zram_slot_free_notify`",
    Reset: "`zram_reset_device` from `reset_store`",
    ResetRemove: "`zram_reset_device` from `zram_remove`",
    DeviceAdd: "`zram_add`",
    DeviceRemove: "`zram_remove`",
}

/// A set of sites.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct SiteSet(u128);

const _: () = assert!(Site::ALL.len() <= 128);

impl SiteSet {
    /// No site.
    pub const NONE: Self = Self(0);

    /// This set and one more site.
    #[must_use]
    pub const fn with(self, site: Site) -> Self {
        Self(self.0 | 1 << site as u8)
    }

    /// Whether the site is in the set.
    #[must_use]
    pub const fn contains(self, site: Site) -> bool {
        self.0 & (1 << site as u8) != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_site_is_a_member_of_its_own() {
        for site in Site::ALL {
            let set = SiteSet::NONE.with(*site);
            assert_eq!(Site::ALL.iter().filter(|s| set.contains(**s)).count(), 1);
            assert!(set.contains(*site));
        }
    }
}
