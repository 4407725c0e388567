//! How long the machine slept within an age.
//!
//! The clock by which zram keeps ages goes on while the machine sleeps. So the programs that care add to the age that they want the time slept
//! since; each further night that this reaches adds itself, as far as it goes.

use std::time::Duration;

use zram_host::machine::Clocks;

/// Sleeps that were noticed: when, and how long.
#[derive(Clone, Debug, Default)]
pub(super) struct Suspended {
    known: Duration,
    sleeps: Vec<(Duration, Duration)>,
}

/// Older ones matter to no age.
const KEPT: Duration = Duration::from_secs(60 * 24 * 3600);

impl Suspended {
    /// Takes note of the clocks.
    pub(super) fn look(&mut self, clocks: &Clocks) {
        let slept = clocks.suspended().saturating_sub(self.known);
        if slept > Duration::ZERO {
            self.known += slept;
            self.sleeps.push((clocks.boot, slept));
            self.sleeps.retain(|(then, _)| clocks.boot.saturating_sub(*then) < KEPT);
        }
    }

    /// How long it slept since the time so long ago, counted awake.
    pub(super) fn within(&self, age: Duration, now: Duration) -> Duration {
        let mut slept = Duration::ZERO;
        for (woke, sleep) in self.sleeps.iter().rev() {
            if *woke <= now.saturating_sub(age + slept) {
                break;
            }
            slept += *sleep;
        }
        slept
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nights_within_an_age_make_it_longer() {
        let hours = |hours: u64| Duration::from_secs(hours * 3600);
        let mut suspended = Suspended::default();
        for day in 0..4 {
            let boot = hours(24 * day + 8);
            let slept = hours(8 * (day + 1));
            suspended.look(&Clocks { boot, awake: boot.saturating_sub(slept), wall: boot });
        }
        // At 80 + 10 h, the last night ended 10 h ago, the one before 34 h ago.
        let now = hours(90);
        assert_eq!(suspended.within(hours(9), now), hours(0));
        assert_eq!(suspended.within(hours(11), now), hours(8));
        // 30 hours awake reach back over a night to 38 h ago, which is before another one.
        assert_eq!(suspended.within(hours(30), now), hours(16));
    }
}
