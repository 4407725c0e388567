//! What is written by any interface is read by all of them, wherever it was moved, and nothing beside it changes.

use proptest::prelude::*;
use zram_model::{
    PageSize,
    mapping::{MapError, ObjectHandle},
};

use crate::ways::{Bench, READS, WRITES, WriteBy};

#[derive(Clone, Debug)]
enum Step {
    /// An object of this many 1/1000 of a page, written at once.
    Allocate {
        size: u32,
        by: WriteBy,
        seed: u8,
    },
    /// A live object is written again.
    Write {
        which: usize,
        by: WriteBy,
        seed: u8,
    },
    Free {
        which: usize,
    },
    Compact,
}

fn step() -> impl Strategy<Value = Step> {
    let by = || prop::sample::select(WRITES.to_vec());
    prop_oneof![
        6 => (1_u32..=1000, by(), any::<u8>()).prop_map(|(size, by, seed)| Step::Allocate { size, by, seed }),
        // Neighbours in one zspage.
        6 => (300_u32..=330, by(), any::<u8>()).prop_map(|(size, by, seed)| Step::Allocate { size, by, seed }),
        4 => (any::<usize>(), by(), any::<u8>()).prop_map(|(which, by, seed)| Step::Write { which, by, seed }),
        3 => any::<usize>().prop_map(|which| Step::Free { which }),
        1 => Just(Step::Compact),
    ]
}

fn content(len: usize, seed: u8) -> Vec<u8> {
    (0..len).map(|at| (at as u8).wrapping_mul(31).wrapping_add((at >> 8) as u8 ^ seed)).collect()
}

/// Writes, if need be by the version that was mended.
fn write(bench: &mut Bench, page_size: PageSize, by: WriteBy, handle: ObjectHandle, bytes: &[u8]) {
    match bench.write(by, handle, bytes) {
        Ok(()) => {}
        Err(MapError::Underflow { .. }) if by == WriteBy::Introduced && page_size >= PageSize::KIB_16 => {
            bench.write(WriteBy::Write, handle, bytes).unwrap();
        }
        Err(error) => panic!("{by:?}: {error}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10_000, ..ProptestConfig::default() })]

    #[test]
    fn every_interface_reads_what_any_other_wrote(
        page_size in prop::sample::select(PageSize::ALL.to_vec()),
        chain_size in 4_u32..=16,
        steps in prop::collection::vec(step(), 1..24),
    ) {
        let mut bench = Bench::new(page_size, chain_size);
        let mut alive: Vec<(ObjectHandle, Vec<u8>)> = Vec::new();
        for step in steps {
            match step {
                Step::Allocate { size, by, seed } => {
                    let len = (page_size.bytes() * size / 1000).max(1);
                    let handle = bench.pool.malloc(len).unwrap();
                    let bytes = content(len as usize, seed);
                    write(&mut bench, page_size, by, handle, &bytes);
                    alive.push((handle, bytes));
                }
                Step::Write { which, by, seed } if !alive.is_empty() => {
                    let which = which % alive.len();
                    let (handle, bytes) = &mut alive[which];
                    *bytes = content(bytes.len(), seed);
                    write(&mut bench, page_size, by, *handle, bytes);
                }
                Step::Free { which } if !alive.is_empty() => {
                    let (handle, _) = alive.swap_remove(which % alive.len());
                    bench.pool.free(handle);
                    prop_assert!(bench.read(READS[0], handle, 1).is_err());
                }
                Step::Compact => {
                    bench.pool.compact();
                }
                Step::Write { .. } | Step::Free { .. } => {}
            }
        }
        for (handle, bytes) in &alive {
            for by in READS {
                let found = bench.read(by, *handle, bytes.len()).unwrap();
                prop_assert_eq!(&found, bytes, "{:?}", by);
            }
        }
    }
}
