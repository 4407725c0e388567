//! Expected beside observed.
//!
//! Every comparison is made by [`Comparer`], which counts it by level and strength: what is not
//! counted was not compared, and what is skipped says why. Nothing is sorted, rounded or filtered to
//! make two sides agree; the one thing that is taken off the model's side before comparing is what
//! this kernel's probes cannot see, and that is counted too.

pub mod blocks;
pub mod bytes;
pub mod causes;
pub mod classes;
pub mod events;
pub mod slots;
pub mod surface;
mod tally;

use core::fmt::Debug;

pub use tally::{Level, Skip, Strength, Tally};

use crate::divergence::Difference;

/// Makes comparisons, counts them, keeps what differs.
#[derive(Debug, Default)]
pub struct Comparer {
    /// What was compared.
    pub tally: Tally,
    /// What differs.
    pub differences: Vec<Difference>,
}

impl Comparer {
    /// Compares two values.
    pub fn same<T: PartialEq + Debug>(
        &mut self,
        level: Level,
        strength: Strength,
        field: impl FnOnce() -> String,
        expected: &T,
        observed: &T,
    ) -> bool {
        self.tally.count(level, strength, 1);
        let same = expected == observed;
        if !same {
            self.differ(
                level,
                strength,
                field(),
                format!("{expected:?}"),
                format!("{observed:?}"),
                Vec::new(),
            );
        }
        same
    }

    /// Notes a difference that a comparison counted elsewhere has found.
    pub fn differ(
        &mut self,
        level: Level,
        strength: Strength,
        field: String,
        expected: String,
        observed: String,
        context: Vec<String>,
    ) {
        let timeline = None;
        self.differences.push(Difference { level, strength, field, expected, observed, context, timeline });
    }
}
