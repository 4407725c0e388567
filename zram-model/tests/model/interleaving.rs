//! Bios of several tasks, step by step.

use std::collections::BTreeMap;

use zram_events::{DeviceId, Event, SlotIndex};
use zram_model::{Bio, BioStatus, Interleaving, Memory, Next, Profile, Segment, SlotWord, Storage};

use crate::world::{BioOp, Machine, PAGE, World, filled, page};

/// A bio of whole pages.
fn bio(op: BioOp, slot: u64, pages: &[[u8; PAGE]]) -> (Bio, Memory) {
    let segments = (0..pages.len()).map(|page| Segment { page, offset: 0, len: PAGE as u32 }).collect();
    (Bio { op, sector: slot * 8, segments, bytes: 0 }, Memory::of_pages(pages))
}

fn discard(slot: u64, count: u32) -> (Bio, Memory) {
    (
        Bio { op: BioOp::Discard, sector: slot * 8, segments: Vec::new(), bytes: count * PAGE as u32 },
        Memory::default(),
    )
}

/// A small generator of numbers (xorshift).
struct Lot(u64);

impl Lot {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % n
    }

    fn page(&mut self) -> [u8; PAGE] {
        let seed = self.below(1 << 40);
        match self.below(8) {
            0 => filled(seed),
            1 => page(4096, seed),
            length => page(200 + 300 * (length as u32 % 3), seed),
        }
    }

    fn bio(&mut self, slots: u64) -> (Bio, Memory) {
        let slot = self.below(slots);
        let count = 1 + self.below((slots - slot).min(4));
        let pages: Vec<_> = (0..count).map(|_| self.page()).collect();
        match self.below(10) {
            0..5 => bio(BioOp::Write, slot, &pages),
            5..8 => bio(BioOp::Read, slot, &vec![[0xee; PAGE]; count as usize]),
            _ => discard(slot, count as u32),
        }
    }
}

fn steps(machine: &mut Machine, run: &mut Interleaving, worker: usize) {
    while run.next(worker).is_some() {
        machine.kernel.step(run, worker, false, &mut machine.world);
    }
}

fn shown(machine: &Machine) -> String {
    let attr = |name| String::from_utf8(machine.kernel.read_attr(machine.dev, name).unwrap()).unwrap();
    let slots = machine.kernel.slots(machine.dev).unwrap();
    let classes = machine.kernel.classes(machine.dev).unwrap();
    format!("{}{}{slots:?}{classes:?}", attr("mm_stat"), attr("io_stat"))
}

/// The same bios in one piece and step by step are the same in everything.
#[test]
fn one_task_in_steps_is_a_bio_in_one_piece() {
    for profile in Profile::all() {
        for storage in [Storage::Pages, Storage::Bytes] {
            let mut whole = Machine::keeping(storage, profile.clone());
            whole.set_size(24);
            let mut stepped = whole.clone();
            let mut lot = Lot(0x1234_5678_9abc_def1);
            for n in 0..300 {
                let (bio, memory) = lot.bio(24);
                whole.world.events.clear();
                stepped.world.events.clear();
                let mut read = memory.clone();
                let status = whole.kernel.submit(whole.dev, &bio, &mut read, &mut whole.world);
                let mut run = Interleaving::new(stepped.dev, 1);
                run.begin(0, bio.clone(), memory);
                steps(&mut stepped, &mut run, 0);
                let ended = run.take_ended(0).unwrap();
                stepped.kernel.settle(run, &mut stepped.world);
                assert_eq!(ended, (bio, read, status), "{} {storage:?} {n}", profile.name);
                assert_eq!(stepped.world.events, whole.world.events, "{} {storage:?} {n}", profile.name);
                assert_eq!(shown(&stepped), shown(&whole), "{} {storage:?} {n}", profile.name);
            }
        }
    }
}

/// What a slot holds, by reading it.
fn read(machine: &mut Machine, slot: u64) -> Vec<u8> {
    let (bio, mut memory) = bio(BioOp::Read, slot, &[[0; PAGE]]);
    machine.kernel.submit(machine.dev, &bio, &mut memory, &mut machine.world);
    memory.0
}

/// In any order: pages are whole, counters are what the table adds up to, every object is somebody's.
#[test]
fn no_order_loses_count() {
    for seed in 1..60 {
        let mut lot = Lot(0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(seed));
        let mut machine = Machine::new(12);
        let mut run = Interleaving::new(machine.dev, 4);
        let mut written: BTreeMap<Vec<u8>, ()> = BTreeMap::from([(vec![0; PAGE], ())]);
        let mut left = 120;
        loop {
            for worker in 0..4 {
                if let Some((bio, memory, status)) = run.take_ended(worker) {
                    assert_eq!(status, BioStatus::OK);
                    if bio.op == BioOp::Read {
                        for page in memory.0.chunks(PAGE) {
                            assert!(written.contains_key(page), "seed {seed}: a page that nobody wrote");
                        }
                    }
                }
                if run.next(worker).is_none() && left > 0 {
                    left -= 1;
                    let (bio, memory) = lot.bio(12);
                    if bio.op == BioOp::Write {
                        written.extend(memory.0.chunks(PAGE).map(|page| (page.to_vec(), ())));
                    }
                    run.begin(worker, bio, memory);
                }
            }
            let ready: Vec<usize> = (0..4).filter(|worker| run.next(*worker).is_some()).collect();
            if ready.is_empty() {
                break;
            }
            let worker = ready[lot.below(ready.len() as u64) as usize];
            let new_zspage = lot.below(2) == 0;
            machine.kernel.step(&mut run, worker, new_zspage, &mut machine.world);
        }
        machine.kernel.settle(run, &mut machine.world);
        let slots = machine.kernel.slots(machine.dev).unwrap();
        let held = slots.iter().filter(|slot| slot.word != SlotWord::Empty).count();
        let objects = slots.iter().filter(|slot| matches!(slot.word, SlotWord::Handle(_))).count();
        let text = String::from_utf8(machine.kernel.read_attr(machine.dev, "mm_stat").unwrap()).unwrap();
        let stat: Vec<u64> = text.split_whitespace().map(|number| number.parse().unwrap()).collect();
        assert_eq!(stat[0], (held * PAGE) as u64, "seed {seed}");
        let in_use: u64 = {
            let mut classes = machine.kernel.classes(machine.dev).unwrap();
            classes.dedup_by_key(|class| class.index);
            classes.iter().map(|class| class.stats[13]).sum()
        };
        assert_eq!(in_use, objects as u64, "seed {seed}: an object is nobody's");
        for slot in 0..12 {
            assert!(written.contains_key(&read(&mut machine, slot)), "seed {seed}, slot {slot}");
        }
    }
}

fn writers(pages: &[[u8; PAGE]]) -> (Machine, Interleaving) {
    let machine = Machine::new(16);
    let mut run = Interleaving::new(machine.dev, pages.len());
    for (worker, page) in pages.iter().enumerate() {
        let (bio, memory) = bio(BioOp::Write, worker as u64, std::slice::from_ref(page));
        run.begin(worker, bio, memory);
    }
    (machine, run)
}

fn until(machine: &mut Machine, run: &mut Interleaving, worker: usize, next: Next) {
    while run.next(worker) != Some(next) {
        machine.kernel.step(run, worker, false, &mut machine.world);
    }
}

/// Two writers of one class that both look when there is no room, and a third that comes between a discard and its class.
pub(crate) fn seen(profile: Profile) -> Vec<String> {
    let mut machine = Machine::bare(profile);
    machine.set_size(16);
    let mut run = Interleaving::new(machine.dev, 4);
    for worker in 0..3 {
        let (bio, memory) = bio(BioOp::Write, worker as u64, &[page(500, worker as u64)]);
        run.begin(worker, bio, memory);
    }
    until(&mut machine, &mut run, 0, Next::Room);
    until(&mut machine, &mut run, 1, Next::Room);
    // Both make a zspage, one after the other has already used its own.
    machine.kernel.step(&mut run, 0, true, &mut machine.world);
    steps(&mut machine, &mut run, 0);
    machine.kernel.step(&mut run, 1, true, &mut machine.world);
    steps(&mut machine, &mut run, 1);
    let (bio, memory) = discard(0, 1);
    run.begin(3, bio, memory);
    until(&mut machine, &mut run, 3, Next::Take(SlotIndex(0)));
    machine.kernel.step(&mut run, 3, false, &mut machine.world);
    steps(&mut machine, &mut run, 2);
    steps(&mut machine, &mut run, 3);
    vec![format!("{:?} {}", machine.events(), shown(&machine))]
}

fn zspages(world: &World) -> usize {
    world.events.iter().filter(|event| matches!(event, Event::ZspageCreate { .. })).count()
}

/// Both look when there is no room, and neither looks again (`zs_malloc`).
#[test]
fn two_that_find_no_room_make_a_zspage_each() {
    for (late, made) in [(true, 2), (false, 1)] {
        let (mut machine, mut run) = writers(&[page(500, 1), page(500, 2)]);
        for worker in 0..2 {
            until(&mut machine, &mut run, worker, Next::Room);
        }
        steps(&mut machine, &mut run, 0);
        // The second one looked before the first one had put its zspage into the list, or after.
        machine.kernel.step(&mut run, 1, late, &mut machine.world);
        steps(&mut machine, &mut run, 1);
        assert_eq!(zspages(&machine.world), made);
    }
}

/// Who has looked when there was room cannot say that there was none.
#[test]
fn a_new_zspage_takes_a_moment_without_room() {
    let (mut machine, mut run) = writers(&[page(500, 1), page(500, 2)]);
    steps(&mut machine, &mut run, 0);
    until(&mut machine, &mut run, 1, Next::Room);
    machine.kernel.step(&mut run, 1, true, &mut machine.world);
    steps(&mut machine, &mut run, 1);
    assert_eq!(zspages(&machine.world), 1);
}

/// A slot's old object is freed after another task has allocated: it does not get that place.
#[test]
fn an_object_is_free_only_when_its_class_says_so() {
    let mut machine = Machine::new(16);
    let (first, mut memory) = bio(BioOp::Write, 0, &[page(500, 1)]);
    machine.kernel.submit(machine.dev, &first, &mut memory, &mut machine.world);
    let mut run = Interleaving::new(machine.dev, 2);
    let (bio_0, memory_0) = discard(0, 1);
    run.begin(0, bio_0, memory_0);
    let (bio_1, memory_1) = bio(BioOp::Write, 1, &[page(500, 2)]);
    run.begin(1, bio_1, memory_1);
    until(&mut machine, &mut run, 0, Next::Take(SlotIndex(0)));
    machine.kernel.step(&mut run, 0, false, &mut machine.world);
    assert!(matches!(machine.world.events.last(), Some(Event::Free { .. })));
    until(&mut machine, &mut run, 1, Next::Take(SlotIndex(1)));
    let index = |events: &[Event]| {
        events.iter().rev().find_map(|event| match event {
            Event::ObjMalloc { index, .. } => Some(index.0),
            _ => None,
        })
    };
    assert_eq!(index(&machine.world.events), Some(1));
}

#[test]
fn what_is_not_taken_apart_is_said() {
    let mut machine = Machine::backed(16, 16, false);
    assert_eq!(machine.kernel.can_interleave(machine.dev), Ok(()));
    let (write, mut memory) = bio(BioOp::Write, 0, &[page(500, 1)]);
    machine.kernel.submit(machine.dev, &write, &mut memory, &mut machine.world);
    machine.put("writeback", "page_indexes=0-0");
    assert!(machine.kernel.can_interleave(machine.dev).unwrap_err().contains("read-back"));
    let mut limited = Machine::new(16);
    limited.put("mem_limit", "1M");
    assert!(limited.kernel.can_interleave(limited.dev).unwrap_err().contains("mem_limit"));
    assert!(limited.kernel.can_interleave(DeviceId(9)).is_err());
    assert!(Machine::bare(Profile::debian_7_2()).kernel.can_interleave(DeviceId(0)).is_err());
}
