//! What was compared, how strictly, and what was not.

use std::collections::BTreeMap;

use serde::Serialize;

/// What a comparison is about: see `docs/verify.md`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum Level {
    /// Static facts: class table, attributes, `huge_class_size`.
    L0,
    /// What system calls answer and attributes read.
    L1,
    /// Events inside zsmalloc and zram.
    L2,
    /// The slot table and the backing device's blocks.
    L3,
    /// What may cause what: see [`super::causes`].
    L4,
}

impl Level {
    /// Every level.
    pub const ALL: [Self; 5] = [Self::L0, Self::L1, Self::L2, Self::L3, Self::L4];

    /// What the level is about, in a word or two.
    #[must_use]
    pub fn about(self) -> &'static str {
        match self {
            Self::L0 => "static facts",
            Self::L1 => "answers and attributes",
            Self::L2 => "events",
            Self::L3 => "slots and blocks",
            Self::L4 => "causes",
        }
    }
}

/// How strict a comparison was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Strength {
    /// Equal, at the moment it happened.
    Exact,
    /// Equal, between operations, when nothing was in flight.
    AtQuiescence,
    /// One of the values that the clocks around the operation allow.
    SetMembership,
    /// Within bounds.
    Bounded,
}

impl Strength {
    /// Every strength, strictest first.
    pub const ALL: [Self; 4] = [Self::Exact, Self::AtQuiescence, Self::SetMembership, Self::Bounded];

    /// In words.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::AtQuiescence => "at quiescence",
            Self::SetMembership => "set membership",
            Self::Bounded => "bounded",
        }
    }
}

/// Checks that could not be made, of one sort.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Skip {
    /// The level it belongs to.
    pub level: Level,
    /// What was not compared.
    pub what: String,
    /// Why not.
    pub reason: String,
}

/// Counts of comparisons made and not made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    made: BTreeMap<(Level, Strength), u64>,
    skipped: BTreeMap<Skip, u64>,
}

impl Tally {
    /// Counts comparisons made.
    pub fn count(&mut self, level: Level, strength: Strength, number: u64) {
        *self.made.entry((level, strength)).or_default() += number;
    }

    /// Counts comparisons that could not be made.
    pub fn skip(&mut self, level: Level, what: impl Into<String>, reason: impl Into<String>, number: u64) {
        if number > 0 {
            let skip = Skip { level, what: what.into(), reason: reason.into() };
            *self.skipped.entry(skip).or_default() += number;
        }
    }

    /// Comparisons of a level and strength.
    #[must_use]
    pub fn made(&self, level: Level, strength: Strength) -> u64 {
        self.made.get(&(level, strength)).copied().unwrap_or(0)
    }

    /// All comparisons.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.made.values().sum()
    }

    /// What was skipped, and how often.
    pub fn skipped(&self) -> impl Iterator<Item = (&Skip, u64)> {
        self.skipped.iter().map(|(skip, count)| (skip, *count))
    }

    /// Checks of a level skipped.
    #[must_use]
    pub fn skipped_at(&self, level: Level) -> u64 {
        self.skipped.iter().filter(|(skip, _)| skip.level == level).map(|(_, count)| count).sum()
    }

    /// All checks skipped.
    #[must_use]
    pub fn total_skipped(&self) -> u64 {
        self.skipped.values().sum()
    }

    /// Adds another count to this one.
    pub fn absorb(&mut self, other: &Self) {
        for ((level, strength), number) in &other.made {
            self.count(*level, *strength, *number);
        }
        for (skip, number) in &other.skipped {
            *self.skipped.entry(skip.clone()).or_default() += number;
        }
    }
}
