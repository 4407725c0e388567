//! What memory management does to a pool: migration, deferred release, the shrinker, failing allocations.

use zram_events::{Block, Event, SlotIndex};
use zram_model::{Allocation, Contention, Errno, Profile, SlotWord, Storage, Stored};

use crate::world::{Machine, World, filled, page};

/// A device of 64 pages with bytes, and the statistics file.
fn machine() -> Machine {
    let profile = Profile { zsmalloc_stat: true, ..Profile::debian_7_2() };
    let mut m = Machine::keeping(Storage::Bytes, profile);
    m.set_size(64);
    m
}

/// Slots 0 to 23 with pages of 1000 bytes, of which every third is kept.
fn sparse() -> Machine {
    let mut m = machine();
    for slot in 0..24 {
        m.fill(slot, &page(1000, slot));
    }
    for slot in (0..24).filter(|slot| slot % 3 != 0) {
        m.discard(slot, 1);
    }
    m.events();
    m
}

fn still_reads(m: &mut Machine) {
    m.world.contend = None;
    for slot in (0..24).step_by(3) {
        assert_eq!(m.load(slot, 1).1, [page(1000, slot)], "slot {slot}");
    }
}

#[test]
fn the_classes_file() {
    let mut m = machine();
    assert_eq!(Machine::bare(Profile::debian_7_2()).classes_text(), Err(Errno::ENOENT));
    for (slot, len) in [(0, 30), (1, 40), (2, 1000), (3, 1000), (4, 2000), (5, 4000), (6, 4096), (7, 30)] {
        m.fill(slot, &page(len, slot));
    }
    m.discard(3, 1);
    let text = m.classes_text().unwrap();
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(
        lines[0],
        " class  size       10%       20%       30%       40%       50%       60%       70%       80%       \
         90%       99%      100% obj_allocated   obj_used pages_used pages_per_zspage freeable"
    );
    assert_eq!(lines.len(), 1 + 119 + 2, "a line per distinct class");
    let used: Vec<_> =
        lines[1..120].iter().filter(|line| !line.contains("         0          0          0 ")).collect();
    let expected = [
        "     1    48         1         0         0         0         0         0         0         0         0         \
         0         0           256          3          3                3        0",
    ];
    assert_eq!(used[..1], [&expected[0]]);
    let shown: String = used.into_iter().chain(&lines[120..]).map(|line| format!("|{line}|\n")).collect();
    insta::assert_snapshot!(shown);
}

#[test]
fn a_page_moves_and_nothing_else_does() {
    let mut m = sparse();
    let before = m.kernel.zspages(m.dev).unwrap();
    let objects: Vec<_> =
        (0..24).map(|slot| m.kernel.object_bytes(m.dev, SlotIndex(slot)).unwrap()).collect();
    for zspage in &before {
        for number in 0..zspage.pages {
            m.kernel.migrate_page(m.dev, zspage.zspage, number, &mut m.world).unwrap();
            let zspage = zspage.zspage;
            assert_eq!(m.events(), [Event::ZspageRechain { zspage }, Event::PageMigrate { result: 0 }]);
        }
    }
    assert_eq!(m.kernel.zspages(m.dev).unwrap(), before);
    for (slot, object) in (0..).zip(objects) {
        assert_eq!(m.kernel.object_bytes(m.dev, SlotIndex(slot)).unwrap(), object);
    }
    still_reads(&mut m);
    let (zspage, pages) = (before[0].zspage, before[0].pages);
    assert_eq!(m.kernel.migrate_page(m.dev, zspage, pages, &mut m.world), Err(Errno::EINVAL));
    let gone = zram_events::ZspageLife(99);
    assert_eq!(m.kernel.migrate_page(m.dev, gone, 0, &mut m.world), Err(Errno::ENOENT));
}

#[test]
fn only_objects_have_bytes() {
    let mut m = Machine::keeping(Storage::Bytes, Profile::debian_7_2());
    m.world.blocks = 8;
    m.put("backing_dev", "/dev/backing");
    m.set_size(8);
    for slot in 0..4 {
        m.fill(slot, &page(600, slot));
    }
    let bytes = |m: &Machine, slot| m.kernel.object_bytes(m.dev, SlotIndex(slot)).unwrap();
    let first = bytes(&m, 0).unwrap();
    assert_eq!(first, World::compressed(&page(600, 0))[..600]);
    // Block 2 and this fill word look like the handle of the first object.
    m.put("writeback", "page_indexes=1-3");
    m.fill(5, &filled(2));
    assert!((1..4).any(|slot| m.kernel.slots(m.dev).unwrap()[slot].word == SlotWord::Block(Block(2))));
    assert!((1..8).all(|slot| bytes(&m, slot).is_none()));
    assert_eq!(bytes(&m, 0), Some(first));
}

#[test]
fn a_reader_keeps_pages_where_they_are() {
    let mut m = sparse();
    let zspage = m.kernel.zspages(m.dev).unwrap()[0].zspage;
    m.world.contend = Some(|what| matches!(what, Contention::Reader { .. }));
    assert_eq!(m.kernel.migrate_page(m.dev, zspage, 0, &mut m.world), Err(Errno::EBUSY));
    assert_eq!(m.events(), [Event::PageMigrate { result: -16 }]);
    still_reads(&mut m);
}

#[test]
fn a_zspage_with_a_locked_page_waits_for_the_worker() {
    let mut m = machine();
    m.world.contend = Some(|what| matches!(what, Contention::Page { page: 0, .. }));
    for (slot, len) in [(0, 100), (1, 3000), (2, 4000)] {
        m.fill(slot, &page(len, slot));
        m.discard(slot, 1);
    }
    let used = m.numbers("mm_stat")[2];
    assert!(m.kernel.free_deferred_pending(m.dev).unwrap());
    let empty: Vec<_> = m.kernel.zspages(m.dev).unwrap();
    assert!(empty.len() == 3 && empty.iter().all(|zspage| zspage.group.0 == 0 && zspage.inuse == 0));
    m.events();

    // Before the worker comes, an empty zspage is found by the next object of its class.
    m.fill(3, &page(3000, 3));
    assert!(!m.names().contains(&"zspage_create"));
    assert_eq!(m.numbers("mm_stat")[2], used);

    m.world.contend = None;
    assert_eq!(m.kernel.free_deferred(m.dev, &mut m.world), Ok(true));
    let freed: Vec<_> = [empty[2], empty[0]]
        .map(|zspage| Event::ZspageFree { zspage: zspage.zspage, class: zspage.class })
        .into();
    assert_eq!(m.events(), [vec![Event::DeferredFree], freed].concat(), "the largest class first");
    assert_eq!(m.kernel.free_deferred(m.dev, &mut m.world), Ok(false));
    assert_eq!(m.load(3, 1).1, [page(3000, 3)]);
    m.discard(3, 1);
    assert_eq!(m.numbers("mm_stat")[2], 0);
}

#[test]
fn the_end_of_a_pool_waits_for_the_worker() {
    let mut m = machine();
    m.fill(0, &page(100, 1));
    m.world.contend = Some(|what| matches!(what, Contention::Page { .. }));
    m.events();
    m.put("reset", "1");
    let names = m.names();
    assert_eq!(names[names.len() - 3..], ["pool_destroy", "deferred_free", "zspage_free"]);
}

#[test]
fn the_shrinker_compacts() {
    let mut m = sparse();
    let could = m.kernel.shrinker_count(m.dev).unwrap();
    assert!(could > 0);
    assert_eq!(m.kernel.shrinker_scan(m.dev, &mut m.world), Ok(Some(could)));
    let names = m.names();
    assert_eq!(names[..2], ["shrinker_scan", "compact_begin"]);
    assert_eq!(names.last(), Some(&"compact_end"));
    assert_eq!((m.numbers("mm_stat")[6], m.kernel.shrinker_count(m.dev)), (could, Ok(0)));
    assert_eq!(m.kernel.shrinker_scan(m.dev, &mut m.world), Ok(None), "SHRINK_STOP");
    still_reads(&mut m);
}

#[test]
fn two_compactions_do_not_run_at_once() {
    let mut m = sparse();
    m.world.contend = Some(|what| matches!(what, Contention::Compaction { .. }));
    m.put("compact", "1");
    assert_eq!(m.names(), ["compact_begin", "compact_end"]);
    still_reads(&mut m);
}

#[test]
fn a_source_in_use_ends_the_class_and_is_put_back() {
    let mut m = sparse();
    let before = m.kernel.zspages(m.dev).unwrap();
    m.world.contend = Some(|what| matches!(what, Contention::Source { .. }));
    m.put("compact", "1");
    assert_eq!(m.names(), ["compact_begin", "putback", "putback", "compact_end"]);
    assert_eq!(m.kernel.zspages(m.dev).unwrap(), before);
    still_reads(&mut m);
}

#[test]
fn others_that_wait_get_their_turn_after_each_source() {
    let mut patient = sparse();
    let mut hurried = sparse();
    hurried.world.contend = Some(|what| matches!(what, Contention::Pool { .. }));
    for m in [&mut patient, &mut hurried] {
        m.put("compact", "1");
        still_reads(m);
    }
    let putbacks = |m: &mut Machine| m.names().iter().filter(|name| **name == "putback").count();
    assert!(putbacks(&mut hurried) > putbacks(&mut patient), "the destination is put back each time");
    assert_eq!(hurried.numbers("mm_stat")[6], patient.numbers("mm_stat")[6]);
}

#[test]
fn compaction_counts_what_it_leaves_to_the_worker() {
    let mut m = sparse();
    let used = m.numbers("mm_stat")[2];
    m.world.contend = Some(|what| matches!(what, Contention::Page { .. }));
    m.put("compact", "1");
    assert!(m.numbers("mm_stat")[6] > 0 && m.numbers("mm_stat")[2] == used);
    assert_eq!(m.kernel.free_deferred(m.dev, &mut m.world), Ok(true));
    assert!(m.numbers("mm_stat")[2] < used);
    still_reads(&mut m);
}

#[test]
fn a_pool_that_cannot_be_had_and_one_without_a_shrinker() {
    let failing: [fn(Allocation) -> bool; 3] = [
        |what| what == Allocation::Pool,
        |what| what == Allocation::PoolName,
        |what| matches!(what, Allocation::SizeClass { class } if class.0 == 254),
    ];
    for refuse in failing {
        let mut m = Machine::bare(Profile::debian_7_2());
        m.world.refuse = Some(refuse);
        assert_eq!(m.write("disksize", "64K"), Err(Errno::ENOMEM));
        m.world.refuse = None;
        m.put("disksize", "64K");
    }
    let mut m = Machine::bare(Profile::debian_7_2());
    m.world.refuse = Some(|what| what == Allocation::Shrinker);
    m.put("disksize", "256K");
    m.fill(0, &page(1000, 1));
    assert_eq!(m.kernel.shrinker_count(m.dev), Ok(0));
    assert_eq!(m.kernel.shrinker_scan(m.dev, &mut m.world), Ok(None));
}

fn looks(m: &Machine) -> impl PartialEq + std::fmt::Debug + use<> {
    (m.text("mm_stat"), m.kernel.slots(m.dev), m.kernel.zspages(m.dev), m.classes_text())
}

#[test]
fn an_allocation_that_fails_leaves_nothing_behind() {
    let failing: [fn(Allocation) -> bool; 4] = [
        |what| what == Allocation::Handle,
        |what| what == Allocation::Zspage,
        |what| what == Allocation::ZspagePage { index: 0 },
        // Of a zspage of three pages, the last.
        |what| what == Allocation::ZspagePage { index: 2 },
    ];
    for refuse in failing {
        let mut m = machine();
        m.fill(0, &page(1700, 7));
        let before = looks(&m);
        m.world.refuse = Some(refuse);
        m.events();
        let failed = m.kernel.store(m.dev, SlotIndex(1), Stored::Compressed(40), &mut m.world);
        assert_eq!(failed, Err(Errno::ENOMEM));
        assert_eq!(m.names(), ["bio", "compress", "malloc_failed"]);
        assert_eq!(m.numbers("io_stat")[1], 1);
        m.world.refuse = None;
        assert_eq!(looks(&m), before);
        m.kernel.store(m.dev, SlotIndex(1), Stored::Compressed(40), &mut m.world).unwrap();
    }
}
