//! Pages of other sizes than 4 KiB: what follows them and what does not.

use crate::world::{BioOp, Machine};
use zram_events::{Event, MapMode, SlotIndex};
use zram_model::{
    Allocation, Bio, BioStatus, BlockContent, Codec, Kernel, Memory, PageSize, Profile, Segment, SlotFlags,
    SlotWord, Stored,
};

fn profile(page_size: PageSize) -> Profile {
    Profile { page_size, memory: 8 << 30, ..Profile::debian_7_2() }
}

/// A page that the world's compressor makes `len` bytes of.
fn page(len: u32, seed: u8, size: PageSize) -> Vec<u8> {
    let mut page: Vec<u8> = (0..size.as_usize()).map(|at| (at as u8).wrapping_mul(31) ^ seed).collect();
    page[..4].copy_from_slice(&len.to_le_bytes());
    page
}

fn whole(op: BioOp, slot: u64, size: PageSize) -> Bio {
    let segments = vec![Segment { page: 0, offset: 0, len: size.bytes() }];
    Bio { op, sector: slot * size.sectors(), segments, bytes: 0 }
}

impl Machine {
    fn go(&mut self, bio: &Bio, memory: &mut Memory) -> BioStatus {
        self.kernel.submit(self.dev, bio, memory, &mut self.world)
    }

    fn put_page(&mut self, slot: u64, content: &[u8], size: PageSize) {
        let status = self.go(&whole(BioOp::Write, slot, size), &mut Memory(content.to_vec()));
        assert_eq!(status, BioStatus::OK);
    }

    fn get_page(&mut self, slot: u64, size: PageSize) -> Vec<u8> {
        let mut memory = Memory(vec![0xee; size.as_usize()]);
        assert_eq!(self.go(&whole(BioOp::Read, slot, size), &mut memory), BioStatus::OK);
        memory.0
    }
}

fn machine(size: PageSize, pages: u64) -> Machine {
    let mut m = Machine::bare(profile(size));
    m.put("backing_dev", "/dev/backing");
    m.put("compressed_writeback", "1");
    m.put("disksize", &(pages * u64::from(size.bytes())).to_string());
    m
}

#[test]
fn sizes_flags_and_statistics_follow_the_page() {
    for size in PageSize::ALL {
        let mut m = machine(size, 4);
        let bytes = u64::from(size.bytes());
        m.put_page(0, &page(1000, 1, size), size);
        // The compressor of this world says at most 8192.
        m.put_page(1, &vec![7; size.as_usize()], size);
        let slots = m.kernel.slots(m.dev).unwrap();
        assert_eq!(slots.len(), 4);
        assert_eq!((slots[0].size, slots[0].flags), (1000, 1000));
        assert_eq!(slots[1].flags, 1 << (size.shift() + 1), "SAME follows the bits of the size");
        assert_eq!(SlotFlags::from_word(slots[1].flags, size), SlotFlags::SAME);
        assert_eq!(m.numbers("mm_stat")[0], 2 * bytes);
        assert!(m.numbers("mm_stat")[2].is_multiple_of(bytes));
        m.put("mem_limit", "1");
        assert_eq!(m.numbers("mm_stat")[3], bytes);
        assert_eq!(m.get_page(0, size), page(1000, 1, size));
        assert_eq!(m.get_page(1, size), vec![7; size.as_usize()]);
        assert!(m.get_page(2, size).iter().all(|byte| *byte == 0));
    }
}

#[test]
fn blocks_are_pages_and_their_statistics_units_of_4_kib() {
    let size = PageSize::KIB_64;
    let mut m = machine(size, 4);
    m.put_page(0, &page(1000, 1, size), size);
    m.put_page(1, &page(2000, 2, size), size);
    m.put("writeback_limit_enable", "1");
    // Rounded down to whole pages.
    m.put("writeback_limit", "47");
    assert_eq!(m.text("writeback_limit"), "32\n");
    m.world.bad_writes.insert(0);
    assert!(m.write("writeback", "page_indexes=0-1").is_err());
    // Slot 1 went to the bad block, and its charge came back.
    assert_eq!((m.text("writeback_limit"), m.numbers("bd_stat")), ("16\n".to_owned(), vec![16, 0, 16]));
    assert!(matches!(m.kernel.slots(m.dev).unwrap()[0].word, SlotWord::Block(block) if block.0 == 1));
    let expected =
        BlockContent::Compressed { len: 1000, codec: Codec::plain("lz4"), page: page(1000, 1, size).into() };
    assert_eq!(m.kernel.block(m.dev, zram_events::Block(1)), expected);
    assert_eq!(m.get_page(0, size), page(1000, 1, size));
    assert_eq!(m.numbers("bd_stat"), [16, 16, 16]);
}

#[test]
fn a_write_to_an_attribute_is_cut_at_a_page() {
    let size = PageSize::KIB_16;
    let mut m = machine(size, 1);
    assert_eq!(m.write("writeback", &" ".repeat(20_000)), Ok(16_384));
}

#[test]
fn every_page_size_has_its_class_table() {
    // The largest class of which eight pages hold nine: 32 + 64·227 and 32 + 256·227, less 7 bytes of header.
    for (size, chain, huge) in
        [(PageSize::KIB_4, 8, 3625), (PageSize::KIB_16, 8, 14_553), (PageSize::KIB_64, 8, 58_137)]
    {
        let kernel = Kernel::new(Profile { chain_size: chain, ..profile(size) });
        assert_eq!(kernel.huge_class_size(), huge, "{size:?}");
    }
}

/// A read or write of sectors within pages, from the middle of the memory's first page on.
fn part(op: BioOp, sector: u64, offset: u32, len: u32) -> Bio {
    Bio { op, sector, segments: vec![Segment { page: 0, offset, len }], bytes: 0 }
}

const SIZE: PageSize = PageSize::KIB_16;

/// Two slots, in memory or on the backing device.
fn two_slots(compressed: bool, written_back: bool) -> Machine {
    let mut m = Machine::bare(profile(SIZE));
    m.put("backing_dev", "/dev/backing");
    m.put("compressed_writeback", if compressed { "1" } else { "0" });
    m.put("disksize", "32K");
    m.put_page(0, &page(1000, 1, SIZE), SIZE);
    m.put_page(1, &page(2000, 2, SIZE), SIZE);
    if written_back {
        m.put("writeback", "page_indexes=0-1");
    }
    m.events();
    m
}

#[test]
fn a_read_of_part_of_a_page_goes_by_way_of_a_page_of_its_own() {
    for (compressed, written_back) in [(false, false), (false, true), (true, true)] {
        let mut m = two_slots(compressed, written_back);
        let mut memory = Memory(vec![0xee; SIZE.as_usize()]);
        assert_eq!(m.go(&part(BioOp::Read, 40, 512, 4096), &mut memory), BioStatus::OK);
        let content = page(2000, 2, SIZE);
        assert_eq!(memory.0[512..4608], content[4096..8192], "sector 40 is 4 KiB into slot 1");
        assert!(memory.0[..512].iter().chain(&memory.0[4608..]).all(|byte| *byte == 0xee));
        let names = m.names();
        // The block is waited for, so nothing is left to a work item of the read-back.
        let expected: &[&str] = match (compressed, written_back) {
            (_, false) => &["bio", "read_begin", "decompress", "read_end", "read_from_pool"],
            (false, true) => &["bio"],
            (true, true) => &["bio", "decompress"],
        };
        assert_eq!(names, expected);
        assert_eq!(m.numbers("bd_stat")[1], if written_back { 4 } else { 0 });
    }
}

#[test]
fn a_write_of_part_of_a_page_keeps_the_rest() {
    for (compressed, written_back) in [(false, false), (false, true), (true, true)] {
        let mut m = two_slots(compressed, written_back);
        let source: Vec<u8> = (0..SIZE.as_usize()).map(|at| (at / 7) as u8).collect();
        assert_eq!(m.go(&part(BioOp::Write, 8, 8192, 8192), &mut Memory(source.clone())), BioStatus::OK);
        let mut expected = page(1000, 1, SIZE);
        expected[4096..12_288].copy_from_slice(&source[8192..]);
        assert_eq!(m.get_page(0, SIZE), expected);
        let slot = m.kernel.slots(m.dev).unwrap()[0];
        assert!(matches!(slot.word, SlotWord::Handle(_)), "a written page is back in memory");
        assert_eq!(m.get_page(1, SIZE), page(2000, 2, SIZE));
    }
}

#[test]
fn a_bio_over_a_page_boundary_is_cut_there() {
    let mut m = two_slots(false, false);
    let source: Vec<u8> = (0..SIZE.as_usize()).map(|at| (at / 7) as u8).collect();
    assert_eq!(m.go(&part(BioOp::Write, 24, 0, 12_288), &mut Memory(source.clone())), BioStatus::OK);
    assert_eq!(m.get_page(0, SIZE)[12_288..], source[..4096]);
    assert_eq!(m.get_page(1, SIZE)[..8192], source[4096..12_288]);
    let mut memory = Memory(vec![0; SIZE.as_usize()]);
    assert_eq!(m.go(&part(BioOp::Read, 24, 0, 12_288), &mut memory), BioStatus::OK);
    assert_eq!(memory.0[..12_288], source[..12_288]);
}

#[test]
fn partial_reads_and_writes_that_fail() {
    // No memory for the page.
    let mut m = two_slots(true, true);
    m.world.refuse = Some(|what| matches!(what, Allocation::PartialPage { slot } if slot.0 == 1));
    let memory = &mut Memory(vec![9; SIZE.as_usize()]);
    for op in [BioOp::Read, BioOp::Write] {
        assert_eq!(m.go(&part(op, 32, 0, 4096), memory), BioStatus::IO_ERROR);
        assert_eq!(m.go(&part(op, 0, 0, 4096), memory), BioStatus::OK);
    }
    assert_eq!(m.numbers("io_stat")[..2], [1, 1]);
    // The block cannot be read: the write has nothing to put its bytes into.
    let mut m = two_slots(true, true);
    m.world.bad_reads.insert(0);
    let before = m.kernel.slots(m.dev).unwrap();
    assert_eq!(m.go(&part(BioOp::Write, 32, 0, 4096), memory), BioStatus::IO_ERROR, "slot 1 went first");
    assert_eq!(m.kernel.slots(m.dev).unwrap(), before);
    // A whole page needs no reading.
    assert_eq!(m.go(&whole(BioOp::Write, 1, SIZE), memory), BioStatus::OK);
}

#[test]
fn a_slot_may_go_while_its_block_is_waited_for() {
    for compressed in [false, true] {
        let mut m = two_slots(compressed, true);
        m.world.intruders = [(0, discard(0, SIZE.bytes()), Memory(vec![]))].into();
        let memory = &mut Memory(vec![0; SIZE.as_usize()]);
        // Only the path that decompresses looks at the slot again.
        let expected = if compressed { BioStatus::IO_ERROR } else { BioStatus::OK };
        assert_eq!(m.go(&part(BioOp::Read, 0, 0, 4096), memory), expected);
    }
}

fn discard(sector: u64, bytes: u32) -> Bio {
    Bio { op: BioOp::Discard, sector, segments: vec![], bytes }
}

#[test]
fn a_discard_frees_only_pages_that_it_covers() {
    let table: &[(u64, u32, &[usize])] = &[
        (0, 16_384, &[0]),
        (0, 16_384 + 12_288, &[0]),
        (8, 4096, &[]),
        (8, 12_288, &[]),
        (8, 12_288 + 4096, &[]),
        (8, 12_288 + 16_384, &[1]),
        (24, 4096 + 32_768, &[1, 2]),
        (1, 16_384 - 512 + 16_384, &[1]),
        (0, 512, &[]),
        (0, 4 * 16_384, &[0, 1, 2, 3]),
    ];
    for (sector, bytes, freed) in table {
        let mut m = machine(SIZE, 4);
        for slot in 0..4 {
            m.put_page(slot, &page(1000, slot as u8, SIZE), SIZE);
        }
        assert_eq!(m.go(&discard(*sector, *bytes), &mut Memory(vec![])), BioStatus::OK);
        let slots = m.kernel.slots(m.dev).unwrap();
        let gone: Vec<_> = (0..4).filter(|slot| slots[*slot].word == SlotWord::Empty).collect();
        assert_eq!(gone, *freed, "{sector} {bytes}");
        assert_eq!(m.numbers("io_stat")[3], freed.len() as u64);
    }
}

#[test]
fn write_zeroes_is_offered_only_where_a_block_is_a_page() {
    for size in PageSize::ALL {
        let mut m = machine(size, 4);
        let zeroes = |sector, bytes| Bio { op: BioOp::WriteZeroes, sector, segments: vec![], bytes };
        let offered = if size == PageSize::KIB_4 { BioStatus::OK } else { BioStatus::NOT_SUPPORTED };
        assert_eq!(m.go(&zeroes(0, size.bytes()), &mut Memory(vec![])), offered);
        assert_eq!(m.go(&zeroes(1 << 40, 4096), &mut Memory(vec![])), BioStatus::IO_ERROR);
    }
}

/// Until 6.19 an object much smaller than its class could count as spanning two pages without doing so. With 4 and 8 KiB none is.
#[test]
fn which_objects_lie_on_two_pages() {
    let spans = |kernel: Profile, page_size: PageSize| {
        let mut m = Machine::bare(Profile { page_size, memory: 8 << 30, ..kernel });
        m.put("disksize", "64M");
        let slots = (64 << 20 >> page_size.shift()).min(2048);
        for slot in 0..slots {
            let what = Stored::Compressed(slot * 61 % (page_size.bytes() * 7 / 8) + 1);
            m.kernel.store(m.dev, SlotIndex(slot), what, &mut m.world).unwrap();
        }
        m.events();
        (0..u64::from(slots)).for_each(|slot| drop(m.get_page(slot, page_size)));
        let begun = m.events().into_iter().filter_map(|event| match event {
            Event::ReadBegin { span, .. } | Event::MapObject { mode: MapMode::Read, span, .. } => Some(span),
            _ => None,
        });
        begun.collect::<Vec<_>>()
    };
    for size in PageSize::ALL {
        let newer = spans(Profile::linux_7_0(), size);
        assert!(newer.contains(&true) && newer.contains(&false), "{size:?}");
        for older in [Profile::debian_6_12(), Profile::linux_6_19(), Profile::seed_patch()] {
            let older = spans(older, size);
            if size <= PageSize::KIB_8 {
                assert_eq!(older, newer, "{size:?}");
            } else if size == PageSize::KIB_16 {
                // Rare: not every size has one among these objects.
                assert_ne!(older, newer);
            }
            assert!(older.iter().zip(&newer).all(|(older, newer)| *older || !newer), "{size:?}: never fewer");
        }
    }
}

/// What is seen of a kernel with large pages: for the rules that matter only there.
pub(crate) fn seen(profile: Profile) -> Vec<String> {
    let size = profile.page_size;
    let mut m = Machine::bare(Profile { memory: 8 << 30, ..profile });
    m.put("backing_dev", "/dev/backing");
    m.put("disksize", "1M");
    for slot in 0..8 {
        m.put_page(slot, &page(500 + 100 * slot as u32, slot as u8, size), size);
    }
    let mut lines = Vec::new();
    let mut memory = Memory((0..size.as_usize()).map(|at| (at / 9) as u8).collect());
    for (sector, bytes) in [(24, 4096), (56, 8192)] {
        let written = m.go(&part(BioOp::Write, sector, 0, bytes), &mut memory);
        lines.push(format!("{written:?} {:?} {}", m.events(), m.look()));
        lines.push(format!("{:?}", m.get_page(sector / size.sectors(), size)));
    }
    m.go(&discard(8, 3 * size.bytes()), &mut Memory(vec![]));
    lines.push(m.look());
    m.put("writeback_limit_enable", "1");
    m.put("writeback_limit", "1000");
    m.put("writeback", "page_indexes=4-7");
    lines.push(m.look());
    lines
}
