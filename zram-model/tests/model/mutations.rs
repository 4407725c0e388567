//! Every rule that can be broken shows when it is.
//!
//! One scripted life of a machine, rich enough to touch every rule, is run with the true model and
//! with each broken one. Everything an observer could see goes into a log; a mutation whose log does
//! not differ is a rule that nothing checks.

use std::collections::BTreeSet;

use crate::{
    interleaving, page_size, recompression,
    world::{BioOp, Machine, PAGE, aligned, filled, page},
};
use zram_events::SlotIndex;
use zram_model::{Allocation, Kernel, Memory, Mutation, Needs, PageSize, Profile};

/// What an observer sees: events, answers, and the state after each step.
struct Log {
    machine: Machine,
    lines: Vec<String>,
}

impl Log {
    fn step<T: std::fmt::Debug>(&mut self, what: &str, step: impl FnOnce(&mut Machine) -> T) {
        let answer = step(&mut self.machine);
        let events = self.machine.events();
        self.lines.push(format!("{what}: {answer:?} {events:?} {}", self.machine.look()));
    }

    fn attr(&mut self, name: &str, text: &str) {
        self.step(&format!("{name}={text}"), |m| m.write(name, text));
    }

    fn store(&mut self, slot: u64, len: u32) {
        let content = page(len, slot * 10_000 + u64::from(len));
        self.step("store", |m| m.store(slot, &[content]));
    }

    /// A step without memory for this.
    fn lacking(&mut self, what: fn(Allocation) -> bool, step: impl FnOnce(&mut Self)) {
        self.machine.world.refuse = Some(what);
        step(self);
        self.machine.world.refuse = None;
    }

    fn load(&mut self, slot: u64) {
        self.step("load", |m| {
            let (status, pages) = m.load(slot, 1);
            let sum = pages[0].iter().fold(0_u64, |sum, byte| sum * 31 % 1_000_003 + u64::from(*byte));
            (status, sum)
        });
    }
}

/// Everything that is seen of a kernel: the scripted life, the corners of the allocator, and what
/// only some kernels have.
fn seen(profile: Profile) -> Vec<String> {
    if profile.page_size != PageSize::KIB_4 {
        return page_size::seen(profile);
    }
    let mut lines = life(profile.clone());
    lines.extend(allocator(profile.clone()));
    lines.extend(shortage(profile.clone()));
    lines.extend(interleaving::seen(profile.clone()));
    if profile.multi_comp {
        lines.extend(parameters(profile.clone()));
        lines.extend(recompression(profile));
    }
    lines
}

/// A kernel on which a rule matters.
fn kernel_with(needs: Needs) -> Profile {
    match needs {
        Needs::Nothing | Needs::AnyOrder => Profile::debian_7_2(),
        Needs::MultiComp => recompression::profile(),
        Needs::ClassInWord => Profile::debian_7_3(),
        Needs::LargePages => Profile { page_size: PageSize::KIB_16, ..Profile::debian_7_2() },
    }
}

/// Parameters that a backend refuses, and others after them.
fn parameters(profile: Profile) -> Vec<String> {
    let mut log = Log { machine: Machine::bare(profile), lines: Vec::new() };
    log.attr("recomp_algorithm", "algo=deflate");
    log.attr("algorithm_params", "algo=deflate level=77");
    log.attr("algorithm_params", "algo=deflate deflate.winbits=-9");
    log.attr("disksize", "1M");
    log.lines
}

/// Slots recompressed with the first and the last of two algorithms, with every condition just met and just missed.
fn recompression(profile: Profile) -> Vec<String> {
    let mut machine = Machine::bare(profile);
    machine.world.percent = [("zstd", 60), ("deflate", 59)].into();
    let mut log = Log { machine, lines: Vec::new() };
    log.attr("recomp_algorithm", "algo=zstd");
    log.attr("recomp_algorithm", "algo=deflate priority=2");
    log.attr("disksize", "128K");
    for slot in 0..24 {
        log.store(slot, 150 * slot as u32 + 40);
    }
    log.attr("idle", "all");
    log.attr("recompress", "type=idle max_pages=4");
    log.attr("recompress", "threshold=1690 max_pages=5");
    log.attr("recompress", "threshold=1540");
    log.attr("recompress", "algo=zstd");
    log.attr("recompress", "algo=zstd");
    log.attr("recompress", "priority=2 threshold=700");
    log.attr("recompress", "priority=2");
    for slot in 0..24 {
        log.store(slot, 150 * slot as u32 + 40);
        log.load(slot);
    }
    log.step("discard", |m| m.discard(0, 24));
    for slot in 0..3 {
        log.store(slot, 3000);
    }
    log.lacking(|what| what == Allocation::Handle, |log| log.attr("recompress", "priority=1"));
    log.lines
}

/// One allocation after the other fails, and what was there is looked at.
fn shortage(profile: Profile) -> Vec<String> {
    let mut log = Log { machine: Machine::backed_as(profile, 16, 16, true), lines: Vec::new() };
    for slot in 0..8 {
        log.store(slot, 600);
    }
    log.lacking(|what| what == Allocation::Handle, |log| log.store(0, 700));
    log.lacking(|what| what == Allocation::ZspagePage { index: 0 }, |log| log.store(1, 4096));
    log.load(0);
    log.attr("writeback_batch_size", "4");
    let second = |what| what == Allocation::WritebackRequest { index: 1 };
    log.lacking(second, |log| log.attr("writeback", "page_indexes=0-1"));
    let third = |what| what == Allocation::Candidate { slot: SlotIndex(3) };
    log.lacking(third, |log| log.attr("writeback", "page_indexes=2-6"));
    let second = |what| what == Allocation::ReadBack { slot: SlotIndex(1) };
    log.lacking(second, |log| log.step("load", |m| m.load(0, 3)));
    log.lines
}

/// Objects at every offset, and several half-empty zspages in two classes.
fn allocator(profile: Profile) -> Vec<String> {
    let mut m = Machine::backed_as(profile, 64, 8, true);
    let mut lines = Vec::new();
    for len in (60..3600).step_by(60) {
        for slot in 0..9 {
            m.store(slot, &[page(len, slot)]);
            m.load(slot, 1);
        }
        lines.push(format!("{:?}", m.events()));
    }
    for slot in 0..32 {
        m.fill(slot, &page(3000, slot));
        m.fill(32 + slot, &page(1700, slot));
    }
    // Zspages of different fullness, in both classes.
    for slot in [0, 1, 2, 5, 6, 7, 11, 12, 15, 16, 18, 20, 21, 22, 25, 26, 29, 30] {
        m.discard(slot, 1);
        m.discard(32 + slot, 1);
    }
    m.events();
    m.put("compact", "1");
    let events = m.events();
    lines.extend([format!("{events:?}"), m.look()]);
    lines
}

/// The scripted life.
fn life(profile: Profile) -> Vec<String> {
    let huge = Kernel::new(profile.clone()).huge_class_size();
    let machine = Machine::backed_as(profile, 96, 24, true);
    let mut log = Log { machine, lines: Vec::new() };

    // Placement: several zspages of one class, holes in different orders, refilled.
    for slot in 0..40 {
        log.store(slot, 1500 + (slot % 3) as u32);
    }
    for slot in [3, 17, 4, 30, 31, 32, 33, 5, 18, 0, 1, 2] {
        log.step("discard", |m| m.discard(slot, 1));
    }
    for slot in [50, 51, 52, 3, 4] {
        log.store(slot, 1500);
    }
    for slot in 60..64 {
        log.store(slot, 2000);
    }
    // Objects whose class would span a page although they do not, and the other way round.
    for slot in 64..80 {
        log.store(slot, 1480);
        log.load(slot);
    }
    log.step("discard", |m| m.discard(61, 30));
    log.attr("compact", "1");
    log.step("discard empty", |m| m.discard(90, 3));

    // Thresholds and same-filled pages.
    for len in [huge - 1, huge, huge + 1, 4096, 8000] {
        log.store(10, len);
    }
    let mut ends = page(100, 1);
    let end: [u8; 8] = std::array::from_fn(|at| ends[at]);
    ends[PAGE - 8..].copy_from_slice(&end);
    log.step("ends", |m| m.store(11, &[ends]));
    log.step("words", |m| m.store(12, &[filled(0x0102_0304_0506_0708)]));
    log.step("zero", |m| m.store(13, &[filled(0)]));
    log.load(12);
    for slot in [12, 13, 91] {
        log.step("notify", |m| {
            m.kernel.slot_free_notify(m.dev, SlotIndex(slot), false, &mut m.world).unwrap();
        });
    }
    log.step("words again", |m| m.store(12, &[filled(0x0102_0304_0506_0708)]));

    // Idle marking, by age and altogether.
    log.machine.world.now += 10;
    log.store(14, 700);
    log.attr("idle", "all");
    log.load(14);
    log.store(15, 700);
    log.attr("idle", "0");
    log.machine.world.now += 1;
    log.attr("idle", "1");
    log.attr("idle", "5");
    log.step("discard", |m| m.discard(14, 2));

    // Limits of memory.
    let used = log.machine.numbers("mm_stat")[2];
    log.attr("mem_used_max", "0");
    log.attr("mem_limit", &used.to_string());
    for slot in 80..86 {
        log.store(slot, 3000 + slot as u32);
        log.store(20, 4096);
    }
    log.attr("mem_limit", "0");

    // Writeback: order, blocks, batches, errors, limits, a full device.
    log.attr("writeback_batch_size", "3");
    log.attr("idle", "all");
    log.attr("writeback", "page_indexes=20-26");
    for slot in 20..27 {
        log.load(slot);
    }
    log.step("discard", |m| m.discard(22, 2));
    log.store(34, 4000);
    log.store(35, 4000);
    log.attr("writeback", "page_indexes=34-39 type=idle");
    log.load(34);
    log.load(39);
    log.step("discard huge", |m| m.discard(34, 1));
    log.machine.world.bad_writes = BTreeSet::from([2, 3, 9, 10, 12]);
    log.attr("writeback_limit_enable", "1");
    log.attr("writeback_limit", "4");
    log.store(40, 900);
    log.attr("writeback", "page_indexes=40-52");
    log.machine.world.bad_writes.clear();
    log.attr("writeback_limit", "3");
    log.attr("writeback", "page_indexes=6-9");
    log.attr("writeback", "page_index=19");
    log.attr("writeback_limit", "1");
    log.attr("writeback", "page_index=19");
    log.attr("writeback_limit", "2");
    log.attr("writeback_limit_enable", "0");
    log.attr("writeback_batch_size", "1");
    log.store(41, 900);
    log.attr("writeback", "page_index=41 page_index=41");
    log.attr("writeback_batch_size", "32");
    log.attr("writeback", "huge");
    log.attr("idle", "all");
    log.attr("writeback", "idle");
    // Another task's bios in the middle of a pass.
    log.attr("writeback_batch_size", "4");
    log.step("discard", |m| m.discard(0, 96));
    for slot in 0..8 {
        log.store(slot, 900);
    }
    log.machine.world.intruders = [
        (0, aligned(BioOp::Read, 5, 1), Memory(vec![0; PAGE])),
        (2, aligned(BioOp::Write, 7, 1), Memory::of_pages([page(901, 7)])),
        (1, aligned(BioOp::Read, 6, 1), Memory(vec![0; PAGE])),
    ]
    .into();
    log.attr("writeback", "page_indexes=0-7");
    for slot in 0..96 {
        log.load(slot);
    }
    log.step("overwrite", |m| m.store(37, &[page(800, 5)]));
    log.attr("compact", "1");
    log.attr("reset", "1");
    log.attr("disksize", "18446744073709551615");
    log.lines
}

#[test]
fn each_broken_rule_is_seen() {
    let truth = seen(Profile::debian_7_2());
    let compacted = truth.iter().any(|line| line.contains("Putback") && line.contains("ZspageFree"));
    assert!(compacted, "compaction moves objects and frees zspages");
    assert_eq!(truth, seen(Profile::debian_7_2()), "the model is deterministic");
    let unseen: Vec<_> = Mutation::ALL
        .iter()
        // Seen where every order is taken: `explore.rs`.
        .filter(|mutation| mutation.needs() != Needs::AnyOrder)
        .filter(|mutation| {
            let kernel = kernel_with(mutation.needs());
            let truth = if mutation.needs() == Needs::Nothing { &truth } else { &seen(kernel.clone()) };
            seen(kernel.with_broken(**mutation)) == *truth
        })
        .map(|mutation| mutation.name())
        .collect();
    assert!(unseen.is_empty(), "nothing tells these apart from the truth: {unseen:?}");
}

#[test]
fn a_rule_that_needs_something_does_not_matter_without_it() {
    let truth = seen(Profile::debian_7_2());
    for mutation in Mutation::ALL.iter().filter(|mutation| mutation.needs() != Needs::Nothing) {
        assert!(!mutation.needs().met_by(&Profile::debian_7_2()));
        if mutation.needs() != Needs::AnyOrder {
            assert!(mutation.needs().met_by(&kernel_with(mutation.needs())));
        }
        let broken = seen(Profile::debian_7_2().with_broken(*mutation));
        assert!(broken == truth, "{} can be told from the truth on any kernel", mutation.name());
    }
}

#[test]
fn names_are_unique_and_found_again() {
    for mutation in Mutation::ALL {
        assert_eq!(Mutation::from_name(mutation.name()), Some(*mutation));
        assert!(mutation.describes().ends_with('.'));
    }
}
