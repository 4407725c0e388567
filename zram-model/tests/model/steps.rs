//! Asynchronous paths, driven step by step by the environment.

use crate::world::{BioOp, Machine, aligned, filled, page};
use zram_events::Event;
use zram_model::{Allocation, Bio, BioStatus, Memory, Profile, Site, SiteSet, Step, slot_flags};

fn later(slots: u64, compressed: bool) -> Machine {
    let mut m = Machine::backed(slots, 16, compressed);
    for slot in 0..slots {
        m.fill(slot, &page(600, slot));
    }
    m.world.later = true;
    m.events();
    m
}

fn slots_of(events: &[Event], name: &str) -> Vec<u32> {
    events
        .iter()
        .filter(|event| event.name() == name)
        .filter_map(|event| match event {
            Event::WritebackEndio { slot, .. }
            | Event::ReadBackEndio { slot, .. }
            | Event::ReadBackWork { slot, .. }
            | Event::ReleaseSlot { slot, .. } => Some(slot.0),
            _ => None,
        })
        .collect()
}

#[test]
fn a_pass_waits_only_when_no_request_is_idle() {
    let mut m = later(3, true);
    m.put("writeback_batch_size", "2");
    m.put("writeback", "page_indexes=0-2");
    let names = m.names();
    let first_end = names.iter().position(|name| *name == "writeback_endio").unwrap();
    assert_eq!(names[..first_end].iter().filter(|name| **name == "read_end").count(), 2);
    assert_eq!(names.iter().filter(|name| **name == "writeback_done").count(), 3);
    let all_offers_are_completions_or_going_on = m
        .world
        .offered
        .iter()
        .flatten()
        .all(|step| matches!(step, Step::Continue | Step::WritebackEndio { .. }));
    assert!(all_offers_are_completions_or_going_on);
}

#[test]
fn completions_in_any_order_are_processed_newest_first() {
    let mut m = later(3, true);
    // Submitted 2, 1, 0. While the pass waits at its end: let slot 1 complete, then 2 before the
    // pass takes the first off its list.
    let continues = 7;
    m.world.choices = std::iter::repeat_n(0, continues).chain([1, 1]).collect();
    m.put("writeback", "page_indexes=0-2");
    let events = m.events();
    assert_eq!(slots_of(&events, "writeback_endio"), [1, 2, 0], "{:?}", m.world.offered);
    assert_eq!(slots_of(&events, "release_slot"), [2, 1, 0]);
}

#[test]
fn read_backs_complete_and_decompress_in_the_order_chosen() {
    let mut m = later(3, true);
    m.put("writeback", "page_indexes=0-2");
    m.events();
    m.world.offered.clear();
    // Of three reads the last completes first; its work begins, another completes in between, and so on.
    m.world.choices = [2, 2, 1, 1].into();
    let (status, pages) = m.load(0, 3);
    assert_eq!((status, pages), (BioStatus::OK, vec![page(600, 0), page(600, 1), page(600, 2)]));
    let events = m.events();
    assert_eq!(slots_of(&events, "read_back_endio"), [2, 1, 0]);
    assert_eq!(slots_of(&events, "read_back_work")[0], 2);
    let names: Vec<_> = events.iter().map(Event::name).collect();
    assert_eq!(names[..5], ["bio", "read_back_endio", "read_back_work", "read_back_endio", "decompress"]);
    for (offer, chosen) in m.world.offered.iter().zip(&events[1..]) {
        assert!(!offer.is_empty() && !matches!(chosen, Event::Bio { .. }));
    }
}

#[test]
fn a_device_that_completes_at_once_takes_one_read_after_the_other() {
    let mut m = later(3, true);
    m.put("writeback", "page_indexes=0-2");
    m.world.later = false;
    m.world.offered.clear();
    m.load(0, 3);
    let completions =
        |steps: &[Step]| steps.iter().filter(|step| matches!(step, Step::ReadBackEndio { .. })).count();
    assert!(m.world.offered.iter().all(|steps| completions(steps) <= 1));
}

#[test]
fn a_read_error_ends_the_bio_with_the_devices_status() {
    let mut m = later(3, true);
    m.put("writeback", "page_indexes=0-2");
    // Slot 2 went to block 0.
    m.world.bad_reads.insert(0);
    let (status, pages) = m.load(0, 3);
    assert_eq!(status, BioStatus(7));
    assert_eq!(pages[..2], [page(600, 0), page(600, 1)]);
    // The submission counted as an access and as no failure of zram's own.
    assert_eq!(m.numbers("io_stat"), [0, 0, 0, 0]);
    assert_eq!(m.numbers("bd_stat"), [3, 3, 3]);
}

#[test]
fn failed_allocations_end_what_needed_them() {
    let mut m = later(3, true);
    m.world.refuse = Some(|what| matches!(what, Allocation::WritebackRequest { index: 1 }));
    m.put("writeback", "page_indexes=0-2");
    assert_eq!(
        m.names().iter().filter(|name| **name == "writeback_done").count(),
        3,
        "one request was enough"
    );
    m.world.refuse = Some(|what| matches!(what, Allocation::ReadBack { slot } if slot.0 == 1));
    let (status, _) = m.load(0, 3);
    assert_eq!(status, BioStatus::IO_ERROR);
    assert_eq!(m.numbers("io_stat"), [1, 0, 0, 0]);
    m.world.refuse = Some(|what| matches!(what, Allocation::ZspagePage { index: 0 }));
    m.events();
    assert_eq!(m.store(0, &[page(700, 9)]), BioStatus::IO_ERROR);
    assert_eq!(m.names(), ["bio", "compress", "malloc_failed"]);
    m.world.refuse = Some(|what| matches!(what, Allocation::WritebackRequest { .. }));
    assert_eq!(m.write("writeback", "type=idle"), Err(zram_model::Errno::ENOMEM));
}

/// The whole batch, a page each, for a pass over three slots; and no more than the machine has pages.
#[test]
fn a_batch_is_allocated_in_advance() {
    let requests = |batch_in_advance, batch: &str| {
        let profile = Profile { batch_in_advance, memory: 1 << 20, ..Profile::debian_7_2() };
        let mut m = Machine::backed_as(profile, 8, 8, true);
        for slot in 0..3 {
            m.store(slot, &[page(600, slot)]);
        }
        m.put("writeback_batch_size", batch);
        m.world.asked.clear();
        m.put("writeback", "page_indexes=0-2");
        assert_eq!(m.numbers("bd_stat")[0], 3);
        m.world.asked.iter().filter(|what| matches!(what, Allocation::WritebackRequest { .. })).count()
    };
    assert_eq!((requests(true, "40"), requests(false, "40")), (40, 3));
    assert_eq!((requests(true, "4294967295"), requests(false, "4294967295")), (256, 3));
}

/// A slot is written, read and discarded by another task between its submission and its completion.
#[test]
fn a_slot_touched_in_flight_stays_in_memory() {
    let intruders = [
        (aligned(BioOp::Write, 0, 1), [page(650, 7)], 650),
        (aligned(BioOp::Read, 0, 1), [page(600, 0)], 600),
    ];
    for (bio, content, flags) in intruders {
        let mut m = later(2, true);
        let memory = Memory::of_pages(content);
        // Asked before slot 1, before slot 0, and when the pass waits for both.
        m.world.intruders = [(2, bio, memory)].into();
        m.put("writeback", "page_indexes=0-1");
        assert_eq!(m.flags(0), flags);
        assert_eq!(m.flags(1) & slot_flags::WB, slot_flags::WB);
        assert_eq!(m.numbers("bd_stat"), [1, 0, 2]);
        assert_eq!(m.load(0, 1).1, content);
    }
}

/// A completion on another processor has been reported, and the pass is quicker at the list.
#[test]
fn a_completion_may_be_reported_before_it_is_listed() {
    // The pass has slot 1 and looks; then it has taken that one and looks again.
    for (listed, released, groups) in
        [(vec![], [2, 1, 0], 2), (vec![0], [1, 2, 0], 2), (vec![0, 0], [1, 2, 0], 3)]
    {
        let mut m = later(3, true);
        // Submitted 2, 1, 0. While the pass waits at its end: 1, then 2.
        m.world.choices = std::iter::repeat_n(0, 7).chain([1, 1]).collect();
        m.world.listed = listed.into();
        m.put("writeback", "page_indexes=0-2");
        let events = m.events();
        assert_eq!(slots_of(&events, "writeback_endio"), [1, 2, 0]);
        assert_eq!(slots_of(&events, "release_slot"), released);
        assert_eq!(events.iter().filter(|event| event.name() == "writeback_done").count(), groups);
    }
}

/// Completions and another task's bios in turn, all before the pass wakes up: the pass finds everything done.
#[test]
fn completions_and_bios_take_turns_before_the_pass_wakes() {
    let mut m = later(3, true);
    // Submitted 2, 1, 0. Slot 2 completes while the pass sleeps, slot 0 is read, the other two complete, slot 1 is read.
    m.world.choices = std::iter::repeat_n(0, 7).chain([0, 0, 0, 0, 1, 1]).collect();
    m.world.intruders = [
        (4, aligned(BioOp::Read, 0, 1), Memory::of_pages([page(1, 1)])),
        (0, aligned(BioOp::Read, 1, 1), Memory::of_pages([page(1, 1)])),
    ]
    .into();
    m.put("writeback", "page_indexes=0-2");
    let events = m.events();
    let names: Vec<_> = events.iter().map(Event::name).collect();
    let first = names.iter().position(|name| *name == "writeback_endio").unwrap();
    let kept: Vec<_> =
        names[first..].iter().filter(|name| matches!(**name, "bio" | "writeback_endio")).collect();
    assert_eq!(kept, ["writeback_endio", "bio", "writeback_endio", "writeback_endio", "bio"].each_ref());
    assert!(!names[first..].iter().skip_while(|name| **name != "release_slot").any(|name| *name == "bio"));
    assert_eq!([0, 1, 2].map(|slot| m.flags(slot) & slot_flags::WB != 0), [false, false, true]);
}

#[test]
fn a_slot_touched_before_its_turn_is_let_go_of() {
    let mut m = later(2, true);
    m.world.intruders = [(0, aligned(BioOp::Read, 0, 1), Memory::of_pages([page(1, 1)]))].into();
    m.put("writeback", "page_indexes=0-1");
    assert_eq!((m.flags(0), m.numbers("bd_stat")), (600, vec![1, 0, 1]));
}

/// What a read-back delivers when another task takes its slot away meanwhile: with compressed writeback the work
/// item notices; without, completion does not look, and the old bytes arrive with status OK.
#[test]
fn a_slot_discarded_during_its_read_back() {
    for (compressed, expected) in
        [(true, (BioStatus::IO_ERROR, filled(0))), (false, (BioStatus::OK, page(600, 0)))]
    {
        let mut m = later(1, compressed);
        m.put("writeback", "page_index=0");
        let discard = Bio { op: BioOp::Discard, sector: 0, segments: vec![], bytes: 4096 };
        m.world.intruders = [(0, discard, Memory(vec![]))].into();
        let (status, pages) = m.load(0, 1);
        assert_eq!((status, pages[0]), expected);
        assert_eq!(m.numbers("bd_stat"), [0, 1, 1]);
    }
}

#[test]
fn what_cannot_be_probed_is_left_out_and_nothing_else_changes() {
    let life = |silent| {
        let profile = Profile { silent, ..Profile::debian_7_2() };
        let mut m = Machine::backed_as(profile, 2, 4, true);
        m.fill(0, &page(600, 1));
        m.put("writeback", "page_index=0");
        m.discard(0, 1);
        m.put("reset", "1");
        m.names()
    };
    let mut all = life(SiteSet::NONE);
    let reset = life(SiteSet::NONE.with(Site::SlotFreeReset).with(Site::WritebackEndio));
    let after_reset = all.iter().rposition(|name| *name == "reset").unwrap();
    let mut at = 0;
    all.retain(|name| {
        at += 1;
        *name != "writeback_endio" && !(at > after_reset && *name == "slot_free")
    });
    assert_eq!(reset, all);
}
