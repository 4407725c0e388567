//! What comes back changes when a page counts as idle.
//!
//! A page that is written and read back has cost a write, a read and somebody's time, and gained nothing. The measure is how many pages come back for each
//! that is written, both counted over the same last hours. Above the target the idle age is stretched by half, below half of the target it shrinks by an
//! eighth, and in between it stays. It moves at most once in a while, and not at all on the word of a few pages; without any evidence it drifts back to
//! where it began. Since a step takes that while, the direction changes at most twice an hour: the loop cannot swing.
//!
//! Steps are unequal on purpose. Too much writing hurts now, too little costs only memory, so it is given up sooner than it is taken up.

use std::{collections::VecDeque, time::Duration};

use serde::{Deserialize, Serialize};
use zram_host::device::BdStat;

use crate::{config::Regret, units::Permille};

/// A step takes at least so long after the last.
pub const PATIENCE: Duration = Duration::from_secs(30 * 60);

/// Fewer pages than that say nothing.
const EVIDENCE: u64 = 256;

/// Samples are kept at least so far apart, so that there is a bound on how many there are.
const APART: Duration = Duration::from_secs(60);

/// The loop of one device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegretLoop {
    factor: Permille,
    moved: Option<Duration>,
    samples: VecDeque<Sample>,
    last: Option<(u64, u64)>,
}

/// Traffic since the sample before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Sample {
    at: Duration,
    reads: u64,
    writes: u64,
}

impl Default for RegretLoop {
    fn default() -> Self {
        Self { factor: Permille(1000), moved: None, samples: VecDeque::new(), last: None }
    }
}

impl RegretLoop {
    /// By what the idle age is multiplied.
    #[must_use]
    pub fn factor(&self) -> Permille {
        self.factor
    }

    /// Pages that came back, and pages that were written, within the horizon.
    #[must_use]
    pub fn traffic(&self) -> (u64, u64) {
        self.samples
            .iter()
            .fold((0, 0), |(reads, writes), sample| (reads + sample.reads, writes + sample.writes))
    }

    /// Pages that came back for each that was written. `None`: too few to say.
    #[must_use]
    pub fn share(&self) -> Option<Permille> {
        let (reads, writes) = self.traffic();
        (writes.max(reads) >= EVIDENCE).then(|| Permille::share(reads, writes))
    }

    /// Takes note of what the device says about its traffic, at this time since boot.
    pub fn note(&mut self, bd: BdStat, wanted: &Regret, now: Duration) {
        let (reads, writes) = match self.last {
            // Counters that have gone back are those of a device that was reset.
            Some((reads, writes)) if bd.reads >= reads && bd.writes >= writes => {
                (bd.reads - reads, bd.writes - writes)
            }
            Some(_) => (bd.reads, bd.writes),
            // What was before nobody knows whether it was recent.
            None => (0, 0),
        };
        self.last = Some((bd.reads, bd.writes));
        match self.samples.back_mut() {
            Some(last) if now.saturating_sub(last.at) < APART => {
                last.reads += reads;
                last.writes += writes;
            }
            _ if reads + writes > 0 => self.samples.push_back(Sample { at: now, reads, writes }),
            _ => {}
        }
        while self.samples.front().is_some_and(|sample| now.saturating_sub(sample.at) > wanted.horizon) {
            self.samples.pop_front();
        }
        self.step(wanted, now);
    }

    fn step(&mut self, wanted: &Regret, now: Duration) {
        let since = *self.moved.get_or_insert(now);
        if now.saturating_sub(since) < PATIENCE {
            return;
        }
        let Permille(factor) = self.factor;
        let factor = match self.share() {
            _ if !wanted.enabled => 1000,
            Some(share) if share > wanted.target => factor.saturating_mul(3) / 2,
            Some(share) if share < Permille(wanted.target.0 / 2) => factor - factor / 8,
            Some(_) => factor,
            // By a twentieth of the way, and the last step whole.
            None if factor > 1020 => factor - (factor - 1000) / 20,
            None if factor < 980 => factor + (1000 - factor) / 20,
            None => 1000,
        };
        self.factor = Permille(factor).clamp(wanted.least, wanted.most.max(wanted.least));
        self.moved = Some(now);
    }

    /// Forgets what belongs to times since boot: the machine was booted again. What was learned stays.
    pub fn booted(&mut self) {
        *self = Self { factor: self.factor, ..Self::default() };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minutes(minutes: u64) -> Duration {
        Duration::from_secs(60 * minutes)
    }

    /// A day in which every ten minutes so many pages are written, and so many come back.
    fn day(
        regret: &mut RegretLoop,
        wanted: &Regret,
        mut traffic: impl FnMut(Permille) -> (u64, u64),
    ) -> Vec<u32> {
        let mut bd = BdStat { count: 0, reads: 0, writes: 0 };
        (0..144)
            .map(|at| {
                let (reads, writes) = traffic(regret.factor());
                bd.reads += reads;
                bd.writes += writes;
                regret.note(bd, wanted, minutes(10 * at));
                regret.factor().0
            })
            .collect()
    }

    fn reversals(factors: &[u32]) -> usize {
        let steps: Vec<bool> =
            factors.windows(2).filter(|two| two[0] != two[1]).map(|two| two[0] < two[1]).collect();
        steps.windows(2).filter(|two| two[0] != two[1]).count()
    }

    #[test]
    fn what_comes_back_stretches_and_what_stays_away_shrinks() {
        let wanted = Regret::default();
        let most = day(&mut RegretLoop::default(), &wanted, |_| (90, 100));
        assert_eq!(most.last(), Some(&8000));
        let least = day(&mut RegretLoop::default(), &wanted, |_| (0, 100));
        assert_eq!(least.last(), Some(&250));
        let between = day(&mut RegretLoop::default(), &wanted, |_| (4, 100));
        assert!(between.iter().all(|factor| *factor == 1000));
    }

    #[test]
    fn a_few_pages_say_nothing() {
        let factors = day(&mut RegretLoop::default(), &Regret::default(), |_| (1, 1));
        assert!(factors.iter().all(|factor| *factor == 1000), "{factors:?}");
    }

    #[test]
    fn without_evidence_it_drifts_back() {
        let wanted = Regret::default();
        let mut regret = RegretLoop { factor: Permille(8000), ..RegretLoop::default() };
        let (up, mut regret2) = (
            day(&mut regret, &wanted, |_| (0, 0)),
            RegretLoop { factor: Permille(250), ..RegretLoop::default() },
        );
        assert!(up.is_sorted_by(|a, b| a >= b) && up[143] < 2000, "{up:?}");
        let down = day(&mut regret2, &wanted, |_| (0, 0));
        assert!(down.is_sorted() && down[143] > 900, "{down:?}");
    }

    /// The more it is stretched, the less is written and the less comes back of it: the worst case for a loop is one that answers at once.
    #[test]
    fn it_does_not_swing() {
        let wanted = Regret::default();
        let mut regret = RegretLoop::default();
        let factors =
            day(&mut regret, &wanted, |Permille(factor)| (if factor > 1200 { 0 } else { 100 }, 300));
        assert!(reversals(&factors) <= 48, "{factors:?}");
        let hours: Vec<usize> = factors.chunks(6).map(reversals).collect();
        assert!(hours.iter().all(|hour| *hour <= 2), "{hours:?}");
    }

    #[test]
    fn a_reset_is_not_a_flood() {
        let wanted = Regret::default();
        let mut regret = RegretLoop::default();
        regret.note(BdStat { count: 0, reads: 5000, writes: 90_000 }, &wanted, minutes(0));
        assert_eq!(regret.traffic(), (0, 0), "from before");
        regret.note(BdStat { count: 0, reads: 5010, writes: 90_300 }, &wanted, minutes(5));
        regret.note(BdStat { count: 0, reads: 2, writes: 30 }, &wanted, minutes(10));
        assert_eq!(regret.traffic(), (12, 330));
        regret.note(BdStat { count: 0, reads: 2, writes: 30 }, &wanted, minutes(366));
        assert_eq!(regret.traffic(), (2, 30), "the horizon is six hours");
        regret.booted();
        assert_eq!(regret.traffic(), (0, 0));
    }
}
