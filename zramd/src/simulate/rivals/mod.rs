//! Other programs' policies, to compare with.
//!
//! From their published parameters and formulas, written anew. Each drives the machine as the program does: it marks pages idle by age and writes them
//! back by type, under `writeback_limit`. Amounts of bytes are divided by the machine's scale; ages and periods are not.
//!
//! * [`mmd`]: Android's memory management daemon. * [`chromeos`]: ChromeOS' swap_management. Both are one policy with other parameters, in
//!   `by_age`; where they differ is said there.
//! * [`fixed`]: everything older than an age, the same for ever, as scripts for cron do.
//! * [`Nothing`]: what a kernel does by itself.

mod budget;
mod by_age;
mod suspended;

use std::time::Duration;

use zram_host::Machine;

pub use by_age::{ByAge, Parameters, idle_age, round_limit};

use super::machine::Spec;
use crate::{
    driver::{Driver, Occasion},
    units::Units,
};

/// No writeback at all.
#[derive(Clone, Copy, Debug, Default)]
pub struct Nothing;

impl Driver for Nothing {
    fn wake(&mut self, _machine: &mut dyn Machine, _occasion: Occasion) -> Option<Duration> {
        None
    }
}

/// Android's mmd, with at most so much in 24 hours.
#[must_use]
pub fn mmd(spec: &Spec, per_day: Units) -> ByAge {
    ByAge::new(Parameters { huge: false, ..Parameters::published() }.scaled(spec, per_day))
}

/// ChromeOS' swap_management, with at most so much in 24 hours.
#[must_use]
pub fn chromeos(spec: &Spec, per_day: Units) -> ByAge {
    ByAge::new(Parameters::published().scaled(spec, per_day))
}

/// Pages older than this, every hour, with at most so much in 24 hours.
#[must_use]
pub fn fixed(spec: &Spec, per_day: Units, age: Duration) -> ByAge {
    let parameters = Parameters {
        min_idle: age,
        max_idle: age,
        huge: false,
        round_min: Units(0),
        ..Parameters::published()
    };
    ByAge::new(parameters.scaled(spec, per_day))
}
