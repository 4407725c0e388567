//! When a page counts as idle.
//!
//! A page that is not needed costs nothing while there is memory to spare, and its place once there is none. So the age at which it counts as idle falls with the
//! share of memory that is in use, steeply at first: from the longest with an empty machine towards the shortest with a full one, by
//! e^(-5 × utilisation), the curve that Android's mmd uses. What comes back too soon stretches it ([`super::regret`]); both ends hold in any
//! case.

use std::time::Duration;

use crate::{config::IdleAge, units::Permille};

/// e^(-5u) in thousandths, for u = 0 %, 5 %, …, 100 %; in between, straight lines.
const CURVE: [u32; 21] =
    [1000, 779, 607, 472, 368, 287, 223, 174, 135, 105, 82, 64, 50, 39, 30, 24, 18, 14, 11, 9, 7];

/// Utilisation between two points of the curve.
const STEP: u32 = 50;

/// Share of the memory in use, from the bytes that there are and those that could be had.
#[must_use]
pub fn utilisation(total: u64, available: u64) -> Permille {
    Permille::share(total.saturating_sub(available), total).min(Permille(1000))
}

/// From which age on a page counts as idle.
#[must_use]
pub fn idle_age(wanted: IdleAge, utilisation: Permille, factor: Permille) -> Duration {
    let span = millis(wanted.max.saturating_sub(wanted.min));
    let base = millis(wanted.min).saturating_add(Permille(curve(utilisation)).of(span));
    Duration::from_millis(factor.of(base)).clamp(wanted.min, wanted.max.max(wanted.min))
}

/// The same if so much of the budget is spent: the less there is left, the older a page must be, up to the longest age. Without that a budget that does not last goes
/// to whatever is old enough first, and nothing is left for what is older later. The part that is left counts by its third power, so that when half
/// of it is spent seven eighths of the way are gone, and the rest is for the oldest.
#[must_use]
pub fn scarce(wanted: IdleAge, age: Duration, spent: Permille) -> Duration {
    let more = millis(wanted.max.saturating_sub(age));
    let left = 1000 - spent.0.min(1000);
    let share = Permille(1000 - left * left / 1000 * left / 1000);
    age.saturating_add(Duration::from_millis(share.of(more)))
}

fn curve(Permille(utilisation): Permille) -> u32 {
    let at = (utilisation / STEP) as usize;
    let [from, to] = [at, at + 1].map(|at| *CURVE.get(at).unwrap_or(&CURVE[CURVE.len() - 1]));
    from - (from - to) * (utilisation % STEP) / STEP
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const WANTED: IdleAge = IdleAge { min: Duration::from_secs(1000), max: Duration::from_secs(11_000) };

    #[test]
    fn the_fuller_the_sooner() {
        let age = |utilisation| idle_age(WANTED, Permille(utilisation), Permille(1000)).as_secs();
        assert_eq!(age(0), 11_000);
        assert_eq!(age(500), 1820, "1000 + 10000 × e^-2.5");
        assert_eq!(age(1000), 1070);
        assert_eq!(age(5000), 1070, "more than everything is everything");
        let ages: Vec<u64> = (0..=1000).map(age).collect();
        assert!(ages.is_sorted_by(|a, b| a >= b));
    }

    #[test]
    fn the_curve_is_that_of_the_exponential_function() {
        for utilisation in 0..=1000 {
            let exact = 1000.0 * f64::exp(-5.0 * f64::from(utilisation) / 1000.0);
            let ours = f64::from(curve(Permille(utilisation)));
            assert!((ours - exact).abs() < 9.0, "{utilisation}: {ours} {exact}");
        }
    }

    #[test]
    fn both_ends_hold() {
        assert_eq!(idle_age(WANTED, Permille(0), Permille(8000)), WANTED.max);
        assert_eq!(idle_age(WANTED, Permille(1000), Permille(1)), WANTED.min);
        let wrong = IdleAge { min: WANTED.max, max: WANTED.min };
        assert_eq!(idle_age(wrong, Permille(0), Permille(1000)), wrong.min);
        let long = IdleAge { min: Duration::MAX, max: Duration::MAX };
        assert_eq!(idle_age(long, Permille(0), Permille(u32::MAX)), Duration::MAX);
    }

    #[test]
    fn what_is_left_of_a_budget_is_for_the_oldest() {
        let age = |spent| scarce(WANTED, Duration::from_secs(1000), Permille(spent)).as_secs();
        assert_eq!([0, 500, 1000, 5000].map(age), [1000, 9750, 11_000, 11_000]);
        let ages: Vec<u64> = (0..=1000).map(age).collect();
        assert!(ages.is_sorted());
        let all = Duration::from_secs(20_000);
        assert_eq!(scarce(WANTED, all, Permille(500)), all, "an age beyond the longest stays");
    }

    #[test]
    fn memory_in_use_is_what_cannot_be_had() {
        assert_eq!(utilisation(8 << 30, 6 << 30), Permille(250));
        assert_eq!(utilisation(0, 0), Permille(0));
        assert_eq!(utilisation(10, 20), Permille(0));
    }
}
