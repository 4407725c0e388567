//! Facts about the kernel, measured on 7.2.13 or plain from its source.

use crate::world::{Machine, filled, page};
use zram_events::{Event, SlotIndex};
use zram_model::{BioStatus, BlockContent, Codec, Errno, SlotWord, slot_flags};

fn released(events: &[Event]) -> Vec<u32> {
    events
        .iter()
        .filter_map(|event| match event {
            Event::ReleaseSlot { slot, .. } => Some(slot.0),
            _ => None,
        })
        .collect()
}

fn submitted(events: &[Event]) -> Vec<(u32, u64)> {
    events
        .iter()
        .filter_map(|event| match event {
            Event::WritebackEndio { slot, block, .. } => Some((slot.0, block.0)),
            _ => None,
        })
        .collect()
}

#[test]
fn writeback_completes_in_groups_last_submitted_first() {
    let mut m = Machine::backed(7, 64, true);
    m.put("writeback_batch_size", "3");
    for slot in 0..7 {
        m.fill(slot, &page(600, slot));
    }
    m.events();
    m.put("writeback", "page_indexes=0-6");
    let events = m.events();
    // One bucket, head insertion: the last queued goes first, to the lowest block.
    let expected: Vec<_> = (0..7).rev().zip(0..).collect();
    assert_eq!(submitted(&events), expected);
    assert_eq!(released(&events), [4, 5, 6, 1, 2, 3, 0]);
    let done = events.iter().filter(|event| event.name() == "writeback_done").count();
    assert_eq!(done, 3);
}

#[test]
fn the_largest_bucket_goes_first() {
    let mut m = Machine::backed(4, 64, true);
    for (slot, len) in [(0, 100), (1, 5000), (2, 130), (3, 127)] {
        m.fill(slot, &page(len, slot));
    }
    m.events();
    m.put("writeback", "page_indexes=0-3");
    assert_eq!(submitted(&m.events()), [(1, 0), (2, 1), (3, 2), (0, 3)]);
}

#[test]
fn a_write_in_order_of_the_kernels_functions() {
    let mut m = Machine::new(2);
    m.events();
    m.fill(0, &page(500, 1));
    let fresh = ["bio", "compress", "zspage_create", "obj_malloc", "malloc", "obj_write", "slot_free"];
    assert_eq!(m.names(), fresh);
    m.fill(0, &page(501, 2));
    let again = ["bio", "compress", "obj_malloc", "fix_fullness", "malloc", "obj_write", "slot_free", "free"];
    let names = m.names();
    assert_eq!(names[..8], again);
    assert_eq!(names[8..], ["obj_free", "fix_fullness"]);
    m.fill(0, &filled(0));
    assert_eq!(m.names(), ["bio", "slot_free", "free", "obj_free", "fix_fullness", "zspage_free"]);
}

#[test]
fn a_read_in_order_of_the_kernels_functions() {
    let mut m = Machine::new(3);
    m.fill(0, &page(600, 1));
    m.fill(1, &page(4000, 1));
    m.events();
    m.load(0, 1);
    assert_eq!(m.names(), ["bio", "read_begin", "decompress", "read_end", "read_from_pool"]);
    m.load(1, 1);
    assert_eq!(m.names(), ["bio", "read_begin", "read_end", "read_from_pool"]);
    assert_eq!(m.load(2, 1), (BioStatus::OK, vec![filled(0)]));
    assert_eq!(m.names(), ["bio", "read_from_pool"]);
}

#[test]
fn a_compressed_pass_decompresses_nothing_and_a_raw_one_does() {
    for (compressed, expected) in [(true, false), (false, true)] {
        let mut m = Machine::backed(2, 8, compressed);
        m.fill(0, &page(600, 1));
        m.events();
        m.put("writeback", "page_index=0");
        let names = m.names();
        assert_eq!(names.contains(&"decompress"), expected);
        assert_eq!(names.contains(&"read_from_pool"), expected);
        let (_, pages) = m.load(0, 1);
        assert_eq!(pages, [page(600, 1)]);
        let names = m.names();
        let read_back: &[_] = if compressed {
            &["bio", "read_back_endio", "read_back_work", "decompress"]
        } else {
            &["bio", "read_back_endio"]
        };
        assert_eq!(names, read_back);
    }
}

#[test]
fn writeback_keeps_size_and_huge_and_clears_idle() {
    let mut m = Machine::backed(2, 8, true);
    m.fill(0, &page(4096, 1));
    m.put("idle", "all");
    assert_eq!(m.numbers("mm_stat")[7], 1);
    m.put("writeback", "type=huge_idle");
    let slot = m.kernel.slots(m.dev).unwrap()[0];
    assert_eq!(slot.flags, slot_flags::HUGE | slot_flags::WB | 4096);
    assert_eq!(slot.word, SlotWord::Block(zram_events::Block(0)));
    let stat = m.numbers("mm_stat");
    assert_eq!((stat[0], stat[1], stat[7]), (4096, 0, 0));
    assert_eq!(m.numbers("bd_stat"), [1, 0, 1]);
    m.discard(0, 1);
    assert_eq!(m.numbers("mm_stat")[7], 0);
    assert_eq!(m.numbers("bd_stat"), [0, 0, 1]);
}

#[test]
fn block_zero_is_used_and_the_lowest_free_block_is_taken() {
    let mut m = Machine::backed(4, 3, true);
    for slot in 0..4 {
        m.fill(slot, &page(600, slot));
    }
    m.put("writeback", "page_index=3");
    m.put("writeback", "page_index=2");
    m.discard(3, 1);
    m.put("writeback", "page_index=1");
    let block = |slot: usize| m.kernel.slots(m.dev).unwrap()[slot].word;
    assert_eq!(block(1), SlotWord::Block(zram_events::Block(0)));
    assert_eq!(block(2), SlotWord::Block(zram_events::Block(1)));
}

#[test]
fn a_full_backing_device_and_a_reached_limit_end_the_pass() {
    let mut m = Machine::backed(4, 2, false);
    for slot in 0..4 {
        m.fill(slot, &page(600, slot));
    }
    assert_eq!(m.write("writeback", "page_indexes=0-3"), Err(Errno::ENOSPC));
    assert_eq!(m.numbers("bd_stat"), [2, 0, 2]);
    m.discard(2, 2);
    m.put("writeback_limit_enable", "1");
    m.put("writeback_limit", "1");
    assert_eq!(m.write("writeback", "page_indexes=0-1"), Err(Errno::EIO));
    assert_eq!(m.text("writeback_limit"), "0\n");
    assert_eq!(m.numbers("bd_stat"), [1, 0, 3]);
}

#[test]
fn an_error_of_the_device_is_refunded_and_does_not_stop_the_pass() {
    let mut m = Machine::backed(3, 8, true);
    for slot in 0..3 {
        m.fill(slot, &page(600, slot));
    }
    m.put("writeback_limit_enable", "1");
    m.put("writeback_limit", "10");
    m.world.bad_writes.insert(1);
    assert_eq!(m.write("writeback", "page_indexes=0-2"), Err(Errno::EIO));
    assert_eq!(m.text("writeback_limit"), "8\n");
    assert_eq!(m.numbers("bd_stat"), [2, 0, 2]);
    assert_eq!(m.flags(1), 600);
    assert_eq!(m.kernel.blocks_taken(m.dev), 2);
}

#[test]
fn overlapping_ranges_queue_a_slot_twice() {
    let mut m = Machine::backed(2, 8, true);
    m.fill(0, &page(600, 1));
    m.events();
    m.put("writeback", "page_index=0 page_index=0");
    let events = m.events();
    // Both are submitted before either completes; the second to complete finds the slot changed.
    assert_eq!(submitted(&events), [(0, 0), (0, 1)]);
    assert_eq!(m.numbers("bd_stat"), [1, 0, 2]);
    assert_eq!(m.kernel.slots(m.dev).unwrap()[0].word, SlotWord::Block(zram_events::Block(1)));
    m.discard(0, 1);
    m.fill(0, &page(600, 1));
    m.put("writeback_batch_size", "1");
    m.events();
    m.put("writeback", "page_index=0 page_index=0");
    // One at a time, the second is let go of unread, and the block reserved for it given back.
    let events = m.events();
    assert_eq!(submitted(&events), [(0, 0)]);
    assert_eq!(released(&events), [0, 0]);
    assert_eq!(m.numbers("bd_stat"), [1, 0, 3]);
}

#[test]
fn ranges_act_at_once_and_type_applies_to_the_last() {
    let mut m = Machine::backed(8, 16, true);
    for slot in 0..8 {
        m.fill(slot, &page(600, slot));
    }
    m.events();
    m.put("writeback", "page_index=1 nonsense=x page_indexes=4-5 type=huge page_index=7");
    let scans: Vec<_> = m
        .events()
        .into_iter()
        .filter_map(|event| match event {
            Event::WritebackScan { mode, low, high, .. } => Some((mode, low, high)),
            _ => None,
        })
        .collect();
    assert_eq!(scans, [(0, 1, 2), (0, 4, 6), (1, 4, 6)]);
    assert_eq!(m.numbers("bd_stat"), [3, 0, 3]);
}

#[test]
fn an_error_in_the_command_lets_go_of_what_was_queued() {
    let mut m = Machine::backed(8, 16, true);
    m.fill(1, &page(100, 1));
    m.fill(2, &page(600, 2));
    m.events();
    assert_eq!(m.write("writeback", "page_indexes=1-2 page_index=8"), Err(Errno::ERANGE));
    let events = m.events();
    assert_eq!(released(&events), [1, 2]);
    assert!(!events.iter().any(|event| event.name() == "writeback_begin"));
    assert_eq!(m.flags(2), 600);
}

#[test]
fn an_age_at_or_beyond_the_uptime_marks_everything() {
    let idle = |age: &str| {
        let mut m = Machine::new(2);
        m.world.now = 100;
        m.fill(0, &page(600, 1));
        m.world.now = 110;
        m.put("idle", age);
        m.flags(0) & slot_flags::IDLE != 0
    };
    assert!(!idle("10"));
    assert!(idle("9"));
    assert!(!idle("109"));
    assert!(idle("110"));
    assert!(idle("111"));
    assert!(idle("4294967295"));
    assert!(!idle("0x10"));
}

#[test]
fn marking_by_age_unmarks_the_younger() {
    let mut m = Machine::new(2);
    m.fill(0, &page(600, 1));
    m.put("idle", "all");
    m.world.now += 5;
    m.put("idle", "10");
    assert_eq!(m.flags(0) & slot_flags::IDLE, 0);
}

#[test]
fn a_refused_write_keeps_the_old_content_and_counts_the_peak() {
    let mut m = Machine::new(2);
    m.fill(0, &page(600, 1));
    let used = m.numbers("mm_stat")[2];
    m.put("mem_limit", &used.to_string());
    assert_eq!(m.store(0, &[page(4096, 2)]), BioStatus::IO_ERROR);
    assert_eq!(m.load(0, 1).1, [page(600, 1)]);
    let stat = m.numbers("mm_stat");
    assert_eq!((stat[2], stat[4]), (used, used + 4096));
    assert_eq!(m.numbers("io_stat"), [0, 1, 0, 0]);
}

#[test]
fn a_discard_counts_every_page_and_cuts_off_the_ends() {
    let mut m = Machine::new(4);
    for slot in 0..4 {
        m.fill(slot, &page(600, slot));
    }
    m.discard(0, 2);
    m.discard(0, 2);
    assert_eq!(m.numbers("io_stat"), [0, 0, 0, 4]);
    let odd = zram_model::Bio { op: crate::world::BioOp::Discard, sector: 17, segments: vec![], bytes: 7680 };
    let status = m.kernel.submit(m.dev, &odd, &mut zram_model::Memory(vec![]), &mut m.world);
    assert_eq!(status, BioStatus::OK);
    assert_eq!((m.flags(2), m.flags(3)), (600, 0));
}

#[test]
fn reset_keeps_the_writeback_settings_and_clears_the_rest() {
    let mut m = Machine::backed(2, 8, true);
    m.put("writeback_limit", "7");
    m.put("writeback_limit_enable", "1");
    m.put("writeback_batch_size", "5");
    m.put("mem_limit", "1M");
    m.fill(0, &page(600, 1));
    m.events();
    m.put("reset", "1");
    let expected = ["reset", "slot_free", "free", "obj_free", "fix_fullness", "zspage_free", "slot_free"];
    let names = m.names();
    assert_eq!(names[..7], expected);
    assert_eq!(names[7..], ["pool_destroy"]);
    let kept = ["writeback_limit", "writeback_limit_enable", "writeback_batch_size", "compressed_writeback"];
    assert_eq!(kept.map(|name| m.text(name)), ["7\n", "1\n", "5\n", "1\n"]);
    assert_eq!(m.text("backing_dev"), "none\n");
    assert_eq!(m.numbers("mm_stat"), [0; 9]);
    assert_eq!(m.text("initstate"), "0\n");
}

#[test]
fn a_parameter_that_the_backend_refuses_undoes_the_algorithm() {
    let mut m = Machine::bare(zram_model::Profile::debian_7_2());
    m.put("comp_algorithm", "deflate\n");
    m.put("algorithm_params", "deflate.winbits=3");
    m.events();
    assert_eq!(m.write("disksize", "8K"), Err(Errno::EINVAL));
    assert_eq!(m.names(), ["pool_create", "slot_free", "slot_free", "pool_destroy"]);
    assert_eq!(m.text("comp_algorithm"), "[lz4] lz4hc zstd deflate \n");
    m.put("disksize", "8K");
}

#[test]
fn a_removed_device_is_reset_twice_and_its_number_used_again() {
    let mut m = Machine::new(1);
    m.kernel.open(m.dev).unwrap();
    assert_eq!(m.write("reset", "1"), Err(Errno::EBUSY));
    assert_eq!(m.kernel.hot_remove(b"0\n", &mut m.world), Err(Errno::EBUSY));
    m.kernel.close(m.dev).unwrap();
    m.events();
    assert_eq!(m.kernel.hot_remove(b"0\n", &mut m.world), Ok(2));
    assert_eq!(m.names(), ["reset", "slot_free", "pool_destroy", "reset", "device_remove"]);
    assert_eq!(m.kernel.hot_remove(b"0", &mut m.world), Err(Errno::ENODEV));
    assert_eq!(m.kernel.hot_remove(b"-1", &mut m.world), Err(Errno::EINVAL));
    assert_eq!(m.kernel.hot_remove(b"9999999999", &mut m.world), Err(Errno::ERANGE));
    assert_eq!(m.kernel.hot_add(&mut m.world), Ok(m.dev));
}

#[test]
fn block_state_reads_by_slot_and_needs_room_for_more_than_a_line() {
    let mut m = Machine::new(4);
    m.fill(1, &page(600, 1));
    m.fill(3, &page(4096, 1));
    m.world.now = 0;
    let all = "           1         1000.000000 ......\n           3         1000.000000 ..h...\n";
    assert_eq!(m.kernel.block_state(m.dev, 0, 4096), Ok((all.as_bytes().to_vec(), 4)));
    let line = all.len() / 2;
    assert_eq!(m.kernel.block_state(m.dev, 0, line), Ok((vec![], 1)));
    let (text, next) = m.kernel.block_state(m.dev, 0, line + 1).unwrap();
    assert_eq!((text, next), (all.as_bytes()[..line].to_vec(), 3));
    assert_eq!(m.kernel.block_state(m.dev, 9, 4096), Ok((vec![], 9)));
    assert_eq!(m.kernel.block_state(m.dev, u64::MAX, 4096), Ok((vec![], u64::MAX)));
}

#[test]
fn compressed_blocks_hold_the_object_and_raw_ones_the_page() {
    let mut m = Machine::backed(2, 8, true);
    m.fill(0, &page(600, 1));
    m.fill(1, &page(5000, 2));
    m.put("writeback", "page_indexes=0-1");
    assert_eq!(m.kernel.block(m.dev, zram_events::Block(0)), BlockContent::Raw(page(5000, 2).into()));
    let compressed =
        BlockContent::Compressed { len: 600, codec: Codec::plain("lz4"), page: page(600, 1).into() };
    assert_eq!(m.kernel.block(m.dev, zram_events::Block(1)), compressed);
}

#[test]
fn a_lost_lock_is_a_missed_free() {
    let mut m = Machine::new(1);
    m.fill(0, &page(600, 1));
    m.kernel.slot_free_notify(m.dev, SlotIndex(0), true, &mut m.world).unwrap();
    assert_eq!(m.text("debug_stat"), "version: 1\n0        1\n");
    assert_eq!(m.flags(0), 600);
    m.kernel.slot_free_notify(m.dev, SlotIndex(0), false, &mut m.world).unwrap();
    assert_eq!(m.flags(0), 0);
    assert_eq!(m.numbers("io_stat"), [0, 0, 0, 2]);
}
