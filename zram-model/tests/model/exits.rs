//! Every way out of writeback and read-back, each with its errno or status, its counters, and what is given back.

use crate::{
    invariants::{check, parents_complete_once},
    world::{BioOp, Machine, PAGE, aligned, page},
};
use zram_model::{
    Allocation, Bio, BioStatus, Complaint, Errno, Memory, PageSize, Profile, Segment, SlotWord, slot_flags,
};

/// Slots 0 to 3, in memory, with a limit of 10.
fn machine(compressed: bool) -> Machine {
    let mut m = Machine::backed(4, 8, compressed);
    for slot in 0..4 {
        m.fill(slot, &page(600, slot));
    }
    m.put("writeback_limit_enable", "1");
    m.put("writeback_limit", "10");
    m.world.watch = true;
    m.events();
    m
}

/// What a pass leaves: blocks taken, writes, and what is left of the limit.
fn accounts(m: &Machine) -> (u64, u64, u64) {
    let bd = m.numbers("bd_stat");
    (bd[0], bd[2], m.numbers("writeback_limit")[0])
}

fn released(m: &mut Machine) -> usize {
    m.names().iter().filter(|name| **name == "release_slot").count()
}

#[test]
fn a_command_that_is_refused_selects_nothing_for_good() {
    let mut m = machine(true);
    for (text, errno) in [
        ("page_index=0 page_index=4", Errno::ERANGE),
        ("page_indexes=0-2 page_indexes=3", Errno::EINVAL),
        ("page_indexes=0-1 type=", Errno::EINVAL),
        ("page_index=0 page_index=x", Errno::EINVAL),
        ("page_indexes=1-18446744073709551616", Errno::ERANGE),
    ] {
        assert_eq!(m.write("writeback", text), Err(errno), "{text}");
        assert!(m.names().iter().all(|name| !name.starts_with("writeback_begin")));
        check(&m);
    }
    assert_eq!(accounts(&m), (0, 0, 10));
}

#[test]
fn without_memory_a_pass_does_not_begin() {
    for what in
        [Allocation::Candidates, Allocation::WritebackControl, Allocation::WritebackRequest { index: 0 }]
    {
        let mut m = machine(true);
        m.world.refuse = Some(match what {
            Allocation::Candidates => |what| what == Allocation::Candidates,
            Allocation::WritebackControl => |what| what == Allocation::WritebackControl,
            _ => |what| matches!(what, Allocation::WritebackRequest { .. }),
        });
        assert_eq!(m.write("writeback", "page_indexes=0-3"), Err(Errno::ENOMEM), "{what:?}");
        assert_eq!((m.names().len(), accounts(&m)), (0, (0, 0, 10)));
    }
}

/// Without memory for a candidate the scan of that range ends, nobody is told, and the next range goes on.
#[test]
fn a_scan_that_runs_out_of_memory_writes_what_it_has() {
    let mut m = machine(true);
    m.world.refuse = Some(|what| matches!(what, Allocation::Candidate { slot } if slot.0 == 1));
    m.put("writeback", "page_indexes=0-2 page_index=3");
    assert_eq!([0, 1, 2, 3].map(|slot| m.flags(slot) & slot_flags::WB != 0), [true, false, false, true]);
    assert_eq!(accounts(&m), (2, 2, 8));
}

/// Ranges that overlap queue a slot twice. If its first request is still under way when the second's turn comes, it is
/// written twice and charged twice, and one of the blocks is given back.
#[test]
fn overlapping_ranges_write_a_slot_twice_within_a_batch() {
    for (batch, expected) in [("32", (4, 6, 4)), ("1", (4, 4, 6))] {
        let mut m = machine(true);
        m.put("writeback_batch_size", batch);
        m.put("writeback", "page_indexes=0-3 page_indexes=1-2");
        assert_eq!((released(&mut m), accounts(&m)), (6, expected));
        check(&m);
    }
}

#[test]
fn each_form_selects_what_it_names() {
    let selected = |text: &str| {
        let mut m = Machine::backed(6, 8, true);
        for (slot, len) in [(0, 600), (1, 4096), (2, 600), (3, 4096)] {
            m.fill(slot, &page(len, slot));
        }
        m.put("idle", "all");
        m.load(0, 2);
        m.fill(4, &crate::world::filled(1));
        m.put("writeback", text);
        (0..6).filter(|slot| m.flags(*slot) & slot_flags::WB != 0).collect::<Vec<_>>()
    };
    for (text, slots) in [
        ("idle", vec![2, 3]),
        ("huge", vec![1, 3]),
        ("huge_idle", vec![3]),
        ("type=huge_idle", vec![3]),
        ("incompressible", vec![]),
        ("page_index=1", vec![1]),
        ("page_index=1 page_index=5 page_index=2", vec![1, 2]),
        ("page_indexes=0-5", vec![0, 1, 2, 3]),
        ("page_indexes=0-1 type=idle", vec![0, 1]),
        ("page_indexes=0-1 huge_idle page_index=2", vec![0, 1]),
        ("color=red idle", vec![2, 3]),
    ] {
        assert_eq!(selected(text), slots, "{text}");
    }
}

#[test]
fn the_limit_ends_a_pass_and_the_rest_is_let_go_of() {
    let mut m = machine(true);
    m.put("writeback_limit", "2");
    assert_eq!(m.write("writeback", "page_indexes=0-3"), Err(Errno::EIO));
    assert_eq!((released(&mut m), accounts(&m)), (4, (2, 2, 0)));
    check(&m);
}

#[test]
fn a_full_device_ends_a_pass() {
    let mut m = Machine::backed(4, 2, true);
    for slot in 0..4 {
        m.fill(slot, &page(600, slot));
    }
    m.events();
    assert_eq!(m.write("writeback", "page_indexes=0-3"), Err(Errno::ENOSPC));
    assert_eq!((released(&mut m), m.numbers("bd_stat")), (4, vec![2, 0, 2]));
    check(&m);
}

/// The pass goes on, refunds, frees the block, and returns the last error of all.
#[test]
fn write_errors_are_told_and_refunded() {
    for later in [false, true] {
        let mut m = machine(true);
        m.world.later = later;
        m.put("writeback_batch_size", "1");
        // ENOSPC, none, ENODATA, none.
        m.world.write_statuses = [3, 0, 7, 0].into();
        assert_eq!(m.write("writeback", "page_indexes=0-3"), Err(Errno::ENODATA));
        assert_eq!((released(&mut m), accounts(&m)), (4, (2, 2, 8)));
        assert_eq!([3, 2, 1, 0].map(|slot| m.flags(slot) & slot_flags::WB != 0), [false, true, false, true]);
        check(&m);
    }
}

/// An error that comes in after the limit was reached takes its place, and makes room for none.
#[test]
fn a_late_error_takes_the_limits_place() {
    let mut m = machine(true);
    m.world.later = true;
    m.put("writeback_limit", "2");
    m.world.write_statuses = [0, 9].into();
    assert_eq!(m.write("writeback", "page_indexes=0-3"), Err(Errno::ENOMEM));
    assert_eq!(accounts(&m), (1, 1, 1));
}

/// A device that is gone fails everything that is sent to it (BLK_STS_IOERR), at once.
#[test]
fn a_backing_device_that_vanished() {
    for compressed in [false, true] {
        let mut m = machine(compressed);
        m.put("writeback", "page_indexes=0-1");
        m.world.bad_writes = (0..8).collect();
        m.world.bad_reads = (0..8).collect();
        assert_eq!(m.write("writeback", "page_indexes=2-3"), Err(Errno::EIO));
        assert_eq!(accounts(&m), (2, 2, 8));
        let (status, _) = m.load(0, 4);
        assert_eq!(status, BioStatus(7));
        assert_eq!(m.numbers("bd_stat")[1], 2);
        assert_eq!(m.numbers("io_stat"), [0, 0, 0, 0], "no failure of zram's own");
        check(&m);
        // What is in memory is not touched by it, and a rewritten slot is well again.
        assert_eq!(m.load(2, 1), (BioStatus::OK, vec![page(600, 2)]));
        m.fill(0, &page(700, 0));
        assert_eq!(m.load(0, 1), (BioStatus::OK, vec![page(700, 0)]));
        m.put("reset", "1");
    }
}

/// An object that cannot be decompressed is skipped without a word; its block and request serve the next one.
#[test]
fn a_slot_that_cannot_be_read_is_skipped() {
    let world_of_bytes = |compressed: bool| {
        let mut m = Machine::bare(Profile::debian_7_2());
        m.kernel = zram_model::Kernel::with_storage(Profile::debian_7_2(), zram_model::Storage::Bytes);
        m.dev = m.kernel.hot_add(&mut m.world).unwrap();
        m.world.blocks = 8;
        m.put("backing_dev", "/dev/backing");
        m.put("compressed_writeback", if compressed { "1" } else { "0" });
        m.put("disksize", "16K");
        m.fill(0, &page(600, 0));
        m.world.decompress_error = Some(Errno::EINVAL);
        m
    };
    let mut m = world_of_bytes(false);
    m.put("writeback", "page_index=0");
    assert_eq!((m.flags(0) & slot_flags::WB, m.numbers("bd_stat")), (0, vec![0, 0, 0]));
    check(&m);
    // Compressed, it is not decompressed on its way out.
    let mut m = world_of_bytes(true);
    m.put("writeback", "page_index=0");
    assert_eq!(m.numbers("bd_stat"), [1, 0, 1]);
    assert_eq!(m.load(0, 1).0, BioStatus::IO_ERROR);
}

#[test]
fn a_read_back_without_memory_fails_and_is_complained_of() {
    let mut m = machine(true);
    m.put("writeback", "page_indexes=0-3");
    m.events();
    m.world.refuse = Some(|what| matches!(what, Allocation::ReadBack { slot } if slot.0 == 2));
    let (status, pages) = m.load(0, 4);
    assert_eq!(status, BioStatus::IO_ERROR);
    // Those before it had been sent already; those behind it are not tried.
    assert_eq!((pages[1], pages[3]), (page(600, 1), [0xee; PAGE]));
    assert_eq!((m.numbers("bd_stat")[1], m.numbers("io_stat")[0]), (3, 1));
    assert_eq!(m.world.complaints, [Complaint::ReadFailed]);
    parents_complete_once(&m.events(), 2, true);
}

/// The worker begins, and before it has locked the slot another task takes it away: then there is nothing to decompress.
#[test]
fn a_slot_taken_away_between_a_worker_and_its_lock() {
    let mut m = machine(true);
    m.put("writeback", "page_index=0");
    m.world.later = true;
    m.events();
    let discard = Bio { op: BioOp::Discard, sector: 0, segments: vec![], bytes: 4096 };
    // Asked before completion, before the work item, and before decompression.
    m.world.intruders = [(2, discard, Memory(vec![]))].into();
    let (status, pages) = m.load(0, 1);
    assert_eq!((status, pages[0]), (BioStatus::IO_ERROR, [0; PAGE]));
    assert_eq!(m.names(), ["bio", "read_back_endio", "read_back_work", "bio", "slot_free"]);
}

/// Larger pages: parts of a page are read by way of a page of zram's own, and the device is waited for.
fn large(compressed: bool) -> Machine {
    let profile = Profile { page_size: PageSize::KIB_16, ..Profile::debian_7_2() };
    let mut m = Machine::bare(profile);
    m.world.blocks = 4;
    m.put("backing_dev", "/dev/backing");
    m.put("compressed_writeback", if compressed { "1" } else { "0" });
    m.put("disksize", "64K");
    let bio = Bio {
        op: BioOp::Write,
        sector: 0,
        segments: vec![Segment { page: 0, offset: 0, len: 16_384 }],
        bytes: 0,
    };
    let mut memory = Memory::of_pages([page(600, 0), page(1, 1), page(1, 2), page(1, 3)]);
    assert_eq!(m.kernel.submit(m.dev, &bio, &mut memory, &mut m.world), BioStatus::OK);
    m.put("writeback", "page_index=0");
    assert!(matches!(m.kernel.slots(m.dev).unwrap()[0].word, SlotWord::Block(_)));
    m.events();
    m
}

/// Reads the second 4 KiB of slot 0.
fn part(m: &mut Machine) -> (BioStatus, Vec<u8>) {
    let segments = vec![Segment { page: 0, offset: 0, len: 4096 }];
    let bio = Bio { op: BioOp::Read, sector: 8, segments, bytes: 0 };
    let mut memory = Memory(vec![0xee; 16_384]);
    let status = m.kernel.submit(m.dev, &bio, &mut memory, &mut m.world);
    (status, memory.0[..4096].to_vec())
}

#[test]
fn the_synchronous_read_back() {
    for compressed in [false, true] {
        for later in [false, true] {
            let mut m = large(compressed);
            m.world.later = later;
            assert_eq!(part(&mut m), (BioStatus::OK, page(1, 1).to_vec()));
            let expected: &[&str] = if compressed { &["bio", "decompress"] } else { &["bio"] };
            assert_eq!((m.names().as_slice(), m.numbers("bd_stat")[1]), (expected, 4), "in units of 4 KiB");
            // Its error is zram's own, and complained of.
            m.world.bad_reads.insert(0);
            assert_eq!(part(&mut m), (BioStatus::IO_ERROR, vec![0xee; 4096]));
            assert_eq!((m.numbers("io_stat")[0], m.world.complaints.len()), (1, 1));
        }
    }
}

/// While the task waits for the device, another takes the slot away. What is to be decompressed is looked at again.
#[test]
fn a_slot_taken_away_during_a_synchronous_read_back() {
    for (compressed, expected) in
        [(true, (BioStatus::IO_ERROR, vec![0xee; 4096])), (false, (BioStatus::OK, page(1, 1).to_vec()))]
    {
        let mut m = large(compressed);
        let discard = Bio { op: BioOp::Discard, sector: 0, segments: vec![], bytes: 16_384 };
        m.world.intruders = [(0, discard, Memory(vec![]))].into();
        assert_eq!(part(&mut m), expected);
        assert_eq!(m.world.complaints.len(), usize::from(compressed));
    }
}

/// Nothing can be reset under a pass, which holds the device's lock, nor under a read, whose reader has it open.
#[test]
fn a_device_is_not_reset_while_somebody_reads_it() {
    let mut m = machine(true);
    m.put("writeback", "page_index=0");
    m.kernel.open(m.dev).unwrap();
    assert_eq!(m.write("reset", "1"), Err(Errno::EBUSY));
    assert_eq!(m.kernel.hot_remove(b"0", &mut m.world), Err(Errno::EBUSY));
    assert_eq!(m.load(0, 1).0, BioStatus::OK);
    m.kernel.close(m.dev).unwrap();
    m.put("reset", "1");
    let bio = aligned(BioOp::Read, 0, 1);
    let mut memory = Memory(vec![0; PAGE]);
    assert_eq!(m.kernel.submit(m.dev, &bio, &mut memory, &mut m.world), BioStatus::IO_ERROR);
}
