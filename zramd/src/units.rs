//! Amounts.

use std::{iter::Sum, ops::AddAssign};

use serde::{Deserialize, Serialize};

/// What the kernel counts writeback in: 4 KiB, whatever the page size (`bd_stat`, `writeback_limit`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Units(pub u64);

impl Units {
    /// Bytes of one.
    pub const BYTES: u64 = 4096;

    /// As many as are whole in so many bytes.
    #[must_use]
    pub fn within(bytes: u64) -> Self {
        Self(bytes / Self::BYTES)
    }

    /// So many bytes.
    #[must_use]
    pub fn bytes(self) -> u64 {
        self.0.saturating_mul(Self::BYTES)
    }

    /// What is left without those; none, if those are more.
    #[must_use]
    pub fn less(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// Both together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl AddAssign for Units {
    fn add_assign(&mut self, other: Self) {
        *self = self.and(other);
    }
}

impl Sum for Units {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::default(), Self::and)
    }
}

/// A share, in thousandths: whole numbers, so that a decision is the same on every machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Permille(pub u32);

impl Permille {
    /// This share of an amount, rounded down.
    #[must_use]
    pub fn of(self, amount: u64) -> u64 {
        u64::try_from(u128::from(amount) * u128::from(self.0) / 1000).unwrap_or(u64::MAX)
    }

    /// How much a part is of a whole. Nothing of nothing is nothing.
    #[must_use]
    pub fn share(part: u64, whole: u64) -> Self {
        let share = u128::from(part) * 1000 / u128::from(whole.max(1));
        Self(u32::try_from(share).unwrap_or(u32::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_end_at_their_ends() {
        assert_eq!(Units::within(8191), Units(1));
        assert_eq!(Units(u64::MAX).bytes(), u64::MAX);
        assert_eq!(Units(1).less(Units(2)), Units(0));
        assert_eq!(Permille(250).of(u64::MAX), u64::MAX / 4);
        assert_eq!(Permille::share(1, 0), Permille(1000));
        assert_eq!(Permille::share(0, 0), Permille(0));
        assert_eq!(Permille::share(u64::MAX, 1), Permille(u32::MAX));
    }
}
