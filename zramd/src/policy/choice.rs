//! The best bytes first.
//!
//! Writing a page back costs a block and a wear of 4 KiB whatever the page's size, and one read when it comes back. What it gains is the memory that
//! it took, for as long as it stays away. Pages that were idle for long stay away for long: of those that were not used for a time `a`, about
//! `a / (a + h)` are not used for another time `h` either, which is how lifetimes without a scale of their own behave. So a page is worth its bytes times that, and
//! cells of pages go in this order until what may be written is used up.
//!
//! The kernel knows the size of each page, where a count knows only the mean of those that compress; and of the pages that it is told to write it
//! takes the largest first (`select_pp_slot`), until its limit ends it. So it is offered more than it may write, if there is more.

use std::{cmp::Reverse, time::Duration};

use super::{
    census::{Cell, Census, Kind},
    classes::Classes,
    supply::Bar,
};
use crate::config::Writeback;

/// So many times what may be written is offered, ...
const TIMES: u64 = 8;

/// ... but no more than this because of that: each may be a range of its own, which has to be remembered for a while.
const OFFERED: u64 = 1 << 16;

/// How many pages of each cell are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    classes: Classes,
    idle: Duration,
    take: Box<[u64; Cell::COUNT]>,
    /// Pages in all that are written.
    pub pages: u64,
    /// Pages of which these are the largest.
    pub offered: u64,
    /// Bytes of memory that this frees, about: at least, as far as sizes are known.
    pub frees: u64,
}

impl Choice {
    /// The best, up to so many pages.
    #[must_use]
    pub fn of(census: &Census, wanted: &Writeback, bar: &Bar, pages: u64) -> Self {
        let classes = *census.classes();
        let most = pages.max(pages.saturating_mul(TIMES).min(OFFERED));
        let mut cells: Vec<Cell> = Cell::all()
            .filter(|cell| census.of(*cell) > 0 && wanted.takes(cell.kind) && bar.takes(*cell))
            .collect();
        cells.sort_by_key(|cell| Reverse(worth(*cell, &classes, bar.horizon())));
        let youngest = cells.iter().map(|cell| cell.class).min().unwrap_or(0);
        let mut choice = Self {
            classes,
            idle: classes.from(youngest.into()).into(),
            take: Box::new([0; Cell::COUNT]),
            pages: 0,
            offered: 0,
            frees: 0,
        };
        for cell in cells {
            let offer = census.of(cell).min(most - choice.offered);
            let take = offer.min(pages - choice.pages);
            choice.take[cell.index()] = offer;
            choice.offered += offer;
            choice.pages += take;
            choice.frees += take * cell.bytes();
        }
        choice
    }

    /// How long all of them were not used, at least.
    #[must_use]
    pub fn idle_age(&self) -> Duration {
        self.idle
    }

    /// In which classes of age the pages were counted.
    #[must_use]
    pub fn classes(&self) -> &Classes {
        &self.classes
    }

    /// Takes one page of this cell out of the choice, if there is one left.
    #[inline]
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
#[must_use]
pub fn worth(cell: Cell, classes: &Classes, horizon: Duration) -> u128 {
    let age = u128::from(classes.from(cell.class.into()).in_micros());
    u128::from(cell.bytes()) * 1_000_000 * age / (age + horizon.as_micros()).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        config::IdleAge,
        policy::{census::Page, supply::Terms},
    };

    const HOUR: Duration = Duration::from_secs(3600);
    const IDLE: IdleAge = IdleAge { min: HOUR, max: Duration::from_secs(32 * 3600) };

    fn census(pages: &[(Kind, u32, u32, u64)]) -> Census {
        let mut census = Census::new(Classes::of(IDLE));
        for (kind, size, hours, count) in pages {
            for _ in 0..*count {
                census.count(Page::Here { kind: *kind, size: *size, age: Some((HOUR * *hours).into()) });
            }
        }
        census
    }

    /// Of all that is as old as it must be at least.
    fn choice(census: &Census, wanted: &Writeback, pages: u64) -> Choice {
        let terms = Terms { least: HOUR, most: IDLE.max, horizon: 6 * HOUR, awake: HOUR, pages: u64::MAX };
        Choice::of(census, wanted, &Bar::of(census, wanted, terms), pages)
    }

    fn offered(choice: &Choice, kind: Kind, size: u32, hours: u32) -> u64 {
        choice.take[Cell::of(kind, size, (HOUR * hours).into(), &choice.classes).index()]
    }

    #[test]
    fn large_and_old_ones_go_first() {
        let count = 40_000;
        let census = census(&[
            (Kind::Huge, 4096, 1, count),
            (Kind::Compressible, 1000, 1, count),
            (Kind::Compressible, 1000, 32, count),
            (Kind::Compressible, 3000, 32, count),
        ]);
        let choice = choice(&census, &Writeback::default(), 100_000);
        assert_eq!((choice.pages, choice.offered), (100_000, 100_000), "more would be too long a list");
        assert_eq!(offered(&choice, Kind::Compressible, 3000, 32), count, "2816 bytes × 32/38");
        assert_eq!(offered(&choice, Kind::Compressible, 1000, 32), count, "768 × 32/38");
        assert_eq!(offered(&choice, Kind::Huge, 4096, 1), 20_000, "3840 × 1/7");
        assert_eq!(offered(&choice, Kind::Compressible, 1000, 1), 0);
        assert_eq!(choice.frees, count * (2816 + 768) + 20_000 * 3840);
        assert_eq!(choice.idle_age(), HOUR);
    }

    #[test]
    fn more_is_offered_than_is_written() {
        let census = census(&[(Kind::Compressible, 1000, 4, 1000)]);
        let choice = |pages| choice(&census, &Writeback::default(), pages);
        let few = choice(10);
        assert_eq!((few.pages, few.offered, few.frees), (10, 80, 7680));
        let all = choice(500);
        assert_eq!((all.pages, all.offered), (500, 1000));
        assert_eq!((choice(u64::MAX).pages, choice(u64::MAX).offered), (1000, 1000));
    }

    #[test]
    fn kinds_that_are_not_wanted_stay() {
        let census = census(&[(Kind::Huge, 4096, 1, 10), (Kind::Incompressible, 3000, 1, 10)]);
        let wanted = Writeback { huge: false, ..Writeback::default() };
        assert_eq!(choice(&census, &wanted, 100).pages, 10);
        let wanted = Writeback { incompressible: false, ..Writeback::default() };
        let mut choice = choice(&census, &wanted, 100);
        let cell = Cell::of(Kind::Huge, 4096, HOUR.into(), &Classes::of(IDLE));
        assert_eq!((0..100).filter(|_| choice.take(cell)).count(), 10);
    }
}
