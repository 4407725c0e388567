//! Copies of the slot table and of a pool's classes, taken by BPF.

use serde::{Deserialize, Serialize};

/// One entry of a device's slot table (`struct zram_table_entry`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlotEntry {
    /// A zsmalloc handle (an address), a fill word, or a block of the backing device: the flags say which.
    pub handle: u64,
    /// Size and flags.
    pub flags: u32,
    /// Seconds since boot of the last access; 0 where the kernel does not keep it.
    pub ac_time: u32,
}

/// One nominal size class of a pool (`struct size_class`, reached through `zs_pool.size_class[nominal]`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClassEntry {
    /// Position in the pool's array.
    pub nominal: u16,
    /// Index of the class that stands there: larger than `nominal` where classes are merged.
    pub index: u16,
    /// Bytes of one object, handle header included.
    pub size: u32,
    /// Objects in a zspage.
    pub objects: u32,
    /// Pages in a zspage.
    pub pages: u32,
    /// `stats.objs`: zspages by fullness group (0–11), objects allocated (12), objects in use (13).
    pub stats: [u64; 14],
}
