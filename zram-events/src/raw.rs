//! The record that the BPF programs write into the ring buffer.
//!
//! One fixed layout for every kind: a header and six words. A fixed size keeps the verifier's job
//! trivial and lets a trace be cut anywhere. What the words mean is said at each [`Kind`]; values
//! come from the kernel's memory, arguments and return values, and are never recomputed with
//! formulas of ours, because the comparison would then compare us with ourselves.

/// Words of payload in a record.
pub const WORDS: usize = 6;

/// Bytes of a record, as shipped and as kept in traces (little endian).
pub const RECORD_BYTES: usize = 24 + 8 * WORDS;

/// One probe hit.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RawRecord {
    /// Position in the global order of events: taken from one counter shared by all CPUs, from 0,
    /// without gaps. A gap means that a record was lost.
    pub seq: u64,
    /// Nanoseconds of `CLOCK_MONOTONIC` when the program ran.
    pub time_ns: u64,
    /// Thread that was running (for an interrupt: the thread it interrupted).
    pub tid: u32,
    /// [`Kind`] as a number.
    pub kind: u16,
    /// Where the code ran: see [`context`].
    pub context: u8,
    /// CPU, modulo 256.
    pub cpu: u8,
    /// The payload: see [`Kind`].
    pub args: [u64; WORDS],
}

const _: () = assert!(size_of::<RawRecord>() == RECORD_BYTES);

/// Values of [`RawRecord::context`].
pub mod context {
    /// An ordinary task.
    pub const TASK: u8 = 0;
    /// A kernel worker (`PF_WQ_WORKER` set in the running task's flags).
    pub const WORKER: u8 = 1;
    /// An interrupt, hard or soft, whatever task it came upon.
    pub const INTERRUPT: u8 = 2;
}

/// What a record reports. The number is the wire format: new kinds are appended, none is reused.
///
/// Each line: kernel function, `entry` or `return`, then the words. `flags` of a slot are the low
/// 32 bits of its table entry's second word. "class" is the number kept in the `zspage` itself.
#[repr(u16)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
pub enum Kind {
    /// `zs_create_pool` return: pool (0 on failure).
    PoolCreate = 1,
    /// `zs_destroy_pool` entry: pool.
    PoolDestroy = 2,
    /// `create_page_chain` entry: zspage, class index, pages per zspage, objects per zspage, class size (all four from `struct size_class`).
    /// Called for a new zspage and, by page migration, for a living one.
    PageChain = 3,
    /// `obj_malloc` return: zspage, handle, low 24 bits of the returned object word (index, from 7.3 on below the class), class index (from the zspage), inuse after, huge bit.
    ObjMalloc = 4,
    /// `obj_free` return: low 24 bits of the object word, class size argument.
    ObjFree = 5,
    /// `fix_fullness_group` return: zspage, group returned, inuse.
    FixFullness = 6,
    /// `putback_zspage` return: zspage, group returned, inuse.
    Putback = 7,
    /// `__free_zspage` entry, or `trylock_zspage` return with success: zspage, class index.
    ZspageFree = 8,
    /// `zs_malloc` return: pool, size argument, handle or error pointer as returned.
    Malloc = 9,
    /// `zs_free` entry: pool, handle.
    Free = 10,
    /// `zs_obj_read_begin` return: handle, length argument (0 where there is none, until 6.19), 1 if the returned address is in the
    /// caller's local copy (and that is not null).
    ReadBegin = 11,
    /// `zs_obj_read_end` entry: handle, length argument (0 where there is none).
    ReadEnd = 12,
    /// `zs_obj_write` entry: handle, length argument.
    ObjWrite = 13,
    /// `zs_compact` entry: pool.
    CompactBegin = 14,
    /// `zs_compact` return: pool, pages freed as returned.
    CompactEnd = 15,
    /// `zs_page_migrate` return: result as i64. Its zspage is the one `PageChain` just named.
    PageMigrate = 16,
    /// `zs_shrinker_scan` entry.
    ShrinkerScan = 17,
    /// `async_free_zspage` entry.
    DeferredFree = 18,
    /// `zs_map_object` return (until 6.14): handle, mode argument, 1 if the page of the returned address is not the one that the
    /// object word names (the object was copied together from two).
    MapObject = 19,
    /// `zs_unmap_object` entry (until 6.14): handle.
    UnmapObject = 20,

    /// `zram_submit_bio` entry: device number, operation (`bi_opf & 0xff`), sector, bytes.
    Bio = 32,
    /// `slot_free` (older: `zram_free_page`) entry: device number, slot, flags before, handle word before. The program writes the flags
    /// as they lie in memory; who drains the stream puts them into the order of today (`zram_probe`).
    SlotFree = 33,
    /// `zcomp_compress` return: result as i64, length stored through `dst_len`.
    Compress = 34,
    /// `zcomp_decompress` return: result as i64, source length argument.
    Decompress = 35,
    /// `read_from_zspool` (6.12: `zram_read_from_zspool`) return: device number, slot, result as i64.
    ReadFromPool = 36,
    /// `scan_slots_for_writeback` entry: device number, mode, low slot, high slot (exclusive).
    WritebackScan = 37,
    /// `zram_writeback_slots` entry: device number.
    WritebackBegin = 38,
    /// `zram_writeback_slots` return: device number, result as i64.
    WritebackEnd = 39,
    /// `zram_writeback_endio` entry: slot (`req->pps->index`), block (`req->blk_idx`), `bi_status`.
    WritebackEndio = 40,
    /// `zram_complete_done_reqs` return: device number, result as i64.
    WritebackDone = 41,
    /// `release_pp_slot` entry: device number, slot.
    ReleaseSlot = 42,
    /// `zram_async_read_endio` entry: slot (`req->index`), block (`req->blk_idx`), `bi_status`.
    ReadBackEndio = 43,
    /// `zram_deferred_decompress` entry: slot, block.
    ReadBackWork = 44,
    /// `zram_slot_free_notify` entry: slot.
    SlotFreeNotify = 45,
    /// `zram_reset_device` entry: device number.
    Reset = 46,
    /// `zram_add` return: device number or error as i64.
    DeviceAdd = 47,
    /// `zram_remove` return: result as i64.
    DeviceRemove = 48,
}

impl Kind {
    /// Every kind, in order of its number.
    pub const ALL: &'static [Self] = &[
        Self::PoolCreate,
        Self::PoolDestroy,
        Self::PageChain,
        Self::ObjMalloc,
        Self::ObjFree,
        Self::FixFullness,
        Self::Putback,
        Self::ZspageFree,
        Self::Malloc,
        Self::Free,
        Self::ReadBegin,
        Self::ReadEnd,
        Self::ObjWrite,
        Self::CompactBegin,
        Self::CompactEnd,
        Self::PageMigrate,
        Self::ShrinkerScan,
        Self::DeferredFree,
        Self::MapObject,
        Self::UnmapObject,
        Self::Bio,
        Self::SlotFree,
        Self::Compress,
        Self::Decompress,
        Self::ReadFromPool,
        Self::WritebackScan,
        Self::WritebackBegin,
        Self::WritebackEnd,
        Self::WritebackEndio,
        Self::WritebackDone,
        Self::ReleaseSlot,
        Self::ReadBackEndio,
        Self::ReadBackWork,
        Self::SlotFreeNotify,
        Self::Reset,
        Self::DeviceAdd,
        Self::DeviceRemove,
    ];

    /// The kind with this number, if there is one.
    #[must_use]
    pub fn from_number(number: u16) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| *kind as u16 == number)
    }
}

impl RawRecord {
    /// The record as bytes, little endian, for shipping and for traces.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; RECORD_BYTES] {
        let mut out = [0; RECORD_BYTES];
        out[0..8].copy_from_slice(&self.seq.to_le_bytes());
        out[8..16].copy_from_slice(&self.time_ns.to_le_bytes());
        out[16..20].copy_from_slice(&self.tid.to_le_bytes());
        out[20..22].copy_from_slice(&self.kind.to_le_bytes());
        out[22] = self.context;
        out[23] = self.cpu;
        for (word, bytes) in self.args.iter().zip(out[24..].as_chunks_mut::<8>().0) {
            *bytes = word.to_le_bytes();
        }
        out
    }

    /// Reads back what [`RawRecord::to_bytes`] wrote.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; RECORD_BYTES]) -> Self {
        let word = |at: usize| {
            let mut w = [0; 8];
            w.copy_from_slice(&bytes[at..at + 8]);
            u64::from_le_bytes(w)
        };
        let mut args = [0; WORDS];
        for (i, arg) in args.iter_mut().enumerate() {
            *arg = word(24 + 8 * i);
        }
        Self {
            seq: word(0),
            time_ns: word(8),
            tid: u32::from_le_bytes([bytes[16], bytes[17], bytes[18], bytes[19]]),
            kind: u16::from_le_bytes([bytes[20], bytes[21]]),
            context: bytes[22],
            cpu: bytes[23],
            args,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_round_trip() {
        let record = RawRecord {
            seq: 1,
            time_ns: 2,
            tid: 3,
            kind: 4,
            context: 1,
            cpu: 6,
            args: [7, 8, 9, 10, u64::MAX, 12],
        };
        assert_eq!(RawRecord::from_bytes(&record.to_bytes()), record);
    }

    #[test]
    fn numbers_name_kinds() {
        for kind in Kind::ALL {
            assert_eq!(Kind::from_number(*kind as u16), Some(*kind));
        }
        assert_eq!(Kind::from_number(0), None);
    }
}
