//! The size classes: a pure function of page size and chain size (`zs_create_pool`).

/// Bytes before each object that hold its handle (`ZS_HANDLE_SIZE`).
pub(crate) const HANDLE_SIZE: u32 = 8;

/// Bits of a physical address that an object's word has room for (`MAX_POSSIBLE_PHYSMEM_BITS` of x86-64).
const PHYSMEM_BITS: u32 = 52;

/// The longest chain that can be configured (`CONFIG_ZSMALLOC_CHAIN_SIZE`).
const LONGEST_CHAIN: u32 = 16;

/// log2 of how many steps a page is divided into (`CLASS_BITS`).
const CLASS_BITS: u32 = 8;

/// The shape of one distinct class (`struct size_class`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ClassShape {
    /// The class's index: that of its largest nominal class.
    pub(crate) index: u16,
    /// Bytes of one object, header included.
    pub(crate) size: u32,
    /// Pages per zspage.
    pub(crate) pages: u32,
    /// Objects per zspage.
    pub(crate) objects: u32,
}

impl ClassShape {
    /// Whether the one object fills the one page, so that there is no room for a header (`ZsHugePage`).
    pub(crate) fn huge(&self) -> bool {
        self.objects == 1 && self.pages == 1
    }
}

/// All classes of a pool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ClassTable {
    page_size: u32,
    min_size: u32,
    step: u32,
    /// Distinct classes, smallest first.
    shapes: Vec<ClassShape>,
    /// For each nominal class, its position in `shapes`.
    nominal: Vec<u16>,
    /// Objects of this size and more have no smaller home than a page (`zs_huge_class_size`).
    huge_class_size: u32,
}

impl ClassTable {
    /// The table for pages of `page_size` bytes (a power of two, 4 to 64 KiB) and chains of at most `chain_size`
    /// pages, which is taken for 1 or 16 beyond these. `by_percent`: how the length of a chain was chosen at first.
    pub(crate) fn new(page_size: u32, chain_size: u32, by_percent: bool) -> Self {
        let chain_size = chain_size.clamp(1, LONGEST_CHAIN);
        // What the page frame number leaves of 64 bits is the index's (`OBJ_INDEX_BITS`).
        let index_bits = u64::BITS - (PHYSMEM_BITS - page_size.trailing_zeros());
        let min_size = 32.max(((u64::from(chain_size) * u64::from(page_size)) >> index_bits) as u32);
        let step = page_size >> CLASS_BITS;
        let count = (page_size - min_size).div_ceil(step) + 1;
        let mut shapes: Vec<ClassShape> = Vec::new();
        let mut nominal = Vec::with_capacity(count as usize);
        let mut huge_class_size = 0;
        // From large to small, because a class is merged into the next larger one.
        for index in (0..count).rev() {
            let size = (min_size + index * step).min(page_size);
            let pages = if by_percent {
                chain_by_percent(size, page_size, chain_size)
            } else {
                chain_length(size, page_size, chain_size)
            };
            let objects = pages * page_size / size;
            if pages != 1 && objects != 1 && huge_class_size == 0 {
                // The header is added before the class is looked up: an object up to 7 bytes smaller
                // than the class already ends in the class above.
                huge_class_size = size - (HANDLE_SIZE - 1);
            }
            let same = shapes.last().is_some_and(|last| last.pages == pages && last.objects == objects);
            if !same {
                shapes.push(ClassShape { index: index as u16, size, pages, objects });
            }
            nominal.push(shapes.len() as u16 - 1);
        }
        shapes.reverse();
        nominal.reverse();
        let last = shapes.len() as u16 - 1;
        for position in &mut nominal {
            *position = last - *position;
        }
        Self { page_size, min_size, step, shapes, nominal, huge_class_size }
    }

    /// Bytes of a page.
    pub(crate) fn page_size(&self) -> u32 {
        self.page_size
    }

    /// Distinct classes, smallest first.
    pub(crate) fn shapes(&self) -> &[ClassShape] {
        &self.shapes
    }

    /// For each nominal class, the position of its class in [`ClassTable::shapes`].
    pub(crate) fn nominal(&self) -> &[u16] {
        &self.nominal
    }

    /// `zs_huge_class_size`
    pub(crate) fn huge_class_size(&self) -> u32 {
        self.huge_class_size
    }

    /// The nominal class of an object of `size` bytes without its header (`get_size_class_index`).
    pub(crate) fn nominal_index(&self, size: u32) -> usize {
        let with_header = size.saturating_add(HANDLE_SIZE);
        let steps = with_header.saturating_sub(self.min_size).div_ceil(self.step);
        (steps as usize).min(self.nominal.len() - 1)
    }

    /// The position in [`ClassTable::shapes`] of a nominal class; the last one beyond the end.
    pub(crate) fn position(&self, nominal: usize) -> usize {
        usize::from(self.nominal[nominal.min(self.nominal.len() - 1)])
    }
}

/// How many pages waste the least at their end (`calculate_zspage_chain_size`); the fewest of equals.
fn chain_length(size: u32, page_size: u32, chain_size: u32) -> u32 {
    if size.is_power_of_two() {
        return 1;
    }
    (1..=chain_size).min_by_key(|pages| pages * page_size % size).unwrap_or(1)
}

/// How many pages use the most per cent of themselves, in whole per cent (`get_pages_per_zspage`); the fewest of equals.
fn chain_by_percent(size: u32, page_size: u32, chain_size: u32) -> u32 {
    let used = |pages: u32| {
        let bytes = pages * page_size;
        (bytes - bytes % size) * 100 / bytes
    };
    (1..=chain_size).max_by_key(|pages| (used(*pages), core::cmp::Reverse(*pages))).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::PageSize;

    #[test]
    fn whole_per_cent_make_other_chains() {
        let (older, newer) = (ClassTable::new(4096, 4, true), ClassTable::new(4096, 4, false));
        assert_eq!(older.nominal().len(), newer.nominal().len());
        assert_ne!(older, newer);
        for size in [32, 64, 512, 4096] {
            assert_eq!((chain_by_percent(size, 4096, 4), chain_length(size, 4096, 4)), (1, 1));
        }
    }

    #[test]
    fn distinct_classes_and_huge_size_by_chain() {
        for (chain, classes, huge) in [(4, 69, 3257), (8, 119, 3625), (16, 192, 3833)] {
            let table = ClassTable::new(4096, chain, false);
            assert_eq!((table.shapes().len(), table.huge_class_size()), (classes, huge), "chain {chain}");
            assert_eq!(table.nominal().len(), 255);
        }
    }

    #[test]
    fn every_page_size_and_chain_by_definition() {
        for page in PageSize::ALL.map(PageSize::bytes) {
            for chain in 4..=16 {
                let table = ClassTable::new(page, chain, false);
                let below = (0..).map(|n| 32 + n * (page / 256)).take_while(|size| *size < page);
                let sizes: Vec<_> = below.chain([page]).collect();
                assert_eq!(table.nominal().len(), sizes.len());
                // Each size alone: its chain is the shortest of those that waste the least, and how it is cut.
                let cuts: Vec<_> = sizes
                    .iter()
                    .map(|size| {
                        let waste = |pages: u32| pages * page - pages * page / size * size;
                        let least = (1..=chain).map(waste).min().unwrap();
                        let best = (1..=chain).find(|pages| waste(*pages) == least).unwrap();
                        let pages = if size.count_ones() == 1 { 1 } else { best };
                        (pages, pages * page / size)
                    })
                    .collect();
                for (nominal, cut) in cuts.iter().enumerate() {
                    let shape = table.shapes()[table.position(nominal)];
                    // It goes with the larger ones as long as those are cut the same way.
                    let last = (nominal..sizes.len()).take_while(|at| cuts[*at] == *cut).last().unwrap();
                    let expected =
                        ClassShape { index: last as u16, size: sizes[last], pages: cut.0, objects: cut.1 };
                    assert_eq!(shape, expected, "{page}, chain {chain}, nominal {nominal}");
                }
                let largest = (0..sizes.len()).rfind(|at| cuts[*at].0 != 1 && cuts[*at].1 != 1).unwrap();
                assert_eq!(table.huge_class_size(), sizes[largest] - 7);
            }
        }
    }

    #[test]
    fn an_object_fits_its_class_and_not_the_one_below() {
        for page in PageSize::ALL.map(PageSize::bytes) {
            let table = ClassTable::new(page, 8, false);
            for size in 1..=page {
                let shape = table.shapes()[table.position(table.nominal_index(size))];
                if shape.huge() {
                    assert!(size >= table.huge_class_size(), "{size}");
                    continue;
                }
                assert!(size + HANDLE_SIZE <= shape.size);
                assert!(size < table.huge_class_size());
                let below = table.shapes().iter().rev().find(|below| below.size < shape.size);
                assert!(below.is_none_or(|below| size + HANDLE_SIZE > below.size), "{size}");
            }
            assert_eq!(table.nominal_index(u32::MAX), table.nominal().len() - 1);
        }
    }

    #[test]
    fn merged_classes_take_the_larger_size() {
        // 3424 (nominal 212) is cut like 3440 (213), although the kernel's documentation lists both.
        let of = |chain| {
            let table = ClassTable::new(4096, chain, false);
            let shape = table.shapes()[table.position(212)];
            (shape.index, shape.size)
        };
        assert_eq!(of(16), (213, 3440));
        // Shorter chains tell even fewer sizes apart.
        assert_eq!(of(8), (217, 3504));
    }

    #[test]
    fn both_span_tests_agree_on_every_object() {
        // The older mapping API asked whether offset + class size crosses the page, the newer asks
        // whether header + length does. Classes are merged only where no object can tell the two apart.
        for chain in 4..=16 {
            let table = ClassTable::new(4096, chain, false);
            for len in 1..table.huge_class_size() {
                let shape = table.shapes()[table.position(table.nominal_index(len))];
                for offset in (0..shape.objects).map(|index| index * shape.size % 4096) {
                    let older = offset + shape.size > 4096;
                    let newer = offset + HANDLE_SIZE + len > 4096;
                    assert_eq!(older, newer, "chain {chain}, {len} bytes in {}", shape.size);
                }
            }
        }
    }
}
