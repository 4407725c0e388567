//! How many slots of each kind there are somewhere.

use crate::sample::{Flags, Kind};

/// Counts by kind, of which each slot has one, and by flag, of which it may have several.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    kinds: [u32; Kind::ALL.len()],
    flags: [u32; Flags::LETTERS.len()],
}

impl Counts {
    /// Of so many slots that are all alike.
    #[must_use]
    pub fn of(flags: Flags, slots: u32) -> Self {
        let mut counts = Self::default();
        counts.kinds[flags.kind() as usize] = slots;
        for (count, (flag, _)) in counts.flags.iter_mut().zip(Flags::LETTERS) {
            *count = if flags.has(flag) { slots } else { 0 };
        }
        counts
    }

    /// One more of these.
    pub fn add(&mut self, flags: Flags) {
        self.kinds[flags.kind() as usize] += 1;
        for (count, (flag, _)) in self.flags.iter_mut().zip(Flags::LETTERS) {
            *count += u32::from(flags.has(flag));
        }
    }

    /// One of them has become another.
    pub fn replace(&mut self, was: Flags, is: Flags) {
        let kind = &mut self.kinds[was.kind() as usize];
        *kind = kind.saturating_sub(1);
        self.kinds[is.kind() as usize] += 1;
        for (count, (flag, _)) in self.flags.iter_mut().zip(Flags::LETTERS) {
            match (was.has(flag), is.has(flag)) {
                (true, false) => *count = count.saturating_sub(1),
                (false, true) => *count += 1,
                _ => {}
            }
        }
    }

    /// Both together.
    #[must_use]
    pub fn plus(mut self, other: &Self) -> Self {
        for (ours, theirs) in self.kinds.iter_mut().zip(other.kinds) {
            *ours += theirs;
        }
        for (ours, theirs) in self.flags.iter_mut().zip(other.flags) {
            *ours += theirs;
        }
        self
    }

    /// Slots of this kind.
    #[must_use]
    pub fn kind(&self, kind: Kind) -> u32 {
        self.kinds[kind as usize]
    }

    /// Slots that have this flag, one of [`Flags::LETTERS`].
    #[must_use]
    pub fn flag(&self, flag: Flags) -> u32 {
        let at = Flags::LETTERS.iter().position(|(known, _)| *known == flag);
        at.map_or(0, |at| self.flags[at])
    }

    /// Slots.
    #[must_use]
    pub fn slots(&self) -> u32 {
        self.kinds.iter().sum()
    }

    /// Slots that hold something.
    #[must_use]
    pub fn held(&self) -> u32 {
        self.slots() - self.kind(Kind::Free) - self.kind(Kind::Unknown)
    }

    /// The kind that a cell shows: the most frequent of those that hold something, since what is there must be seen however little it
    /// is. Of equally frequent ones the first.
    #[must_use]
    pub fn dominant(&self) -> Kind {
        let mut best = (Kind::Free, 0);
        for kind in Kind::ALL {
            let slots = self.kind(kind);
            if !matches!(kind, Kind::Free | Kind::Unknown) && slots > best.1 {
                best = (kind, slots);
            }
        }
        if best.1 == 0 && self.kind(Kind::Unknown) > self.kind(Kind::Free) { Kind::Unknown } else { best.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_is_shown_however_little_it_is() {
        let held = Flags::KNOWN.and(Flags::HELD);
        let mut counts = Counts::of(Flags::FREE, 1000);
        assert_eq!(counts.dominant(), Kind::Free);
        counts.add(held.and(Flags::HUGE).and(Flags::WRITTEN_BACK));
        assert_eq!((counts.dominant(), counts.flag(Flags::HUGE)), (Kind::WrittenBack, 1));
        counts.replace(held.and(Flags::HUGE).and(Flags::WRITTEN_BACK), held.and(Flags::HUGE));
        assert_eq!((counts.dominant(), counts.held(), counts.slots()), (Kind::Huge, 1, 1001));
        assert_eq!(Counts::of(Flags::UNKNOWN, 5).dominant(), Kind::Unknown);
    }
}
