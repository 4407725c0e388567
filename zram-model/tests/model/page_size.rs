//! Pages of other sizes than 4 KiB: what follows them and what does not.

use crate::world::{BioOp, Machine};
use zram_model::{
    Bio, BioStatus, BlockContent, Codec, Kernel, Memory, PageSize, Profile, Segment, SlotFlags, SlotWord,
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
