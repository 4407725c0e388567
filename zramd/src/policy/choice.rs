//! The best bytes first.
//!
//! Writing a page back costs a block and a wear of 4 KiB whatever the page's size, and one read when it comes back. What it gains is the memory that
//! it took, for as long as it stays away. Pages that were idle for long stay away for long: of those that were not used for a time `a`, about
//! `a / (a + h)` are not used for another time `h` either, which is how lifetimes without a scale of their own behave. So a page is worth its bytes times that, and
//! cells of pages go in this order until what may be written is used up.

use std::time::Duration;

use super::census::{Cell, Census, Kind};
use crate::config::Writeback;

/// How many pages of each cell are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    idle: Duration,
    take: Box<[u64; Cell::COUNT]>,
    /// Pages in all.
    pub pages: u64,
    /// Bytes of memory that this frees, about.
    pub frees: u64,
}

impl Choice {
    /// The best, up to so many pages.
    #[must_use]
    pub fn of(census: &Census, wanted: &Writeback, horizon: Duration, pages: u64) -> Self {
        let idle = census.idle_age();
        let mut cells: Vec<Cell> =
            Cell::all().filter(|cell| census.of(*cell) > 0 && wanted.takes(cell.kind)).collect();
        cells.sort_by_key(|cell| std::cmp::Reverse(worth(*cell, idle, horizon)));
        let mut choice = Self { idle, take: Box::new([0; Cell::COUNT]), pages: 0, frees: 0 };
        for cell in cells {
            let take = census.of(cell).min(pages - choice.pages);
            choice.take[cell.index()] = take;
            choice.pages += take;
            choice.frees += take * cell.bytes();
        }
        choice
    }

    /// From which age on a page is idle.
    #[must_use]
    pub fn idle_age(&self) -> Duration {
        self.idle
    }

    /// Takes one page of this cell out of the choice, if there is one left.
    pub fn take(&mut self, cell: Cell) -> bool {
        let Some(left) = self.take[cell.index()].checked_sub(1) else { return false };
        self.take[cell.index()] = left;
        true
    }
}

impl Writeback {
    /// Whether such pages are written at all.
    #[must_use]
    pub fn takes(&self, kind: Kind) -> bool {
        match kind {
            Kind::Huge => self.huge,
            Kind::Incompressible => self.incompressible,
            Kind::Compressible => self.compressible,
        }
    }
}

/// Bytes saved, as far as they stay away.
fn worth(cell: Cell, idle: Duration, horizon: Duration) -> u128 {
    let age = idle.as_millis() * u128::from(cell.times_idle());
    u128::from(cell.bytes()) * 1_000_000 * age / (age + horizon.as_millis()).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::census::Page;

    const IDLE: Duration = Duration::from_secs(3600);
    const HORIZON: Duration = Duration::from_secs(6 * 3600);

    fn census(pages: &[(Kind, u32, u32, u64)]) -> Census {
        let mut census = Census::new(IDLE);
        for (kind, size, times, count) in pages {
            for _ in 0..*count {
                census.count(Page::Here { kind: *kind, size: *size, age: Some(IDLE * *times) });
            }
        }
        census
    }

    fn taken(choice: &Choice, kind: Kind, size: u32, times: u32) -> u64 {
        choice.take[Cell::of(kind, size, IDLE * times, IDLE).index()]
    }

    #[test]
    fn large_and_old_ones_go_first() {
        let census = census(&[
            (Kind::Huge, 4096, 1, 10),
            (Kind::Compressible, 1000, 1, 10),
            (Kind::Compressible, 1000, 32, 10),
            (Kind::Compressible, 3000, 32, 10),
        ]);
        let wanted = Writeback::default();
        let choice = Choice::of(&census, &wanted, HORIZON, 25);
        assert_eq!(choice.pages, 25);
        assert_eq!(taken(&choice, Kind::Compressible, 3000, 32), 10, "2816 bytes × 32/38");
        assert_eq!(taken(&choice, Kind::Compressible, 1000, 32), 10, "768 × 32/38");
        assert_eq!(taken(&choice, Kind::Huge, 4096, 1), 5, "3840 × 1/7");
        assert_eq!(taken(&choice, Kind::Compressible, 1000, 1), 0);
        assert_eq!(choice.frees, 10 * 2816 + 10 * 768 + 5 * 3840);
    }

    #[test]
    fn kinds_that_are_not_wanted_stay() {
        let census = census(&[(Kind::Huge, 4096, 1, 10), (Kind::Incompressible, 3000, 1, 10)]);
        let wanted = Writeback { huge: false, ..Writeback::default() };
        assert_eq!(Choice::of(&census, &wanted, HORIZON, 100).pages, 10);
        let wanted = Writeback { incompressible: false, ..Writeback::default() };
        let mut choice = Choice::of(&census, &wanted, HORIZON, 100);
        let cell = Cell::of(Kind::Huge, 4096, IDLE, IDLE);
        assert_eq!((0..100).filter(|_| choice.take(cell)).count(), 10);
    }
}
