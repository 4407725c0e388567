//! What may be written in 24 hours: records of what was, and when, that are forgotten after a day.

use std::{collections::VecDeque, time::Duration};

use crate::units::Units;

const DAY: Duration = Duration::from_secs(24 * 3600);

/// The records.
#[derive(Clone, Debug, Default)]
pub(super) struct Written(VecDeque<(Duration, Units)>);

impl Written {
    pub(super) fn record(&mut self, now: Duration, units: Units) {
        if units > Units(0) {
            self.0.push_back((now, units));
        }
    }

    /// What is left of so much.
    pub(super) fn left(&mut self, per_day: Units, now: Duration) -> Units {
        while self.0.front().is_some_and(|(then, _)| now.saturating_sub(*then) >= DAY) {
            self.0.pop_front();
        }
        per_day.less(self.0.iter().map(|(_, units)| *units).sum())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_a_day_old_is_forgotten() {
        let hours = |hours: u64| Duration::from_secs(hours * 3600);
        let mut written = Written::default();
        written.record(hours(1), Units(10));
        written.record(hours(20), Units(5));
        assert_eq!(written.left(Units(20), hours(24)), Units(5));
        assert_eq!(written.left(Units(12), hours(24)), Units(0));
        assert_eq!(written.left(Units(20), hours(25)), Units(15));
    }
}
