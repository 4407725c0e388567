//! What an object takes of memory: the size classes of zsmalloc.
//!
//! An object goes to the first class that holds it and its handle. A class has chains of as many pages as lose least at the end, up to the longest
//! that the kernel is built with (`calculate_zspage_chain_size`). Classes of equal chains are merged, which changes nothing here: what an object takes is
//! its part of the chain.

/// Bytes between classes of 4 KiB pages; larger pages have them further apart (`ZS_SIZE_CLASS_DELTA`).
const STEPS: u32 = 256;

/// Bytes of the smallest class (`ZS_MIN_ALLOC_SIZE`).
const SMALLEST: u32 = 32;

/// Bytes of the handle before an object (`ZS_HANDLE_SIZE`).
const HANDLE: u32 = 8;

/// The size classes of a pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Classes {
    page: u32,
    chain: u32,
}

impl Classes {
    /// Of pages of so many bytes, with chains of so many at most.
    #[must_use]
    pub fn new(page: u32, chain: u32) -> Self {
        Self { page, chain: chain.max(1) }
    }

    /// Objects of so many bytes or more are stored uncompressed (`zs_huge_class_size`).
    #[must_use]
    pub fn huge(self) -> u32 {
        let step = self.page / STEPS;
        let classes = (0..STEPS).map(|index| self.page.min(SMALLEST + index * step));
        // One page each would not do better than storing pages as they are.
        let largest = classes.rev().find(|class| self.shape(*class) != (1, 1));
        largest.unwrap_or(SMALLEST) - (HANDLE - 1)
    }

    /// Bytes of memory that an object of so many bytes takes.
    #[must_use]
    pub fn memory(self, bytes: u32) -> u64 {
        if bytes >= self.huge() {
            return self.page.into();
        }
        let step = self.page / STEPS;
        let above = (bytes + HANDLE).saturating_sub(SMALLEST).div_ceil(step);
        let (pages, objects) = self.shape(self.page.min(SMALLEST + above * step));
        u64::from(pages * self.page) / u64::from(objects)
    }

    /// Pages of a chain, and objects in it.
    fn shape(self, class: u32) -> (u32, u32) {
        let lost = |pages: &u32| pages * self.page % class;
        let pages = if class.is_power_of_two() { 1 } else { (1..=self.chain).min_by_key(lost).unwrap_or(1) };
        (pages, pages * self.page / class)
    }
}

#[cfg(test)]
mod tests {
    use zram_model::{Kernel, PageSize, Profile};

    use super::*;

    #[test]
    fn huge_begins_where_it_does_in_the_model() {
        for page_size in [PageSize::KIB_4, PageSize::KIB_16, PageSize::KIB_64] {
            for chain_size in 4..=16 {
                let profile = Profile { page_size, chain_size, ..Profile::debian_7_2() };
                let classes = Classes::new(page_size.bytes(), chain_size);
                assert_eq!(classes.huge(), Kernel::new(profile).huge_class_size(), "{classes:?}");
            }
        }
    }

    #[test]
    fn an_object_takes_its_part_of_a_chain() {
        let classes = Classes::new(4096, 8);
        // 32 bytes: 128 of them in a page.
        assert_eq!(classes.memory(24), 32);
        assert_eq!(classes.memory(25), 4096 / 85);
        // The largest that is not huge: 9 in 8 pages.
        assert_eq!(classes.memory(3624), 8 * 4096 / 9);
        assert_eq!(classes.memory(3625), 4096);
        assert_eq!(classes.memory(5000), 4096);
    }
}
