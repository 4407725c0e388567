//! What is counted of a run: of each page on the backing device since when, and of all together how much.

use std::collections::VecDeque;

use super::content::PAGE;

/// An hour, in nanoseconds.
pub(super) const HOUR: u64 = 3_600_000_000_000;

/// Pages that came back, by how soon after they were written; each includes those before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct ReadBacks {
    /// Within an hour.
    pub within_1h: u64,
    /// Within six.
    pub within_6h: u64,
    /// Within a day.
    pub within_24h: u64,
    /// At all.
    pub all: u64,
}

/// A page on the backing device.
#[derive(Clone, Copy, Debug)]
struct Away {
    since: u64,
    /// What it would take in memory.
    bytes: u32,
}

/// The counts.
#[derive(Clone, Debug, Default)]
pub(super) struct Ledger {
    away: Vec<Option<Away>>,
    /// What the pages that are away would take in memory, in bytes.
    pub(super) saved: u64,
    /// How many are away.
    pub(super) pages_away: u64,
    saved_by_time: u128,
    pool: u64,
    pool_by_time: u128,
    last: u64,
    /// Pages written.
    pub(super) written: u64,
    /// What these took in memory, in bytes.
    pub(super) relieved: u64,
    /// Pages that came back.
    pub(super) read_backs: ReadBacks,
    /// Pages that were freed on the backing device without having been read.
    pub(super) dropped: u64,
    pub(super) swap_ins: u64,
    pub(super) swap_outs: u64,
    pub(super) file_reads: u64,
    pub(super) kills: u64,
    pub(super) accesses: u64,
    day: VecDeque<(u64, u64)>,
    in_day: u64,
    /// The most pages written in any 24 hours.
    pub(super) most_in_day: u64,
}

impl Ledger {
    pub(super) fn new(slots: usize, now: u64) -> Self {
        Self { away: vec![None; slots], last: now, ..Self::default() }
    }

    /// Until now the pool had so many bytes as were said last; from now on, these.
    pub(super) fn pool(&mut self, now: u64, bytes: u64) {
        self.pass(now);
        self.pool = bytes;
    }

    /// A page went to the backing device; it took so many bytes.
    pub(super) fn written(&mut self, now: u64, slot: u32, bytes: u32) {
        self.pass(now);
        self.written += 1;
        self.relieved += u64::from(bytes);
        self.day.push_back((now, 1));
        self.in_day += 1;
        while let Some((then, pages)) = self.day.front().copied() {
            if now - then < 24 * HOUR {
                break;
            }
            self.in_day -= pages;
            self.day.pop_front();
        }
        self.most_in_day = self.most_in_day.max(self.in_day);
        let place = self.away.get_mut(slot as usize);
        if let Some(place) = place.filter(|place| place.is_none()) {
            *place = Some(Away { since: now, bytes });
            self.saved += u64::from(bytes);
            self.pages_away += 1;
        }
    }

    /// Whether what is in a slot is on the backing device.
    pub(super) fn is_away(&self, slot: u32) -> bool {
        self.away.get(slot as usize).is_some_and(Option::is_some)
    }

    /// A page came back.
    pub(super) fn read_back(&mut self, now: u64, slot: u32) {
        let Some(away) = self.home(now, slot) else { return };
        let after = now - away.since;
        let counts = &mut self.read_backs;
        counts.all += 1;
        counts.within_1h += u64::from(after < HOUR);
        counts.within_6h += u64::from(after < 6 * HOUR);
        counts.within_24h += u64::from(after < 24 * HOUR);
    }

    /// A page was freed.
    pub(super) fn freed(&mut self, now: u64, slot: u32) {
        if self.home(now, slot).is_some() {
            self.dropped += 1;
        }
    }

    fn home(&mut self, now: u64, slot: u32) -> Option<Away> {
        self.pass(now);
        let away = self.away.get_mut(slot as usize)?.take()?;
        self.saved -= u64::from(away.bytes);
        self.pages_away -= 1;
        Some(away)
    }

    fn pass(&mut self, now: u64) {
        let time = u128::from(now - self.last.min(now));
        self.saved_by_time += u128::from(self.saved) * time;
        self.pool_by_time += u128::from(self.pool) * time;
        self.last = now;
    }

    /// On average over the time since: bytes that were not in memory, and bytes of the pool.
    pub(super) fn means(&mut self, start: u64, now: u64) -> (u64, u64) {
        self.pass(now);
        let mean = |by_time: u128| {
            u64::try_from(by_time / u128::from((now - start.min(now)).max(1))).unwrap_or(u64::MAX)
        };
        (mean(self.saved_by_time), mean(self.pool_by_time))
    }

    /// The most bytes written in any 24 hours.
    pub(super) fn most_bytes_in_day(&self) -> u64 {
        self.most_in_day * PAGE as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_back_is_counted_by_its_age() {
        let mut ledger = Ledger::new(10, 0);
        for slot in 0..4 {
            ledger.written(0, slot, 1000);
        }
        assert_eq!((ledger.saved, ledger.pages_away), (4000, 4));
        ledger.read_back(HOUR - 1, 0);
        ledger.read_back(HOUR, 1);
        ledger.read_back(30 * HOUR, 2);
        ledger.freed(30 * HOUR, 3);
        ledger.read_back(31 * HOUR, 3);
        assert_eq!(ledger.read_backs, ReadBacks { within_1h: 1, within_6h: 2, within_24h: 2, all: 3 });
        assert_eq!((ledger.dropped, ledger.saved, ledger.pages_away), (1, 0, 0));
        // 4000 for an hour less a nanosecond, then 3000 for that, then 2000 for 29 hours, over 40: rounded down.
        let (mean, _) = ledger.means(0, 40 * HOUR);
        assert_eq!(mean, (4000 + 29 * 2000) / 40 - 1);
    }

    #[test]
    fn a_day_is_any_24_hours() {
        let mut ledger = Ledger::new(10, 0);
        for (hour, slot) in [(0, 0), (10, 1), (23, 2), (24, 3), (60, 4)] {
            ledger.written(hour * HOUR, slot, 100);
        }
        assert_eq!(ledger.most_in_day, 3);
    }
}
