//! Where the BPF programs find what they read: numbers that differ from kernel to kernel.
//!
//! The programs are compiled once. Everything that a version or a configuration moves stands in one
//! [`Layout`], which the loader fills from the running kernel's BTF and writes into the programs'
//! read-only data before they are loaded; the verifier then sees constants.

/// A field of a kernel structure whose byte offset is needed.
#[repr(usize)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    /// `task_struct.flags`
    TaskFlags,
    /// `bio.bi_bdev`
    BioBdev,
    /// `bio.bi_opf`
    BioOpf,
    /// `bio.bi_iter.bi_sector`
    BioSector,
    /// `bio.bi_iter.bi_size`
    BioSize,
    /// `bio.bi_status`
    BioStatus,
    /// `bio.bi_private`
    BioPrivate,
    /// `block_device.bd_disk`
    BdevDisk,
    /// `block_device.bd_device`
    BdevDevice,
    /// `gendisk.first_minor`
    DiskFirstMinor,
    /// `gendisk.private_data`
    DiskPrivate,
    /// `zram.table`
    ZramTable,
    /// `zram.mem_pool`
    ZramPool,
    /// `zram.disk`
    ZramDisk,
    /// `zram.disksize`
    ZramDisksize,
    /// `zram_table_entry.handle`
    EntryHandle,
    /// `zram_table_entry.attr.flags`
    EntryFlags,
    /// `zram_table_entry.attr.ac_time`, in seconds
    EntryTime,
    /// `zram_table_entry.ac_time`, in nanoseconds (`ktime_t`, until 6.19)
    EntryNanoseconds,
    /// `zram_wb_req.bio`
    WbBio,
    /// `zram_wb_req.blk_idx`
    WbBlock,
    /// `zram_wb_req.pps`
    WbSlot,
    /// `zram_rb_req.work`
    RbWork,
    /// `zram_rb_req.index`, of 32 bits (until 7.2)
    RbIndex,
    /// `zram_rb_req.index`, of a word
    RbLongIndex,
    /// `zram_rb_req.blk_idx`
    RbBlock,
    /// `zram_pp_slot.index`
    PpIndex,
    /// `zs_pool.size_class`
    PoolClasses,
    /// `size_class.index`
    ClassIndex,
    /// `size_class.size`
    ClassSize,
    /// `size_class.objs_per_zspage`
    ClassObjects,
    /// `size_class.pages_per_zspage`
    ClassPages,
    /// `size_class.stats.objs`, of twelve fullness groups
    ClassStats,
    /// `size_class.stats.objs`, of four (until 6.3)
    ClassFewStats,
    /// `zspage.inuse`
    ZspageInuse,
    /// `kmem_cache.object_size`
    CacheObjectSize,
}

/// A bit-field of a kernel structure.
#[repr(usize)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BitField {
    /// `zspage.class`
    ZspageClass,
    /// `zspage.huge`
    ZspageHuge,
}

/// A size or a count.
#[repr(usize)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Measure {
    /// Bytes of a page.
    PageBytes,
    /// Bytes of a `zram_table_entry`.
    EntryBytes,
    /// Elements of `zs_pool.size_class`.
    NominalClasses,
    /// Low half of the address of the per-CPU `preempt_count`, before the CPU's offset is added.
    PreemptCount,
    /// Its high half.
    PreemptCountHigh,
    /// Low half of the address of `__per_cpu_offset`: 8 bytes per CPU.
    PerCpuOffset,
    /// Its high half.
    PerCpuOffsetHigh,
    /// Bits of `preempt_count` that are set in interrupts and nowhere else.
    InterruptBits,
    /// Bits below the index in the object word (`OBJ_TAG_BITS`).
    ObjectTagBits,
}

/// How many [`Field`]s there are.
pub const FIELDS: usize = Field::CacheObjectSize as usize + 1;
/// How many [`BitField`]s there are.
pub const BIT_FIELDS: usize = BitField::ZspageHuge as usize + 1;
/// How many [`Measure`]s there are.
pub const MEASURES: usize = Measure::ObjectTagBits as usize + 1;

/// The offset of a field that this kernel does not have.
pub const ABSENT: u32 = u32::MAX;

/// Where a bit-field lies: in the aligned 32-bit word at byte `word`, `width` bits from bit `shift`.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bits {
    /// Byte offset of the word in the structure; [`ABSENT`] if there is no such field.
    pub word: u32,
    /// First bit.
    pub shift: u32,
    /// Number of bits.
    pub width: u32,
}

/// All of it. The default has everything absent.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Byte offsets, by [`Field`].
    pub fields: [u32; FIELDS],
    /// Bit-fields, by [`BitField`].
    pub bits: [Bits; BIT_FIELDS],
    /// Sizes and counts, by [`Measure`]; 0 where unknown.
    pub measures: [u32; MEASURES],
}

impl Layout {
    /// A kernel that has nothing.
    pub const ABSENT: Self = Self {
        fields: [ABSENT; FIELDS],
        bits: [Bits { word: ABSENT, shift: 0, width: 0 }; BIT_FIELDS],
        measures: [0; MEASURES],
    };

    /// The layout as it lies in the programs' read-only data.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; size_of::<Self>()] {
        let bits = self.bits.iter().flat_map(|bits| [bits.word, bits.shift, bits.width]);
        let words = self.fields.iter().copied().chain(bits).chain(self.measures);
        let mut out = [0; size_of::<Self>()];
        for (word, bytes) in words.zip(out.as_chunks_mut::<4>().0) {
            *bytes = word.to_ne_bytes();
        }
        out
    }

    /// The byte offset of a field, if the kernel has it.
    #[must_use]
    pub fn field(&self, field: Field) -> Option<u32> {
        Some(self.fields[field as usize]).filter(|offset| *offset != ABSENT)
    }

    /// Where a bit-field lies, if the kernel has it.
    #[must_use]
    pub fn bit_field(&self, field: BitField) -> Option<Bits> {
        Some(self.bits[field as usize]).filter(|bits| bits.word != ABSENT)
    }

    /// Sets an address, of which the two halves are measures of their own.
    pub fn set_address(&mut self, low: Measure, high: Measure, address: u64) {
        self.measures[low as usize] = address as u32;
        self.measures[high as usize] = (address >> 32) as u32;
    }

    /// A size or count, if known.
    #[must_use]
    pub fn measure(&self, measure: Measure) -> Option<u32> {
        Some(self.measures[measure as usize]).filter(|value| *value != 0)
    }
}

impl Default for Layout {
    fn default() -> Self {
        Self::ABSENT
    }
}

/// Bits of zsmalloc's object word below the page's number (`OBJ_INDEX_BITS`, from 7.3 on `ZS_OBJ_PFN_SHIFT`, on 64-bit
/// machines with 52 physical address bits). Macros in the kernel, so BTF knows none of these.
pub const OBJECT_LOW_BITS: u32 = 24;

/// Of these, the lowest that hold the object's index (`ZS_OBJ_IDX_BITS`). Above them stands the class from 7.3 on
/// (`ZS_OBJ_CLASS_BITS`), and nothing before: all 24 were the index's, but a zspage has no more than 2^15 objects.
pub const OBJECT_INDEX_BITS: u32 = 15;

/// What a snapshot is asked for, and how it went: the one element of the map `SNAPSHOT_REQUEST`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SnapshotRequest {
    /// See [`snapshot`].
    pub state: u32,
    /// Minor number of the device meant.
    pub device: u32,
    /// See [`snapshot`].
    pub what: u32,
    /// First slot.
    pub first: u32,
    /// Slots wanted; then classes delivered.
    pub count: u32,
    /// Field at which reading failed, for [`snapshot::FAULT`].
    pub detail: u32,
}

/// Values in a [`SnapshotRequest`].
pub mod snapshot {
    /// State: nothing is asked for.
    pub const IDLE: u32 = 0;
    /// State: the next look at the device's `initstate` is to fill the buffer.
    pub const ARMED: u32 = 1;
    /// State: the buffer is filled.
    pub const DONE: u32 = 2;
    /// State: kernel memory could not be read.
    pub const FAULT: u32 = 3;
    /// State: the device is not initialised.
    pub const NO_TABLE: u32 = 4;
    /// State: slots beyond the end were asked for.
    pub const RANGE: u32 = 5;

    /// What: entries of the slot table, as they lie in memory.
    pub const SLOTS: u32 = 1;
    /// What: the pool's classes, each a [`ClassRecord`](super::ClassRecord).
    pub const CLASSES: u32 = 2;

    /// Bytes of the buffer.
    pub const BUFFER_BYTES: usize = 64 * 1024;
    /// Classes that fit into the buffer.
    pub const MAX_CLASSES: usize = BUFFER_BYTES / size_of::<super::ClassRecord>();
}

/// Which allocations are counted, and which of them fails: the one element of the map `FAILURE`.
///
/// User space writes the first four words, and reads the last two when the operation is over.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FailureRequest {
    /// Process whose allocations count; 0: nothing is asked for.
    pub process: u32,
    /// How it is known what an allocation is for: see [`failure`].
    pub by: u32,
    /// Bytes that are asked for.
    pub size: u32,
    /// Which one fails, from 1.
    pub nth: u32,
    /// The thread that is in the function under which allocations count; 0: none is.
    pub inside: u32,
    /// Whether the next allocation of a slab is the one that was asked for.
    pub announced: u32,
    /// How many were counted.
    pub asked: u32,
    /// How many of them failed.
    pub failed: u32,
}

/// Values in a [`FailureRequest`].
pub mod failure {
    /// By: a `kmalloc` of exactly this size, which is a constant where it is called (`__kmalloc_cache_noprof`).
    pub const KMALLOC: u32 = 1;
    /// By: an object of a cache of its own, whose objects have this size. Caches that are merged may have objects that are larger
    /// by less than a word.
    pub const CACHE: u32 = 2;
    /// By: pages that may lie in high memory, as no slab's may.
    pub const PAGE: u32 = 3;
}

/// Counters of a class that are copied (`NR_CLASS_STAT_TYPES` on kernels with twelve fullness groups).
pub const CLASS_STATS: usize = 14;

/// The same on kernels with four (`NR_ZS_STAT_TYPE`): the groups, objects allocated, objects in use.
pub const CLASS_FEW_STATS: usize = 6;

/// One nominal class in the snapshot's buffer.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClassRecord {
    /// `index`
    pub index: u32,
    /// `size`
    pub size: u32,
    /// `objs_per_zspage`
    pub objects: u32,
    /// `pages_per_zspage`
    pub pages: u32,
    /// `stats.objs`, as they lie in memory; where there are fewer, zeros follow.
    pub stats: [u64; CLASS_STATS],
}

/// Counters kept by the programs, one element each of the per-CPU map `COUNTERS`.
pub mod counter {
    /// The ring buffer had no room.
    pub const RESERVE_FAILURES: u32 = 0;
    /// Kernel memory could not be read.
    pub const FAULTS: u32 = 1;
    /// How many there are.
    pub const COUNT: u32 = 2;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_the_structure_in_memory() {
        let mut layout = Layout::ABSENT;
        layout.fields[1] = 0x0102_0304;
        layout.bits[BIT_FIELDS - 1] = Bits { word: 7, shift: 8, width: 9 };
        layout.measures[MEASURES - 1] = 10;
        let bytes = layout.to_bytes();
        assert_eq!(bytes[4..8], 0x0102_0304_u32.to_ne_bytes());
        assert_eq!(bytes[bytes.len() - 4..], 10_u32.to_ne_bytes());
        let bits = 4 * FIELDS + 12 * (BIT_FIELDS - 1);
        assert_eq!(bytes[bits + 8..bits + 12], 9_u32.to_ne_bytes());
    }

    #[test]
    fn what_is_absent_is_none() {
        let mut layout = Layout::default();
        assert_eq!(layout.field(Field::BioBdev), None);
        layout.fields[Field::BioBdev as usize] = 0;
        assert_eq!(layout.field(Field::BioBdev), Some(0));
        assert_eq!(layout.bit_field(BitField::ZspageHuge), None);
        assert_eq!(layout.measure(Measure::PageBytes), None);
    }
}
