//! What holds between any two operations, for every page size and every configuration.
//!
//! After each operation the counters are worked out anew from the slot table and the classes, and what
//! a user reads is compared with what was written, byte by byte, whole pages or parts.

use crate::world::{BioOp, Machine};
use proptest::prelude::*;
use zram_model::{
    Bio, BioStatus, ClassView, Memory, PageSize, Profile, Segment, SlotFlags, SlotView, SlotWord,
};

const SLOTS: u64 = 6;

/// One thing that a user does. Positions and lengths are taken modulo what there is.
#[derive(Clone, Debug)]
enum Op {
    /// A page: what it compresses to, or a word that fills it.
    Write {
        slot: u64,
        content: Result<u32, u64>,
        seed: u8,
    },
    /// Sectors within one page.
    Part {
        write: bool,
        slot: u64,
        first: u32,
        sectors: u32,
        seed: u8,
    },
    Read {
        slot: u64,
    },
    Discard {
        sector: u64,
        sectors: u32,
    },
    Notify {
        slot: u32,
        locked: bool,
    },
    Set {
        name: &'static str,
        text: &'static str,
    },
    Pass {
        seconds: u32,
    },
}

fn op() -> impl Strategy<Value = Op> {
    let set = |name: &'static str, texts: &'static [&'static str]| {
        prop::sample::select(texts).prop_map(move |text| Op::Set { name, text })
    };
    let slot = 0..SLOTS;
    let content = prop_oneof![6 => (1_u32..8193).prop_map(Ok), 1 => any::<u64>().prop_map(Err)];
    prop_oneof![
        6 => (slot.clone(), content, any::<u8>())
            .prop_map(|(slot, content, seed)| Op::Write { slot, content, seed }),
        3 => (any::<bool>(), slot.clone(), 0_u32..128, 1_u32..128, any::<u8>())
            .prop_map(|(write, slot, first, sectors, seed)| Op::Part { write, slot, first, sectors, seed }),
        2 => slot.prop_map(|slot| Op::Read { slot }),
        2 => (0_u64..1000, 1_u32..600).prop_map(|(sector, sectors)| Op::Discard { sector, sectors }),
        1 => (0..SLOTS as u32, any::<bool>()).prop_map(|(slot, locked)| Op::Notify { slot, locked }),
        2 => set("idle", &["all", "0", "7"]),
        4 => set("recompress", &[
            " ", "type=idle", "type=huge algo=deflate", "type=huge_idle priority=3", "threshold=900",
            "algo=deflate threshold=700 max_pages=2", "priority=3 max_pages=1",
        ]),
        3 => set("writeback", &[
            "type=idle", "type=huge", "type=incompressible", "page_indexes=0-5", "page_index=3 page_indexes=2-4",
        ]),
        1 => set("writeback_limit_enable", &["0", "1"]),
        1 => set("writeback_limit", &["0", "40", "1000"]),
        1 => set("writeback_batch_size", &["1", "2", "32"]),
        1 => set("mem_limit", &["0", "60K", "400K"]),
        1 => set("compact", &["1"]),
        1 => set("mem_used_max", &["0"]),
        1 => prop_oneof![Just(3_u32), Just(1 << 30)].prop_map(|seconds| Op::Pass { seconds }),
    ]
}

/// A machine and what its disk must read as.
struct Bench {
    m: Machine,
    size: PageSize,
    disk: Vec<u8>,
}

impl Bench {
    fn new(size: PageSize, compressed: bool, later: bool, choices: Vec<usize>) -> Self {
        let backends = &["lz4", "zstd", "deflate", "842"];
        let profile =
            Profile { page_size: size, multi_comp: true, backends, memory: 1 << 30, ..Profile::debian_7_2() };
        let mut m = Machine::bare(profile);
        (m.world.later, m.world.choices, m.world.blocks) = (later, choices.into(), 5);
        m.world.percent = [("zstd", 70), ("deflate", 40), ("842", 98)].into();
        m.put("backing_dev", "/dev/backing");
        m.put("compressed_writeback", if compressed { "1" } else { "0" });
        for text in ["algo=zstd", "algo=deflate priority=2", "algo=842 priority=3"] {
            m.put("recomp_algorithm", text);
        }
        m.put("disksize", &(SLOTS * u64::from(size.bytes())).to_string());
        Self { m, size, disk: vec![0; SLOTS as usize * size.as_usize()] }
    }

    fn submit(&mut self, bio: &Bio, memory: &mut Memory) -> BioStatus {
        self.m.kernel.submit(self.m.dev, bio, memory, &mut self.m.world)
    }

    fn run(&mut self, op: &Op) {
        let page = self.size.as_usize();
        match *op {
            Op::Write { slot, content, seed } => {
                let bytes = match content {
                    Ok(len) => {
                        let mut bytes = vec![seed; page];
                        bytes[..4].copy_from_slice(&len.to_le_bytes());
                        bytes[page - 1] = !bytes[7];
                        bytes
                    }
                    Err(word) => word.to_le_bytes().repeat(page / 8),
                };
                self.write(slot as usize * page, 0, &bytes);
            }
            Op::Part { write, slot, first, sectors, seed } => {
                let in_page = self.size.sectors() as u32;
                let first = first % in_page;
                let len = (sectors % in_page + 1).min(in_page - first) as usize * 512;
                let at = slot as usize * page + first as usize * 512;
                // On 4 KiB pages the kernel moves whole pages, whatever is asked for.
                if self.size != PageSize::KIB_4 {
                    let offset = page - len;
                    if write { self.write(at, offset, &vec![seed; len]) } else { self.read(at, offset, len) }
                }
            }
            Op::Read { slot } => self.read(slot as usize * page, 0, page),
            Op::Discard { sector, sectors } => self.discard(sector, sectors),
            Op::Notify { slot, locked } => {
                let index = zram_events::SlotIndex(slot);
                self.m.kernel.slot_free_notify(self.m.dev, index, locked, &mut self.m.world).unwrap();
                if !locked {
                    self.disk[slot as usize * page..][..page].fill(0);
                }
            }
            Op::Set { name, text } => drop(self.m.write(name, text)),
            Op::Pass { seconds } => self.m.world.now = self.m.world.now.wrapping_add(seconds),
        }
        self.m.events();
    }

    fn bio(&self, op: BioOp, at: usize, offset: usize, len: usize) -> Bio {
        let segments = vec![Segment { page: 0, offset: offset as u32, len: len as u32 }];
        Bio { op, sector: at as u64 / 512, segments, bytes: 0 }
    }

    fn write(&mut self, at: usize, offset: usize, bytes: &[u8]) {
        let mut memory = Memory(vec![0x5a; self.size.as_usize()]);
        memory.0[offset..offset + bytes.len()].copy_from_slice(bytes);
        let status = self.submit(&self.bio(BioOp::Write, at, offset, bytes.len()), &mut memory);
        // A write that fails, for want of memory within the limit, changes nothing.
        if status == BioStatus::OK {
            self.disk[at..at + bytes.len()].copy_from_slice(bytes);
        }
    }

    fn read(&mut self, at: usize, offset: usize, len: usize) {
        let mut memory = Memory(vec![0x5a; self.size.as_usize()]);
        assert_eq!(self.submit(&self.bio(BioOp::Read, at, offset, len), &mut memory), BioStatus::OK);
        assert!(memory.0[offset..offset + len] == self.disk[at..at + len], "what was written is read");
        let untouched = memory.0[..offset].iter().chain(&memory.0[offset + len..]);
        assert!(untouched.copied().all(|byte| byte == 0x5a), "and nothing else");
    }

    fn discard(&mut self, sector: u64, sectors: u32) {
        let total = SLOTS * self.size.sectors();
        let sector = sector % total;
        let sectors = u64::from(sectors).min(total - sector);
        let bio = Bio { op: BioOp::Discard, sector, segments: vec![], bytes: (sectors * 512) as u32 };
        assert_eq!(self.submit(&bio, &mut Memory::default()), BioStatus::OK);
        let page = self.size.sectors();
        let (first, end) = (sector.div_ceil(page), (sector + sectors) / page);
        if first < end {
            let bytes = self.size.as_usize();
            self.disk[first as usize * bytes..end as usize * bytes].fill(0);
        }
    }

    /// Everything that is counted, counted again.
    fn check(&self) {
        let m = &self.m;
        let slots = m.kernel.slots(m.dev).unwrap();
        let classes = m.kernel.classes(m.dev).unwrap();
        let (mm, bd) = (m.numbers("mm_stat"), m.numbers("bd_stat"));
        let bytes = u64::from(self.size.bytes());
        let distinct: Vec<&ClassView> = classes.iter().filter(|class| class.nominal == class.index).collect();
        let zspages = |class: &ClassView| class.stats[..12].iter().sum::<u64>();
        let pages: u64 = distinct.iter().map(|class| zspages(class) * u64::from(class.pages)).sum();
        let objects: u64 = distinct.iter().map(|class| class.stats[13]).sum();

        let flags = |slot: &SlotView| SlotFlags::from_word(slot.flags, self.size);
        let count = |test: &dyn Fn(&SlotView) -> bool| slots.iter().filter(|slot| test(slot)).count() as u64;
        let object = |slot: &SlotView| matches!(slot.word, SlotWord::Handle(_));
        let size: u64 = slots.iter().filter(|slot| object(slot)).map(|slot| u64::from(slot.size)).sum();
        assert_eq!(mm[0], bytes * count(&|slot| slot.word != SlotWord::Empty), "pages stored");
        assert_eq!((mm[1], mm[2]), (size, pages * bytes), "compressed data, memory used");
        assert_eq!(mm[5], count(&|slot| flags(slot).any(SlotFlags::SAME)), "same pages");
        assert_eq!(mm[7], count(&|slot| flags(slot).any(SlotFlags::HUGE) && object(slot)), "huge pages");
        assert_eq!(objects, count(&object), "objects");
        let away = count(&|slot| flags(slot).any(SlotFlags::WB));
        assert_eq!(bd[0], away * self.size.units_of_4k(), "blocks, in units of 4 KiB");
        assert_eq!(m.kernel.blocks_taken(m.dev), away, "blocks in the bitmap");
        let limit = m.numbers("writeback_limit")[0];
        assert!(limit.is_multiple_of(self.size.units_of_4k()) && limit <= 1000, "the limit does not wrap");
        for slot in &slots {
            let flags = flags(slot);
            assert!(!flags.any(SlotFlags::PP_SLOT), "nothing stays selected");
            assert!(!flags.any(SlotFlags::SAME | SlotFlags::WB) || !flags.any(SlotFlags::IDLE));
            assert!(
                !flags.any(SlotFlags::HUGE) || flags.priority() == 0,
                "what is huge was never recompressed"
            );
            if slot.word == SlotWord::Empty {
                assert_eq!(slot.flags, 0);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn counters_are_what_the_slots_say_whatever_the_page_size(
        size in prop_oneof![
            12 => Just(PageSize::KIB_4),
            6 => Just(PageSize::KIB_16),
            1 => Just(PageSize::KIB_64),
        ],
        compressed: bool,
        later: bool,
        choices in prop::collection::vec(0_usize..4, 0..12),
        ops in prop::collection::vec(op(), 1..24),
    ) {
        let mut bench = Bench::new(size, compressed, later, choices);
        for op in &ops {
            bench.run(op);
            bench.check();
        }
        for slot in 0..SLOTS {
            bench.run(&Op::Read { slot });
        }
        bench.m.put("reset", "1");
        prop_assert_eq!(bench.m.numbers("mm_stat"), vec![0; 9]);
    }

    #[test]
    fn no_bio_and_no_text_makes_any_kernel_panic(
        size in prop::sample::select(&PageSize::ALL[..]),
        multi_comp: bool,
        whole_page_segments: bool,
        bios in prop::collection::vec(
            (0_u8..12, prop_oneof![0_u64..400, any::<u64>()], any::<u32>(), prop::collection::vec(
                (0_usize..3, prop_oneof![(0_u32..130).prop_map(|n| n * 512), any::<u32>()],
                 prop_oneof![(0_u32..130).prop_map(|n| n * 512), any::<u32>()]), 0..3)),
            0..6,
        ),
        texts in prop::collection::vec((any::<prop::sample::Index>(), crate::properties::text()), 0..6),
        memory in 0_usize..140_000,
    ) {
        let profile = Profile { page_size: size, multi_comp, whole_page_segments, ..Profile::debian_7_2() };
        let mut m = Machine::bare(profile);
        m.put("backing_dev", "/dev/backing");
        let names: Vec<_> = m.kernel.attributes().map(|(name, ..)| name).collect();
        for (before, after) in [(true, false), (false, true)] {
            if after {
                let _ = m.write("disksize", "200K");
            }
            for (at, text) in &texts {
                let name = names[at.index(names.len())];
                if !(before && name == "disksize") {
                    let taken = m.kernel.write_attr(m.dev, name, text, &mut m.world);
                    prop_assert!(taken.is_err() || taken == Ok(text.len().min(size.as_usize())));
                }
            }
            for (op, sector, bytes, segments) in &bios {
                let segments = segments.iter().map(|&(page, offset, len)| Segment { page, offset, len }).collect();
                let bio = Bio { op: BioOp::from_number(*op), sector: *sector, segments, bytes: *bytes };
                m.kernel.submit(m.dev, &bio, &mut Memory(vec![7; memory]), &mut m.world);
            }
        }
        for (name, readable, _) in m.kernel.attributes().collect::<Vec<_>>() {
            prop_assert_eq!(m.kernel.read_attr(m.dev, name).is_ok(), readable);
        }
    }

    #[test]
    fn what_an_attribute_shows_it_takes(number: u64, batch in 1_u32.., enable: bool, size in prop::sample::select(&PageSize::ALL[..])) {
        let mut m = Machine::bare(Profile { page_size: size, ..Profile::debian_7_2() });
        m.put("writeback_limit", &number.to_string());
        let shown = m.text("writeback_limit");
        prop_assert_eq!(&shown, &format!("{}\n", number - number % size.units_of_4k()));
        for (name, text) in [
            ("writeback_limit", shown),
            ("writeback_batch_size", format!("{batch}\n")),
            ("writeback_limit_enable", format!("{}\n", u8::from(enable))),
            ("compressed_writeback", format!("{}\n", u8::from(enable))),
        ] {
            m.put(name, &text);
            prop_assert_eq!(m.text(name), text);
        }
    }

    #[test]
    fn the_algorithms_shown_are_those_that_were_set(set in prop::collection::vec((0_usize..7, 1_u32..4), 0..6)) {
        let mut m = Machine::bare(crate::recompression::profile());
        let names = m.kernel.profile().backends;
        let mut expected = std::collections::BTreeMap::new();
        for (name, priority) in set {
            m.put("recomp_algorithm", &format!("algo={} priority={priority}", names[name]));
            expected.insert(priority, names[name]);
        }
        let text = m.text("recomp_algorithm");
        let shown = text.lines().filter(|line| line.contains('#')).map(|line| {
            // The kernel pads the lines with NULs, which stand at the beginning of the next.
            let line = line.trim_matches('\0');
            let (priority, list) = line.strip_prefix('#').unwrap().split_once(": ").unwrap();
            let chosen = list.split_whitespace().find_map(|name| name.strip_prefix('[')?.strip_suffix(']'));
            (priority.parse::<u32>().unwrap(), chosen.unwrap())
        });
        prop_assert_eq!(shown.collect::<std::collections::BTreeMap<_, _>>(), expected);
    }
}
