//! From raw records to events: addresses become lives.
//!
//! The decoder follows births and deaths in the stream. It works only when the stream is whole and
//! starts before the first pool does; a record that names an address with no known life says that
//! this was not so, and is an error rather than a guess.

use std::collections::HashMap;

use thiserror::Error;

use crate::{
    event::{
        BioOp, Block, ClassIndex, Context, DeviceId, Event, Fullness, HandleLife, MapMode, ObjectIndex,
        PoolLife, SlotIndex, ZspageLife,
    },
    layout::{OBJECT_INDEX_BITS, OBJECT_LOW_BITS},
    raw::{Kind, RawRecord},
};

/// The lock bit of a slot's flags word (`ZRAM_ENTRY_LOCK`, bit 14 with 4 KiB pages): whether it is
/// set while `slot_free` runs depends on the caller (the reset path does not lock), not on the slot.
const ENTRY_LOCK: u64 = 1 << 14;

/// Highest address range that the kernel uses for error pointers (`MAX_ERRNO`).
const MAX_ERRNO: u64 = 4095;

/// Why a record could not be turned into an event.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum DecodeError {
    /// Records are missing.
    #[error("record {found} follows record {last}: {} records were lost between them", found - last - 1)]
    Gap {
        /// Sequence number of the last record seen.
        last: u64,
        /// Sequence number found.
        found: u64,
    },
    /// The record's kind is none that we know: the BPF object and this program are not of one version.
    #[error("record {seq} is of unknown kind {kind}: the BPF object is of another version")]
    UnknownKind {
        /// Sequence number.
        seq: u64,
        /// The kind's number.
        kind: u16,
    },
    /// The record names an object that was not seen to be born.
    #[error("record {seq} ({kind:?}) names a {what} at {address:#x} whose beginning was not seen")]
    UnknownLife {
        /// Sequence number.
        seq: u64,
        /// Kind of the record.
        kind: Kind,
        /// "pool", "zspage" or "handle".
        what: &'static str,
        /// The address.
        address: u64,
    },
    /// A number is larger than the kernel could have meant.
    #[error("record {seq} ({kind:?}) carries {value:#x}, which is out of range for {what}")]
    OutOfRange {
        /// Sequence number.
        seq: u64,
        /// Kind of the record.
        kind: Kind,
        /// What the number stands for.
        what: &'static str,
        /// The number.
        value: u64,
    },
}

/// Lives of one kind of object: address to ordinal, and the next ordinal.
#[derive(Clone, Debug, Default)]
struct Lives {
    alive: HashMap<u64, u32>,
    next: u32,
}

impl Lives {
    fn birth(&mut self, address: u64) -> u32 {
        let life = self.next;
        self.next += 1;
        self.alive.insert(address, life);
        life
    }
}

/// Turns records into events, in the order of their sequence numbers.
#[derive(Clone, Debug, Default)]
pub struct Decoder {
    pools: Lives,
    zspages: Lives,
    handles: Lives,
    last: Option<u64>,
    late: bool,
}

impl Decoder {
    /// A decoder that has seen nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A decoder of a stream that began in the middle of things: what it meets for the first time has its life from then on.
    /// Lives are numbered as they are met.
    #[must_use]
    pub fn late() -> Self {
        Self { late: true, ..Self::default() }
    }

    /// How many lives it remembers. They grow in number where births are seen, or met late, and ends are not.
    #[must_use]
    pub fn remembered(&self) -> usize {
        self.pools.alive.len() + self.zspages.alive.len() + self.handles.alive.len()
    }

    /// The life that a handle's address names now: for the slot-table snapshot.
    #[must_use]
    pub fn handle(&self, address: u64) -> Option<HandleLife> {
        self.handles.alive.get(&address).copied().map(HandleLife)
    }

    /// The next event.
    ///
    /// # Errors
    /// When records were lost, or one does not make sense in the place where it stands.
    pub fn decode(&mut self, record: &RawRecord) -> Result<Event, DecodeError> {
        if let Some(last) = self.last
            && record.seq != last + 1
        {
            return Err(DecodeError::Gap { last, found: record.seq.max(last + 1) });
        }
        self.last = Some(record.seq);
        let kind = Kind::from_number(record.kind)
            .ok_or(DecodeError::UnknownKind { seq: record.seq, kind: record.kind })?;
        Reading { record, kind, lives: self }.event()
    }
}

/// One record being read.
struct Reading<'a> {
    record: &'a RawRecord,
    kind: Kind,
    lives: &'a mut Decoder,
}

impl Reading<'_> {
    fn arg(&self, n: usize) -> u64 {
        self.record.args[n]
    }

    fn small<T: TryFrom<u64>>(&self, n: usize, what: &'static str) -> Result<T, DecodeError> {
        T::try_from(self.arg(n)).map_err(|_| DecodeError::OutOfRange {
            seq: self.record.seq,
            kind: self.kind,
            what,
            value: self.arg(n),
        })
    }

    fn life(
        &mut self,
        lives: fn(&mut Decoder) -> &mut Lives,
        n: usize,
        what: &'static str,
    ) -> Result<u32, DecodeError> {
        let address = self.arg(n);
        let late = self.lives.late;
        let lives = lives(self.lives);
        match lives.alive.get(&address) {
            Some(life) => Ok(*life),
            None if late => Ok(lives.birth(address)),
            None => Err(DecodeError::UnknownLife { seq: self.record.seq, kind: self.kind, what, address }),
        }
    }

    fn pool(&mut self, n: usize) -> Result<PoolLife, DecodeError> {
        self.life(|lives| &mut lives.pools, n, "pool").map(PoolLife)
    }

    fn zspage(&mut self, n: usize) -> Result<ZspageLife, DecodeError> {
        self.life(|lives| &mut lives.zspages, n, "zspage").map(ZspageLife)
    }

    fn handle(&mut self, n: usize) -> Result<HandleLife, DecodeError> {
        self.life(|lives| &mut lives.handles, n, "handle").map(HandleLife)
    }

    fn dev(&self, n: usize) -> Result<DeviceId, DecodeError> {
        self.small(n, "a device number").map(DeviceId)
    }

    fn slot(&self, n: usize) -> Result<SlotIndex, DecodeError> {
        self.small(n, "a slot").map(SlotIndex)
    }

    fn class(&self, n: usize) -> Result<ClassIndex, DecodeError> {
        self.small(n, "a class index").map(ClassIndex)
    }

    /// The lower part of an object word: index and class. A kernel that has no class in it leaves the bits empty, since no
    /// index is so large.
    fn object(&self, n: usize) -> Result<(ObjectIndex, ClassIndex), DecodeError> {
        let low: u32 = self.small(n, "an object word")?;
        if low >> OBJECT_LOW_BITS != 0 {
            let (seq, kind, value) = (self.record.seq, self.kind, self.arg(n));
            return Err(DecodeError::OutOfRange {
                seq,
                kind,
                what: "an object word without its page",
                value,
            });
        }
        // Nine bits are left, which no conversion cuts.
        let class = (low >> OBJECT_INDEX_BITS) as u16;
        Ok((ObjectIndex(low & ((1 << OBJECT_INDEX_BITS) - 1)), ClassIndex(class)))
    }

    fn group(&self, n: usize) -> Result<Fullness, DecodeError> {
        self.small(n, "a fullness group").map(Fullness)
    }

    /// A C `int` that was widened to a word: only its low half is defined.
    fn result(&self, n: usize) -> i32 {
        self.arg(n) as u32 as i32
    }

    fn context(&self) -> Context {
        Context::of(self.record)
    }

    fn event(&mut self) -> Result<Event, DecodeError> {
        Ok(match self.kind {
            Kind::PoolCreate => Event::PoolCreate { pool: PoolLife(self.lives.pools.birth(self.arg(0))) },
            Kind::PoolDestroy => {
                let pool = self.pool(0)?;
                self.lives.pools.alive.remove(&self.arg(0));
                Event::PoolDestroy { pool }
            }
            Kind::PageChain => self.page_chain()?,
            Kind::ObjMalloc => self.obj_malloc()?,
            Kind::ObjFree => {
                let (index, word_class) = self.object(0)?;
                Event::ObjFree { index, word_class, size: self.small(1, "a size")? }
            }
            Kind::FixFullness => Event::FixFullness {
                zspage: self.zspage(0)?,
                group: self.group(1)?,
                inuse: self.small(2, "inuse")?,
            },
            Kind::Putback => Event::Putback {
                zspage: self.zspage(0)?,
                group: self.group(1)?,
                inuse: self.small(2, "inuse")?,
            },
            Kind::ZspageFree => {
                let event = Event::ZspageFree { zspage: self.zspage(0)?, class: self.class(1)? };
                self.lives.zspages.alive.remove(&self.arg(0));
                event
            }
            Kind::Malloc => self.malloc()?,
            Kind::Free => {
                let event = Event::Free { pool: self.pool(0)?, handle: self.handle(1)? };
                self.lives.handles.alive.remove(&self.arg(1));
                event
            }
            Kind::ReadBegin => Event::ReadBegin {
                handle: self.handle(0)?,
                len: self.small(1, "a length")?,
                span: self.arg(2) != 0,
            },
            Kind::ReadEnd => Event::ReadEnd { handle: self.handle(0)?, len: self.small(1, "a length")? },
            Kind::ObjWrite => Event::ObjWrite { handle: self.handle(0)?, len: self.small(1, "a length")? },
            Kind::MapObject => Event::MapObject {
                handle: self.handle(0)?,
                mode: MapMode::from_number(self.small(1, "a mode of mapping")?),
                span: self.arg(2) != 0,
            },
            Kind::UnmapObject => Event::UnmapObject { handle: self.handle(0)? },
            Kind::CompactBegin => Event::CompactBegin { pool: self.pool(0)? },
            Kind::CompactEnd => Event::CompactEnd { pool: self.pool(0)?, pages: self.arg(1) },
            Kind::PageMigrate => Event::PageMigrate { result: self.result(0) },
            Kind::ShrinkerScan => Event::ShrinkerScan,
            Kind::DeferredFree => Event::DeferredFree,
            _ => self.zram_event()?,
        })
    }

    fn page_chain(&mut self) -> Result<Event, DecodeError> {
        if let Some(life) = self.lives.zspages.alive.get(&self.arg(0)) {
            return Ok(Event::ZspageRechain { zspage: ZspageLife(*life) });
        }
        let zspage = ZspageLife(self.lives.zspages.birth(self.arg(0)));
        Ok(Event::ZspageCreate {
            zspage,
            class: self.class(1)?,
            pages: self.small(2, "pages per zspage")?,
            objects: self.small(3, "objects per zspage")?,
            size: self.small(4, "a class size")?,
        })
    }

    fn obj_malloc(&mut self) -> Result<Event, DecodeError> {
        let address = self.arg(1);
        let known = self.lives.handles.alive.get(&address).copied();
        let handle = known.unwrap_or_else(|| self.lives.handles.birth(address));
        let (index, word_class) = self.object(2)?;
        Ok(Event::ObjMalloc {
            zspage: self.zspage(0)?,
            handle: HandleLife(handle),
            index,
            word_class,
            class: self.class(3)?,
            inuse: self.small(4, "inuse")?,
            huge: self.arg(5) != 0,
        })
    }

    fn malloc(&mut self) -> Result<Event, DecodeError> {
        let (pool, size) = (self.pool(0)?, self.small(1, "a size")?);
        if self.arg(2) >= u64::MAX - MAX_ERRNO {
            return Ok(Event::MallocFailed { pool, size, result: self.result(2) });
        }
        Ok(Event::Malloc { pool, size, handle: self.handle(2)? })
    }

    fn zram_event(&mut self) -> Result<Event, DecodeError> {
        Ok(match self.kind {
            Kind::Bio => Event::Bio {
                dev: self.dev(0)?,
                op: BioOp::from_number(self.small(1, "a bio operation")?),
                sector: self.arg(2),
                bytes: self.small(3, "bytes of a bio")?,
            },
            Kind::SlotFree => Event::SlotFree {
                dev: self.dev(0)?,
                slot: self.slot(1)?,
                flags: (self.arg(2) & !ENTRY_LOCK) as u32,
            },
            Kind::Compress => {
                let result = self.result(0);
                let len = if result == 0 { self.small(1, "a compressed length")? } else { 0 };
                Event::Compress { result, len }
            }
            Kind::Decompress => Event::Decompress {
                result: self.result(0),
                len: self.small(1, "a length")?,
                context: self.context(),
            },
            Kind::ReadFromPool => {
                Event::ReadFromPool { dev: self.dev(0)?, slot: self.slot(1)?, result: self.result(2) }
            }
            Kind::WritebackScan => Event::WritebackScan {
                dev: self.dev(0)?,
                mode: self.small(1, "a writeback mode")?,
                low: self.arg(2),
                high: self.arg(3),
            },
            Kind::WritebackBegin => Event::WritebackBegin { dev: self.dev(0)? },
            Kind::WritebackEnd => Event::WritebackEnd { dev: self.dev(0)?, result: self.result(1) },
            Kind::WritebackEndio => Event::WritebackEndio {
                slot: self.slot(0)?,
                block: Block(self.arg(1)),
                status: self.small(2, "a block status")?,
            },
            Kind::WritebackDone => Event::WritebackDone { dev: self.dev(0)?, result: self.result(1) },
            Kind::ReleaseSlot => Event::ReleaseSlot { dev: self.dev(0)?, slot: self.slot(1)? },
            Kind::ReadBackEndio => Event::ReadBackEndio {
                slot: self.slot(0)?,
                block: Block(self.arg(1)),
                status: self.small(2, "a block status")?,
            },
            Kind::ReadBackWork => Event::ReadBackWork {
                slot: self.slot(0)?,
                block: Block(self.arg(1)),
                context: self.context(),
            },
            Kind::SlotFreeNotify => Event::SlotFreeNotify { slot: self.slot(0)? },
            Kind::Reset => Event::Reset { dev: self.dev(0)? },
            Kind::DeviceAdd if self.result(0) < 0 => Event::DeviceAddFailed { result: self.result(0) },
            Kind::DeviceAdd => Event::DeviceAdd { dev: self.dev(0)? },
            Kind::DeviceRemove => Event::DeviceRemove { result: self.result(0) },
            _ => return Err(DecodeError::UnknownKind { seq: self.record.seq, kind: self.record.kind }),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(seq: u64, kind: Kind, args: [u64; 6]) -> RawRecord {
        RawRecord { seq, kind: kind as u16, args, ..RawRecord::default() }
    }

    #[test]
    fn an_address_used_twice_is_two_lives() {
        let mut d = Decoder::new();
        let mut go = |seq, kind, args| d.decode(&record(seq, kind, args));
        go(0, Kind::PoolCreate, [0x10, 0, 0, 0, 0, 0]).unwrap();
        go(1, Kind::PageChain, [0x20, 1, 1, 2, 3, 0]).unwrap();
        go(2, Kind::ObjMalloc, [0x20, 0x30, 0, 1, 1, 0]).unwrap();
        let first = go(3, Kind::Malloc, [0x10, 40, 0x30, 0, 0, 0]).unwrap();
        assert_eq!(first, Event::Malloc { pool: PoolLife(0), size: 40, handle: HandleLife(0) });
        go(4, Kind::Free, [0x10, 0x30, 0, 0, 0, 0]).unwrap();
        go(5, Kind::ZspageFree, [0x20, 1, 0, 0, 0, 0]).unwrap();
        go(6, Kind::PageChain, [0x20, 1, 1, 2, 3, 0]).unwrap();
        let again = go(7, Kind::ObjMalloc, [0x20, 0x30, 0, 1, 1, 0]).unwrap();
        assert!(matches!(again, Event::ObjMalloc { zspage: ZspageLife(1), handle: HandleLife(1), .. }));
    }

    #[test]
    fn an_object_word_is_index_and_class() {
        let mut d = Decoder::new();
        let mut free = |seq, low| d.decode(&record(seq, Kind::ObjFree, [low, 48, 0, 0, 0, 0]));
        let event = |index, class| Event::ObjFree {
            index: ObjectIndex(index),
            word_class: ClassIndex(class),
            size: 48,
        };
        assert_eq!(free(0, 7).unwrap(), event(7, 0));
        assert_eq!(free(1, 254 << 15 | 0x7fff).unwrap(), event(0x7fff, 254));
        assert_eq!(free(2, (1 << 24) - 1).unwrap(), event(0x7fff, 511));
        assert!(free(3, 1 << 24).unwrap_err().to_string().contains("an object word"));
    }

    #[test]
    fn a_living_zspage_is_rechained_not_reborn() {
        let mut d = Decoder::new();
        d.decode(&record(0, Kind::PageChain, [0x20, 1, 1, 2, 3, 0])).unwrap();
        let again = d.decode(&record(1, Kind::PageChain, [0x20, 1, 1, 2, 3, 0])).unwrap();
        assert_eq!(again, Event::ZspageRechain { zspage: ZspageLife(0) });
    }

    #[test]
    fn a_gap_is_an_error() {
        let mut d = Decoder::new();
        d.decode(&record(5, Kind::ShrinkerScan, [0; 6])).unwrap();
        let error = d.decode(&record(8, Kind::ShrinkerScan, [0; 6])).unwrap_err();
        assert_eq!(error.to_string(), "record 8 follows record 5: 2 records were lost between them");
    }

    #[test]
    fn an_unknown_address_is_an_error() {
        let error = Decoder::new().decode(&record(0, Kind::Free, [1, 2, 0, 0, 0, 0])).unwrap_err();
        assert!(error.to_string().contains("a pool at 0x1 whose beginning was not seen"), "{error}");
    }

    #[test]
    fn who_comes_late_takes_what_is_there_for_new() {
        let mut d = Decoder::late();
        let free = Event::Free { pool: PoolLife(0), handle: HandleLife(0) };
        assert_eq!(d.decode(&record(7, Kind::Free, [1, 2, 0, 0, 0, 0])).unwrap(), free);
        let again = Event::Free { pool: PoolLife(0), handle: HandleLife(1) };
        assert_eq!(d.decode(&record(8, Kind::Free, [1, 2, 0, 0, 0, 0])).unwrap(), again);
    }

    #[test]
    fn an_error_pointer_is_a_failure() {
        let mut d = Decoder::new();
        d.decode(&record(0, Kind::PoolCreate, [0x10, 0, 0, 0, 0, 0])).unwrap();
        let enomem = (-12_i64) as u64;
        let event = d.decode(&record(1, Kind::Malloc, [0x10, 40, enomem, 0, 0, 0])).unwrap();
        assert_eq!(event, Event::MallocFailed { pool: PoolLife(0), size: 40, result: -12 });
    }
}
