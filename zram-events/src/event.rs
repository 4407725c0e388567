//! The vocabulary: what happened, in the kernel's words.
//!
//! One event stands for one entry into, or return from, a named kernel function, in the order in
//! which the kernel went through them. An event carries what an observer could read there and
//! nothing that would have to be worked out, so that the model has to predict it and cannot agree
//! by construction.

use serde::{Deserialize, Serialize};

use crate::raw::{RawRecord, context};

macro_rules! number {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub $inner);

        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

number!(
    /// The N of `/dev/zramN`.
    DeviceId(u32)
);
number!(
    /// A slot of a device: the page number on it.
    SlotIndex(u32)
);
number!(
    /// A block of the backing device, in pages.
    Block(u64)
);
number!(
    /// A size class of zsmalloc, by its index in the pool's class array.
    ClassIndex(u16)
);
number!(
    /// An object within its zspage.
    ObjectIndex(u32)
);
number!(
    /// A fullness group: 0 empty, 1–10 by tenths, 11 full (`enum fullness_group`).
    Fullness(u8)
);
number!(
    /// The life of a pool, counted from 0 by `zs_create_pool`.
    PoolLife(u32)
);
number!(
    /// The life of a zspage, from `create_page_chain` to `__free_zspage`, counted from 0.
    ZspageLife(u32)
);
number!(
    /// The life of a handle, from its first `obj_malloc` to `zs_free`, counted from 0.
    HandleLife(u32)
);

/// The operation of a bio (`enum req_op`), as far as zram tells them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BioOp {
    /// `REQ_OP_READ`
    Read,
    /// `REQ_OP_WRITE`
    Write,
    /// `REQ_OP_FLUSH`
    Flush,
    /// `REQ_OP_DISCARD`
    Discard,
    /// `REQ_OP_WRITE_ZEROES`
    WriteZeroes,
    /// Any other, by its number.
    Other(u8),
}

impl BioOp {
    /// From the low byte of `bi_opf`.
    #[must_use]
    pub fn from_number(number: u8) -> Self {
        match number {
            0 => Self::Read,
            1 => Self::Write,
            2 => Self::Flush,
            3 => Self::Discard,
            9 => Self::WriteZeroes,
            n => Self::Other(n),
        }
    }
}

/// What an object is mapped for (`enum zs_mapmode`): what is copied between an object on two pages and the CPU's buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MapMode {
    /// `ZS_MM_RO`
    Read,
    /// `ZS_MM_WO`
    Write,
    /// `ZS_MM_RW`, which zram does not use, or any other, by its number.
    Other(u8),
}

impl MapMode {
    /// From the argument.
    #[must_use]
    pub fn from_number(number: u8) -> Self {
        match number {
            1 => Self::Read,
            2 => Self::Write,
            n => Self::Other(n),
        }
    }

    /// The argument.
    #[must_use]
    pub fn number(self) -> u8 {
        match self {
            Self::Read => 1,
            Self::Write => 2,
            Self::Other(n) => n,
        }
    }
}

/// Who ran the code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Context {
    /// A task: a system call or a thread of the kernel.
    Task,
    /// A worker of a work queue.
    Worker,
    /// An interrupt, hard or soft.
    Interrupt,
}

impl Context {
    /// Where the code ran that wrote this record.
    #[must_use]
    pub fn of(record: &RawRecord) -> Self {
        match record.context {
            context::WORKER => Self::Worker,
            context::INTERRUPT => Self::Interrupt,
            _ => Self::Task,
        }
    }
}

/// What happened. Each variant names the kernel function and the point in it.
///
/// `result` is what the function returned: 0 or a negative errno.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case", deny_unknown_fields)]
pub enum Event {
    /// `zs_create_pool` returned a pool.
    PoolCreate {
        /// The new pool.
        pool: PoolLife,
    },
    /// `zs_destroy_pool` was entered.
    PoolDestroy {
        /// The pool that ends.
        pool: PoolLife,
    },
    /// `create_page_chain` built a new zspage (within `alloc_zspage`, before the object is taken from it).
    ZspageCreate {
        /// The new zspage.
        zspage: ZspageLife,
        /// Its class.
        class: ClassIndex,
        /// Pages in it.
        pages: u32,
        /// Objects it can hold.
        objects: u32,
        /// Bytes of one object, header included.
        size: u32,
    },
    /// `create_page_chain` rebuilt a living zspage: one of its pages was migrated.
    ZspageRechain {
        /// The zspage.
        zspage: ZspageLife,
    },
    /// `obj_malloc` returned: an object was taken from a zspage (a new object, or one moved here by compaction).
    ObjMalloc {
        /// Where.
        zspage: ZspageLife,
        /// For whom. A handle seen for the first time begins its life here.
        handle: HandleLife,
        /// Which object of the zspage.
        index: ObjectIndex,
        /// The class that the object word names; 0 where it names none (until 7.2).
        word_class: ClassIndex,
        /// The class the zspage says it has.
        class: ClassIndex,
        /// Objects in use in the zspage afterwards.
        inuse: u32,
        /// The zspage's huge bit: the one object has no header in the page.
        huge: bool,
    },
    /// `obj_free` returned: an object went back to its zspage's free list.
    ObjFree {
        /// Which object.
        index: ObjectIndex,
        /// The class that the object word names; 0 where it names none (until 7.2).
        word_class: ClassIndex,
        /// The class size it was called with.
        size: u32,
    },
    /// `fix_fullness_group` returned.
    FixFullness {
        /// The zspage.
        zspage: ZspageLife,
        /// The group it is in now.
        group: Fullness,
        /// Objects in use.
        inuse: u32,
    },
    /// `putback_zspage` returned (compaction).
    Putback {
        /// The zspage.
        zspage: ZspageLife,
        /// The group it was put into.
        group: Fullness,
        /// Objects in use.
        inuse: u32,
    },
    /// `__free_zspage` was entered: the zspage's life ends.
    ZspageFree {
        /// The zspage.
        zspage: ZspageLife,
        /// Its class.
        class: ClassIndex,
    },
    /// `zs_malloc` returned a handle.
    Malloc {
        /// The pool.
        pool: PoolLife,
        /// Bytes asked for, without the handle header.
        size: u32,
        /// The handle.
        handle: HandleLife,
    },
    /// `zs_malloc` returned an error.
    MallocFailed {
        /// The pool.
        pool: PoolLife,
        /// Bytes asked for.
        size: u32,
        /// Negative errno.
        result: i32,
    },
    /// `zs_free` was entered: the handle's life ends.
    Free {
        /// The pool.
        pool: PoolLife,
        /// The handle.
        handle: HandleLife,
    },
    /// `zs_obj_read_begin` returned.
    ReadBegin {
        /// The object's handle.
        handle: HandleLife,
        /// Bytes asked for; 0 on kernels where nobody says (until 6.19).
        len: u32,
        /// Whether the object spans two pages, so that the caller's local copy was used.
        span: bool,
    },
    /// `zs_obj_read_end` was entered.
    ReadEnd {
        /// The object's handle.
        handle: HandleLife,
        /// Bytes asked for at the beginning; 0 likewise.
        len: u32,
    },
    /// `zs_obj_write` was entered.
    ObjWrite {
        /// The object's handle.
        handle: HandleLife,
        /// Bytes to write.
        len: u32,
    },
    /// `zs_map_object` returned (until 6.14).
    MapObject {
        /// The object's handle.
        handle: HandleLife,
        /// What for.
        mode: MapMode,
        /// Whether the object spans two pages, so that the CPU's own buffer was used.
        span: bool,
    },
    /// `zs_unmap_object` was entered (until 6.14).
    UnmapObject {
        /// The object's handle.
        handle: HandleLife,
    },
    /// `zs_compact` was entered.
    CompactBegin {
        /// The pool.
        pool: PoolLife,
    },
    /// `zs_compact` returned.
    CompactEnd {
        /// The pool.
        pool: PoolLife,
        /// Pages it freed.
        pages: u64,
    },
    /// `zs_page_migrate` returned.
    PageMigrate {
        /// Result.
        result: i32,
    },
    /// `zs_shrinker_scan` was entered: memory pressure started a compaction.
    ShrinkerScan,
    /// `async_free_zspage` was entered: zspages whose pages could not be locked are freed by a worker.
    DeferredFree,
    /// `zram_submit_bio` was entered.
    Bio {
        /// The device.
        dev: DeviceId,
        /// The operation.
        op: BioOp,
        /// First sector (512 bytes).
        sector: u64,
        /// Bytes.
        bytes: u32,
    },
    /// `slot_free` was entered.
    SlotFree {
        /// The device.
        dev: DeviceId,
        /// The slot.
        slot: SlotIndex,
        /// The slot's flags word before: see `zram_model`'s slot flags for the bits. The lock bit is masked out.
        flags: u32,
    },
    /// `zcomp_compress` returned.
    Compress {
        /// Result.
        result: i32,
        /// Compressed length in bytes; 0 when it failed.
        len: u32,
    },
    /// `zcomp_decompress` returned.
    Decompress {
        /// Result.
        result: i32,
        /// Compressed length in bytes.
        len: u32,
        /// Who ran it.
        context: Context,
    },
    /// `read_from_zspool` returned.
    ReadFromPool {
        /// The device.
        dev: DeviceId,
        /// The slot.
        slot: SlotIndex,
        /// Result.
        result: i32,
    },
    /// `scan_slots_for_writeback` was entered.
    WritebackScan {
        /// The device.
        dev: DeviceId,
        /// The mode bits: 0 everything, 1 huge, 2 idle, 4 incompressible.
        mode: u32,
        /// First slot.
        low: u64,
        /// One past the last slot.
        high: u64,
    },
    /// `zram_writeback_slots` was entered.
    WritebackBegin {
        /// The device.
        dev: DeviceId,
    },
    /// `zram_writeback_slots` returned.
    WritebackEnd {
        /// The device.
        dev: DeviceId,
        /// Result.
        result: i32,
    },
    /// `zram_writeback_endio` was entered: the backing device finished one write.
    WritebackEndio {
        /// The slot the request is for.
        slot: SlotIndex,
        /// The block it wrote.
        block: Block,
        /// `blk_status_t`; 0 is success.
        status: u8,
    },
    /// `zram_complete_done_reqs` returned.
    WritebackDone {
        /// The device.
        dev: DeviceId,
        /// Result.
        result: i32,
    },
    /// `release_pp_slot` was entered.
    ReleaseSlot {
        /// The device.
        dev: DeviceId,
        /// The slot.
        slot: SlotIndex,
    },
    /// `zram_async_read_endio` was entered: the backing device finished one read-back.
    ReadBackEndio {
        /// The slot.
        slot: SlotIndex,
        /// The block read.
        block: Block,
        /// `blk_status_t`; 0 is success.
        status: u8,
    },
    /// `zram_deferred_decompress` was entered, on a worker.
    ReadBackWork {
        /// The slot.
        slot: SlotIndex,
        /// The block read.
        block: Block,
        /// Who ran it.
        context: Context,
    },
    /// `zram_slot_free_notify` was entered: swap says that the slot is no longer needed.
    SlotFreeNotify {
        /// The slot.
        slot: SlotIndex,
    },
    /// `zram_reset_device` was entered.
    Reset {
        /// The device.
        dev: DeviceId,
    },
    /// `zram_add` returned a device.
    DeviceAdd {
        /// The device.
        dev: DeviceId,
    },
    /// `zram_add` returned an error.
    DeviceAddFailed {
        /// Result.
        result: i32,
    },
    /// `zram_remove` returned.
    DeviceRemove {
        /// Result.
        result: i32,
    },
}

impl Event {
    /// The event's name, as it stands in JSON and in reports.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::PoolCreate { .. } => "pool_create",
            Self::PoolDestroy { .. } => "pool_destroy",
            Self::ZspageCreate { .. } => "zspage_create",
            Self::ZspageRechain { .. } => "zspage_rechain",
            Self::ObjMalloc { .. } => "obj_malloc",
            Self::ObjFree { .. } => "obj_free",
            Self::FixFullness { .. } => "fix_fullness",
            Self::Putback { .. } => "putback",
            Self::ZspageFree { .. } => "zspage_free",
            Self::Malloc { .. } => "malloc",
            Self::MallocFailed { .. } => "malloc_failed",
            Self::Free { .. } => "free",
            Self::ReadBegin { .. } => "read_begin",
            Self::ReadEnd { .. } => "read_end",
            Self::ObjWrite { .. } => "obj_write",
            Self::MapObject { .. } => "map_object",
            Self::UnmapObject { .. } => "unmap_object",
            Self::CompactBegin { .. } => "compact_begin",
            Self::CompactEnd { .. } => "compact_end",
            Self::PageMigrate { .. } => "page_migrate",
            Self::ShrinkerScan => "shrinker_scan",
            Self::DeferredFree => "deferred_free",
            Self::Bio { .. } => "bio",
            Self::SlotFree { .. } => "slot_free",
            Self::Compress { .. } => "compress",
            Self::Decompress { .. } => "decompress",
            Self::ReadFromPool { .. } => "read_from_pool",
            Self::WritebackScan { .. } => "writeback_scan",
            Self::WritebackBegin { .. } => "writeback_begin",
            Self::WritebackEnd { .. } => "writeback_end",
            Self::WritebackEndio { .. } => "writeback_endio",
            Self::WritebackDone { .. } => "writeback_done",
            Self::ReleaseSlot { .. } => "release_slot",
            Self::ReadBackEndio { .. } => "read_back_endio",
            Self::ReadBackWork { .. } => "read_back_work",
            Self::SlotFreeNotify { .. } => "slot_free_notify",
            Self::Reset { .. } => "reset",
            Self::DeviceAdd { .. } => "device_add",
            Self::DeviceAddFailed { .. } => "device_add_failed",
            Self::DeviceRemove { .. } => "device_remove",
        }
    }
}
