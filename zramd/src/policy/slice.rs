//! How many pages a pass may have.
//!
//! A pass over a device holds its lock for writing from beginning to end, and everybody who reads its statistics waits: a monitor, `swapon --show`,
//! the daemon itself. So passes are cut, and the measured time of each says how long the next may be: a quarter more pages if a full one took less than a quarter of what
//! it may, half as many if one took more than half of it.
//!
//! Whoever comes while a pass runs waits for the rest of it and for nothing else, and there is as much time between passes as in them. So 99 of 100 readers wait for
//! nearly as long as passes take, and what must be below the bound is not a usual pass, but one in which the processor was lost for a while or the disk had something else to do. That
//! is why usual ones end up between a quarter of the bound and a half of it.
//!
//! Part of a pass takes its time whatever it writes: going over the slots. Where that alone is more than half of the bound, fewer pages do not help, and a pass of one page each would
//! write next to nothing. So only passes that overrun make later ones shorter than the first. The price is that where 32 pages take more than half of the bound (0.8 ms a page) passes may
//! take all of it.

use std::time::Duration;

/// How many pages the next pass may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slice {
    pages: u32,
    /// Of the first pass.
    first: u32,
    least: u32,
    overruns: u64,
    passes: u64,
}

impl Slice {
    /// Of writing: a page is a request to the disk.
    pub const WRITEBACK: Self = Self { pages: 32, first: 32, least: 1, overruns: 0, passes: 0 };

    /// Of recompression: a pass goes over the whole device first, whatever it then tries.
    pub const RECOMPRESSION: Self = Self { pages: 64, first: 64, least: 16, overruns: 0, passes: 0 };

    const MOST: u32 = 8192;

    /// Pages of the next pass.
    #[must_use]
    pub fn pages(&self) -> u32 {
        self.pages
    }

    /// Takes note of a pass of so many pages.
    pub fn measured(&mut self, pages: u64, took: Duration, bound: Duration) {
        self.passes += 1;
        if took > bound {
            self.overruns += 1;
            self.pages = (self.pages / 2).max(self.least);
        } else if took > bound / 2 {
            self.pages = self.pages.min((self.pages / 2).max(self.first));
        } else if took < bound / 4 && pages >= u64::from(self.pages) {
            self.pages = (self.pages + self.pages / 4 + 1).min(Self::MOST);
        }
    }

    /// Whether passes cannot be made shorter.
    #[must_use]
    pub fn is_least(&self) -> bool {
        self.pages == self.least
    }

    /// Passes, and how many of them took longer than they may.
    #[must_use]
    pub fn counts(&self) -> (u64, u64) {
        (self.passes, self.overruns)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUND: Duration = Duration::from_millis(50);

    #[test]
    fn an_overrun_halves_and_a_short_one_grows() {
        let mut slice = Slice::WRITEBACK;
        slice.measured(32, Duration::from_millis(10), BOUND);
        assert_eq!(slice.pages(), 41);
        slice.measured(5, Duration::from_millis(1), BOUND);
        assert_eq!(slice.pages(), 41, "it was not full, so it says nothing");
        slice.measured(41, Duration::from_millis(13), BOUND);
        assert_eq!(slice.pages(), 41, "long enough");
        slice.measured(41, Duration::from_millis(26), BOUND);
        assert_eq!(slice.pages(), 32, "half as many, but no fewer than at first");
        slice.measured(41, Duration::from_millis(51), BOUND);
        assert_eq!(slice.pages(), 16);
        slice.measured(16, Duration::from_millis(26), BOUND);
        assert_eq!(slice.pages(), 16, "it does not overrun");
        assert_eq!(slice.counts(), (6, 1));
    }

    #[test]
    fn both_ends_hold() {
        let mut slice = Slice::WRITEBACK;
        for _ in 0..100 {
            slice.measured(u64::MAX, Duration::ZERO, BOUND);
        }
        assert_eq!(slice.pages(), Slice::MOST);
        for _ in 0..100 {
            slice.measured(1, Duration::from_secs(9), BOUND);
        }
        assert!(slice.is_least() && slice.pages() == 1);
    }

    /// Disks whose pages take so many microseconds, and passes that take so many in any case.
    const DISKS: [(u64, u64); 5] = [(20, 100), (70, 1500), (150, 500), (1000, 2000), (5000, 0)];

    /// A thousand passes; what is done to the time of each. Their times in microseconds.
    fn passes(slice: &mut Slice, page: u64, pass: u64, mut really: impl FnMut(u64) -> u64) -> Vec<u64> {
        let one = |_| {
            let pages = u64::from(slice.pages());
            let took = really(pass + page * pages);
            slice.measured(pages, Duration::from_micros(took), BOUND);
            took
        };
        (0..1000).map(one).collect()
    }

    /// For how long 99 of 100 wait at most of those who come every two milliseconds, if others have the device between passes for as long as a pass took.
    fn p99(passes: &[u64]) -> u64 {
        let mut waits: Vec<u64> = Vec::new();
        let (mut due, mut begins) = (0, 0);
        for took in passes {
            while due < begins + 2 * took {
                waits.push((begins + took).saturating_sub(due));
                due += 2000;
            }
            begins += 2 * took;
        }
        waits.sort_unstable();
        waits[waits.len() * 99 / 100]
    }

    #[test]
    fn passes_settle_well_below_the_bound() {
        for (page, pass) in DISKS {
            let mut slice = Slice::WRITEBACK;
            let times = passes(&mut slice, page, pass, |took| took);
            let (passes, overruns) = slice.counts();
            assert!(overruns * 100 < passes, "{page} {pass}: {overruns} of {passes}");
            let last = times[500..].iter().max().unwrap();
            // Half of the bound, unless that is fewer pages than the first pass has: then only the bound counts.
            let most = if pass + page * u64::from(Slice::WRITEBACK.first) > 25_000 { 50_000 } else { 25_000 };
            // No shorter than they must be, either: what a pass takes in any case is to be a small part.
            assert!((9_000..=most).contains(last), "{page} {pass}: {last}");
            assert!(p99(&times) <= most, "{page} {pass}: {}", p99(&times));
        }
    }

    /// Times between a half and one and a half, and of a hundred passes three in which the processor was lost for 20 milliseconds.
    #[test]
    fn readers_wait_no_longer_where_times_vary() {
        for (page, pass) in DISKS {
            let mut slice = Slice::WRITEBACK;
            let mut state = 1_u64;
            let times = passes(&mut slice, page, pass, |took| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let random = state >> 33;
                let lost = if (random / 1001) % 100 < 3 { 20_000 } else { 0 };
                took * (500 + random % 1001) / 1000 + lost
            });
            assert!(p99(&times) <= 45_000, "{page} {pass}: {} microseconds", p99(&times));
            assert!(slice.pages() > Slice::WRITEBACK.least, "{page} {pass}");
        }
    }

    #[test]
    fn what_a_pass_takes_in_any_case_makes_none_of_one_page() {
        let mut slice = Slice::WRITEBACK;
        passes(&mut slice, 100, 30_000, |took| took);
        assert_eq!(slice.pages(), Slice::WRITEBACK.first);
    }
}
