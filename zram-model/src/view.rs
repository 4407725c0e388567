//! The model's state as a comparison wants to see it.

use std::sync::Arc;

use zram_events::{Block, ClassIndex, Fullness, HandleLife, ZspageLife};

use crate::{
    environment::Codec,
    page::{PageBytes, PageSize},
    zram::{device::Disk, slot::Slot},
    zsmalloc::Handle,
};

mod moment;

pub use moment::Moment;

/// What a slot's flags word says beside the object's size (`enum zram_pageflags`).
///
/// In the kernel's word the size fills the low `PAGE_SHIFT + 1` bits and the flags follow, so where they
/// are depends on the page size. Here they are counted from the first flag; [`SlotFlags::word`] puts
/// them where a kernel has them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct SlotFlags(u16);

impl SlotFlags {
    /// The page consists of one word, repeated.
    pub const SAME: Self = Self(1);
    /// The slot's lock. The model never shows it.
    pub const ENTRY_LOCK: Self = Self(1 << 1);
    /// The page is on the backing device.
    pub const WB: Self = Self(1 << 2);
    /// Selected for post-processing.
    pub const PP_SLOT: Self = Self(1 << 3);
    /// Stored uncompressed.
    pub const HUGE: Self = Self(1 << 4);
    /// Not accessed since the last idle marking.
    pub const IDLE: Self = Self(1 << 5);
    /// No algorithm made it smaller.
    pub const INCOMPRESSIBLE: Self = Self(1 << 6);
    /// The two bits of the compression priority.
    pub const PRIORITY: Self = Self(3 << 7);
    /// A pass has the slot, on kernels before 330edc2bc059. Those had fewer flags before it, in an order of their own; here it follows those
    /// of today, where the probes put it, too.
    pub const UNDER_WB: Self = Self(1 << 9);

    /// The flags in a kernel's flags word.
    #[must_use]
    pub const fn from_word(word: u32, page_size: PageSize) -> Self {
        Self((word >> (page_size.shift() + 1)) as u16 & 0x3ff)
    }

    /// These bits of a kernel's flags word.
    #[must_use]
    pub const fn word(self, page_size: PageSize) -> u32 {
        (self.0 as u32) << (page_size.shift() + 1)
    }

    /// Both.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// These but not the others.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether any of the others is among these.
    #[must_use]
    pub const fn any(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Whether all of the others are among these.
    #[must_use]
    pub const fn all(self, others: Self) -> bool {
        self.0 & others.0 == others.0
    }

    /// Which algorithm compressed the object.
    #[must_use]
    pub const fn priority(self) -> u8 {
        (self.0 >> 7 & 3) as u8
    }

    /// The two bits for this priority.
    #[must_use]
    pub const fn with_priority(self, priority: u8) -> Self {
        Self(self.0 & !Self::PRIORITY.0 | (priority as u16 & 3) << 7)
    }
}

impl core::ops::BitOr for SlotFlags {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        self.with(other)
    }
}

/// Bits of a slot's flags word where pages are of 4 KiB. The object's size fills the bits below.
pub mod slot_flags {
    use super::SlotFlags;
    use crate::page::PageSize;

    /// Bits of the object's size: `0..SHIFT`.
    pub const SHIFT: u32 = PageSize::KIB_4.shift() + 1;
    /// The page consists of one word, repeated.
    pub const SAME: u32 = SlotFlags::SAME.word(PageSize::KIB_4);
    /// The slot's lock. The model never shows it.
    pub const ENTRY_LOCK: u32 = SlotFlags::ENTRY_LOCK.word(PageSize::KIB_4);
    /// The page is on the backing device.
    pub const WB: u32 = SlotFlags::WB.word(PageSize::KIB_4);
    /// Selected for post-processing.
    pub const PP_SLOT: u32 = SlotFlags::PP_SLOT.word(PageSize::KIB_4);
    /// Stored uncompressed.
    pub const HUGE: u32 = SlotFlags::HUGE.word(PageSize::KIB_4);
    /// Not accessed since the last idle marking.
    pub const IDLE: u32 = SlotFlags::IDLE.word(PageSize::KIB_4);
    /// No algorithm made it smaller.
    pub const INCOMPRESSIBLE: u32 = SlotFlags::INCOMPRESSIBLE.word(PageSize::KIB_4);
    /// Where the two bits of the compression priority start.
    pub const PRIORITY_SHIFT: u32 = SHIFT + 7;
    /// The two bits of the compression priority.
    pub const PRIORITY: u32 = SlotFlags::PRIORITY.word(PageSize::KIB_4);
    /// A pass has the slot, on kernels before 330edc2bc059.
    pub const UNDER_WB: u32 = SlotFlags::UNDER_WB.word(PageSize::KIB_4);
}

/// One entry of the slot table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SlotView {
    /// The flags word as a kernel with the profile's page size has it: see [`SlotFlags`]. The lock bit is clear.
    pub flags: u32,
    /// Boot-time second of the last access; 0 after the slot was freed.
    pub access_time: u32,
    /// Nanoseconds of that second, on kernels that keep them; else 0.
    pub access_nanoseconds: u32,
    /// What the `handle` word means.
    pub word: SlotWord,
    /// Bytes of the object, from the flags word.
    pub size: u32,
}

impl SlotView {
    pub(crate) fn of(disk: &Disk, index: usize, slot: &Slot, page_size: PageSize) -> Self {
        let word = if slot.has(SlotFlags::WB) {
            SlotWord::Block(Block(slot.word))
        } else if slot.has(SlotFlags::SAME) {
            SlotWord::Fill(slot.word)
        } else {
            let life = Handle::from_word(slot.word).and_then(|handle| disk.pool.life_of(handle));
            life.map_or(SlotWord::Empty, SlotWord::Handle)
        };
        Self {
            flags: slot.flags_word(page_size),
            access_time: slot.access_time,
            access_nanoseconds: disk.nanoseconds.get(index).copied().unwrap_or(0),
            word,
            size: slot.size(),
        }
    }
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
    /// Something was written, and the model does not keep what ([`crate::Storage::Sizes`]).
    Unknown,
    /// A page as the user wrote it; with [`crate::Storage::Bytes`] whatever the block's bytes are, a compressed
    /// object's among them.
    Raw(Arc<PageBytes>),
    /// The first `len` bytes are `page`, compressed; the rest is zero.
    Compressed {
        /// Bytes of the compressed object.
        len: u32,
        /// What compressed it.
        codec: Codec,
        /// The page it stands for.
        page: Arc<PageBytes>,
    },
    /// As [`BlockContent::Compressed`], but the rest is whatever the kernel's buffer held before: at first what some page of the
    /// kernel's held, zeros maybe; later what the same pass wrote from it. No kernel since 3bf1c285dc40 does this.
    Unclean {
        /// Bytes of the compressed object.
        len: u32,
        /// So many bytes behind it are those of an object that the pass wrote before.
        stale: u32,
        /// What compressed it.
        codec: Codec,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_lie_above_the_size() {
        assert_eq!(slot_flags::SAME, 1 << 13);
        assert_eq!(slot_flags::PRIORITY, 3 << slot_flags::PRIORITY_SHIFT);
        assert_eq!(SlotFlags::SAME.word(PageSize::KIB_64), 1 << 17);
        let flags = SlotFlags::HUGE | SlotFlags::IDLE.with_priority(2);
        for size in PageSize::ALL {
            let word = flags.word(size) | size.bytes();
            assert_eq!(SlotFlags::from_word(word, size), flags);
        }
        assert_eq!(flags.priority(), 2);
    }
}

/// A zspage of a pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ZspageView {
    /// Its life.
    pub zspage: ZspageLife,
    /// Its class.
    pub class: ClassIndex,
    /// Its fullness group.
    pub group: Fullness,
    /// Objects in use.
    pub inuse: u32,
    /// Objects it can hold.
    pub objects: u32,
    /// Pages in it.
    pub pages: u32,
}
