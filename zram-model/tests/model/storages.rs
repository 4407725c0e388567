//! What is kept of the pages changes nothing else: the three storages place, count and tell alike.

use proptest::prelude::*;
use zram_events::{BioOp, Block, Event, SlotIndex};
use zram_model::{
    Behaviours, Bio, BlockContent, Complaint, Errno, Memory, PageSize, Profile, Segment, Storage, Stored,
    slot_flags,
};

use crate::world::{Machine, World, aligned, filled, page};

const SLOTS: u32 = 24;

#[derive(Clone, Debug)]
enum Op {
    Store(u32, Stored),
    Load(u32),
    Discard(u32),
    Attr(&'static str, &'static str),
}

fn op() -> impl Strategy<Value = Op> {
    let len = prop_oneof![1_u32..4096, 3600_u32..3650, Just(5000_u32)];
    let stored = prop_oneof![
        6 => len.prop_map(Stored::Compressed),
        1 => any::<u64>().prop_map(Stored::Same),
        1 => Just(Stored::Huge),
    ];
    let attr = prop::sample::select(
        &[
            ("compact", "1"),
            ("idle", "all"),
            ("writeback", "idle"),
            ("writeback", "page_indexes=3-11"),
            ("mem_limit", "40K"),
            ("mem_limit", "0"),
        ][..],
    );
    prop_oneof![
        8 => (0..SLOTS, stored).prop_map(|(slot, stored)| Op::Store(slot, stored)),
        2 => (0..SLOTS).prop_map(Op::Load),
        2 => (0..SLOTS).prop_map(Op::Discard),
        2 => attr.prop_map(|(name, text)| Op::Attr(name, text)),
    ]
}

fn machine(storage: Storage, compressed: bool) -> Machine {
    let mut m = Machine::keeping(storage, Profile::debian_7_2());
    m.put("backing_dev", "/dev/backing\n");
    m.put("compressed_writeback", if compressed { "1" } else { "0" });
    m.set_size(u64::from(SLOTS));
    m
}

fn run(m: &mut Machine, op: &Op, seed: u64, by_size: bool) {
    match op {
        Op::Store(slot, stored) if by_size => {
            let _ = m.kernel.store(m.dev, SlotIndex(*slot), *stored, &mut m.world);
        }
        Op::Store(slot, Stored::Same(fill)) => m.fill(u64::from(*slot), &filled(*fill)),
        Op::Store(slot, Stored::Compressed(len)) => drop(m.store(u64::from(*slot), &[page(*len, seed)])),
        Op::Store(slot, Stored::Huge) => drop(m.store(u64::from(*slot), &[page(4096, seed)])),
        Op::Load(slot) => drop(m.load(u64::from(*slot), 1)),
        Op::Discard(slot) => drop(m.discard(u64::from(*slot), 1)),
        Op::Attr(name, text) => drop(m.write(name, text)),
    }
}

/// All that shows but the contents.
fn looks(m: &Machine) -> impl PartialEq + std::fmt::Debug {
    let texts = ["mm_stat", "bd_stat", "io_stat"].map(|name| m.text(name));
    (texts, m.kernel.slots(m.dev).unwrap(), m.kernel.classes(m.dev).unwrap(), m.kernel.blocks_taken(m.dev))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1024, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn all_storages_go_the_same_way(
        ops in prop::collection::vec(op(), 1..60),
        compressed: bool,
    ) {
        let mut pages = machine(Storage::Pages, compressed);
        let mut others = [
            (machine(Storage::Pages, compressed), true),
            (machine(Storage::Sizes, compressed), true),
            (machine(Storage::Sizes, compressed), false),
            (machine(Storage::Bytes, compressed), false),
        ];
        for (seed, op) in (0..).zip(&ops) {
            run(&mut pages, op, seed, false);
            let events = pages.events();
            for (other, by_size) in &mut others {
                run(other, op, seed, *by_size);
                prop_assert_eq!(&other.events(), &events);
                prop_assert_eq!(looks(other), looks(&pages));
            }
        }
    }
}

#[test]
fn bytes_are_the_compressors_and_come_back() {
    for compressed in [false, true] {
        let mut m = machine(Storage::Bytes, compressed);
        let pages: Vec<_> = (0..20).map(|n| page(200 * n as u32 + 100, n)).collect();
        for (slot, content) in (0..).zip(&pages) {
            m.fill(slot, content);
        }
        m.put("compact", "1");
        m.put("writeback", "page_indexes=4-9");
        m.put("writeback", "page_indexes=18-19");
        for (slot, content) in (0..).zip(&pages) {
            assert_eq!(m.load(slot, 1).1, [*content], "slot {slot}");
        }
        // A block holds what was stored and zeros behind it, or the page.
        let compressed_len = 900;
        let BlockContent::Raw(block) = m.kernel.block(m.dev, Block(5)) else { panic!("no bytes") };
        if compressed {
            assert_eq!(block[..compressed_len], World::compressed(&pages[4])[..compressed_len]);
            assert_eq!(block[compressed_len..], [0; 4096][compressed_len..]);
        } else {
            assert_eq!(block[..], pages[4][..]);
        }
        assert_eq!(m.world.undetermined, [] as [usize; 0]);
    }
}

#[test]
fn what_does_not_decompress_is_an_error_and_is_not_written_back() {
    let mut m = machine(Storage::Bytes, false);
    m.fill(0, &page(700, 1));
    m.fill(1, &page(800, 1));
    m.world.decompress_error = Some(Errno::EINVAL);
    m.events();
    assert_eq!(m.load(0, 1).0, zram_model::BioStatus::IO_ERROR);
    let failed = m.events().into_iter().any(|event| matches!(event, Event::ReadFromPool { result: -22, .. }));
    assert!(failed, "the read tells of it");
    assert_eq!(m.numbers("io_stat")[0], 1);
    assert_eq!(m.world.complaints, [Complaint::ReadFailed]);
    m.put("writeback", "page_indexes=0-1");
    assert_eq!(m.world.complaints.len(), 1, "writeback reads by another way, and says nothing");
    assert_eq!((m.numbers("bd_stat"), m.kernel.blocks_taken(m.dev)), (vec![0, 0, 0], 0));
    assert!((0..2).all(|slot| m.flags(slot) & slot_flags::PP_SLOT == 0));
}

#[test]
fn a_page_that_is_not_kept_reads_as_undetermined() {
    let mut m = machine(Storage::Sizes, true);
    m.fill(0, &page(700, 1));
    m.fill(1, &filled(7));
    assert_eq!(m.load(0, 2).1, [filled(0), filled(7)]);
    assert_eq!(m.world.undetermined, [0]);
    m.put("writeback", "page_index=0");
    assert_eq!(m.kernel.block(m.dev, Block(0)), BlockContent::Unknown);
    m.world.undetermined.clear();
    let bio = aligned(BioOp::Read, 0, 2);
    let mut memory = Memory::of_pages([page(1, 1), page(1, 1)]);
    m.kernel.submit(m.dev, &bio, &mut memory, &mut m.world).into_result().unwrap();
    assert_eq!(m.world.undetermined, [0]);
}

/// Before there were requests and queues, writeback read slots as bios do.
#[test]
fn a_pass_that_reads_as_a_bio_complains_of_what_it_cannot_decompress() {
    for (pass_complains, complaints) in [(true, vec![Complaint::ReadFailed; 2]), (false, vec![])] {
        let behaviours = Behaviours { pass_complains, ..Behaviours::V6_12 };
        let profile = Profile { behaviours, ..Profile::debian_6_12() };
        let mut m = Machine::keeping(Storage::Bytes, profile);
        m.put("backing_dev", "/dev/backing");
        m.set_size(4);
        m.fill(0, &page(700, 1));
        m.fill(1, &page(800, 1));
        m.world.decompress_error = Some(Errno::EINVAL);
        m.put("idle", "all");
        m.put("writeback", "idle");
        assert_eq!(m.world.complaints, complaints);
        assert_eq!((m.numbers("bd_stat"), m.kernel.blocks_taken(m.dev)), (vec![0, 0, 0], 0));
        let marks = slot_flags::UNDER_WB | slot_flags::IDLE | slot_flags::WB;
        assert!((0..2).all(|slot| m.flags(slot) & marks == 0));
    }
}

/// In part as in whole, in memory as on the backing device.
#[test]
fn a_part_of_a_page_that_is_not_kept_reads_as_undetermined() {
    for (compressed, written_back) in [(true, false), (true, true), (false, true)] {
        let profile = Profile { page_size: PageSize::KIB_16, ..Profile::debian_7_2() };
        let mut m = Machine::keeping(Storage::Sizes, profile);
        m.put("backing_dev", "/dev/backing");
        m.put("compressed_writeback", if compressed { "1" } else { "0" });
        m.put("disksize", "64K");
        m.kernel.store(m.dev, SlotIndex(1), Stored::Compressed(700), &mut m.world).unwrap();
        if written_back {
            m.put("writeback", "page_index=1");
        }
        // What is there is in page 0 of memory, what is not kept in page 1.
        let segments =
            vec![Segment { page: 0, offset: 0, len: 4096 }, Segment { page: 1, offset: 512, len: 4096 }];
        let bio = Bio { op: BioOp::Read, sector: 24, segments, bytes: 0 };
        let mut memory = Memory(vec![0xee; 2 * PageSize::KIB_16.as_usize()]);
        m.kernel.submit(m.dev, &bio, &mut memory, &mut m.world).into_result().unwrap();
        assert_eq!(m.world.undetermined, [1], "compressed {compressed}, written back {written_back}");
        assert_eq!(memory.0.iter().filter(|byte| **byte == 0).count(), 2 * 4096);
    }
}

#[test]
fn bytes_that_nobody_gave_are_zeros_and_not_old_memory() {
    let mut m = machine(Storage::Bytes, true);
    for len in [700, 3000, 4096] {
        // The object takes the place of one that was full of something.
        m.fill(0, &page(len, 1));
        m.discard(0, 1);
        m.kernel.store(m.dev, SlotIndex(1), Stored::Compressed(len), &mut m.world).unwrap();
        let bytes = m.kernel.object_bytes(m.dev, SlotIndex(1)).unwrap();
        assert_eq!(bytes, Some(vec![0; len as usize]));
        m.discard(1, 1);
    }
}
