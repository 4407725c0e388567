//! The synthetic test of the commit that introduced the newer interface, as far as it can be reproduced: 64 sizes from 32 to 4064
//! bytes in steps of 64, 4096 objects of each, all read once and all written once.
//!
//! What is reproduced is the mechanism: which objects lie on two pages and what is copied for them. Both are exact.
//! The commit's figures, instructions of a kernel, are not.

use zram_model::{
    PageSize,
    mapping::{MapMode, Mapper, MappingStats, ObjectHandle, ObjectPool, SpanRule},
};

/// Objects of each size; the commit's test has 4096. Their placement repeats with the zspages of a class, but classes are shared,
/// so that the share of objects on two pages depends on it a little: 1024 takes a quarter of the memory (134 MiB).
const EACH: u64 = 1024;

struct Run {
    pool: ObjectPool,
    objects: Vec<(ObjectHandle, usize)>,
    local_copy: [u8; 4096],
}

impl Run {
    fn new(chain_size: u32) -> Self {
        let mut pool = ObjectPool::new(PageSize::KIB_4, chain_size).unwrap();
        let sizes = (32..=4064).step_by(64).flat_map(|size| std::iter::repeat_n(size, EACH as usize));
        let objects = sizes.map(|size| (pool.malloc(size).unwrap(), size as usize)).collect();
        Self { pool, objects, local_copy: [0; 4096] }
    }

    fn map(&mut self, mode: MapMode) -> MappingStats {
        let mut mapper = Mapper::new(PageSize::KIB_4, SpanRule::ClassSizeReads);
        for (handle, len) in &self.objects {
            let mut mapped = self.pool.map_object(&mut mapper, *handle, mode).unwrap();
            if mode != MapMode::ReadOnly {
                mapped.write(&[1; 4096][..*len]).unwrap();
            }
            mapped.unmap();
        }
        mapper.stats()
    }

    fn read(&mut self, rule: SpanRule) -> MappingStats {
        let mut mapper = Mapper::new(PageSize::KIB_4, rule);
        for (handle, len) in &self.objects {
            let read = self.pool.obj_read_begin(&mut mapper, *handle, *len, &mut self.local_copy).unwrap();
            self.pool.obj_read_end(&mut mapper, read);
        }
        mapper.stats()
    }

    fn write(&mut self, rule: SpanRule) -> MappingStats {
        let mut mapper = Mapper::new(PageSize::KIB_4, rule);
        for (handle, len) in &self.objects {
            self.pool.obj_write(&mut mapper, *handle, &[1; 4096][..*len]).unwrap();
        }
        mapper.stats()
    }

    fn pieces(&mut self) -> (MappingStats, u64) {
        let mut mapper = Mapper::new(PageSize::KIB_4, SpanRule::Length);
        let mut entries = 0;
        for (handle, len) in &self.objects {
            let pieces = self.pool.obj_read_sg_begin(&mut mapper, *handle, *len).unwrap();
            entries += pieces.as_slice().len() as u64;
            self.pool.obj_read_sg_end(&mut mapper, &pieces);
        }
        (mapper.stats(), entries)
    }
}

/// What follows from the classes alone: objects on two pages, their class sizes and their lengths, summed.
fn predicted(chain_size: u32, each: u64) -> [u64; 3] {
    let mut pool = ObjectPool::new(PageSize::KIB_4, chain_size).unwrap();
    let mut allocated: Vec<(u64, u64)> = Vec::new();
    let mut sums = [0; 3];
    for len in (32..=4064_u64).step_by(64) {
        // One object tells the class, by its room.
        let handle = pool.malloc(len as u32).unwrap();
        let room = pool.room(handle).unwrap() as u64;
        if room == 4096 {
            continue;
        }
        let size = room + 8;
        let pages = class_pages(size, chain_size);
        let position = allocated.iter().position(|(of, _)| *of == size).unwrap_or(allocated.len());
        if position == allocated.len() {
            allocated.push((size, 0));
        }
        for _ in 0..each {
            let index = allocated[position].1 % (pages * 4096 / size);
            allocated[position].1 += 1;
            if index * size % 4096 + size > 4096 {
                sums[0] += 1;
                sums[1] += size;
                sums[2] += len;
            }
        }
    }
    sums
}

/// Pages of a zspage: as many as waste the least at their end, the fewest of equals.
fn class_pages(size: u64, chain_size: u32) -> u64 {
    if size.is_power_of_two() {
        return 1;
    }
    (1..=u64::from(chain_size)).min_by_key(|pages| pages * 4096 % size).unwrap()
}

fn stats(spans: u64, copies: u64, bytes: u64, user_bytes: u64) -> MappingStats {
    MappingStats { objects: 64 * EACH, spans, copies, bytes, user_bytes }
}

#[test]
fn every_interface_copies_exactly_what_the_classes_imply() {
    let objects = 64 * EACH;
    let all_bytes = (32..=4064).step_by(64).sum::<u64>() * EACH;
    for chain_size in [4, 8, 16] {
        let [spans, class, length] = predicted(chain_size, EACH);
        let behind_header = class - 8 * spans;
        let mut run = Run::new(chain_size);
        // The older interface: in, out, or both; and the user's own copy beside it.
        assert_eq!(run.map(MapMode::ReadOnly), stats(spans, 2 * spans, class, 0));
        assert_eq!(run.map(MapMode::WriteOnly), stats(spans, 2 * spans, behind_header, all_bytes));
        assert_eq!(run.map(MapMode::ReadWrite), stats(spans, 4 * spans, class + behind_header, all_bytes));
        // The newer one: reads copy if they must, and a write is the user's copy.
        assert_eq!(run.read(SpanRule::ClassSizeReads), stats(spans, 2 * spans, class, 0));
        assert_eq!(run.read(SpanRule::Length), stats(spans, 2 * spans, length, 0));
        assert_eq!(run.write(SpanRule::Introduced), stats(spans, objects + spans, all_bytes, 0));
        assert_eq!(run.write(SpanRule::Length), stats(spans, objects + spans, all_bytes, 0));
        assert_eq!(run.pieces(), (stats(spans, 0, 0, 0), objects + spans));
    }
}

#[test]
fn the_figures_of_the_whole_test_by_chain_size() {
    // 4096 objects of each size, as the commit's. 30.1 % on two pages is what the default chain size, 8, gives.
    let objects = 64.0 * 4096.0;
    let figures = [4, 5, 6, 7, 8, 10, 12, 16].map(|chain_size| {
        let [spans, class, length] = predicted(chain_size, 4096);
        let permille = (spans as f64 / objects * 1000.0).round() as u32;
        (chain_size, spans, permille, class, length)
    });
    let expected = [
        (4, 49_384, 188, 119_055_424, 113_044_544),
        (5, 61_088, 233, 147_720_128, 142_878_400),
        (6, 67_118, 256, 168_272_080, 163_426_880),
        (7, 74_209, 283, 186_622_288, 182_608_224),
        (8, 78_902, 301, 200_729_136, 196_998_464),
        (10, 84_757, 323, 217_995_712, 214_927_264),
        (12, 90_949, 347, 236_074_784, 233_344_800),
        (16, 99_733, 380, 258_641_088, 256_322_400),
    ];
    assert_eq!(figures, expected);
}
