//! What only probes can tell: the slot table as it lies in memory, and what happens while one looks.
//!
//! The attributes show neither the size of a slot's object nor its block. A machine may bring something that looks into the kernel; the
//! model looks into itself. Where nothing can be looked at there is a reason, which is as good an answer as any for whoever asks
//! about a machine: so it is a sentence, and not an error of one kind of probes.

use std::fmt;

use zram_events::{Event, Kind};

/// Why nothing can be looked at, in a sentence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Absent(pub String);

/// Something that looks into zram.
pub trait Probed {
    /// Entries of a device's slot table, from slot `first`; those that hold nothing included. The device is set up, and has them.
    ///
    /// # Errors
    /// When they cannot be looked at.
    fn slot_table(&mut self, dev: u32, first: u64, count: u64) -> Result<Vec<SlotWords>, Absent>;

    /// From now on takes note of what happens, at least of these kinds. Answers with those that cannot be observed here.
    ///
    /// # Errors
    /// When none of them can be observed here.
    fn watch(&mut self, kinds: &[Kind]) -> Result<Vec<Kind>, Absent>;

    /// What has happened since it was asked last.
    ///
    /// # Errors
    /// When it is not watching, or what it saw makes no sense.
    fn happened(&mut self) -> Result<Vec<Happened>, Absent>;

    /// How much was missed since watching began.
    ///
    /// # Errors
    /// When that cannot be told.
    fn lost(&mut self) -> Result<u64, Absent>;
}

impl fmt::Debug for dyn Probed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Probed")
    }
}

/// One entry of the slot table, as a kernel has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SlotWords {
    /// The handle of an object, the word that a page is made of, or a block of the backing device.
    pub handle: u64,
    /// Size and flags, in the order of today.
    pub flags: u32,
}

/// Flags, counted from the first.
const SAME: u32 = 1;
const WRITTEN_BACK: u32 = 1 << 2;
const HUGE: u32 = 1 << 4;

/// What an entry says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SlotContent {
    /// A page of one word.
    pub same: bool,
    /// On the backing device.
    pub written_back: bool,
    /// Stored uncompressed.
    pub huge: bool,
    /// Bytes of the object, in memory or on the backing device. 0: there is none, or its page was written back as it is.
    pub size: u32,
    /// The block of the backing device that it is in.
    pub block: Option<u64>,
}

impl SlotWords {
    /// What it says, where a page has so many bytes, which is a power of two: the size fills the bits below the flags, and can be a whole page.
    #[must_use]
    pub fn content(self, page_size: u64) -> SlotContent {
        let shift = page_size.trailing_zeros() + 1;
        let flags = self.flags.checked_shr(shift).unwrap_or(0);
        let size = u64::from(self.flags) & ((1u64 << shift.min(63)) - 1);
        let written_back = flags & WRITTEN_BACK != 0;
        SlotContent {
            same: flags & SAME != 0,
            written_back,
            huge: flags & HUGE != 0,
            size: u32::try_from(size).unwrap_or(0),
            block: written_back.then_some(self.handle),
        }
    }
}

/// Something that happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Happened {
    /// When, in nanoseconds since boot.
    pub boot_nanos: u64,
    /// The thread that was running; 0 where nobody knows.
    pub thread: u32,
    /// What.
    pub event: Event,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_size_lies_below_the_flags() {
        let entry = |flags| SlotWords { handle: 77, flags };
        let huge = entry(4096 | 1 << 17).content(4096);
        assert_eq!((huge.size, huge.huge, huge.block), (4096, true, None));
        let away = entry(100 | 1 << 15).content(4096);
        assert_eq!((away.size, away.written_back, away.block), (100, true, Some(77)));
        let large = entry(65_536 | 1 << 17).content(65_536);
        assert_eq!((large.size, large.same), (65_536, true));
    }
}
