//! How large a page is.
//!
//! Nearly everything in zram is counted in pages of the machine: a slot holds one, the backing device
//! is cut into them, the pool grows by them. x86-64 has pages of 4 KiB only; arm64 can be built for
//! 4, 16 and 64 KiB, LoongArch and MIPS for sizes between. What does *not* follow the page size is
//! named where it stands: logical blocks are 4 KiB everywhere, and so are the units of `bd_stat` and
//! `writeback_limit`.

/// The bytes of one page.
pub type PageBytes = [u8];

/// The size of a page: a power of two from 4 KiB to 64 KiB.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PageSize(u8);

impl PageSize {
    /// 4 KiB.
    pub const KIB_4: Self = Self(12);
    /// 8 KiB.
    pub const KIB_8: Self = Self(13);
    /// 16 KiB.
    pub const KIB_16: Self = Self(14);
    /// 32 KiB.
    pub const KIB_32: Self = Self(15);
    /// 64 KiB.
    pub const KIB_64: Self = Self(16);

    /// Every size that there is, smallest first.
    pub const ALL: [Self; 5] = [Self::KIB_4, Self::KIB_8, Self::KIB_16, Self::KIB_32, Self::KIB_64];

    /// The size of this many bytes; none if no kernel has such pages.
    #[must_use]
    pub fn new(bytes: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|size| size.bytes() == bytes)
    }

    /// Its base-two logarithm (`PAGE_SHIFT`).
    #[must_use]
    pub const fn shift(self) -> u32 {
        self.0 as u32
    }

    /// Bytes (`PAGE_SIZE`), as lengths of objects are counted.
    #[must_use]
    pub const fn bytes(self) -> u32 {
        1 << self.0
    }

    /// Bytes, as positions in memory are counted.
    #[must_use]
    pub const fn as_usize(self) -> usize {
        1 << self.0
    }

    /// Sectors of 512 bytes in a page.
    #[must_use]
    pub const fn sectors(self) -> u64 {
        1 << (self.0 - 9)
    }

    /// Units of 4 KiB in a page: what `bd_stat` and `writeback_limit` count (`FOUR_K`).
    #[must_use]
    pub const fn units_of_4k(self) -> u64 {
        1 << (self.0 - 12)
    }

    /// `PAGE_ALIGN`: rounded up to whole pages; what is within a page of the largest number wraps to 0.
    #[must_use]
    pub const fn align(self, bytes: u64) -> u64 {
        let mask = (1 << self.0) - 1;
        bytes.wrapping_add(mask) & !mask
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_powers_of_two_from_4_to_64_kib() {
        for bytes in 0..=70_000 {
            let expected = [4096, 8192, 16384, 32768, 65536].contains(&bytes);
            assert_eq!(PageSize::new(bytes).map(PageSize::bytes), expected.then_some(bytes));
        }
    }

    #[test]
    fn the_largest_numbers_wrap() {
        assert_eq!(PageSize::KIB_4.align(1), 4096);
        assert_eq!(PageSize::KIB_64.align(65_537), 131_072);
        assert_eq!(PageSize::KIB_16.align(u64::MAX), 0);
        assert_eq!(PageSize::KIB_16.align(0), 0);
    }

    #[test]
    fn what_a_page_is_made_of() {
        assert_eq!((PageSize::KIB_64.sectors(), PageSize::KIB_64.units_of_4k()), (128, 16));
        assert_eq!((PageSize::KIB_4.sectors(), PageSize::KIB_4.units_of_4k()), (8, 1));
    }
}
