//! The model's answers in the form that an agent gives them.
//!
//! Lives become addresses, handed out again as soon as they are free, as a slab does; events become
//! records with sequence numbers. So the whole way from the wire to the verdict can be exercised where
//! there is no kernel, decoder included.

use std::collections::HashMap;

use zram_agent::protocol::{Bytes, Observation};
use zram_events::{
    ClassIndex, Context, Event, Kind, ObjectIndex, RawRecord,
    layout::OBJECT_INDEX_BITS,
    raw::{WORDS, context},
};
use zram_model::slot_flags;
use zram_probe::{Attached, Coverage, Health};

use crate::compare::events::kind_of;

/// Addresses of one kind of object.
#[derive(Clone, Debug)]
struct Addresses {
    base: u64,
    size: u64,
    next: u64,
    free: Vec<u64>,
    alive: HashMap<u32, u64>,
}

impl Addresses {
    fn new(base: u64, size: u64) -> Self {
        Self { base, size, next: 0, free: Vec::new(), alive: HashMap::new() }
    }

    fn of(&mut self, life: u32) -> u64 {
        if let Some(address) = self.alive.get(&life) {
            return *address;
        }
        let address = self.free.pop().unwrap_or_else(|| {
            let address = self.base + self.next * self.size;
            self.next += 1;
            address
        });
        self.alive.insert(life, address);
        address
    }

    fn end(&mut self, life: u32) -> u64 {
        let address = self.of(life);
        self.alive.remove(&life);
        self.free.push(address);
        address
    }
}

/// Turns the model's observations into an agent's.
#[derive(Clone, Debug)]
pub(crate) struct Disguise {
    pools: Addresses,
    zspages: Addresses,
    handles: Addresses,
    seq: u64,
}

impl Disguise {
    pub(crate) fn new() -> Self {
        Self {
            pools: Addresses::new(0xffff_8880_0100_0000, 0x1000),
            zspages: Addresses::new(0xffff_8880_0200_0000, 0x40),
            handles: Addresses::new(0xffff_8880_0300_0000, 8),
            seq: 0,
        }
    }

    /// A program begins: lives are counted from 0 again.
    pub(crate) fn begin(&mut self) {
        *self = Self { seq: self.seq, ..Self::new() };
    }

    /// Coverage without gaps.
    pub(crate) fn coverage(kernel: &str) -> Coverage {
        let attached = Kind::ALL.iter().map(|kind| Attached {
            kind: *kind,
            symbol: "model".to_owned(),
            module: None,
            how: "model".to_owned(),
        });
        Coverage {
            kernel: kernel.to_owned(),
            object_sha256: String::new(),
            attached: attached.collect(),
            unobservable: Vec::new(),
            interrupts: true,
        }
    }

    /// Puts on the disguise; where several tasks were at work, with their threads.
    pub(crate) fn wear(&mut self, observation: &mut Observation, threads: &[u32]) {
        let mut records = Vec::new();
        let threads = threads.iter().copied().chain(core::iter::repeat(0));
        for (event, tid) in observation.events.take().unwrap_or_default().into_iter().zip(threads) {
            records.extend_from_slice(&RawRecord { tid, ..self.record(&event) }.to_bytes());
        }
        observation.records = Some(Bytes(records));
        observation.health = Some(Health::default());
        for view in observation.devices.values_mut() {
            for row in view.slots.iter_mut().flatten() {
                let is_handle = row.flags & (slot_flags::WB | slot_flags::SAME) == 0
                    && row.flags & (slot_flags::SAME - 1) != 0;
                if let (true, Ok(life)) = (is_handle, u32::try_from(row.word)) {
                    row.word = self.handles.of(life);
                }
            }
        }
    }

    fn record(&mut self, event: &Event) -> RawRecord {
        let worker = matches!(
            event,
            Event::Decompress { context: Context::Worker, .. }
                | Event::ReadBackWork { context: Context::Worker, .. }
        );
        let record = RawRecord {
            seq: self.seq,
            kind: kind_of(event) as u16,
            context: if worker { context::WORKER } else { context::TASK },
            args: self.words(event),
            ..RawRecord::default()
        };
        self.seq += 1;
        record
    }

    fn words(&mut self, event: &Event) -> [u64; WORDS] {
        let mut args = [0; WORDS];
        let words = self.pool_words(event).unwrap_or_else(|| zram_words(event));
        for (arg, word) in args.iter_mut().zip(words) {
            *arg = word;
        }
        args
    }

    fn pool_words(&mut self, event: &Event) -> Option<Vec<u64>> {
        Some(match *event {
            Event::PoolCreate { pool } => vec![self.pools.of(pool.0)],
            Event::PoolDestroy { pool } => vec![self.pools.end(pool.0)],
            Event::ZspageCreate { zspage, class, pages, objects, size } => {
                vec![self.zspages.of(zspage.0), class.0.into(), pages.into(), objects.into(), size.into()]
            }
            Event::ZspageRechain { zspage } => vec![self.zspages.of(zspage.0)],
            Event::ObjMalloc { zspage, handle, index, word_class, class, inuse, huge } => vec![
                self.zspages.of(zspage.0),
                self.handles.of(handle.0),
                object_word(index, word_class),
                class.0.into(),
                inuse.into(),
                huge.into(),
            ],
            Event::ObjFree { index, word_class, size } => vec![object_word(index, word_class), size.into()],
            Event::FixFullness { zspage, group, inuse } | Event::Putback { zspage, group, inuse } => {
                vec![self.zspages.of(zspage.0), group.0.into(), inuse.into()]
            }
            Event::ZspageFree { zspage, class } => vec![self.zspages.end(zspage.0), class.0.into()],
            Event::Malloc { pool, size, handle } => {
                vec![self.pools.of(pool.0), size.into(), self.handles.of(handle.0)]
            }
            Event::MallocFailed { pool, size, result } => {
                vec![self.pools.of(pool.0), size.into(), i64::from(result) as u64]
            }
            Event::Free { pool, handle } => vec![self.pools.of(pool.0), self.handles.end(handle.0)],
            Event::ReadBegin { handle, len, span } => {
                vec![self.handles.of(handle.0), len.into(), span.into()]
            }
            Event::ReadEnd { handle, len } | Event::ObjWrite { handle, len } => {
                vec![self.handles.of(handle.0), len.into()]
            }
            Event::MapObject { handle, mode, span } => {
                vec![self.handles.of(handle.0), mode.number().into(), span.into()]
            }
            Event::UnmapObject { handle } => vec![self.handles.of(handle.0)],
            Event::CompactBegin { pool } => vec![self.pools.of(pool.0)],
            Event::CompactEnd { pool, pages } => vec![self.pools.of(pool.0), pages],
            _ => return None,
        })
    }
}

fn result(code: i32) -> u64 {
    i64::from(code) as u64
}

/// The lower part of an object word.
fn object_word(index: ObjectIndex, class: ClassIndex) -> u64 {
    u64::from(class.0) << OBJECT_INDEX_BITS | u64::from(index.0)
}

/// Words of the events that name no object of a pool.
fn zram_words(event: &Event) -> Vec<u64> {
    match *event {
        Event::PageMigrate { result: code }
        | Event::DeviceRemove { result: code }
        | Event::DeviceAddFailed { result: code } => vec![result(code)],
        Event::Bio { dev, op, sector, bytes } => {
            let op = match op {
                zram_events::BioOp::Read => 0,
                zram_events::BioOp::Write => 1,
                zram_events::BioOp::Flush => 2,
                zram_events::BioOp::Discard => 3,
                zram_events::BioOp::WriteZeroes => 9,
                zram_events::BioOp::Other(number) => number,
            };
            vec![dev.0.into(), op.into(), sector, bytes.into()]
        }
        Event::SlotFree { dev, slot, flags } => vec![dev.0.into(), slot.0.into(), flags.into()],
        Event::Compress { result: code, len } => vec![result(code), len.into()],
        Event::Decompress { result: code, len, .. } => vec![result(code), len.into()],
        Event::ReadFromPool { dev, slot, result: code } => {
            vec![dev.0.into(), slot.0.into(), result(code)]
        }
        Event::WritebackScan { dev, mode, low, high } => vec![dev.0.into(), mode.into(), low, high],
        Event::WritebackBegin { dev } | Event::Reset { dev } | Event::DeviceAdd { dev } => {
            vec![dev.0.into()]
        }
        Event::WritebackEnd { dev, result: code } | Event::WritebackDone { dev, result: code } => {
            vec![dev.0.into(), result(code)]
        }
        Event::WritebackEndio { slot, block, status } | Event::ReadBackEndio { slot, block, status } => {
            vec![slot.0.into(), block.0, status.into()]
        }
        Event::ReleaseSlot { dev, slot } => vec![dev.0.into(), slot.0.into()],
        Event::ReadBackWork { slot, block, .. } => vec![slot.0.into(), block.0],
        Event::SlotFreeNotify { slot } => vec![slot.0.into()],
        _ => Vec::new(),
    }
}
