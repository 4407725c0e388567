//! What other kernels do differently: each behaviour, shown by the kernels on either side of its commit.

use crate::world::{BioOp, Machine, PAGE, aligned, filled, page};
use zram_events::Block;
use zram_model::{
    Allocation, Behaviours, BioStatus, BlockContent, Errno, Hazard, Memory, Profile, behaviours::WrittenBack,
    slot_flags,
};

const HUGE: u32 = 4096;

fn machine(profile: Profile) -> Machine {
    Machine::backed_as(profile, 8, 8, true)
}

/// Every profile of which this holds, by name.
fn those(holds: impl Fn(Profile) -> bool) -> Vec<&'static str> {
    Profile::all().into_iter().filter(|profile| holds(profile.clone())).map(|profile| profile.name).collect()
}

/// The same among those that have `algorithm_params`.
fn those_with_params(holds: impl Fn(Profile) -> bool) -> Vec<&'static str> {
    those(|profile| Machine::bare(profile.clone()).has("algorithm_params") && holds(profile))
}

#[test]
fn attributes_come_and_go() {
    let with = |attribute: &'static str| those(|profile| Machine::bare(profile).has(attribute));
    assert_eq!(with("max_comp_streams"), ["debian-6.1", "debian-6.12"]);
    assert_eq!(those(|profile| !Machine::bare(profile).has("algorithm_params")), ["debian-6.1"]);
    assert_eq!(
        with("writeback_batch_size"),
        [
            "linux-6.19",
            "linux-7.0",
            "linux-7.1",
            "debian-7.2",
            "debian-7.3",
            "custom-6.19",
            "custom-7.1",
            "custom-7.2",
            "seed-patch",
            "proposed"
        ]
    );
    assert_eq!(
        with("compressed_writeback"),
        ["linux-7.0", "linux-7.1", "debian-7.2", "debian-7.3", "custom-7.1", "custom-7.2", "proposed"]
    );
    assert_eq!(with("recompress"), ["custom-6.19", "custom-7.1", "custom-7.2"]);
    assert_eq!(with("writeback_compressed"), Vec::<&str>::new());
    let name = zram_model::behaviours::CompressedWriteback::Attribute("writeback_compressed");
    let candidate = Behaviours { compressed_writeback: name, ..Behaviours::V7_0 };
    let mut m = Machine::bare(Profile { behaviours: candidate, ..Profile::linux_7_0() });
    m.put("writeback_compressed", "y");
    assert_eq!(m.text("writeback_compressed"), "1\n");
    assert_eq!(m.write("compressed_writeback", "1"), Err(Errno::ENOENT));
}

#[test]
fn max_comp_streams_shows_the_processors_and_takes_anything() {
    let mut m = Machine::bare(Profile { processors: 3, ..Profile::debian_6_12() });
    for text in ["1", "nonsense", "-7\n"] {
        m.put("max_comp_streams", text);
        assert_eq!(m.text("max_comp_streams"), "3\n");
    }
}

#[test]
fn a_write_stalls_where_the_first_allocation_may_fail() {
    for (profile, names, status, debug) in [
        (
            Profile::debian_6_12(),
            vec!["bio", "compress", "malloc_failed", "malloc_failed"],
            BioStatus::IO_ERROR,
            "version: 1\n       1        0\n",
        ),
        (
            Profile::debian_7_2(),
            vec!["bio", "compress", "malloc_failed"],
            BioStatus::IO_ERROR,
            "version: 1\n0        0\n",
        ),
    ] {
        let mut m = machine(profile);
        m.events();
        m.world.refuse = Some(|what| what == Allocation::Handle);
        assert_eq!(m.store(0, &[page(600, 1)]), status);
        assert_eq!((m.names(), m.text("debug_stat").as_str()), (names, debug));
    }
}

#[test]
fn writeback_took_one_word() {
    let mut m = machine(Profile::debian_6_12());
    m.fill(3, &page(600, 1));
    for bad in
        ["", "type=huge", "page_index=8", "page_index=-1", "page_index=3 4", "page_indexes=0-3", " huge"]
    {
        assert_eq!(m.write("writeback", bad), if bad.is_empty() { Ok(0) } else { Err(Errno::EINVAL) });
    }
    m.put("writeback", "page_index=3\n");
    assert_eq!(m.numbers("bd_stat"), [1, 0, 1]);
    let mut m = Machine::bare(Profile::debian_6_12());
    m.put("disksize", "32K");
    assert_eq!(m.write("writeback", "type=huge"), Err(Errno::EINVAL), "before the missing device");
    assert_eq!(m.write("writeback", "huge"), Err(Errno::ENODEV));
}

#[test]
fn a_pass_in_slot_order_fails_at_the_limit_with_nothing_to_do() {
    let empty_pass = |profile: Profile, limit: bool| {
        let mut m = Machine::backed_as(profile, 8, if limit { 8 } else { 1 }, true);
        if !limit {
            m.fill(0, &page(700, 3));
            // Full: on kernels that leave block 0 alone, one block is none.
            let _ = m.write("writeback", "page_index=0");
        }
        if limit {
            m.put("writeback_limit_enable", "1");
        }
        m.write("writeback", "huge")
    };
    for profile in Profile::all() {
        let old = ["debian-6.1", "debian-6.12"].contains(&profile.name);
        assert_eq!(empty_pass(profile.clone(), true), if old { Err(Errno::EIO) } else { Ok(4) });
        assert_eq!(empty_pass(profile, false), if old { Err(Errno::ENOSPC) } else { Ok(4) });
    }
}

#[test]
fn selection_went_from_the_order_of_slots_to_that_of_sizes() {
    for (profile, expected) in [
        (Profile::debian_6_12(), [1, 2, 3]),
        (Profile::debian_6_17(), [1, 3, 2]),
        (Profile::linux_6_19(), [0, 2, 1]),
    ] {
        let mut m = machine(profile);
        for (slot, len) in [(0, 3000), (1, 600), (2, 1500)] {
            m.fill(slot, &page(len, slot));
        }
        m.put("idle", "all");
        m.put("writeback", "idle");
        let blocks: Vec<_> = m.kernel.slots(m.dev).unwrap()[..3]
            .iter()
            .map(|slot| match slot.word {
                zram_model::SlotWord::Block(Block(block)) => block,
                _ => u64::MAX,
            })
            .collect();
        assert_eq!(blocks, expected);
    }
}

/// A write that fails, one at a time: the block serves the next slot, the limit was never charged.
#[test]
fn a_failed_write_of_old_passes_the_block_on() {
    for (profile, stays_idle) in [(Profile::debian_6_12(), false), (Profile::debian_6_17(), true)] {
        let mut m = machine(profile);
        for slot in 0..3 {
            m.fill(slot, &page(600, slot));
        }
        m.put("idle", "all");
        m.put("writeback_limit_enable", "1");
        m.put("writeback_limit", "5");
        m.world.bad_writes.insert(1);
        assert_eq!(m.write("writeback", "idle"), Err(Errno::EIO));
        // Block 1 is bad, and it is always the lowest.
        assert_eq!((m.numbers("bd_stat"), m.text("writeback_limit")), (vec![0, 0, 0], "5\n".into()));
        assert!((0..3).all(|slot| (m.flags(slot) & slot_flags::IDLE != 0) == stays_idle));
        m.world.bad_writes.clear();
        m.put("writeback", "page_index=1");
        assert_eq!((m.numbers("bd_stat"), m.text("writeback_limit")), (vec![1, 0, 1], "4\n".into()));
    }
}

/// What comes of a pass, slot by slot, where each is waited for and the limit runs out.
#[test]
fn slots_were_queued_before_they_had_company() {
    let mut m = machine(Profile::debian_6_18());
    for (slot, len) in [(0, 600), (1, 1500), (2, 3000)] {
        m.fill(slot, &page(len, slot));
    }
    m.put("writeback_limit_enable", "1");
    m.put("writeback_limit", "2");
    m.events();
    assert_eq!(m.write("writeback", "page_indexes=0-2"), Err(Errno::EIO));
    let turn = ["read_begin", "decompress", "read_end", "read_from_pool", "slot_free", "free", "obj_free"];
    let freed = ["fix_fullness", "zspage_free", "release_slot"];
    let mut expected = vec!["writeback_scan", "writeback_begin"];
    for _ in 0..2 {
        expected.extend(turn.into_iter().chain(freed));
    }
    // The limit is looked at before the last, which is let go of with the queue.
    expected.extend(["writeback_end", "release_slot"]);
    assert_eq!(m.names(), expected);
    assert_eq!((m.numbers("bd_stat"), m.text("writeback_limit")), (vec![2, 0, 2], "0\n".into()));
    assert_eq!(m.flags(0) & (slot_flags::WB | slot_flags::PP_SLOT), 0);
}

/// A window that zlib does not know, and any parameter that a compressor refuses.
#[test]
fn parameters_that_a_kernel_does_not_survive() {
    let dying = those_with_params(|profile| {
        let mut m = Machine::bare(profile);
        m.put("comp_algorithm", "deflate");
        m.put("algorithm_params", "deflate.winbits=8");
        let _ = m.write("disksize", "64K");
        m.world.hazards.contains(&Hazard::DeflateWindow)
    });
    assert_eq!(
        dying,
        [
            "debian-6.17",
            "debian-6.18",
            "linux-6.19",
            "linux-7.0",
            "linux-7.1",
            "custom-6.19",
            "custom-7.1",
            "seed-patch"
        ]
    );
    let forgetful = those_with_params(|profile| {
        let mut m = Machine::bare(profile);
        m.put("comp_algorithm", "deflate");
        m.put("algorithm_params", "level=10");
        assert_eq!(m.write("disksize", "64K"), Err(Errno::EINVAL));
        m.world.hazards == [Hazard::AlgorithmForgotten]
    });
    assert_eq!(
        forgetful,
        [
            "debian-6.12",
            "debian-6.17",
            "debian-6.18",
            "linux-6.19",
            "linux-7.0",
            "linux-7.1",
            "custom-6.19",
            "custom-7.1",
            "seed-patch"
        ]
    );
}

/// Slots touched while their write is waited for: the mark of that is IDLE, and later PP_SLOT.
#[test]
fn a_slot_touched_in_flight_passed_its_block_on() {
    let touches = [
        (aligned(BioOp::Read, 0, 1), Memory::of_pages([page(1, 1)])),
        (aligned(BioOp::Write, 0, 1), Memory::of_pages([page(601, 9)])),
        (zram_model::Bio { op: BioOp::Discard, sector: 0, segments: vec![], bytes: 4096 }, Memory(vec![])),
    ];
    for (bio, memory) in touches {
        for (profile, later) in [
            (Profile::debian_6_12(), false),
            (Profile::debian_6_12(), true),
            (Profile::debian_6_17(), false),
            (Profile::debian_6_17(), true),
        ] {
            let touched = usize::from(profile.name != "debian-6.12");
            let bio = zram_model::Bio { sector: 8 * touched as u64, ..bio.clone() };
            let mut m = machine(profile);
            m.fill(0, &page(600, 0));
            m.fill(1, &page(600, 1));
            m.put("idle", "all");
            m.world.later = later;
            // Asked before the first slot, which is the last one queued where there is a queue, and while it is waited for.
            m.world.intruders = [(1, bio.clone(), memory.clone())].into();
            m.put("writeback", "idle");
            assert_eq!(m.numbers("bd_stat"), [1, 0, 2], "{bio:?}");
            let slots = m.kernel.slots(m.dev).unwrap();
            assert_eq!(slots[1 - touched].word, zram_model::SlotWord::Block(Block(1)));
            assert_eq!(slots[touched].flags & (slot_flags::WB | slot_flags::IDLE), 0);
        }
    }
}

#[test]
fn what_a_written_back_slot_keeps() {
    for profile in Profile::all() {
        let mut m = machine(profile.clone());
        m.fill(0, &page(600, 1));
        m.fill(1, &page(HUGE, 2));
        for slot in 0..2 {
            m.put("writeback", &format!("page_index={slot}"));
        }
        let slots = m.kernel.slots(m.dev).unwrap();
        let [small, huge] = [slots[0], slots[1]]
            .map(|slot| (slot.size, slot.flags & slot_flags::HUGE != 0, slot.access_time != 0));
        let (small_expected, huge_expected) = match profile.behaviours.written_back {
            WrittenBack::Freed => ((0, false, false), (0, false, false)),
            WrittenBack::FreedAndRestored => ((600, false, false), (4096, true, false)),
            WrittenBack::Kept => ((600, false, true), (4096, true, true)),
        };
        assert_eq!((small, huge), (small_expected, huge_expected), "{}", profile.name);
        assert_eq!(m.numbers("mm_stat")[7], 0, "{}", profile.name);
        assert_eq!(m.load(0, 2).1, [page(600, 1), page(HUGE, 2)], "{}", profile.name);
    }
}

/// b0377ee80429: with the patch as posted, a huge page is counted down when written back and again when freed.
#[test]
fn the_posted_patch_counts_huge_pages_down_twice() {
    let wrong = those(|profile| {
        let mut m = machine(profile);
        m.fill(0, &page(HUGE, 1));
        m.put("writeback", "page_index=0");
        m.discard(0, 1);
        let text = m.text("mm_stat");
        let huge_pages = text.split_whitespace().nth(7).unwrap();
        assert!(huge_pages == "0" || huge_pages == "18446744073709551615", "{text}");
        huge_pages != "0"
    });
    assert_eq!(wrong, ["seed-patch"]);
}

/// 3bf1c285dc40: the tail of a compressed block.
#[test]
fn old_memory_reaches_the_disk_where_the_tail_is_not_cleared() {
    let unclean = those(|profile| {
        let mut m = machine(profile);
        m.fill(0, &page(600, 1));
        m.put("writeback", "page_index=0");
        (0..8).any(|block| matches!(m.kernel.block(m.dev, Block(block)), BlockContent::Unclean { .. }))
    });
    assert_eq!(unclean, ["linux-7.0", "linux-7.1", "custom-7.1", "seed-patch"]);
}

/// 3e8d8eb8d7f5: the block reserved for a slot that was touched before its turn, at the end of a pass.
#[test]
fn a_reserved_block_leaked() {
    let leaking = those(|profile| {
        let mut m = machine(profile);
        m.fill(0, &page(600, 1));
        m.world.intruders = [(0, aligned(BioOp::Read, 0, 1), Memory::of_pages([filled(0)]))].into();
        m.put("idle", "all");
        m.put("writeback", "idle");
        let taken = m.numbers("bd_stat")[0];
        assert_eq!(taken, m.kernel.blocks_taken(m.dev));
        m.flags(0) & slot_flags::WB == 0 && taken == 1
    });
    assert_eq!(leaking, ["linux-6.19", "linux-7.0", "linux-7.1", "custom-6.19", "custom-7.1", "seed-patch"]);
}

/// bf62f69574b1: the completion that is still about to wake the pass.
#[test]
fn the_control_block_is_freed_under_a_slow_completion() {
    let pass = |profile: Profile, later: bool, slow: bool| {
        let mut m = machine(profile);
        m.fill(0, &page(600, 1));
        m.world.later = later;
        m.world.slow_endio = slow;
        m.put("writeback", "page_index=0");
        m.world.hazards
    };
    let hazardous = those(|profile| pass(profile, true, true) == [Hazard::ControlBlockFreed]);
    assert_eq!(hazardous, ["linux-6.19", "linux-7.0", "custom-6.19", "seed-patch"]);
    assert_eq!(pass(Profile::seed_patch(), true, false), []);
    assert_eq!(pass(Profile::seed_patch(), false, true), [], "it completes in the pass's own submission");
}

/// bf989ade270d: no memory for the request of a read-back.
#[test]
fn a_read_that_never_happened_was_a_success() {
    for profile in Profile::all() {
        let mut m = machine(profile.clone());
        m.fill(0, &page(600, 1));
        m.put("writeback", "page_index=0");
        m.world.refuse = Some(|what| matches!(what, Allocation::ReadBack { .. }));
        let untouched = [0xee; PAGE];
        let (expected, failed) = match profile.name {
            "debian-6.1" | "debian-6.12" | "debian-6.17" | "debian-6.18" | "linux-6.19" | "custom-6.19" => {
                ((BioStatus::OK, page(600, 1)), 0)
            }
            "linux-7.0" | "seed-patch" => ((BioStatus::OK, untouched), 0),
            _ => ((BioStatus::IO_ERROR, untouched), 1),
        };
        let (status, pages) = m.load(0, 1);
        assert!((status, pages[0]) == expected, "{}", profile.name);
        assert_eq!((m.numbers("bd_stat")[1], m.numbers("io_stat")[0]), (1, failed), "{}", profile.name);
    }
}

/// Two read-backs of one bio fail differently: chained bios keep the first error, requests leave the last.
#[test]
fn which_of_two_errors_the_parent_gets() {
    for (profile, expected, events) in [
        (Profile::linux_6_19(), 7, vec!["bio"]),
        (Profile::debian_7_2(), 10, vec!["bio", "read_back_endio", "read_back_endio"]),
    ] {
        let mut m = machine(profile);
        for slot in 0..2 {
            m.fill(slot, &page(600, slot));
            m.put("writeback", &format!("page_index={slot}"));
        }
        m.events();
        m.world.read_statuses = [7, 10].into();
        assert_eq!(m.load(0, 2).0, BioStatus(expected));
        assert_eq!(m.names(), events);
    }
}

#[test]
fn an_age_beyond_the_uptime() {
    for profile in Profile::all() {
        let mut m = machine(profile.clone());
        let (marks, keeps) = match profile.name {
            "debian-6.12" | "debian-6.17" | "debian-6.18" | "linux-6.19" | "custom-6.19" | "seed-patch" => {
                (false, false)
            }
            "linux-7.0" | "linux-7.1" | "custom-7.1" | "debian-7.2" | "custom-7.2" => (true, true),
            _ => (false, true),
        };
        m.world.now = 1000;
        m.fill(0, &page(600, 1));
        m.put("idle", "1001");
        assert_eq!(m.flags(0) & slot_flags::IDLE != 0, marks, "{}", profile.name);
        m.put("idle", "all");
        m.put("idle", "1001");
        assert_eq!(m.flags(0) & slot_flags::IDLE != 0, keeps, "{}", profile.name);
    }
    let answer = |profile| Machine::bare(profile).write("idle", "1001");
    assert_eq!(answer(Profile::debian_7_2()), Err(Errno::EINVAL));
    assert_eq!(answer(Profile::debian_7_3()), Ok(4), "the device is not even looked at");
}

#[test]
fn access_times_had_nanoseconds() {
    let mut m = machine(Profile::debian_6_12());
    m.world.now = 1000;
    m.world.nanoseconds = 123_456_789;
    m.fill(0, &page(600, 1));
    let text = m.kernel.block_state(m.dev, 0, 4096).unwrap().0;
    assert_eq!(String::from_utf8(text).unwrap(), "           0         1000.123456 ......\n");
    // One second later to the nanosecond is not yet beyond it; one nanosecond more is.
    for (nanoseconds, idle) in [(123_456_789, false), (123_456_790, true)] {
        (m.world.now, m.world.nanoseconds) = (1001, nanoseconds);
        m.put("idle", "1");
        assert_eq!(m.flags(0) & slot_flags::IDLE != 0, idle);
    }
    // Seconds in 64 bits, whose nanoseconds wrap: this age lies 0.7 seconds in the future.
    (m.world.now, m.world.nanoseconds) = (1000, 123_456_789);
    m.put("idle", "18446744073");
    assert_eq!(m.flags(0) & slot_flags::IDLE, slot_flags::IDLE);
    m.put("idle", "18446744074");
    assert_eq!(m.flags(0) & slot_flags::IDLE, 0);
    (m.world.now, m.world.nanoseconds) = (1001, 0);
    assert_eq!(m.write("idle", "18446744073709551616"), Err(Errno::EINVAL));
    m.discard(0, 1);
    m.fill(0, &page(600, 1));
    let text = m.kernel.block_state(m.dev, 0, 4096).unwrap().0;
    assert_eq!(String::from_utf8(text).unwrap(), "           0         1001.000000 ......\n");
}

#[test]
fn whom_parameters_are_for() {
    let answers = |profile: Profile| {
        let mut m = Machine::bare(profile);
        let before = m.write("algorithm_params", "algo=lz4 priority=7");
        let winbits = m.write("algorithm_params", "deflate.winbits=x");
        m.put("disksize", "32K");
        (before, winbits, m.write("algorithm_params", "level=3"))
    };
    assert_eq!(answers(Profile::debian_6_12()), (Ok(19), Ok(17), Ok(7)));
    assert_eq!(answers(Profile::linux_7_0()), (Ok(19), Err(Errno::EINVAL), Ok(7)));
    let strict = (Err(Errno::EINVAL), Err(Errno::EINVAL), Err(Errno::EBUSY));
    assert_eq!(answers(Profile::debian_7_2()), strict);
}

#[test]
fn a_new_algorithm_came_to_reset_the_parameters() {
    let reset = those_with_params(|profile| {
        let mut m = Machine::bare(profile);
        m.put("comp_algorithm", "lz4");
        m.put("algorithm_params", "algo=lz4 level=7");
        m.put("comp_algorithm", "zstd");
        m.kernel.codec(m.dev).unwrap().level.is_none()
    });
    assert_eq!(reset, ["debian-7.3", "proposed"]);
}

#[test]
fn a_level_of_lz4_came_to_be_checked() {
    let refused = those_with_params(|profile| {
        let mut m = Machine::bare(profile);
        m.put("algorithm_params", "level=0");
        m.write("disksize", "32K") == Err(Errno::EINVAL)
    });
    assert_eq!(refused, ["debian-7.3", "proposed"]);
}

#[test]
fn every_compressor_came_to_look_at_its_parameters() {
    for (algorithm, params, errno) in [
        ("lz4hc", "level=17", Errno::EINVAL),
        ("zstd", "level=23", Errno::EINVAL),
        ("deflate", "dict=/dict", Errno::EOPNOTSUPP),
    ] {
        let refused = those_with_params(|profile| {
            let mut m = Machine::bare(profile);
            m.put("comp_algorithm", algorithm);
            m.put("algorithm_params", &format!("algo={algorithm} {params}"));
            m.write("disksize", "32K") == Err(errno)
        });
        assert_eq!(refused, ["debian-7.3", "proposed"], "{algorithm} {params}");
    }
}

#[test]
fn a_dictionary_came_to_say_why_it_cannot_be_read() {
    let told = those_with_params(|profile| {
        Machine::bare(profile).write("algorithm_params", "dict=/nowhere") == Err(Errno::ENOENT)
    });
    assert_eq!(told, ["debian-7.3", "proposed"]);
}

/// On every kernel, a life with writeback reads back what was written.
#[test]
fn every_profile_keeps_its_data() {
    for profile in Profile::all() {
        for later in [false, true] {
            let mut m = machine(profile.clone());
            m.world.later = later;
            let pages = [page(600, 1), page(HUGE, 2), filled(7), page(1500, 3)];
            assert_eq!(m.store(0, &pages), BioStatus::OK);
            m.put("idle", "all");
            m.put("writeback", "idle");
            assert_eq!(m.numbers("bd_stat"), [3, 0, 3]);
            assert_eq!(m.load(0, 4), (BioStatus::OK, pages.to_vec()), "{}", profile.name);
            m.store(1, &[page(700, 5)]);
            m.discard(0, 1);
            assert_eq!(m.numbers("bd_stat")[0], 1);
            m.put("reset", "1");
            assert_eq!(m.numbers("bd_stat"), [0, 0, 0]);
        }
    }
}
