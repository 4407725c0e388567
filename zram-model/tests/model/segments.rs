//! Bios whose segments do not coincide with pages: a named behaviour of the profile.

use crate::world::{BioOp, Machine, PAGE, page};
use zram_events::Event;
use zram_model::{Bio, BioStatus, Memory, Profile, Segment};

/// Two slots from sector 0, in a buffer that starts 512 bytes into its first page.
fn shifted(op: BioOp) -> Bio {
    let segments = vec![
        Segment { page: 0, offset: 512, len: 3584 },
        Segment { page: 1, offset: 0, len: 4096 },
        Segment { page: 2, offset: 0, len: 512 },
    ];
    Bio { op, sector: 0, segments, bytes: 0 }
}

fn memory() -> Memory {
    Memory(vec![0xee; PAGE * 3])
}

fn machine(whole_page_segments: bool) -> Machine {
    with_backing(Profile { whole_page_segments, ..Profile::debian_7_2() }, true)
}

fn with_backing(profile: Profile, compressed: bool) -> Machine {
    let mut m = Machine::backed_as(profile, 4, 8, compressed);
    m.fill(0, &page(600, 1));
    m.fill(1, &page(700, 2));
    m.events();
    m
}

#[test]
fn a_shifted_read_moves_whole_pages_and_touches_memory_outside_the_buffer() {
    let mut m = machine(true);
    let mut memory = memory();
    assert_eq!(m.kernel.submit(m.dev, &shifted(BioOp::Read), &mut memory, &mut m.world), BioStatus::OK);
    // Each page holds a whole slot from its first byte on: the 512 bytes before the buffer and the
    // 3584 behind it are overwritten, and what is in the buffer is not what the sectors hold.
    assert_eq!(memory, Memory::of_pages([page(600, 1), page(700, 2), page(700, 2)]));
    let slots: Vec<_> = m
        .events()
        .into_iter()
        .filter_map(|event| match event {
            Event::ReadFromPool { slot, .. } => Some(slot.0),
            _ => None,
        })
        .collect();
    assert_eq!(slots, [0, 0, 1, 1]);
}

#[test]
fn a_shifted_write_stores_whole_pages_once_per_turn() {
    let mut m = machine(true);
    let mut memory = Memory::of_pages([page(500, 3), page(501, 4), page(502, 5)]);
    assert_eq!(m.kernel.submit(m.dev, &shifted(BioOp::Write), &mut memory, &mut m.world), BioStatus::OK);
    let compressions = m.names().iter().filter(|name| **name == "compress").count();
    assert_eq!(compressions, 4);
    assert_eq!(m.load(0, 2).1, [page(501, 4), page(502, 5)]);
}

#[test]
fn without_the_behaviour_only_the_buffer_is_touched() {
    let mut m = machine(false);
    for written_back in [false, true] {
        let mut memory = memory();
        let status = m.kernel.submit(m.dev, &shifted(BioOp::Read), &mut memory, &mut m.world);
        assert_eq!(status, BioStatus::OK);
        let bytes = memory.0;
        let wanted = [page(600, 1), page(700, 2)].concat();
        assert_eq!(bytes[512..512 + 8192], wanted);
        assert!(bytes[..512].iter().chain(&bytes[512 + 8192..]).all(|byte| *byte == 0xee));
        if !written_back {
            m.put("writeback", "page_indexes=0-1");
        }
    }
    let source: Vec<u8> = (0..3 * PAGE).map(|at| (at / 100) as u8).collect();
    let mut memory = Memory(source.clone());
    assert_eq!(m.kernel.submit(m.dev, &shifted(BioOp::Write), &mut memory, &mut m.world), BioStatus::OK);
    assert_eq!(m.load(0, 2).1.concat(), source[512..512 + 8192]);
}

#[test]
fn two_read_backs_into_one_page_decompress_each_others_bytes() {
    let mut m = machine(true);
    m.put("writeback", "page_indexes=0-1");
    let (status, memory, results) = read_shifted(&mut m);
    // Page 1 receives slot 0 and then slot 1 before a worker gets to either. The first work item
    // meets the other's bytes and fails, the second decompresses them.
    assert_eq!(status, BioStatus::IO_ERROR);
    assert_eq!(memory, Memory::of_pages([page(600, 1), page(700, 2), page(700, 2)]));
    assert!(m.world.undetermined.is_empty());
    assert_eq!(results, [(0, 600), (-22, 600), (0, 700), (0, 700)]);
}

/// How a shifted read ended, what it left in memory, and how its decompressions went.
fn read_shifted(m: &mut Machine) -> (BioStatus, Memory, Vec<(i32, u32)>) {
    m.events();
    let mut memory = memory();
    let status = m.kernel.submit(m.dev, &shifted(BioOp::Read), &mut memory, &mut m.world);
    let results = m.events().into_iter().filter_map(|event| match event {
        Event::Decompress { result, len, .. } => Some((result, len)),
        _ => None,
    });
    (status, memory, results.collect())
}

#[test]
fn another_read_backs_bytes_may_come_before_its_completion_is_reported() {
    let mut m = machine(true);
    m.put("writeback", "page_indexes=0-1");
    m.world.later = true;
    // Page 1 is disputed: what is for slot 0 completes and is taken up by a worker before what is for slot 1 completes.
    m.world.choices = [0, 3, 3, 0, 2, 2, 0, 1, 1].into();
    let (.., results) = read_shifted(&mut m);
    assert_eq!(results, [(0, 600), (0, 600), (0, 700), (0, 700)]);
    // The bytes for slot 1 were there already. It is asked of the other page for slot 0, too: a worker does not say which it is at.
    m.world.choices = [0, 3, 3, 0, 2, 2, 0, 1, 1].into();
    m.world.overwritten = [false, true].into();
    let (status, _, results) = read_shifted(&mut m);
    assert_eq!(results, [(0, 600), (-22, 600), (0, 700), (0, 700)]);
    assert_eq!(status, BioStatus::IO_ERROR);
    assert!(m.world.overwritten.is_empty());
}

#[test]
fn what_completes_first_may_come_last() {
    let mut m = with_backing(Profile::debian_7_2(), false);
    m.put("writeback", "page_indexes=0-1");
    m.world.first_is_last = true;
    let (status, memory, _) = read_shifted(&mut m);
    assert_eq!(status, BioStatus::OK);
    assert_eq!(memory, Memory::of_pages([page(600, 1), page(600, 1), page(700, 2)]));
}

#[test]
fn what_the_block_layer_would_not_let_through_does_not_reach_zram() {
    let mut m = machine(true);
    let mut go = |bio: Bio| m.kernel.submit(m.dev, &bio, &mut memory(), &mut m.world);
    let one = |page, offset, len| vec![Segment { page, offset, len }];
    let read = |sector, segments| Bio { op: BioOp::Read, sector, segments, bytes: 0 };
    assert_eq!(go(read(25, one(0, 0, 4096))), BioStatus::IO_ERROR);
    assert_eq!(go(read(u64::MAX, one(0, 0, 512))), BioStatus::IO_ERROR);
    assert_eq!(go(read(0, one(3, 0, 4096))), BioStatus::INVALID);
    assert_eq!(go(read(0, one(0, 512, 4096))), BioStatus::INVALID);
    assert_eq!(go(read(0, one(0, u32::MAX, u32::MAX))), BioStatus::INVALID);
    assert_eq!(go(read(0, one(0, 0, 0))), BioStatus::INVALID);
    assert_eq!(go(read(0, one(0, 0, 100))), BioStatus::INVALID);
    assert_eq!(go(Bio { op: BioOp::Flush, sector: 0, segments: vec![], bytes: 0 }), BioStatus::OK);
    let erase = Bio { op: BioOp::Other(5), sector: 0, segments: vec![], bytes: 4096 };
    assert_eq!(go(erase), BioStatus::NOT_SUPPORTED);
    assert_eq!(m.names(), Vec::<&str>::new());
}
