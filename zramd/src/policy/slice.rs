//! How many pages a pass may have.
//!
//! A pass over a device holds its lock for writing from beginning to end, and everybody who reads its statistics waits: a monitor, `swapon --show`,
//! the daemon itself. So passes are cut, and the measured time of each says how long the next may be: half as many pages if one took longer than
//! it may, a quarter more if one took less than half of that.

use std::time::Duration;

/// How many pages the next pass may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slice {
    pages: u32,
    least: u32,
    overruns: u64,
    passes: u64,
}

impl Slice {
    /// Of writing: a page is a request to the disk.
    pub const WRITEBACK: Self = Self { pages: 32, least: 1, overruns: 0, passes: 0 };

    /// Of recompression: a pass goes over the whole device first, whatever it then tries.
    pub const RECOMPRESSION: Self = Self { pages: 64, least: 16, overruns: 0, passes: 0 };

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
        } else if took < bound / 2 && pages >= u64::from(self.pages) {
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
        slice.measured(41, Duration::from_millis(30), BOUND);
        assert_eq!(slice.pages(), 41, "long enough");
        slice.measured(41, Duration::from_millis(51), BOUND);
        assert_eq!(slice.pages(), 20);
        assert_eq!(slice.counts(), (4, 1));
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

    /// A disk whose pages take this long, and a pass that takes this long in any case.
    #[test]
    fn few_passes_overrun_on_a_steady_disk() {
        for (page, pass) in [(20, 100), (150, 500), (1000, 2000), (5000, 0)] {
            let mut slice = Slice::WRITEBACK;
            for _ in 0..1000 {
                let pages = slice.pages();
                slice.measured(
                    u64::from(pages),
                    Duration::from_micros(pass + page * u64::from(pages)),
                    BOUND,
                );
            }
            let (passes, overruns) = slice.counts();
            assert!(overruns * 100 < passes, "{page} {pass}: {overruns} of {passes}");
        }
    }
}
