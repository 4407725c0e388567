//! Which probe goes where: the table.
//!
//! One row per kind of record. A row names the functions that carry the event, newest kernel first. To
//! each belongs the program that reads it and how that is attached; what the function must take and return
//! for the program to read it rightly; and the fields the program reads. All of this stands with the function
//! and not with the row, since a kernel that renames a function mostly changes what it takes as well. The
//! [planner](crate::plan) holds the rows against a kernel.
//!
//! Every hook here is an fentry or an fexit: arguments and return value come in one program, no return
//! is ever lost (a kretprobe has a limited number of places to remember callers in), and recursion is
//! counted per program. A kprobe for kernels without trampolines would be a further [`Target`] of a row.

use zram_events::{
    Kind,
    layout::{BitField, Field},
};

/// How a program is attached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attach {
    /// On entry, through a BPF trampoline.
    Fentry,
    /// On return, through a BPF trampoline, with arguments and return value.
    Fexit,
    /// In the function's place, through a BPF trampoline, if the program returns anything but 0.
    ModifyReturn,
}

impl Attach {
    /// As it stands in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Fentry => "fentry",
            Self::Fexit => "fexit",
            Self::ModifyReturn => "fmod_ret",
        }
    }
}

/// A program and the way to attach it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hook {
    /// The way.
    pub attach: Attach,
    /// The program's name in the object.
    pub program: &'static str,
}

/// Which part of the kernel a function belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Home {
    /// The zram driver.
    Zram,
    /// The allocator.
    Zsmalloc,
    /// The rest of the kernel, as far as it is no module.
    Kernel,
}

impl Home {
    /// The module's name, where it is one.
    #[must_use]
    pub fn module(self) -> &'static str {
        match self {
            Self::Zram => "zram",
            Self::Zsmalloc => "zsmalloc",
            Self::Kernel => "vmlinux",
        }
    }
}

/// What a program takes an argument or return value for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Want {
    /// A pointer to the structure of this name.
    To(&'static str),
    /// Any pointer.
    Pointer,
    /// An integer of whatever width.
    Number,
    /// Anything: the program does not look.
    Any,
}

/// A function that carries the event, and the program that reads it there. Another kernel's function may
/// take other arguments, be met at its other end, or keep what is wanted elsewhere: so each has all of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target {
    /// The program and the way to attach it.
    pub hook: Hook,
    /// The function.
    pub symbol: &'static str,
    /// Its first parameters; further ones do not matter.
    pub params: &'static [Want],
    /// What it returns.
    pub returns: Want,
    /// Fields the program reads.
    pub fields: &'static [Field],
    /// Bit-fields the program reads.
    pub bits: &'static [BitField],
}

/// Whether there is any use in a kernel without this probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Without it the stream cannot be decoded, or lacks what the model takes as input.
    Required,
    /// Without it one kind of event goes unobserved.
    Optional,
}

/// One row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Probe {
    /// The kind of record written; none for the program that takes snapshots.
    pub kind: Option<Kind>,
    /// Required or optional.
    pub need: Need,
    /// Whose function it is.
    pub home: Home,
    /// Candidates, newest kernel first, and of two on one kernel the better first.
    pub targets: &'static [Target],
}

macro_rules! probe {
    ($need:ident $home:ident $kind:expr,
     $($attach:ident $program:literal: $symbol:literal($($param:expr),*) -> $returns:expr,
       [$($field:ident),*], [$($bits:ident),*]);+) => {
        Probe {
            kind: $kind,
            need: Need::$need,
            home: Home::$home,
            targets: &[$(Target {
                hook: Hook { attach: Attach::$attach, program: $program },
                symbol: $symbol,
                params: &[$($param),*],
                returns: $returns,
                fields: &[$(Field::$field),*],
                bits: &[$(BitField::$bits),*],
            }),+],
        }
    };
}

use Want::{Any, Number, Pointer, To};

const ZRAM: Want = To("zram");
const POOL: Want = To("zs_pool");
const ZSPAGE: Want = To("zspage");
const CLASS: Want = To("size_class");
const BIO: Want = To("bio");
const STREAM: Want = To("zcomp_strm");

/// The probes, in the order of their kinds' numbers; last the one that takes snapshots.
pub const PROBES: &[Probe] = &[
    probe!(Required Zsmalloc Some(Kind::PoolCreate),
        Fexit "pool_create": "zs_create_pool"() -> POOL, [], []),
    probe!(Required Zsmalloc Some(Kind::PoolDestroy),
        Fentry "pool_destroy": "zs_destroy_pool"(POOL) -> Any, [], []),
    probe!(Required Zsmalloc Some(Kind::PageChain),
        Fentry "page_chain": "create_page_chain"(CLASS, ZSPAGE) -> Any,
        [ClassIndex, ClassSize, ClassObjects, ClassPages], []),
    probe!(Required Zsmalloc Some(Kind::ObjMalloc),
        Fexit "obj_malloc": "obj_malloc"(POOL, ZSPAGE, Number) -> Number,
        [ZspageInuse], [ZspageClass, ZspageHuge]),
    probe!(Optional Zsmalloc Some(Kind::ObjFree),
        Fexit "obj_free": "obj_free"(Number, Number) -> Any, [], []),
    probe!(Optional Zsmalloc Some(Kind::FixFullness),
        Fexit "fix_fullness": "fix_fullness_group"(CLASS, ZSPAGE) -> Number, [ZspageInuse], []),
    probe!(Optional Zsmalloc Some(Kind::Putback),
        Fexit "putback": "putback_zspage"(CLASS, ZSPAGE) -> Number, [ZspageInuse], []),
    probe!(Required Zsmalloc Some(Kind::ZspageFree),
        Fentry "zspage_free": "__free_zspage"(POOL, CLASS, ZSPAGE) -> Any, [], [ZspageClass];
        Fexit "zspage_taken": "trylock_zspage"(ZSPAGE) -> Number, [], [ZspageClass]),
    probe!(Required Zsmalloc Some(Kind::Malloc),
        Fexit "malloc": "zs_malloc"(POOL, Number) -> Number, [], []),
    probe!(Required Zsmalloc Some(Kind::Free),
        Fentry "free": "zs_free"(POOL, Number) -> Any, [], []),
    probe!(Optional Zsmalloc Some(Kind::ReadBegin),
        Fexit "read_begin": "zs_obj_read_begin"(POOL, Number, Number, Pointer) -> Pointer, [], [];
        Fexit "read_begin_whole": "zs_obj_read_begin"(POOL, Number, Pointer) -> Pointer, [], []),
    probe!(Optional Zsmalloc Some(Kind::ReadEnd),
        Fentry "read_end": "zs_obj_read_end"(POOL, Number, Number, Pointer) -> Any, [], [];
        Fentry "read_end_whole": "zs_obj_read_end"(POOL, Number, Pointer) -> Any, [], []),
    probe!(Optional Zsmalloc Some(Kind::ObjWrite),
        Fentry "obj_write": "zs_obj_write"(POOL, Number, Pointer, Number) -> Any, [], []),
    probe!(Optional Zsmalloc Some(Kind::CompactBegin),
        Fentry "compact_begin": "zs_compact"(POOL) -> Any, [], []),
    probe!(Optional Zsmalloc Some(Kind::CompactEnd),
        Fexit "compact_end": "zs_compact"(POOL) -> Number, [], []),
    probe!(Required Zsmalloc Some(Kind::PageMigrate),
        Fexit "page_migrate": "zs_page_migrate"() -> Number, [], []),
    probe!(Required Zsmalloc Some(Kind::ShrinkerScan),
        Fentry "shrinker_scan": "zs_shrinker_scan"() -> Any, [], []),
    probe!(Optional Zsmalloc Some(Kind::DeferredFree),
        Fentry "deferred_free": "async_free_zspage"() -> Any, [], []),
    probe!(Optional Zsmalloc Some(Kind::MapObject),
        Fexit "map_object": "zs_map_object"(POOL, Number, Number) -> Pointer, [], []),
    probe!(Optional Zsmalloc Some(Kind::UnmapObject),
        Fentry "unmap_object": "zs_unmap_object"(POOL, Number) -> Any, [], []),
    probe!(Required Zram Some(Kind::Bio),
        Fentry "bio": "zram_submit_bio"(BIO) -> Any,
        [BioBdev, BioOpf, BioSector, BioSize, BdevDisk, DiskFirstMinor], []),
    probe!(Optional Zram Some(Kind::SlotFree),
        Fentry "slot_free": "slot_free"(ZRAM, Number) -> Any,
        [ZramTable, ZramDisk, DiskFirstMinor, EntryFlags, EntryHandle], [];
        Fentry "slot_free": "zram_free_page"(ZRAM, Number) -> Any,
        [ZramTable, ZramDisk, DiskFirstMinor, EntryFlags, EntryHandle], []),
    probe!(Required Zram Some(Kind::Compress),
        Fexit "compress": "zcomp_compress"(Any, Any, Pointer, Pointer) -> Number, [], [];
        Fexit "compress_stream": "zcomp_compress"(STREAM, Pointer, Pointer) -> Number, [], []),
    probe!(Optional Zram Some(Kind::Decompress),
        Fexit "decompress": "zcomp_decompress"(Any, Any, Pointer, Number, Pointer) -> Number, [], [];
        Fexit "decompress_stream": "zcomp_decompress"(STREAM, Pointer, Number, Pointer) -> Number, [], []),
    probe!(Optional Zram Some(Kind::ReadFromPool),
        Fexit "read_from_pool": "read_from_zspool"(ZRAM, Pointer, Number) -> Number,
        [ZramDisk, DiskFirstMinor], [];
        Fexit "read_from_pool": "zram_read_from_zspool"(ZRAM, Pointer, Number) -> Number,
        [ZramDisk, DiskFirstMinor], []),
    probe!(Optional Zram Some(Kind::WritebackScan),
        Fentry "writeback_scan":
        "scan_slots_for_writeback"(ZRAM, Number, Number, Number, To("zram_pp_ctl")) -> Any,
        [ZramDisk, DiskFirstMinor], []),
    probe!(Optional Zram Some(Kind::WritebackBegin),
        Fentry "writeback_begin": "zram_writeback_slots"(ZRAM) -> Any, [ZramDisk, DiskFirstMinor], []),
    probe!(Optional Zram Some(Kind::WritebackEnd),
        Fexit "writeback_end": "zram_writeback_slots"(ZRAM) -> Number, [ZramDisk, DiskFirstMinor], []),
    probe!(Optional Zram Some(Kind::WritebackEndio),
        Fentry "writeback_endio": "zram_writeback_endio"(BIO) -> Any,
        [BioStatus, WbBio, WbBlock, WbSlot, PpIndex], []),
    probe!(Optional Zram Some(Kind::WritebackDone),
        Fexit "writeback_done": "zram_complete_done_reqs"(ZRAM) -> Number, [ZramDisk, DiskFirstMinor], []),
    probe!(Optional Zram Some(Kind::ReleaseSlot),
        Fentry "release_slot": "release_pp_slot"(ZRAM, To("zram_pp_slot")) -> Any,
        [ZramDisk, DiskFirstMinor, PpIndex], []),
    probe!(Optional Zram Some(Kind::ReadBackEndio),
        Fentry "read_back_endio": "zram_async_read_endio"(BIO) -> Any,
        [BioStatus, BioPrivate, RbLongIndex, RbBlock], [];
        Fentry "read_back_endio": "zram_async_read_endio"(BIO) -> Any,
        [BioStatus, BioPrivate, RbIndex, RbBlock], []),
    probe!(Optional Zram Some(Kind::ReadBackWork),
        Fentry "read_back_work": "zram_deferred_decompress"(To("work_struct")) -> Any,
        [RbWork, RbLongIndex, RbBlock], [];
        Fentry "read_back_work": "zram_deferred_decompress"(To("work_struct")) -> Any,
        [RbWork, RbIndex, RbBlock], []),
    probe!(Optional Zram Some(Kind::SlotFreeNotify),
        Fentry "slot_free_notify": "zram_slot_free_notify"(To("block_device"), Number) -> Any, [], []),
    probe!(Optional Zram Some(Kind::Reset),
        Fentry "reset": "zram_reset_device"(ZRAM) -> Any, [ZramDisk, DiskFirstMinor], []),
    probe!(Optional Zram Some(Kind::DeviceAdd),
        Fexit "device_add": "zram_add"() -> Number, [], []),
    probe!(Optional Zram Some(Kind::DeviceRemove),
        Fexit "device_remove": "zram_remove"() -> Number, [], []),
    probe!(Optional Zram None,
        Fentry "snapshot": "initstate_show"(To("device"), Any, Any) -> Any,
        [BdevDevice, BdevDisk, DiskFirstMinor, DiskPrivate, ZramTable, ZramPool, ZramDisksize, EntryHandle,
         EntryFlags, PoolClasses, ClassIndex, ClassSize, ClassObjects, ClassPages, ClassStats], [];
        Fentry "snapshot": "initstate_show"(To("device"), Any, Any) -> Any,
        [BdevDevice, BdevDisk, DiskFirstMinor, DiskPrivate, ZramTable, ZramPool, ZramDisksize, EntryHandle,
         EntryFlags, PoolClasses, ClassIndex, ClassSize, ClassObjects, ClassPages, ClassFewStats], []),
];

/// Kinds of which a kernel has the one or the others, by its age: where one is seen, the other is not missed. Older first.
pub const EITHER: &[(Kind, &[Kind])] =
    &[(Kind::MapObject, &[Kind::ReadBegin, Kind::ObjWrite]), (Kind::UnmapObject, &[Kind::ReadEnd])];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_exactly_one_row() {
        let kinds: Vec<Kind> = PROBES.iter().filter_map(|probe| probe.kind).collect();
        assert_eq!(kinds, Kind::ALL);
    }
}
