//! States of slots, as a window of them shows.
//!
//! A window is part of a device's slot table at one moment: from its first slot up to its end, whatever is not listed holds nothing. That
//! is what `block_state` prints, and all that a recording has to keep.

use serde::{Deserialize, Serialize};
use zram_host::device::SlotState;

/// A part of a slot table.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// Its first slot.
    pub first: u64,
    /// The slot behind its last.
    pub end: u64,
    /// The slots in it that hold something, ascending.
    pub slots: Vec<Slot>,
}

/// A slot that holds something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slot(
    /// Which.
    pub u64,
    /// The second since boot when it was last read or written. 0: not known.
    pub u32,
    /// What it is.
    pub Flags,
);

impl From<&SlotState> for Slot {
    fn from(state: &SlotState) -> Self {
        let seconds = u32::try_from(state.accessed_micros / super::SECOND).unwrap_or(u32::MAX);
        Self(state.slot, seconds, Flags::of(state))
    }
}

/// What a slot is: what `block_state` says of it, in one byte.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Flags(u8);

impl Flags {
    /// A page of one word.
    pub const SAME: Self = Self(1);
    /// On the backing device.
    pub const WRITTEN_BACK: Self = Self(1 << 1);
    /// Stored as it is.
    pub const HUGE: Self = Self(1 << 2);
    /// Marked as idle.
    pub const IDLE: Self = Self(1 << 3);
    /// Compressed with a secondary algorithm.
    pub const RECOMPRESSED: Self = Self(1 << 4);
    /// No algorithm makes it smaller.
    pub const INCOMPRESSIBLE: Self = Self(1 << 5);
    /// It holds something.
    pub const HELD: Self = Self(1 << 6);
    /// It was looked at.
    pub const KNOWN: Self = Self(1 << 7);

    /// A slot that was looked at, and holds nothing.
    pub const FREE: Self = Self::KNOWN;
    /// A slot that nobody has looked at.
    pub const UNKNOWN: Self = Self(0);

    /// Those that a state can have beside its kind, by the letters of `block_state`.
    pub const LETTERS: [(Self, char); 6] = [
        (Self::SAME, 's'),
        (Self::WRITTEN_BACK, 'w'),
        (Self::HUGE, 'h'),
        (Self::IDLE, 'i'),
        (Self::RECOMPRESSED, 'r'),
        (Self::INCOMPRESSIBLE, 'n'),
    ];

    /// Of a line of `block_state`.
    #[must_use]
    pub fn of(state: &SlotState) -> Self {
        let mut flags = Self::KNOWN.and(Self::HELD);
        for (is, flag) in [
            (state.same, Self::SAME),
            (state.written_back, Self::WRITTEN_BACK),
            (state.huge, Self::HUGE),
            (state.idle, Self::IDLE),
            (state.recompressed == Some(true), Self::RECOMPRESSED),
            (state.incompressible == Some(true), Self::INCOMPRESSIBLE),
        ] {
            if is {
                flags = flags.and(flag);
            }
        }
        flags
    }

    /// These and those.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether all of those are among these.
    #[must_use]
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// As an index.
    #[must_use]
    pub const fn byte(self) -> u8 {
        self.0
    }

    /// The letters of `block_state`, `.` where one does not hold.
    #[must_use]
    pub fn letters(self) -> String {
        Self::LETTERS.iter().map(|(flag, letter)| if self.has(*flag) { *letter } else { '.' }).collect()
    }

    /// The one thing that a cell of the map says of it.
    ///
    /// A slot can be several. What it says is what somebody would act on first: where it is, then what can be done with it, then
    /// how it is stored.
    #[must_use]
    pub const fn kind(self) -> Kind {
        if !self.has(Self::KNOWN) {
            Kind::Unknown
        } else if !self.has(Self::HELD) {
            Kind::Free
        } else if self.has(Self::WRITTEN_BACK) {
            Kind::WrittenBack
        } else if self.has(Self::IDLE) {
            Kind::Idle
        } else if self.has(Self::SAME) {
            Kind::Same
        } else if self.has(Self::INCOMPRESSIBLE) {
            Kind::Incompressible
        } else if self.has(Self::HUGE) {
            Kind::Huge
        } else if self.has(Self::RECOMPRESSED) {
            Kind::Recompressed
        } else {
            Kind::Compressed
        }
    }
}

/// What a cell of the map says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Compressed with the primary algorithm.
    Compressed,
    /// Compressed with a secondary one.
    Recompressed,
    /// A page of one word.
    Same,
    /// Stored as it is.
    Huge,
    /// No algorithm makes it smaller.
    Incompressible,
    /// Marked as idle, however it is stored.
    Idle,
    /// On the backing device.
    WrittenBack,
    /// Nothing is in it.
    Free,
    /// Nobody has looked.
    Unknown,
}

impl Kind {
    /// All, in the order of a legend.
    pub const ALL: [Self; 9] = [
        Self::Compressed,
        Self::Recompressed,
        Self::Same,
        Self::Huge,
        Self::Incompressible,
        Self::Idle,
        Self::WrittenBack,
        Self::Free,
        Self::Unknown,
    ];

    /// What it is called.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Compressed => "compressed",
            Self::Recompressed => "recompressed",
            Self::Same => "same",
            Self::Huge => "huge",
            Self::Incompressible => "incompressible",
            Self::Idle => "idle",
            Self::WrittenBack => "written back",
            Self::Free => "free",
            Self::Unknown => "not looked at",
        }
    }

    /// The same where there is little room.
    #[must_use]
    pub const fn short(self) -> &'static str {
        match self {
            Self::Compressed => "compr.",
            Self::Recompressed => "recomp.",
            Self::Incompressible => "incompr.",
            Self::WrittenBack => "written",
            Self::Unknown => "unseen",
            _ => self.name(),
        }
    }
}

/// What is in a slot, as only probes can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    /// Which slot.
    pub slot: u64,
    /// Bytes of its object. `None`: there is none.
    pub size: Option<u32>,
    /// The block of the backing device that it is in.
    pub block: Option<u64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_byte_and_says_the_same_again() {
        for (line, letters, kind) in [
            ("1 2.5 ......", "......", Kind::Compressed),
            ("1 2.5 s.....", "s.....", Kind::Same),
            ("1 2.5 .wh...", ".wh...", Kind::WrittenBack),
            ("1 2.5 ..hi.n", "..hi.n", Kind::Idle),
            ("1 2.5 ..h..n", "..h..n", Kind::Incompressible),
            ("1 2.5 ..h...", "..h...", Kind::Huge),
            ("1 2.5 ....r.", "....r.", Kind::Recompressed),
            ("1 2.5 s..i", "s..i..", Kind::Idle),
        ] {
            let slot = Slot::from(&SlotState::parse(line).unwrap());
            assert_eq!((slot.0, slot.1), (1, 2), "{line}");
            assert_eq!((slot.2.letters().as_str(), slot.2.kind()), (letters, kind), "{line}");
        }
        assert_eq!((Flags::FREE.kind(), Flags::UNKNOWN.kind()), (Kind::Free, Kind::Unknown));
    }
}
