//! Every interleaving of small scenarios.
//!
//! The model asks its environment whenever something asynchronous may come first: so running a scenario again
//! and again, with the answers counted up like the digits of an odometer, visits each order of completions,
//! work items and other tasks' bios exactly once. In each, what must hold is checked at every moment between two
//! steps and at the end.

use std::collections::BTreeSet;

use crate::{
    invariants::{check, parents_complete_once},
    script::Script,
    world::{BioOp, Machine, PAGE, aligned, filled, page},
};
use zram_events::Event;
use zram_model::{Bio, BioStatus, Hazard, Memory, Mutation, Profile, SlotFlags, slot_flags};

/// No scenario here has more interleavings.
const ENOUGH: usize = 200_000;

/// Runs the scenario with every sequence of answers: how many there were.
fn explore(start: &Machine, failing: bool, mut run: impl FnMut(&mut Machine)) -> usize {
    let mut given = Vec::new();
    for runs in 1..=ENOUGH {
        let mut m = start.clone();
        m.world.script = Some(Script { given, asked: Vec::new(), failing });
        run(&mut m);
        given = Vec::new();
        let mut asked = m.world.script.take().unwrap().asked;
        while let Some((answer, among)) = asked.pop() {
            if answer + 1 < among {
                given.extend(asked.iter().map(|(answer, _)| *answer));
                given.push(answer + 1);
                break;
            }
        }
        if given.is_empty() {
            return runs;
        }
    }
    panic!("more than {ENOUGH} interleavings");
}

/// So many slots, and what they hold.
fn machine(profile: Profile, slots: u64, compressed: bool) -> Machine {
    let mut m = Machine::backed_as(profile, slots, 8, compressed);
    for slot in 0..slots {
        m.fill(slot, &page(600, slot));
    }
    m.world.later = true;
    m.world.watch = true;
    m.events();
    m
}

fn discard(slot: u64) -> (Bio, Memory) {
    (Bio { op: BioOp::Discard, sector: slot * 8, segments: vec![], bytes: 4096 }, Memory(vec![]))
}

fn read(slot: u64) -> (Bio, Memory) {
    (aligned(BioOp::Read, slot, 1), Memory(vec![0xee; PAGE]))
}

fn write(slot: u64) -> (Bio, Memory) {
    (aligned(BioOp::Write, slot, 1), Memory::of_pages([page(700, 99)]))
}

/// What each slot must read as after another task's bio on slot 0.
fn expected(bio: &Bio, slot: u64) -> [u8; PAGE] {
    match (slot, bio.op) {
        (0, BioOp::Write) => page(700, 99),
        (0, BioOp::Discard) => filled(0),
        _ => page(600, slot),
    }
}

fn flags(m: &Machine, slot: usize) -> SlotFlags {
    SlotFlags::from_word(m.flags(slot), zram_model::PageSize::KIB_4)
}

/// A pass over `slots`, in batches of `batch`, with one bio of another task coming at any moment or not at all.
fn pass_with_intruder(
    profile: Profile,
    slots: u64,
    batch: u32,
    failing: bool,
    intruder: &(Bio, Memory),
) -> usize {
    let mut start = machine(profile, slots, true);
    if start.has("writeback_batch_size") {
        start.put("writeback_batch_size", &batch.to_string());
    }
    start.put("writeback_limit_enable", "1");
    start.put("writeback_limit", "100");
    start.put("idle", "all");
    start.events();
    start.world.intruders = [(0, intruder.0.clone(), intruder.1.clone())].into();
    let mut ends = BTreeSet::new();
    let runs = explore(&start, failing, |m| {
        let result = m.write("writeback", "idle");
        m.world.script.as_mut().unwrap().failing = false;
        check(m);
        let blocks = m.numbers("bd_stat")[0];
        let written = m.numbers("bd_stat")[2];
        let events = m.events();
        // Each failure is told, refunded, and leaves its slot in memory.
        let failed = events
            .iter()
            .filter(|event| matches!(event, Event::WritebackEndio { status, .. } if *status != 0))
            .count() as u64;
        if m.kernel.profile().behaviours.writeback_batches {
            assert_eq!(result.is_err(), failed > 0);
            assert_eq!(m.numbers("writeback_limit"), [100 - written]);
            let released = events.iter().filter(|event| matches!(event, Event::ReleaseSlot { .. })).count();
            assert_eq!(released as u64, slots, "each candidate is let go of once");
        }
        assert!(blocks <= written, "only what was written can be written back");
        for (bio, memory, status) in std::mem::take(&mut m.world.intruded) {
            if bio.op == BioOp::Read && status == BioStatus::OK {
                assert!(memory.0 == page(600, 0), "another task read something else");
            }
            assert!(failing || status == BioStatus::OK);
        }
        let came = m.world.intruders.is_empty();
        m.world.intruders.clear();
        m.world.script.as_mut().unwrap().given.clear();
        for slot in 0..slots {
            let want = if came { expected(&intruder.0, slot) } else { page(600, slot) };
            assert!(m.load(slot, 1) == (BioStatus::OK, vec![want]), "slot {slot}");
        }
        ends.insert((came, flags(m, 0).any(SlotFlags::WB)));
    });
    // The bio may come before the slot's turn, while it is under way, and after: so it stays, or has gone.
    assert!(ends.contains(&(false, true)), "{ends:?}");
    assert!(ends.contains(&(true, false)), "{ends:?}");
    runs
}

#[test]
fn passes_with_another_tasks_bio_in_every_order() {
    let mut total = 0;
    for intruder in [read(0), write(0), discard(0)] {
        for batch in 1..=3 {
            total += pass_with_intruder(Profile::debian_7_2(), 2, batch, false, &intruder);
        }
        for one_by_one in [Profile::debian_6_12(), Profile::debian_6_17()] {
            total += pass_with_intruder(one_by_one.clone(), 2, 1, false, &intruder);
            total += pass_with_intruder(one_by_one, 2, 1, true, &intruder);
        }
        total += pass_with_intruder(Profile::debian_7_2(), 2, 2, true, &intruder);
    }
    assert!(total > 1000, "{total} interleavings");
    println!("{total} interleavings");
}

/// Up to a batch of requests under way, completed in any order and with any outcome.
#[test]
fn completions_in_every_order() {
    let mut total = 0;
    for (batch, failing) in [(1, true), (2, true), (3, false)] {
        let mut start = machine(Profile::debian_7_2(), 3, true);
        start.put("writeback_batch_size", &batch.to_string());
        let mut orders = BTreeSet::new();
        total += explore(&start, failing, |m| {
            let result = m.write("writeback", "page_indexes=0-2");
            check(m);
            let events = m.events();
            let order: Vec<_> = events
                .iter()
                .filter_map(|event| match event {
                    Event::WritebackEndio { slot, status, .. } => Some((slot.0, *status)),
                    _ => None,
                })
                .collect();
            assert_eq!(order.len(), 3);
            let good = order.iter().filter(|(_, status)| *status == 0).count() as u64;
            assert_eq!((m.numbers("bd_stat"), result.is_ok()), (vec![good, 0, good], good == 3));
            orders.insert(order);
        });
        // One at a time there is only the order of submission, with eight outcomes; all three at once: any.
        let expected = match batch {
            1 => 8,
            2 => 4 * 8,
            _ => 6,
        };
        assert_eq!(orders.len(), expected, "{orders:?}");
    }
    println!("{total} interleavings");
}

/// Two read-backs of one bio, and another task that takes the first one's slot away at any moment.
#[test]
fn read_backs_in_every_order() {
    let mut total = 0;
    for compressed in [true, false] {
        for intruder in [write(0), discard(0), read(0)] {
            let mut start = machine(Profile::debian_7_2(), 2, compressed);
            start.put("writeback", "page_indexes=0-1");
            start.events();
            start.world.intruders = [(0, intruder.0.clone(), intruder.1.clone())].into();
            let mut ends = BTreeSet::new();
            total += explore(&start, false, |m| {
                let before = m.numbers("bd_stat")[1];
                let (status, pages) = m.load(0, 2);
                let events = m.events();
                parents_complete_once(&events, m.numbers("bd_stat")[1] - before, compressed);
                check(m);
                assert!(pages[1] == page(600, 1), "the other slot is not touched");
                let old = pages[0] == page(600, 0);
                assert!(old || pages[0] == filled(0), "neither what was written nor nothing");
                assert_eq!(status == BioStatus::OK, old);
                assert!(m.world.undetermined.is_empty());
                ends.insert(old);
            });
            // Without compression completion does not look at the slot.
            let can_fail = compressed && intruder.0.op != BioOp::Read;
            assert_eq!(ends.contains(&false), can_fail, "{:?}", intruder.0.op);
            assert!(ends.contains(&true));
        }
    }
    assert!(total > 100);
    println!("{total} interleavings");
}

/// What the same search finds in the patch as it was posted, and not in what became of it.
#[test]
fn the_search_finds_the_faults_of_the_posted_patch() {
    let found = |profile: Profile| {
        let mut start = Machine::backed_as(profile, 2, 8, true);
        start.fill(0, &page(4096, 0));
        start.fill(1, &page(600, 1));
        start.world.later = true;
        start.put("idle", "all");
        let (bio, memory) = read(1);
        start.world.intruders = [(0, bio, memory)].into();
        let mut faults = BTreeSet::new();
        explore(&start, false, |m| {
            m.put("writeback", "idle");
            if m.world.hazards.contains(&Hazard::ControlBlockFreed) {
                faults.insert("use after free");
            }
            let slots = m.kernel.slots(m.dev).unwrap();
            let held = slots.iter().filter(|slot| slot.flags & slot_flags::WB != 0).count() as u64;
            if m.kernel.blocks_taken(m.dev) > held {
                faults.insert("leaked block");
            }
            m.discard(0, 1);
            if m.text("mm_stat").contains("18446744073709551615") {
                faults.insert("counted twice");
            }
        });
        faults.into_iter().collect::<Vec<_>>()
    };
    assert_eq!(found(Profile::seed_patch()), ["counted twice", "leaked block", "use after free"]);
    assert_eq!(found(Profile::linux_7_0()), ["leaked block", "use after free"]);
    assert_eq!(found(Profile::debian_7_2()), Vec::<&str>::new());
    let broken = Profile::debian_7_2().with_broken(Mutation::ControlBlockFreedEarly);
    assert_eq!(found(broken), ["use after free"]);
}
