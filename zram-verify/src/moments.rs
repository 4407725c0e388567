//! Moments that no answer tells, where more than one is possible.

use zram_agent::protocol::{Boundary, Op};

use crate::observed::{Observed, SECOND_NS, seconds};

/// Moments from which the age in a write to `idle` may have been counted, in nanoseconds since boot: seconds of the coarse clock, or
/// of the fine one all that make a difference. What is marked with a later one is marked with an earlier one or was accessed, an age ago,
/// in between.
pub(crate) fn idle(op: &Op, observed: &Observed, fine: bool) -> Vec<u64> {
    let Boundary { before, after, .. } = observed.observation.clock;
    let (low, high) = seconds(observed.observation.clock);
    match op {
        Op::Set { attr, value, .. } if attr == "idle" && fine => {
            let age = value.trim().parse::<u64>().ok().and_then(|age| age.checked_mul(SECOND_NS));
            let times = observed.access_times();
            let borders = times.values().filter_map(|time| time.whole().checked_add(age?)?.checked_add(1));
            let mut moments: Vec<u64> = borders.filter(|moment| (before..=after).contains(moment)).collect();
            moments.extend([before, after]);
            moments.sort_unstable();
            moments.dedup();
            moments
        }
        Op::Set { attr, .. } if attr == "idle" && low != high => {
            (low..=high.min(low + 2)).map(|second| u64::from(second) * SECOND_NS).collect()
        }
        _ => vec![u64::from(high) * SECOND_NS],
    }
}
