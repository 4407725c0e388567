//! Text written to every attribute, in every state of a device.
//!
//! An input is a life: two bytes that say which kernel it is and what fails, then records separated by
//! [`BETWEEN`]. A record's first byte says what is done, its second to which attribute or slot, and the rest is
//! the text. After each life the counters must be what the slots come to, as far as the kernel keeps count.

use zram_events::{BioOp, DeviceId, Event};
use zram_model::{
    Allocation, BackingOp, BackingRequest, Bio, BioStatus, ClockUse, Codec, Completion, Environment, Errno,
    Kernel, Memory, PageBytes, Profile, Segment, SlotFlags, Step, Storage, behaviours::WrittenBack,
};

use crate::fuzzer::{Shown, Target};

/// Separates records: no attribute takes it for anything but rubbish.
pub const BETWEEN: u8 = 0x1e;

const PAGE: usize = 4096;

/// The target.
#[derive(Clone, Debug)]
pub struct Attributes;

impl Target for Attributes {
    fn name(&self) -> &'static str {
        "attributes"
    }

    fn seeds(&self) -> Vec<Vec<u8>> {
        let names: Vec<_> = Kernel::new(Profile::debian_7_2()).attributes().map(|(name, ..)| name).collect();
        let set = |name: &str, text: &str| {
            let at = names.iter().position(|known| *known == name).unwrap_or(0) as u8;
            [&[0, at], text.as_bytes()].concat()
        };
        let set_up = [set("backing_dev", "/dev/b"), set("compressed_writeback", "1"), set("disksize", "64K")];
        let store = |slot: u8, len: &str| [&[4, slot], len.as_bytes()].concat();
        let life = |records: &[Vec<u8>]| {
            let records: Vec<_> = set_up.iter().chain(records).cloned().collect();
            [vec![3, 0], records.join(&BETWEEN)].concat()
        };
        vec![
            life(&[store(0, "600"), store(1, "4096"), set("idle", "all"), set("writeback", "type=idle")]),
            life(&[store(2, "600"), set("writeback", "page_indexes=1-5 page_indexes=2-3"), vec![5, 2]]),
            life(&[set("mem_limit", "16K"), store(0, "3000"), store(1, "3000"), set("mem_used_max", "0")]),
            life(&[set("writeback_limit_enable", "1"), set("writeback_limit", "1"), store(0, "9")]),
            life(&[vec![7, 0], set("reset", "1"), vec![7, 1], set("reset", "1")]),
            [vec![3, 0], set("algorithm_params", "algo=lz4 level=3 dict=/dict deflate.winbits=-9")].concat(),
        ]
    }

    fn words(&self) -> Vec<Vec<u8>> {
        [
            "type=",
            "page_index=",
            "page_indexes=",
            "idle",
            "huge",
            "huge_idle",
            "incompressible",
            "all",
            "-",
            "+",
            "\"",
            "=",
            " ",
            "\n",
            "\0",
            "K",
            "M",
            "G",
            "T",
            "P",
            "E",
            "0x",
            "priority=",
            "algo=",
            "level=",
            "dict=",
            "threshold=",
            "max_pages=",
            "deflate.winbits=",
            "lz4",
            "lz4hc",
            "zstd",
            "deflate",
            "/dev/b",
            "/dict",
            "y",
            "n",
            "on",
            "off",
            "none",
            "\x1e\0",
            "\x1e\x04",
            "\x1e\x05",
        ]
        .iter()
        .map(|word| word.as_bytes().to_vec())
        .chain([vec![0xa0]])
        .collect()
    }

    fn run(&self, input: &[u8], shown: &mut Shown) {
        let [kernel, fate, records @ ..] = input else { return };
        let mut life = Life::new(*kernel, *fate);
        for record in records.split(|byte| *byte == BETWEEN) {
            let [what, which, text @ ..] = record else { continue };
            life.act(*what, *which, text, shown);
        }
        life.end();
    }
}

/// A device, and what is around it.
struct Life {
    kernel: Kernel,
    names: Vec<&'static str>,
    dev: DeviceId,
    world: World,
}

impl Life {
    fn new(kernel: u8, fate: u8) -> Self {
        let mut profiles = Profile::all();
        let at = usize::from(kernel) % profiles.len();
        let profile = Profile {
            // Small, so that a table of slots is quickly made.
            memory: 1 << 18,
            multi_comp: kernel & 0x40 != 0,
            ..profiles.swap_remove(at)
        };
        let mut world = World { fate, ..World::default() };
        let storage = if kernel & 0x80 == 0 { Storage::Pages } else { Storage::Sizes };
        let mut kernel = Kernel::with_storage(profile, storage);
        let names = kernel.attributes().map(|(name, ..)| name).collect();
        let dev = kernel.hot_add(&mut world).unwrap_or(DeviceId(0));
        Self { kernel, names, dev, world }
    }

    fn act(&mut self, what: u8, which: u8, text: &[u8], shown: &mut Shown) {
        let slot = u64::from(which % 16);
        let attribute = self.names[usize::from(which) % self.names.len()];
        let state = (self.kernel.slots(self.dev).map_or(0, |slots| slots.len().min(2)), self.world.backed);
        self.world.events.clear();
        match what % 10 {
            0..=3 => {
                let answer = self.kernel.write_attr(self.dev, attribute, text, &mut self.world);
                if let Ok(taken) = answer {
                    assert!(
                        taken == text.len().min(4096),
                        "{attribute} took {taken} bytes of {}",
                        text.len()
                    );
                }
                shown.note((attribute, answer.err().map(Errno::number), state));
            }
            4 => {
                let len = text
                    .iter()
                    .fold(0_u32, |len, byte| len.wrapping_mul(10).wrapping_add(u32::from(*byte & 15)));
                let status = self.bio(BioOp::Write, slot, Memory(page(len % 5000, which)));
                shown.note(("write", status, state));
            }
            5 => {
                let status = self.bio(BioOp::Read, slot, Memory(vec![0; PAGE]));
                shown.note(("read", status, state));
            }
            6 => {
                let bio = Bio { op: BioOp::Discard, sector: slot * 8, segments: vec![], bytes: 4096 };
                self.kernel.submit(self.dev, &bio, &mut Memory(vec![]), &mut self.world);
            }
            7 => {
                let answer =
                    if which & 1 == 0 { self.kernel.open(self.dev) } else { self.kernel.close(self.dev) };
                shown.note(("open", which & 1, answer.is_ok()));
            }
            8 => {
                let answer = self.kernel.read_attr(self.dev, attribute);
                shown.note((attribute, "read", answer.err().map(Errno::number), state));
                let state = self.kernel.block_state(self.dev, slot, text.len() * 8);
                shown.note(("block_state", state.is_ok_and(|(text, _)| text.is_empty())));
            }
            _ => {
                let answer = self.kernel.hot_remove(text, &mut self.world);
                shown.note(("hot_remove", answer.err().map(Errno::number)));
                if answer.is_ok() {
                    self.world.backed = false;
                    self.dev = self.kernel.hot_add(&mut self.world).unwrap_or(self.dev);
                }
            }
        }
        let names: Vec<_> = self.world.events.iter().map(Event::name).collect();
        for pair in names.windows(2) {
            shown.note(pair);
        }
    }

    fn bio(&mut self, op: BioOp, slot: u64, mut memory: Memory) -> BioStatus {
        let segments = vec![Segment { page: 0, offset: 0, len: PAGE as u32 }];
        let bio = Bio { op, sector: slot * 8, segments, bytes: 0 };
        self.kernel.submit(self.dev, &bio, &mut memory, &mut self.world)
    }

    /// The counters are what the slots come to.
    fn end(&self) {
        let Ok(slots) = self.kernel.slots(self.dev) else { return };
        let Ok(stat) = self.kernel.read_attr(self.dev, "mm_stat") else { return };
        let stat = String::from_utf8_lossy(&stat).into_owned();
        let stat: Vec<u64> = stat.split_whitespace().filter_map(|word| word.parse().ok()).collect();
        let behaviours = &self.kernel.profile().behaviours;
        let with = |flag: SlotFlags| {
            let bit = flag.word(self.kernel.profile().page_size);
            slots.iter().filter(|slot| slot.flags & bit != 0).count() as u64
        };
        let written_back = with(SlotFlags::WB);
        if behaviours.reserved_block_released {
            assert!(self.kernel.blocks_taken(self.dev) == written_back, "blocks taken");
        }
        let wb = SlotFlags::WB.word(self.kernel.profile().page_size);
        let huge = SlotFlags::HUGE.word(self.kernel.profile().page_size);
        let in_memory = slots.iter().filter(|slot| slot.flags & wb == 0);
        if behaviours.written_back != WrittenBack::FreedAndRestored {
            let count = in_memory.clone().filter(|slot| slot.flags & huge != 0).count() as u64;
            assert!(stat.get(7) == Some(&count), "huge_pages: {stat:?}, {count}");
        }
        let size: u64 = in_memory.map(|slot| u64::from(slot.size)).sum();
        assert!(stat.get(1) == Some(&size), "compr_data_size: {stat:?}, {size}");
        assert!(stat.get(5) == Some(&with(SlotFlags::SAME)), "same_pages: {stat:?}");
        assert!(with(SlotFlags::PP_SLOT) == 0, "a slot stays selected");
    }
}

/// A page that the world's compressor makes `len` bytes of.
fn page(len: u32, salt: u8) -> Vec<u8> {
    let mut page = vec![salt; PAGE];
    page[..4].copy_from_slice(&len.to_le_bytes());
    page
}

/// The world around the device.
#[derive(Debug, Default)]
struct World {
    events: Vec<Event>,
    /// 0: nothing fails. Else every so many questions have a bad answer.
    fate: u8,
    asked: u32,
    backed: bool,
}

impl World {
    fn fails(&mut self) -> bool {
        self.asked = self.asked.wrapping_add(1);
        let every = u32::from(self.fate >> 2);
        every != 0 && self.asked.is_multiple_of(every)
    }

    fn status(&mut self) -> u8 {
        if self.fails() { 10 } else { 0 }
    }
}

impl Environment for World {
    fn emit(&mut self, event: Event) {
        // The beginnings of long lives show enough.
        if self.events.len() < 256 {
            self.events.push(event);
        }
    }

    fn compress(&mut self, _codec: Codec, page: &PageBytes) -> Result<u32, Errno> {
        page.first_chunk().map(|len| u32::from_le_bytes(*len)).ok_or(Errno::EINVAL)
    }

    fn boot_seconds(&mut self, _asked: ClockUse) -> u32 {
        self.asked = self.asked.wrapping_add(1);
        100 + self.asked / 8
    }

    fn open_backing(&mut self, path: &str) -> Result<u64, Errno> {
        match path {
            "/dev/b" => {
                self.backed = true;
                Ok(5)
            }
            "/dev/null" => Err(Errno::ENOTBLK),
            _ => Err(Errno::ENOENT),
        }
    }

    fn submit_backing(&mut self, request: BackingRequest) -> Completion {
        if self.fate & 1 == 0 || request.op == BackingOp::Read && self.fate & 2 == 0 {
            Completion::Now(self.status())
        } else {
            Completion::Later
        }
    }

    fn complete_backing(&mut self, _request: BackingRequest) -> u8 {
        self.status()
    }

    fn choose(&mut self, ready: &[Step]) -> usize {
        self.asked = self.asked.wrapping_add(1);
        self.asked as usize % ready.len().max(1)
    }

    fn allocate(&mut self, what: Allocation) -> bool {
        matches!(what, Allocation::Device) || !self.fails()
    }

    fn read_dictionary(&mut self, path: &str) -> Result<u64, Errno> {
        if path == "/dict" { Ok(4096) } else { Err(Errno::ENOENT) }
    }
}
