//! Properties that hold whatever is done.

use std::collections::BTreeMap;

use crate::invariants::check;
use crate::world::{BioOp, Machine, PAGE, aligned, filled, page};
use proptest::prelude::*;
use zram_model::{Bio, BioStatus, Kernel, Memory, Mutation, Profile, Segment, slot_flags};

const SLOTS: u64 = 24;

#[derive(Clone, Debug)]
enum Op {
    Store { slot: u64, pages: Vec<(u32, u64)> },
    Fill { slot: u64, word: u64 },
    Load { slot: u64, count: usize },
    Discard { slot: u64, count: u32 },
    Notify { slot: u32 },
    Attr { name: &'static str, text: String },
    Tick,
}

fn op() -> impl Strategy<Value = Op> {
    let slot = 0..SLOTS;
    let len = prop_oneof![1_u32..4096, Just(3624_u32), Just(3625_u32), 4096_u32..8192];
    let attr = |name: &'static str, text: &'static [&'static str]| {
        prop::sample::select(text).prop_map(move |text| Op::Attr { name, text: text.to_owned() })
    };
    prop_oneof![
        8 => (slot.clone(), prop::collection::vec((len, any::<u64>()), 1..4))
            .prop_map(|(slot, pages)| Op::Store { slot, pages }),
        2 => (slot.clone(), any::<u64>()).prop_map(|(slot, word)| Op::Fill { slot, word }),
        4 => (slot.clone(), 1_usize..4).prop_map(|(slot, count)| Op::Load { slot, count }),
        3 => (slot.clone(), 1_u32..5).prop_map(|(slot, count)| Op::Discard { slot, count }),
        1 => (0..SLOTS as u32).prop_map(|slot| Op::Notify { slot }),
        2 => attr("idle", &["all", "1", "5"]),
        2 => attr("compact", &["1"]),
        4 => attr("writeback", &[
            "type=idle", "huge", "huge_idle", "page_indexes=0-23", "page_indexes=2-9 page_index=5",
            "page_indexes=20-23 type=idle",
        ]),
        1 => attr("writeback_limit_enable", &["0", "1"]),
        1 => attr("writeback_limit", &["0", "3", "100"]),
        1 => attr("writeback_batch_size", &["1", "2", "5", "32"]),
        1 => attr("mem_limit", &["0", "20K", "60K"]),
        1 => Just(Op::Tick),
    ]
}

/// Runs operations and keeps what each slot must read as.
fn run(m: &mut Machine, ops: &[Op]) -> BTreeMap<u64, [u8; PAGE]> {
    let mut written = BTreeMap::new();
    for op in ops {
        match op {
            Op::Store { slot, pages } => {
                for (at, (len, seed)) in (*slot..SLOTS).zip(pages) {
                    let content = page(*len, *seed);
                    if m.store(at, &[content]) == BioStatus::OK {
                        written.insert(at, content);
                    }
                }
            }
            Op::Fill { slot, word } => {
                m.fill(*slot, &filled(*word));
                written.insert(*slot, filled(*word));
            }
            Op::Load { slot, count } => {
                let count = (*count).min((SLOTS - slot) as usize);
                let (status, pages) = m.load(*slot, count);
                assert_eq!(status, BioStatus::OK);
                for (at, content) in (*slot..).zip(pages) {
                    assert_eq!(Some(&content), written.get(&at).or(Some(&filled(0))), "slot {at}");
                }
            }
            Op::Discard { slot, count } => {
                let count = (*count).min((SLOTS - slot) as u32);
                m.discard(*slot, count);
                written.retain(|at, _| !(*slot..slot + u64::from(count)).contains(at));
            }
            Op::Notify { slot } => {
                m.kernel.slot_free_notify(m.dev, zram_events::SlotIndex(*slot), false, &mut m.world).unwrap();
                written.remove(&u64::from(*slot));
            }
            Op::Attr { name, text } => drop(m.write(name, text)),
            Op::Tick => m.world.now += 3,
        }
        check(m);
    }
    written
}

fn cases(count: u32) -> ProptestConfig {
    ProptestConfig { cases: count, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(cases(10_000))]

    #[test]
    fn counters_agree_with_the_slots_and_reads_with_the_writes(
        ops in prop::collection::vec(op(), 1..20),
        compressed: bool,
        later: bool,
        choices in prop::collection::vec(0_usize..5, 0..200),
    ) {
        let mut m = Machine::backed(SLOTS, 10, compressed);
        m.world.later = later;
        m.world.choices = choices.into();
        let written = run(&mut m, &ops);
        let (status, pages) = m.load(0, SLOTS as usize);
        prop_assert_eq!(status, BioStatus::OK);
        for (slot, content) in (0..).zip(pages) {
            prop_assert_eq!(content, written.get(&slot).copied().unwrap_or(filled(0)));
        }
        m.put("reset", "1");
        prop_assert_eq!(m.numbers("mm_stat"), vec![0; 9]);
    }

    #[test]
    fn a_clone_goes_the_same_way(ops in prop::collection::vec(op(), 1..10)) {
        let mut first = Machine::backed(SLOTS, 10, true);
        let mut second = first.clone();
        run(&mut first, &ops);
        run(&mut second, &ops);
        prop_assert_eq!(first.look(), second.look());
        prop_assert_eq!(first.events(), second.events());
    }
}

proptest! {
    #![proptest_config(cases(10_000))]

    #[test]
    fn no_broken_rule_makes_the_model_panic(
        broken in prop::sample::select(Mutation::ALL),
        ops in prop::collection::vec(op(), 1..16),
        later: bool,
        intruders in prop::collection::vec((0_usize..4, 0..SLOTS, any::<bool>()), 0..6),
    ) {
        let profile = Profile::debian_7_2().with_broken(broken);
        let mut m = Machine::backed_as(profile, SLOTS, 10, true);
        m.world.later = later;
        let bio = |write, slot| aligned(if write { BioOp::Write } else { BioOp::Read }, slot, 1);
        m.world.intruders = intruders
            .into_iter()
            .map(|(wait, slot, write)| (wait, bio(write, slot), Memory::of_pages([page(800, slot)])))
            .collect();
        for op in &ops {
            match op {
                Op::Store { slot, pages } => pages.iter().for_each(|(len, seed)| { m.store(*slot, &[page(*len, *seed)]); }),
                Op::Fill { slot, word } => { m.store(*slot, &[filled(*word)]); }
                Op::Load { slot, count } => drop(m.load(*slot, *count)),
                Op::Discard { slot, count } => { m.discard(*slot, *count); }
                Op::Attr { name, text } => drop(m.write(name, text)),
                Op::Notify { .. } | Op::Tick => m.world.now += 3,
            }
        }
        m.look();
        let _ = m.write("reset", "1");
    }

    #[test]
    fn no_text_makes_an_attribute_panic(
        writes in prop::collection::vec((0_usize..19, text()), 1..12),
        pages in 0_u64..9,
        backed: bool,
    ) {
        let mut m = Machine::bare(Profile::debian_7_2());
        if backed {
            m.put("backing_dev", "/dev/backing");
        }
        if pages > 0 {
            m.put("disksize", &(pages * 4096).to_string());
            m.fill(0, &page(600, 1));
        }
        let names: Vec<_> = m.kernel.attributes().map(|(name, ..)| name).collect();
        for (at, text) in writes {
            let taken = m.kernel.write_attr(m.dev, names[at], &text, &mut m.world);
            prop_assert!(taken.is_err() || taken == Ok(text.len().min(4096)));
        }
        let _ = m.kernel.hot_remove(b"0", &mut m.world);
    }

    #[test]
    fn no_bio_makes_the_device_panic(
        op in 0_u8..40,
        sector in prop_oneof![0_u64..40, any::<u64>()],
        bytes in prop_oneof![0_u32..40_000, any::<u32>()],
        segments in prop::collection::vec(
            (0_usize..4, prop_oneof![(0_u32..9).prop_map(|n| n * 512), any::<u32>()],
             prop_oneof![(0_u32..9).prop_map(|n| n * 512), any::<u32>()]), 0..5),
        whole_page_segments: bool,
    ) {
        let profile = Profile { whole_page_segments, ..Profile::debian_7_2() };
        let mut m = Machine::backed_as(profile, 4, 2, true);
        m.fill(1, &page(600, 1));
        m.put("writeback", "page_index=1");
        let segments = segments.into_iter().map(|(page, offset, len)| Segment { page, offset, len }).collect();
        let bio = Bio { op: BioOp::from_number(op), sector, segments, bytes };
        let mut memory = Memory::of_pages([page(700, 3); 3]);
        m.kernel.submit(m.dev, &bio, &mut memory, &mut m.world);
        check(&m);
    }

    #[test]
    fn every_object_has_a_class_that_holds_it(chain in 1_u32..17) {
        let profile = Profile { chain_size: chain, ..Profile::debian_7_2() };
        let mut m = Machine::backed_as(profile.clone(), 4, 2, true);
        let threshold = Kernel::new(profile).huge_class_size();
        m.fill(0, &page(threshold.max(2) - 1, 1));
        m.fill(1, &page(threshold, 1));
        prop_assert_eq!(m.flags(1) & slot_flags::HUGE, slot_flags::HUGE);
        check(&m);
    }
}

/// Text near what the parsers know, and bytes of any kind.
pub(crate) fn text() -> impl Strategy<Value = Vec<u8>> {
    let word = prop::sample::select(
        &[
            "type=",
            "page_index=",
            "page_indexes=",
            "idle",
            "huge",
            "all",
            "0",
            "1",
            "7",
            "-",
            "+",
            "\"",
            "=",
            " ",
            "\n",
            "\0",
            "0x",
            "K",
            "E",
            "18446744073709551615",
            "99999999999999999999",
            "priority=",
            "algo=",
            "level=",
            "dict=",
            "deflate.winbits=",
            "lz4",
            "deflate",
            "/dev/backing",
            "/dict",
            "\u{a0}",
            "y",
        ][..],
    );
    prop_oneof![
        prop::collection::vec(word, 0..8).prop_map(|words| words.concat().into_bytes()),
        prop::collection::vec(any::<u8>(), 0..40),
        (0_usize..5000).prop_map(|len| vec![b' '; len]),
    ]
}
