//! One entry of the slot table (`struct zram_table_entry`).

use crate::{page::PageSize, view::SlotFlags};

/// The flags by their short names, for the paths that test and set them all the time.
pub(crate) mod flag {
    use crate::view::SlotFlags;

    pub(crate) const SAME: SlotFlags = SlotFlags::SAME;
    pub(crate) const WB: SlotFlags = SlotFlags::WB;
    pub(crate) const PP_SLOT: SlotFlags = SlotFlags::PP_SLOT;
    pub(crate) const HUGE: SlotFlags = SlotFlags::HUGE;
    pub(crate) const IDLE: SlotFlags = SlotFlags::IDLE;
    pub(crate) const INCOMPRESSIBLE: SlotFlags = SlotFlags::INCOMPRESSIBLE;
    pub(crate) const PRIORITY: SlotFlags = SlotFlags::PRIORITY;
    pub(crate) const UNDER_WB: SlotFlags = SlotFlags::UNDER_WB;
}

/// A slot: 16 bytes, as in the kernel.
///
/// `word` is deliberately untyped. The driver tests it for 0 and reads it as a fill word, a handle or
/// a block number depending on flags that other code may have changed; a model in which these
/// cannot disagree could not say what the driver does when they do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Slot {
    pub(crate) word: u64,
    /// Size and flags, laid out for the largest pages: 17 bits and 10. Where a kernel with
    /// smaller pages has the flags matters only to those who look from outside.
    attr: u32,
    pub(crate) access_time: u32,
}

/// Bits of the size.
const SIZE_BITS: PageSize = PageSize::KIB_64;
const SIZE: u32 = (1 << (SIZE_BITS.shift() + 1)) - 1;

impl Slot {
    /// The flags.
    pub(crate) fn flags(&self) -> SlotFlags {
        SlotFlags::from_word(self.attr, SIZE_BITS)
    }

    /// The flags word of a kernel with pages of this size (`attr.flags`).
    pub(crate) fn flags_word(&self, page_size: PageSize) -> u32 {
        self.flags().word(page_size) | self.size()
    }

    /// `test_slot_flag`, of any of these.
    pub(crate) fn has(&self, flag: SlotFlags) -> bool {
        self.attr & flag.word(SIZE_BITS) != 0
    }

    /// `set_slot_flag`
    pub(crate) fn set(&mut self, flag: SlotFlags) {
        self.attr |= flag.word(SIZE_BITS);
    }

    /// `clear_slot_flag`
    pub(crate) fn clear(&mut self, flag: SlotFlags) {
        self.attr &= !flag.word(SIZE_BITS);
    }

    /// Bytes of the object (`get_slot_size`).
    pub(crate) fn size(&self) -> u32 {
        self.attr & SIZE
    }

    /// `set_slot_size`
    pub(crate) fn set_size(&mut self, size: u32) {
        self.attr = self.attr & !SIZE | size & SIZE;
    }

    /// Which algorithm compressed it (`get_slot_comp_priority`).
    pub(crate) fn priority(&self) -> u8 {
        self.flags().priority()
    }

    /// `set_slot_comp_priority`
    pub(crate) fn set_priority(&mut self, priority: u8) {
        self.clear(flag::PRIORITY);
        self.set(SlotFlags::default().with_priority(priority));
    }

    /// Whether it holds anything (`slot_allocated`).
    pub(crate) fn allocated(&self) -> bool {
        self.size() != 0 || self.has(flag::SAME | flag::WB)
    }
}

const _: () = assert!(size_of::<Slot>() == 16);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn size_and_flags_do_not_touch_each_other() {
        let mut slot = Slot::default();
        slot.set_size(65_536);
        slot.set(flag::SAME | flag::PRIORITY);
        assert_eq!((slot.size(), slot.priority()), (65_536, 3));
        slot.set_size(100);
        slot.clear(flag::SAME);
        assert_eq!(slot.flags(), flag::PRIORITY);
        assert_eq!(slot.flags_word(PageSize::KIB_4), 100 | 3 << 20);
        assert_eq!(slot.flags_word(PageSize::KIB_64), 100 | 3 << 24);
        slot.set_size(0);
        assert!(!slot.allocated());
    }
}
