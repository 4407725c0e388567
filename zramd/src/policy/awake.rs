//! Ages without the time that the machine was suspended.
//!
//! zram takes note of accesses by a clock that runs on while the machine is suspended (`ktime_get_boottime`). A laptop that was closed for the night
//! would find all its pages idle in the morning, write them, and read them back while somebody waits. So what was slept is taken off: of all
//! of a page's age, the part that anybody could have used it in.
//!
//! When the machine slept is known only as far as somebody looked at the clocks: between two looks a sleep may have been anywhere. It is taken to have
//! been after every access in between, which makes pages younger rather than older.

use std::{collections::VecDeque, time::Duration};

use serde::{Deserialize, Serialize};
use zram_host::machine::Clocks;

use super::classes::Age;

/// Sleeps that are remembered. Older ones count for every page that was used before the first of these.
const REMEMBERED: usize = 64;

/// When the machine slept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sleeps {
    /// What has been slept in all, and when that was seen first.
    last: Option<Look>,
    /// The same of before the machine slept again, the oldest first.
    before: VecDeque<Look>,
}

/// A look at the clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Look {
    /// Time since boot.
    boot: Duration,
    /// Of it, suspended.
    slept: Duration,
}

/// Clocks are read one after another: less than this is no sleep.
const NOISE: Duration = Duration::from_millis(500);

impl Sleeps {
    /// Takes note of what the clocks say.
    pub fn look(&mut self, clocks: Clocks) {
        let now = Look { boot: clocks.boot, slept: clocks.suspended() };
        match self.last {
            Some(last) if now.slept > last.slept + NOISE => {
                self.before.push_back(last);
                if self.before.len() > REMEMBERED {
                    self.before.pop_front();
                }
                self.last = Some(now);
            }
            Some(_) => {}
            None => self.last = Some(now),
        }
    }

    /// How long the machine has been awake since an access at this time since boot, now that it is `now` since boot.
    #[must_use]
    pub fn age(&self, accessed: Duration, now: Duration) -> Duration {
        let slept_in_all = self.last.map_or(Duration::ZERO, |last| last.slept);
        // The last look before the access knows what had been slept by then.
        let by_then = self.before.iter().chain(&self.last).rev().find(|look| look.boot <= accessed);
        let slept_by_then = by_then.map_or(Duration::ZERO, |look| look.slept);
        now.saturating_sub(accessed).saturating_sub(slept_in_all.saturating_sub(slept_by_then))
    }

    /// The same for many accesses, now that it is `now` since boot.
    #[must_use]
    pub fn since(&self, now: Duration) -> Since {
        let slept_in_all = self.last.map_or(Duration::ZERO, |last| last.slept);
        let micros = |time: Duration| Age::from(time).in_micros();
        let steps = self.before.iter().chain(&self.last).map(|look| Step {
            boot: micros(look.boot),
            slept_since: micros(slept_in_all.saturating_sub(look.slept)),
        });
        Since { now: micros(now), slept: micros(slept_in_all), steps: steps.collect() }
    }
}

/// How long the machine has been awake since any time. A device has millions of pages: so this is in microseconds, and in a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Since {
    now: u64,
    slept: u64,
    /// The oldest first.
    steps: Vec<Step>,
}

/// Since a look at the clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Step {
    boot: u64,
    slept_since: u64,
}

impl Since {
    /// Since so many microseconds after boot.
    #[must_use]
    #[inline]
    pub fn age(&self, accessed: u64) -> Age {
        let looks = self.steps.partition_point(|step| step.boot <= accessed);
        let slept = looks.checked_sub(1).map_or(self.slept, |look| self.steps[look].slept_since);
        Age::micros(self.now.saturating_sub(accessed).saturating_sub(slept))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(boot: u64, slept: u64) -> Clocks {
        let seconds = Duration::from_secs;
        Clocks { boot: seconds(boot), awake: seconds(boot - slept), wall: seconds(0) }
    }

    /// By the one way and the other.
    fn age(sleeps: &Sleeps, accessed: u64, now: u64) -> u64 {
        let [accessed, now] = [accessed, now].map(Duration::from_secs);
        let age = sleeps.age(accessed, now);
        assert_eq!(sleeps.since(now).age(Age::from(accessed).in_micros()), age.into());
        age.as_secs()
    }

    #[test]
    fn a_night_makes_nothing_older() {
        let mut sleeps = Sleeps::default();
        for clocks in [at(100, 0), at(1000, 0), at(30_000, 28_000), at(31_000, 28_000)] {
            sleeps.look(clocks);
        }
        assert_eq!(age(&sleeps, 500, 31_000), 2500, "before the night");
        assert_eq!(age(&sleeps, 1500, 31_000), 1500, "before or after: as if before");
        assert_eq!(age(&sleeps, 30_500, 31_000), 500, "after it");
    }

    #[test]
    fn what_was_slept_before_anybody_looked_counts_for_all() {
        let mut sleeps = Sleeps::default();
        sleeps.look(at(10_000, 4000));
        assert_eq!(age(&sleeps, 1000, 10_000), 5000);
        assert_eq!(age(&sleeps, 9000, 10_000), 0, "younger rather than older");
        assert_eq!(age(&sleeps, 20_000, 10_000), 0);
    }

    #[test]
    fn clocks_read_one_after_another_are_no_sleep() {
        let mut sleeps = Sleeps::default();
        let mut boot = Duration::from_secs(10);
        for _ in 0..1000 {
            boot += Duration::from_secs(1);
            sleeps.look(Clocks { boot, awake: boot - Duration::from_millis(3), wall: boot });
        }
        assert!(sleeps.before.is_empty());
    }

    #[test]
    fn only_so_many_nights_are_remembered() {
        let mut sleeps = Sleeps::default();
        for night in 1..=200 {
            sleeps.look(at(night * 100, night * 10));
        }
        assert_eq!(sleeps.before.len(), REMEMBERED);
        assert_eq!(age(&sleeps, 0, 20_000), 18_000);
        assert_eq!(age(&sleeps, 19_950, 20_000), 40);
    }
}
