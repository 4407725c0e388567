//! The model's state as a comparison wants to see it.

use std::sync::Arc;

use zram_events::{Block, HandleLife};

use crate::bio::PageBytes;

/// Bits of a slot's flags word (`enum zram_pageflags`, 4 KiB pages). The object's size fills the bits below.
pub mod slot_flags {
    /// Bits of the object's size: `0..SHIFT`.
    pub const SHIFT: u32 = crate::bio::PAGE_SHIFT + 1;
    /// The page consists of one word, repeated.
    pub const SAME: u32 = 1 << SHIFT;
    /// The slot's lock. The model never shows it.
    pub const ENTRY_LOCK: u32 = 1 << (SHIFT + 1);
    /// The page is on the backing device.
    pub const WB: u32 = 1 << (SHIFT + 2);
    /// Selected for post-processing.
    pub const PP_SLOT: u32 = 1 << (SHIFT + 3);
    /// Stored uncompressed.
    pub const HUGE: u32 = 1 << (SHIFT + 4);
    /// Not accessed since the last idle marking.
    pub const IDLE: u32 = 1 << (SHIFT + 5);
    /// No algorithm made it smaller.
    pub const INCOMPRESSIBLE: u32 = 1 << (SHIFT + 6);
    /// Where the two bits of the compression priority start.
    pub const PRIORITY_SHIFT: u32 = SHIFT + 7;
    /// The two bits of the compression priority.
    pub const PRIORITY: u32 = 3 << PRIORITY_SHIFT;
}

/// One entry of the slot table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SlotView {
    /// The flags word: see [`slot_flags`]. The lock bit is clear.
    pub flags: u32,
    /// Boot-time second of the last access; 0 after the slot was freed.
    pub access_time: u32,
    /// What the `handle` word means.
    pub word: SlotWord,
    /// Bytes of the object, from the flags word.
    pub size: u32,
}

/// The meaning of a slot's `handle` word, which depends on its flags.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SlotWord {
    /// Nothing is stored.
    Empty,
    /// The word with which the page is filled (SAME).
    Fill(u64),
    /// An object of the pool.
    Handle(HandleLife),
    /// A block of the backing device (WB).
    Block(Block),
}

/// What zram left in a block of the backing device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BlockContent {
    /// Nothing was written to it since the device was set up.
    Untouched,
    /// A page as the user wrote it.
    Raw(Arc<PageBytes>),
    /// The first `len` bytes are `page`, compressed; the rest is zero.
    Compressed {
        /// Bytes of the compressed object.
        len: u32,
        /// The page it stands for.
        page: Arc<PageBytes>,
    },
    /// As [`BlockContent::Compressed`], but the rest is whatever the kernel's buffer held before. No
    /// kernel since 3bf1c285dc40 does this.
    Unclean {
        /// Bytes of the compressed object.
        len: u32,
        /// The page it stands for.
        page: Arc<PageBytes>,
    },
}

/// A nominal size class of a pool and what it points to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ClassView {
    /// Position in the pool's class array.
    pub nominal: u16,
    /// The class's own index: larger than `nominal` where the class was merged into a larger one.
    pub index: u16,
    /// Bytes of one object, header included.
    pub size: u32,
    /// Objects per zspage.
    pub objects: u32,
    /// Pages per zspage.
    pub pages: u32,
    /// Zspages per fullness group (12), objects allocated, objects in use.
    pub stats: [u64; 14],
}
