//! Lives in which anything may fail, checked at every moment.

use std::collections::BTreeMap;

use proptest::prelude::*;

use crate::{
    invariants::{check, parents_complete_once},
    world::{BioOp, Machine, PAGE, aligned, filled, page},
};
use zram_events::SlotIndex;
use zram_model::{Bio, BioStatus, Memory, Profile};

const SLOTS: u64 = 8;
const BLOCKS: u64 = 6;

/// One thing that is done to the device.
#[derive(Clone, Debug)]
enum Op {
    Store(u64, u32, u64),
    Fill(u64, u64),
    Load(u64),
    Discard(u64, u32),
    Notify(u32),
    Attr(&'static str, &'static str),
    Tick,
}

/// What goes wrong meanwhile, in the order in which it is asked for.
#[derive(Clone, Debug)]
struct Fate {
    allocations: Vec<bool>,
    writes: Vec<u8>,
    reads: Vec<u8>,
    choices: Vec<usize>,
    listed: Vec<usize>,
    later: bool,
    intruders: Vec<(usize, u64, u8)>,
}

fn op() -> impl Strategy<Value = Op> {
    let len = prop_oneof![1_u32..3625, Just(3625), Just(4096), Just(5000)];
    let attr = |name: &'static str, texts: &'static [&'static str]| {
        prop::sample::select(texts).prop_map(move |text| Op::Attr(name, text))
    };
    prop_oneof![
        6 => (0..SLOTS, len, any::<u64>()).prop_map(|(slot, len, seed)| Op::Store(slot, len, seed)),
        1 => (0..SLOTS, any::<u64>()).prop_map(|(slot, word)| Op::Fill(slot, word)),
        3 => (0..SLOTS).prop_map(Op::Load),
        2 => (0..SLOTS, 1_u32..3).prop_map(|(slot, count)| Op::Discard(slot, count)),
        1 => (0..SLOTS as u32).prop_map(Op::Notify),
        1 => attr("idle", &["all", "1"]),
        1 => attr("compact", &["1"]),
        5 => attr("writeback", &[
            "type=idle", "huge", "huge_idle", "page_indexes=0-7", "page_indexes=1-5 page_indexes=2-3", "page_index=2",
            "page_indexes=6-7 type=idle", "page_index=3 page_index=9", "incompressible", "idle",
        ]),
        1 => attr("writeback_limit_enable", &["0", "1"]),
        1 => attr("writeback_limit", &["0", "2", "100"]),
        1 => attr("writeback_batch_size", &["1", "2", "3"]),
        1 => attr("mem_limit", &["0", "8K", "20K"]),
        1 => Just(Op::Tick),
    ]
}

fn fate() -> impl Strategy<Value = Fate> {
    let status = prop_oneof![6 => Just(0_u8), 1 => Just(10), 1 => Just(3), 1 => Just(200)];
    (
        prop::collection::vec(prop::bool::weighted(0.9), 0..60),
        prop::collection::vec(status.clone(), 0..12),
        prop::collection::vec(status, 0..8),
        prop::collection::vec(0_usize..4, 0..60),
        prop::collection::vec(0_usize..3, 0..8),
        any::<bool>(),
        prop::collection::vec((0_usize..6, 0..SLOTS, 0_u8..3), 0..4),
    )
        .prop_map(|(allocations, writes, reads, choices, listed, later, intruders)| Fate {
            allocations,
            writes,
            reads,
            choices,
            listed,
            later,
            intruders,
        })
}

fn bio(slot: u64, kind: u8) -> (Bio, Memory) {
    match kind {
        0 => (aligned(BioOp::Read, slot, 1), Memory(vec![0xee; PAGE])),
        1 => (aligned(BioOp::Write, slot, 1), Memory::of_pages([page(900, slot)])),
        _ => (Bio { op: BioOp::Discard, sector: slot * 8, segments: vec![], bytes: 4096 }, Memory(vec![])),
    }
}

/// A device with everything that can go wrong ahead of it.
fn machine(profile: Profile, compressed: bool, fate: &Fate) -> Machine {
    let mut m = Machine::backed_as(profile, SLOTS, BLOCKS, compressed);
    m.world.watch = true;
    m.world.later = fate.later;
    m.world.fates = fate.allocations.clone().into();
    m.world.write_statuses = fate.writes.clone().into();
    m.world.read_statuses = fate.reads.clone().into();
    m.world.choices = fate.choices.clone().into();
    m.world.listed = fate.listed.clone().into();
    m.world.intruders = fate
        .intruders
        .iter()
        .map(|(wait, slot, kind)| {
            let (bio, memory) = bio(*slot, *kind);
            (*wait, bio, memory)
        })
        .collect();
    m
}

/// What other tasks' bios have changed, in their order.
fn note_intruders(m: &mut Machine, written: &mut BTreeMap<u64, [u8; PAGE]>) {
    for (bio, _, status) in std::mem::take(&mut m.world.intruded) {
        let slot = bio.sector / 8;
        match bio.op {
            BioOp::Write if status == BioStatus::OK => drop(written.insert(slot, page(900, slot))),
            BioOp::Discard => drop(written.remove(&slot)),
            _ => {}
        }
    }
}

fn run(m: &mut Machine, ops: &[Op]) -> BTreeMap<u64, [u8; PAGE]> {
    let mut written = BTreeMap::new();
    let compressed = m.has("compressed_writeback") && m.text("compressed_writeback") == "1\n";
    for op in ops {
        let reads = m.numbers("bd_stat")[1];
        let refused = m.world.refused;
        match op {
            Op::Store(slot, len, seed) => {
                let content = page(*len, *seed);
                if m.store(*slot, &[content]) == BioStatus::OK {
                    written.insert(*slot, content);
                }
            }
            Op::Fill(slot, word) => {
                m.fill(*slot, &filled(*word));
                written.insert(*slot, filled(*word));
            }
            Op::Load(slot) => {
                let (status, pages) = m.load(*slot, 1);
                let want = written.get(slot).copied().unwrap_or(filled(0));
                if status == BioStatus::OK && m.world.intruded.is_empty() {
                    assert!(pages[0] == want, "slot {slot}");
                }
            }
            Op::Discard(slot, count) => {
                let count = (*count).min((SLOTS - slot) as u32);
                m.discard(*slot, count);
                written.retain(|at, _| !(*slot..slot + u64::from(count)).contains(at));
            }
            Op::Notify(slot) => {
                m.kernel.slot_free_notify(m.dev, SlotIndex(*slot), false, &mut m.world).unwrap();
                written.remove(&u64::from(*slot));
            }
            Op::Attr(name, text) => drop(m.write(name, text)),
            Op::Tick => m.world.now += 3,
        }
        note_intruders(m, &mut written);
        check(m);
        let events = m.events();
        if refused == m.world.refused && m.kernel.profile().behaviours.writeback_batches {
            parents_complete_once(&events, m.numbers("bd_stat")[1] - reads, compressed);
        }
    }
    written
}

/// Profiles whose blocks are all accounted for.
fn sound() -> impl Strategy<Value = Profile> {
    prop::sample::select(vec![
        Profile::debian_6_12(),
        Profile::debian_6_17(),
        Profile::debian_7_2(),
        Profile::debian_7_3(),
    ])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// With failures everywhere: at every moment each block taken is a slot's, a request's or the pass's; between
    /// operations the counters are what the slots come to; and when nothing fails any more, everything that was
    /// accepted reads back.
    #[test]
    fn nothing_is_lost_whatever_fails(
        profile in sound(),
        compressed: bool,
        ops in prop::collection::vec(op(), 1..24),
        fate in fate(),
    ) {
        let mut m = machine(profile, compressed, &fate);
        let mut written = run(&mut m, &ops);
        m.world.fates.clear();
        m.world.read_statuses.clear();
        m.world.intruders.clear();
        note_intruders(&mut m, &mut written);
        for slot in 0..SLOTS {
            let (status, pages) = m.load(slot, 1);
            prop_assert_eq!(status, BioStatus::OK);
            prop_assert!(pages[0] == written.get(&slot).copied().unwrap_or(filled(0)), "slot {}", slot);
        }
        m.put("reset", "1");
        prop_assert_eq!((m.numbers("mm_stat"), m.numbers("bd_stat")), (vec![0; 9], vec![0; 3]));
    }

    /// Kernels with mistakes lose count, but not their footing.
    #[test]
    fn no_kernel_makes_the_model_panic(
        profile in prop::sample::select(Profile::all()),
        ops in prop::collection::vec(op(), 1..24),
        fate in fate(),
    ) {
        let mut m = machine(profile, true, &fate);
        m.world.watch = false;
        for op in &ops {
            match op {
                Op::Store(slot, len, seed) => drop(m.store(*slot, &[page(*len, *seed)])),
                Op::Fill(slot, word) => drop(m.store(*slot, &[filled(*word)])),
                Op::Load(slot) => drop(m.load(*slot, 1)),
                Op::Discard(slot, count) => drop(m.discard(*slot, *count)),
                Op::Notify(slot) => drop(m.kernel.slot_free_notify(m.dev, SlotIndex(*slot), false, &mut m.world)),
                Op::Attr(name, text) => drop(m.write(name, text)),
                Op::Tick => m.world.now += 3,
            }
        }
        m.look();
        let _ = m.write("reset", "1");
    }
}
