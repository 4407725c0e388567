//! One entry of the slot table (`struct zram_table_entry`).

use crate::view::slot_flags::{PRIORITY, PRIORITY_SHIFT, SAME, SHIFT, WB};

/// A slot: 16 bytes, as in the kernel.
///
/// `word` is deliberately untyped. The driver tests it for 0 and reads it as a fill word, a handle or
/// a block number depending on flags that other code may have changed; a model in which these
/// cannot disagree could not say what the driver does when they do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Slot {
    pub(crate) word: u64,
    pub(crate) flags: u32,
    pub(crate) access_time: u32,
}

const SIZE: u32 = (1 << SHIFT) - 1;

impl Slot {
    /// `test_slot_flag`
    pub(crate) fn has(&self, flag: u32) -> bool {
        self.flags & flag != 0
    }

    /// `set_slot_flag`
    pub(crate) fn set(&mut self, flag: u32) {
        self.flags |= flag;
    }

    /// `clear_slot_flag`
    pub(crate) fn clear(&mut self, flag: u32) {
        self.flags &= !flag;
    }

    /// Bytes of the object (`get_slot_size`).
    pub(crate) fn size(&self) -> u32 {
        self.flags & SIZE
    }

    /// `set_slot_size`
    pub(crate) fn set_size(&mut self, size: u32) {
        self.flags = self.flags & !SIZE | size & SIZE;
    }

    /// Which algorithm compressed it (`get_slot_comp_priority`).
    pub(crate) fn priority(&self) -> u32 {
        (self.flags & PRIORITY) >> PRIORITY_SHIFT
    }

    /// Whether it holds anything (`slot_allocated`).
    pub(crate) fn allocated(&self) -> bool {
        self.size() != 0 || self.has(SAME | WB)
    }
}

const _: () = assert!(size_of::<Slot>() == 16);
