//! Recompression, and devices with several algorithms.

use crate::world::{BioOp, Machine, aligned, filled, page};
use zram_events::Event;
use zram_model::{
    Allocation, BioStatus, BlockContent, Codec, Errno, Memory, Profile, SlotWord, Storage, slot_flags,
};

/// A kernel with four algorithms per device.
pub(crate) fn profile() -> Profile {
    let backends = &["lzo-rle", "lzo", "lz4", "lz4hc", "zstd", "deflate", "842"];
    Profile { multi_comp: true, backends, ..Profile::debian_7_2() }
}

/// A device with lz4, zstd and deflate; they make 100, 50 and 25 percent of what a page says.
pub(crate) fn machine(pages: u64) -> Machine {
    machine_in(Storage::default(), pages)
}

fn machine_in(storage: Storage, pages: u64) -> Machine {
    let mut m = Machine::keeping(storage, profile());
    m.world.percent = [("zstd", 50), ("deflate", 25)].into();
    m.put("backing_dev", "/dev/backing");
    m.put("compressed_writeback", "1");
    m.put("recomp_algorithm", "algo=zstd");
    m.put("recomp_algorithm", "algo=deflate priority=2");
    m.put("disksize", &(pages * 4096).to_string());
    m
}

fn size(m: &Machine, slot: usize) -> u32 {
    m.kernel.slots(m.dev).unwrap()[slot].size
}

fn priority(m: &Machine, slot: usize) -> u32 {
    (m.flags(slot) & slot_flags::PRIORITY) >> slot_flags::PRIORITY_SHIFT
}

fn tried(m: &mut Machine) -> Vec<u32> {
    let read = |event: &Event| match event {
        Event::ReadFromPool { slot, .. } => Some(slot.0),
        _ => None,
    };
    m.events().iter().filter_map(read).collect()
}

#[test]
fn a_recompressed_slot_in_order_of_the_kernels_functions() {
    let mut m = machine(2);
    m.fill(0, &page(2000, 1));
    m.events();
    m.put("recompress", "type=idle");
    assert_eq!(m.names(), Vec::<&str>::new(), "nothing is idle");
    m.put("idle", "all");
    m.put("recompress", "type=idle");
    let expected = [
        "read_begin",
        "decompress",
        "read_end",
        "read_from_pool",
        "compress",
        // The new object is there before the old one goes.
        "zspage_create",
        "obj_malloc",
        "malloc",
        "obj_write",
        "slot_free",
        "free",
        "obj_free",
        "fix_fullness",
        "zspage_free",
        "release_slot",
    ];
    assert_eq!(m.names(), expected);
    let slot = m.kernel.slots(m.dev).unwrap()[0];
    assert_eq!((slot.size, slot.access_time), (1000, 0), "the slot looks never accessed");
    assert_eq!(m.flags(0) & !slot_flags::PRIORITY, 1000, "neither idle nor selected");
    assert_eq!(priority(&m, 0), 1);
    assert_eq!(m.numbers("mm_stat")[..2], [4096, 1000]);
    assert_eq!(m.load(0, 1).1, [page(2000, 1)]);
}

#[test]
fn a_huge_slot_ceases_to_be_huge() {
    let mut m = machine(1);
    m.fill(0, &page(4000, 1));
    assert_eq!(m.numbers("mm_stat")[7..], [1, 1]);
    m.events();
    m.put("recompress", "type=huge");
    let events = m.events();
    assert!(!events.iter().any(|event| matches!(event, Event::Decompress { .. })), "it was no object");
    assert_eq!((size(&m, 0), m.flags(0) & slot_flags::HUGE), (2000, 0));
    // Once huge, always counted.
    assert_eq!(m.numbers("mm_stat")[7..], [0, 1]);
    assert_eq!(m.load(0, 1).1, [page(4000, 1)]);
}

#[test]
fn one_algorithm_per_command_and_upwards_only() {
    let mut m = machine(3);
    for slot in 0..3 {
        m.fill(slot, &page(2400, slot));
    }
    m.put("recompress", "priority=2 max_pages=1");
    assert_eq!([0, 1, 2].map(|slot| priority(&m, slot)), [0, 0, 2]);
    m.put("recompress", "type=huge");
    m.put("recompress", "threshold=0");
    assert_eq!([0, 1, 2].map(|slot| priority(&m, slot)), [1, 1, 2]);
    m.events();
    m.put("recompress", "algo=zstd");
    assert_eq!(tried(&mut m), [], "what zstd or its betters made is not tried again");
    m.put("recompress", "algo=deflate");
    assert_eq!(tried(&mut m), [1, 0]);
    assert_eq!([0, 1, 2].map(|slot| (priority(&m, slot), size(&m, slot))), [(2, 600); 3]);
    // A new page starts from the first algorithm.
    m.fill(1, &page(2400, 9));
    assert_eq!(m.flags(1), 2400);
}

#[test]
fn the_result_must_go_to_a_smaller_class() {
    let mut m = machine(2);
    m.world.percent.insert("zstd", 99);
    // 2000 and 1980 bytes share a class, 1700 and 1683 do not.
    m.fill(0, &page(2000, 1));
    m.fill(1, &page(1700, 2));
    m.put("idle", "all");
    m.events();
    m.put("recompress", "type=idle");
    let names = m.names();
    assert_eq!(names.iter().filter(|name| **name == "compress").count(), 2);
    assert_eq!((size(&m, 0), priority(&m, 0)), (2000, 0));
    assert_eq!((size(&m, 1), priority(&m, 1)), (1683, 1));
    // Tried in vain, but deflate is still to come. The attempt counts as a use all the same.
    assert_eq!(m.flags(0) & (slot_flags::INCOMPRESSIBLE | slot_flags::IDLE), 0);
    assert_ne!(m.kernel.slots(m.dev).unwrap()[0].access_time, 0);
}

#[test]
fn what_the_last_algorithm_cannot_improve_is_incompressible() {
    let mut m = machine(2);
    m.world.percent = [("zstd", 100), ("deflate", 100)].into();
    m.fill(0, &page(2000, 1));
    m.put("recompress", "algo=zstd");
    assert_eq!(m.flags(0) & slot_flags::INCOMPRESSIBLE, 0);
    m.put("recompress", "algo=deflate");
    assert_eq!(m.flags(0) & slot_flags::INCOMPRESSIBLE, slot_flags::INCOMPRESSIBLE);
    m.events();
    m.world.percent.insert("deflate", 10);
    m.put("recompress", "algo=deflate");
    assert_eq!(tried(&mut m), [], "and is not tried again");
    let (state, _) = m.kernel.block_state(m.dev, 0, 100).unwrap();
    assert!(state.ends_with(b" .....n\n"));
    m.put("writeback", "type=incompressible");
    assert!(matches!(m.kernel.slots(m.dev).unwrap()[0].word, SlotWord::Block(_)));
    m.fill(0, &page(2000, 2));
    assert_eq!(m.flags(0), 2000);
}

#[test]
fn a_gap_before_the_last_algorithm_does_not_make_one_the_last() {
    let mut m = Machine::bare(profile());
    m.put("recomp_algorithm", "algo=zstd priority=1");
    m.put("recomp_algorithm", "algo=deflate priority=3");
    m.put("disksize", "4096");
    m.fill(0, &page(2000, 1));
    m.put("recompress", "priority=1");
    assert_eq!(m.flags(0), 2000);
    assert_eq!(m.write("recompress", "priority=2"), Err(Errno::EINVAL));
    m.put("recompress", "priority=3");
    assert_eq!(m.flags(0), 2000 | slot_flags::INCOMPRESSIBLE);
}

#[test]
fn a_threshold_is_a_floor_and_a_ceiling() {
    let mut m = machine(3);
    for (slot, len) in [(0, 1999), (1, 2000), (2, 3600)] {
        m.fill(slot, &page(len, slot));
    }
    m.put("idle", "all");
    m.events();
    // 3600 becomes 1800, which is under 2000; so does 2000, to 1000.
    m.put("recompress", "type=idle threshold=2000");
    assert_eq!(tried(&mut m), [2, 1]);
    assert_eq!([0, 1, 2].map(|slot| size(&m, slot)), [1999, 1000, 1800]);
    // What was passed over is still idle.
    let idle = |slot| m.flags(slot) & slot_flags::IDLE != 0;
    assert_eq!([0, 1, 2].map(idle), [true, false, false]);

    let mut m = machine(1);
    m.fill(0, &page(3600, 1));
    m.put("recompress", "threshold=1800");
    assert_eq!((size(&m, 0), priority(&m, 0)), (3600, 0), "1800 is not below the threshold");
    m.put("recompress", "threshold=1801");
    assert_eq!((size(&m, 0), priority(&m, 0)), (1800, 1));
    let huge = m.kernel.huge_class_size();
    assert_eq!(m.write("recompress", &format!("threshold={huge}")), Err(Errno::EINVAL));
    m.put("recompress", &format!("threshold={}", huge - 1));
}

#[test]
fn a_missed_threshold_makes_incompressible() {
    let mut m = machine(1);
    m.fill(0, &page(3600, 1));
    // 900 bytes would have been a fourth.
    m.put("recompress", "algo=deflate threshold=900");
    assert_eq!(m.flags(0), 3600 | slot_flags::INCOMPRESSIBLE);
}

#[test]
fn the_largest_go_first_and_max_pages_counts_attempts() {
    let mut m = machine(6);
    m.world.percent.insert("zstd", 100);
    for (slot, len) in [(0, 100), (1, 3000), (2, 3001), (3, 500), (4, 4000), (5, 2000)] {
        m.fill(slot, &page(len, slot));
    }
    m.events();
    m.put("recompress", "max_pages=3");
    // None got smaller, and yet only three were tried. In a bucket, the last queued goes first.
    assert_eq!(tried(&mut m), [4, 2, 1]);
    m.put("recompress", "max_pages=0");
    let released = m.events().iter().filter(|event| event.name() == "release_slot").count();
    assert_eq!(released, 6, "they are selected and let go of");
    // Too small for the threshold is not an attempt.
    m.put("recompress", "max_pages=1 threshold=3600");
    assert_eq!(tried(&mut m), [4]);
    m.put("recompress", "max_pages=1 threshold=2000");
    assert_eq!(tried(&mut m), [4]);
    for slot in 0..6 {
        assert_eq!(m.flags(slot) & slot_flags::PP_SLOT, 0);
    }
}

#[test]
fn neither_limit_nor_peak_of_memory_is_looked_at() {
    let mut m = machine(4);
    m.fill(0, &page(3000, 1));
    let before = m.numbers("mm_stat");
    m.put("mem_limit", "1");
    m.put("recompress", " ");
    let after = m.numbers("mm_stat");
    assert_eq!(size(&m, 0), 1500);
    // The old zspage went only when the new one was there; nobody noted how much that was.
    assert_eq!(after[4], before[4]);
    assert_eq!(m.store(1, &[page(3000, 2)]), BioStatus::IO_ERROR, "a write is refused");
}

#[test]
fn the_first_error_ends_it() {
    let mut m = machine(3);
    for slot in 0..3 {
        m.fill(slot, &page(2000, slot));
    }
    m.put("idle", "all");
    m.events();
    m.world.compress_error = Some(Errno::EINVAL);
    assert_eq!(m.write("recompress", "type=idle"), Err(Errno::EINVAL));
    m.world.compress_error = None;
    assert_eq!(tried(&mut m), [2]);
    let idle = |m: &Machine| [0, 1, 2].map(|slot| m.flags(slot) & slot_flags::IDLE != 0);
    assert_eq!(idle(&m), [true, true, false]);
    m.world.refuse = Some(|what| matches!(what, Allocation::Handle));
    assert_eq!(m.write("recompress", "type=idle"), Err(Errno::ENOMEM));
    m.world.refuse = None;
    assert_eq!(idle(&m), [true, false, false]);
    assert_eq!([0, 1, 2].map(|slot| size(&m, slot)), [2000; 3]);
    assert_eq!(m.load(0, 3).1, [page(2000, 0), page(2000, 1), page(2000, 2)]);
}

#[test]
fn out_of_memory_before_and_while_selecting() {
    for (refuse, expected) in [
        (Some((|what| what == Allocation::RecompressionPage) as fn(Allocation) -> bool), Err(Errno::ENOMEM)),
        (Some(|what| what == Allocation::Candidates), Err(Errno::ENOMEM)),
        (Some(|what| matches!(what, Allocation::Candidate { slot } if slot.0 == 1)), Ok(1)),
    ] {
        let mut m = machine(3);
        for slot in 0..3 {
            m.fill(slot, &page(2000, slot));
        }
        m.events();
        m.world.refuse = refuse;
        assert_eq!(m.write("recompress", " "), expected);
        m.world.refuse = None;
        let done = if expected.is_ok() { vec![0] } else { vec![] };
        assert_eq!(tried(&mut m), done, "what was selected until then is worked off");
    }
}

#[test]
fn slots_that_nothing_could_come_of() {
    let mut m = machine(4);
    m.fill(0, &filled(7));
    m.fill(1, &page(2000, 1));
    m.put("writeback", "page_index=1");
    m.events();
    m.put("recompress", " ");
    assert_eq!(m.names(), Vec::<&str>::new());
}

#[test]
fn a_slot_touched_meanwhile_is_let_go() {
    for (op, len) in [(BioOp::Read, 2000), (BioOp::Write, 1990)] {
        let mut m = machine(2);
        m.fill(0, &page(2000, 0));
        m.fill(1, &page(2000, 1));
        m.world.intruders = [(1, aligned(op, 0, 1), Memory::of_pages([page(1990, 5)]))].into();
        m.put("recompress", " ");
        assert_eq!([0, 1].map(|slot| (size(&m, slot), priority(&m, slot))), [(len, 0), (1000, 1)]);
    }
}

#[test]
fn read_back_takes_the_decompressor_of_the_slot() {
    let mut m = machine(2);
    for slot in 0..2 {
        m.fill(slot, &page(2000, slot));
    }
    m.put("recompress", "max_pages=1");
    m.put("writeback", "page_indexes=0-1");
    let codec = |block| match m.kernel.block(m.dev, zram_events::Block(block)) {
        BlockContent::Compressed { len, codec, .. } => (len, codec),
        other => panic!("{other:?}"),
    };
    // Slot 1 was recompressed and is smaller, so slot 0 went first.
    assert_eq!([codec(0), codec(1)], [(2000, Codec::plain("lz4")), (1000, Codec::plain("zstd"))]);
    assert_eq!(priority(&m, 1), 1, "the priority outlives the object");
    assert_eq!(m.load(0, 2), (BioStatus::OK, vec![page(2000, 0), page(2000, 1)]));
}

#[test]
fn commands() {
    let table: &[(&str, Result<(), Errno>)] = &[
        ("", Ok(())),
        (" \n", Ok(())),
        ("type=idle", Ok(())),
        ("type=huge\n", Ok(())),
        ("type=huge_idle", Ok(())),
        ("type=incompressible", Err(Errno::EINVAL)),
        ("type=idle type=bogus", Ok(())),
        ("idle", Err(Errno::EINVAL)),
        ("nonsense=1", Ok(())),
        ("nonsense=", Err(Errno::EINVAL)),
        ("max_pages=0", Ok(())),
        ("max_pages=18446744073709551615", Ok(())),
        ("max_pages=18446744073709551616", Err(Errno::ERANGE)),
        ("threshold=3624", Ok(())),
        ("threshold=3625", Err(Errno::EINVAL)),
        ("threshold=4294967296", Err(Errno::ERANGE)),
        ("priority=0", Err(Errno::EINVAL)),
        ("priority=1", Ok(())),
        ("priority=2", Ok(())),
        ("priority=3", Err(Errno::EINVAL)),
        ("priority=4", Err(Errno::EINVAL)),
        ("priority=-1", Err(Errno::EINVAL)),
        ("priority=2147483648", Err(Errno::ERANGE)),
        ("algo=zstd", Ok(())),
        ("algo=deflate", Ok(())),
        ("algo=lz4", Err(Errno::EINVAL)),
        ("algo=842", Err(Errno::EINVAL)),
        ("algo=zstd priority=1", Ok(())),
        ("algo=zstd priority=2", Err(Errno::EINVAL)),
        ("algo=zstd priority=0", Err(Errno::EINVAL)),
    ];
    for (text, expected) in table {
        let mut m = machine(2);
        m.fill(0, &page(2000, 1));
        assert_eq!(m.write("recompress", text), expected.map(|()| text.len()), "{text:?}");
    }
    // Before disksize everything is EINVAL but what cannot be parsed.
    let mut bare = Machine::bare(profile());
    assert_eq!(bare.write("recompress", "type=idle"), Err(Errno::EINVAL));
    assert_eq!(bare.write("recompress", "max_pages=99999999999999999999"), Err(Errno::ERANGE));
    assert_eq!(bare.kernel.read_attr(bare.dev, "recompress"), Err(Errno::EACCES));
    bare.put("disksize", "4096");
    assert_eq!(bare.write("recompress", "type=idle"), Err(Errno::EINVAL), "there is no second algorithm");
}

#[test]
fn algorithms_are_chosen_before_disksize() {
    let long = format!("algo={}", "x".repeat(128));
    let table: &[(&str, Result<(), Errno>)] = &[
        ("algo=zstd", Ok(())),
        ("algo=zstd priority=1", Ok(())),
        ("algo=zstd priority=3", Ok(())),
        ("algo=zstd priority=0", Err(Errno::EINVAL)),
        ("algo=zstd priority=4", Err(Errno::EINVAL)),
        ("algo=zstd priority=-1", Err(Errno::EINVAL)),
        ("algo=zstd priority=4294967297", Err(Errno::ERANGE)),
        ("priority=1", Err(Errno::EINVAL)),
        ("zstd", Err(Errno::EINVAL)),
        ("", Ok(())),
        ("\n", Err(Errno::EINVAL)),
        ("algo=nonsense", Err(Errno::EINVAL)),
        ("algo=\"zstd\n\"", Ok(())),
        ("algo=lz4 algo=zstd other=1", Ok(())),
        (&long, Err(Errno::E2BIG)),
    ];
    for (text, expected) in table {
        let mut m = Machine::bare(profile());
        assert_eq!(m.write("recomp_algorithm", text), expected.map(|()| text.len()), "{text:?}");
    }
    let mut m = Machine::bare(profile());
    assert_eq!(m.text("recomp_algorithm"), "");
    m.put("recomp_algorithm", "algo=lz4 priority=3");
    m.put("recomp_algorithm", "algo=zstd\n");
    let lines = [
        "#1: lzo-rle lzo lz4 lz4hc [zstd] deflate 842 \n",
        "#3: lzo-rle lzo [lz4] lz4hc zstd deflate 842 \n",
    ];
    // As many NULs as there were bytes before each list of names.
    let first = format!("{}{}", lines[0], "\0".repeat(4));
    let both = format!("{first}{}{}", lines[1], "\0".repeat(first.len() + 4));
    assert_eq!(m.text("recomp_algorithm"), both);
    m.put("disksize", "4096");
    assert_eq!(m.write("recomp_algorithm", "algo=zstd"), Err(Errno::EBUSY));
    assert_eq!(m.write("recomp_algorithm", "algo=nonsense"), Err(Errno::EINVAL));
    m.put("reset", "1");
    assert_eq!(m.text("recomp_algorithm"), "");
}

#[test]
fn parameters_belong_to_a_priority_and_are_replaced_as_a_whole() {
    let mut m = Machine::bare(profile());
    m.put("recomp_algorithm", "algo=deflate priority=2");
    m.put("algorithm_params", "algo=deflate level=77 deflate.winbits=-9");
    assert_eq!(m.write("algorithm_params", "algo=deflate priority=1"), Err(Errno::EINVAL));
    assert_eq!(m.write("disksize", "4096"), Err(Errno::EINVAL), "deflate refuses the level");
    // The failure cleared the algorithms, too.
    assert_eq!(m.text("recomp_algorithm"), "");
    m.put("recomp_algorithm", "algo=deflate priority=2");
    m.put("algorithm_params", "priority=2 level=77");
    m.put("algorithm_params", "priority=2 deflate.winbits=-9");
    m.put("disksize", "4096");
}

#[test]
fn compressors_that_cannot_be_had() {
    type Refuse = fn(Allocation) -> bool;
    let table: [(&str, Refuse, Errno); 4] = [
        ("zstd", |what| what == Allocation::Compressor { priority: 2 }, Errno::ENOMEM),
        ("lz4", |what| what == Allocation::CompressorContext { priority: 2 }, Errno::ENOMEM),
        ("zstd", |what| what == Allocation::CompressorContext { priority: 2 }, Errno::EINVAL),
        ("zstd", |what| what == Allocation::CompressorBuffers { priority: 2 }, Errno::ENOMEM),
    ];
    for (algorithm, refuse, errno) in table {
        let mut m = Machine::bare(profile());
        m.put("recomp_algorithm", &format!("algo={algorithm} priority=2"));
        m.world.refuse = Some(refuse);
        m.events();
        assert_eq!(m.write("disksize", "8192"), Err(errno), "{algorithm}");
        assert_eq!(m.names(), ["pool_create", "slot_free", "slot_free", "pool_destroy"]);
        assert_eq!(m.text("initstate"), "0\n");
    }
}

#[test]
fn whatever_is_kept_of_pages_recompression_goes_the_same_way() {
    let run = |storage, twice| {
        let mut m = machine_in(storage, 4);
        for slot in 0..4 {
            m.fill(slot, &page(700 + 900 * slot as u32, slot));
        }
        m.put("idle", "all");
        m.put("recompress", "type=idle");
        if twice {
            m.put("recompress", "algo=deflate max_pages=2");
        }
        (m.kernel.slots(m.dev).unwrap(), m.numbers("mm_stat"), m.events(), m)
    };
    let (slots, stat, events, mut pages) = run(Storage::Pages, true);
    let (other_slots, other_stat, other_events, mut bytes) = run(Storage::Bytes, true);
    assert_eq!((&slots, &stat, &events), (&other_slots, &other_stat, &other_events));
    // With sizes, this world knows what comes of a page that the first algorithm has seen.
    let ((slots, stat, events, _), sizes) = (run(Storage::Pages, false), run(Storage::Sizes, false));
    assert_eq!((slots, stat, events), (sizes.0, sizes.1, sizes.2));
    // With bytes, only the slot's own decompressor can read them.
    let expected: Vec<_> = (0..4).map(|slot| page(700 + 900 * slot as u32, slot)).collect();
    assert_eq!(pages.load(0, 4), (BioStatus::OK, expected.clone()));
    assert_eq!(bytes.load(0, 4), (BioStatus::OK, expected.clone()));
    bytes.put("writeback", "page_indexes=0-3");
    assert_eq!(bytes.load(0, 4), (BioStatus::OK, expected));
}

#[test]
fn an_object_that_cannot_be_read_ends_recompression() {
    let mut m = machine_in(Storage::Bytes, 2);
    m.fill(0, &page(2000, 0));
    m.put("idle", "all");
    m.world.decompress_error = Some(Errno::EIO);
    m.events();
    assert_eq!(m.write("recompress", "type=idle"), Err(Errno::EIO));
    assert!(m.names().ends_with(&["read_from_pool", "release_slot"]));
    assert_eq!(m.flags(0), 2000 | slot_flags::IDLE, "it was not touched");
}

/// Until 7.0 or before: without a name or a number every later algorithm gets a try, and "the last" is a matter of counting.
#[test]
fn older_kernels_try_every_algorithm_in_turn() {
    let mut m = Machine::bare(Profile::custom_6_19());
    m.world.percent = [("zstd", 100), ("deflate", 30)].into();
    m.put("recomp_algorithm", "algo=zstd");
    m.put("recomp_algorithm", "algo=deflate priority=2");
    m.put("disksize", "64K");
    m.fill(0, &page(3000, 1));
    m.fill(1, &page(3000, 2));
    m.events();
    let compressions = |m: &mut Machine| m.names().iter().filter(|name| **name == "compress").count();
    m.put("recompress", "max_pages=1");
    assert_eq!(compressions(&mut m), 2, "zstd saves nothing, deflate does");
    let tried: Vec<_> = (0..2).map(|slot| priority(&m, slot)).collect();
    assert_eq!(tried.iter().filter(|priority| **priority == 2).count(), 1, "{tried:?}");
    m.put("recompress", "priority=1");
    assert_eq!(compressions(&mut m), 1);
    // A word that is no type is passed over, and so is what makes no sense of a priority.
    m.put("recompress", "type=all algo=deflate");
    for refused in ["priority=3", "priority=-1", "priority=4294967295", "algo=zstd priority=2"] {
        assert_eq!(m.write("recompress", refused), Err(Errno::EINVAL), "{refused}");
    }
}

/// One algorithm at priority 3 makes two in all, and those with a number below two are tried: none.
#[test]
fn an_algorithm_out_of_turn_is_never_tried_and_all_is_incompressible() {
    for (profile, compressions, incompressible) in
        [(Profile::custom_6_19(), 0, true), (Profile::custom_7_1(), 0, false)]
    {
        let mut m = Machine::bare(profile.clone());
        m.world.percent = [("zstd", 30)].into();
        m.put("recomp_algorithm", "algo=zstd priority=3");
        m.put("disksize", "64K");
        m.fill(0, &page(3000, 1));
        m.events();
        let outcome = m.write("recompress", " ");
        assert_eq!(outcome.is_ok(), incompressible, "{}", profile.name);
        assert_eq!(m.names().iter().filter(|name| **name == "compress").count(), compressions);
        assert_eq!(m.flags(0) & slot_flags::INCOMPRESSIBLE != 0, incompressible, "{}", profile.name);
    }
}
