//! What may be written in a day must last for a day.
//!
//! How full the memory is says from which age on pages may go ([`super::age`]). On a machine whose memory is in use all the time that is a short age, and a budget that
//! goes to whatever is older is gone before the pages come that would stay away for good. So pages must also be worth their block: what a
//! page frees, for as long as it will stay away, must be so much that no more pages are worth it in a day than may be written in a day.
//!
//! How many will be is in the count itself. Those that are there; and those that are a little younger, of which as many become old enough in a time
//! as there are of them to a stretch of age as long as that time. The least that a page must be worth is the least with which both together come to
//! what may be written. There is no memory in this law, so that there is nothing in it that could swing: the same count has the same answer.
//!
//! One measure for all kinds makes pages that do not compress go sooner than others, as they free several times as much.

use std::time::Duration;

use super::{
    census::{Cell, Census},
    choice::worth,
    classes::{Age, Classes},
};
use crate::config::Writeback;

/// For how long it must last.
pub const AHEAD: Duration = Duration::from_secs(24 * 3600);

/// Of those that are a little younger some are used before they are old enough; and the kernel is offered more than it may write, so that it can
/// take the largest. So by as much more pages are idle than may be written, in percent.
const AMPLE: u64 = 150;

/// What the answer depends on, besides the count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// No page is idle before this age.
    pub least: Duration,
    /// Every page is from this age on.
    pub most: Duration,
    /// How long a page must stay away to be worth half of what it frees, if it was not used for as long.
    pub horizon: Duration,
    /// How long the machine will be awake while it must last.
    pub awake: Duration,
    /// Pages that may be written in it.
    pub pages: u64,
}

/// What a page must be worth, and how old it must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bar {
    classes: Classes,
    least: usize,
    most: usize,
    horizon: Duration,
    worth: u128,
}

impl Bar {
    /// The lowest with which what may be written lasts.
    #[must_use]
    pub fn of(census: &Census, wanted: &Writeback, terms: Terms) -> Self {
        let classes = *census.classes();
        let least = classes.at_least(terms.least.into()).max(1);
        let most = classes.at_least(terms.most.into()).max(least);
        let lowest = Self { classes, least, most, horizon: terms.horizon, worth: 0 };
        let rows: Vec<Cell> =
            Cell::rows().filter(|row| wanted.takes(row.kind) && census.has_any(*row)).collect();
        let mut bars: Vec<Self> = rows
            .iter()
            .flat_map(|row| (least..most).map(|class| row.at(class)))
            .map(|cell| Self { worth: worth(cell, &classes, terms.horizon), ..lowest })
            .collect();
        bars.sort_unstable_by_key(|bar| bar.worth);
        let most = u128::from(terms.pages) * u128::from(AMPLE) / 100;
        let lasts =
            |bar: &Self| rows.iter().map(|row| bar.supply(census, *row, terms.awake)).sum::<u128>() <= most;
        // Above all of them only what is idle in any case is.
        bars.into_iter().find(lasts).unwrap_or(Self { worth: u128::MAX, ..lowest })
    }

    /// How long what is written is to stay away.
    #[must_use]
    pub fn horizon(&self) -> Duration {
        self.horizon
    }

    /// Whether pages of this cell are idle.
    #[must_use]
    pub fn takes(&self, cell: Cell) -> bool {
        let class = usize::from(cell.class);
        class >= self.most || class >= self.least && worth(cell, &self.classes, self.horizon) >= self.worth
    }

    /// The first class of age that is idle, of those of this kind and size.
    #[must_use]
    pub fn first(&self, row: Cell) -> usize {
        (self.least..self.most).find(|class| self.takes(row.at(*class))).unwrap_or(self.most)
    }

    /// From which age on pages of this kind and size are idle.
    #[must_use]
    pub fn age(&self, row: Cell) -> Age {
        self.classes.from(self.first(row))
    }

    /// Pages of this kind and size that are idle, or become so while the machine is awake for so long.
    fn supply(&self, census: &Census, row: Cell, awake: Duration) -> u128 {
        let first = self.first(row);
        let there: u64 = (first..Classes::COUNT).map(|class| census.of(row.at(class))).sum();
        let younger = u128::from(census.of(row.at(first - 1)));
        let stretch = u128::from(self.classes.length(first - 1).in_micros()).max(1);
        u128::from(there) + younger * awake.as_micros() / stretch
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        config::IdleAge,
        policy::census::{Kind, Page},
    };

    const HOUR: Duration = Duration::from_secs(3600);
    const IDLE: IdleAge = IdleAge { min: HOUR, max: Duration::from_secs(16 * 3600) };

    /// One page for each minute of age up to so many hours, as there are where one is used for the last time each minute.
    fn steady(kind: Kind, size: u32, hours: u64, census: &mut Census) {
        for minute in 0..hours * 60 {
            let age = Some((HOUR / 60 * minute as u32).into());
            census.count(Page::Here { kind, size, age });
        }
    }

    fn row(kind: Kind, size: u32) -> Cell {
        Cell::of(kind, size, Age::default(), &Classes::of(IDLE))
    }

    fn bar(census: &Census, pages: u64) -> Bar {
        let terms = Terms { least: IDLE.min, most: IDLE.max, horizon: 6 * HOUR, awake: 24 * HOUR, pages };
        Bar::of(census, &Writeback::default(), terms)
    }

    #[test]
    fn it_is_idle_once_there_is_no_more_of_it_than_may_be_written() {
        let mut census = Census::new(Classes::of(IDLE));
        steady(Kind::Compressible, 1000, 12, &mut census);
        let hours = |pages| bar(&census, pages).age(row(Kind::Compressible, 1000)).seconds() as f64 / 3600.0;
        // 1440 come in a day, and 720 - 60 × age are there.
        let enough = (1440 + 660) * 100 / AMPLE;
        assert!((hours(enough) - 1.0).abs() < 0.01, "{}", hours(enough));
        let less = (1440 + 360) * 100 / AMPLE;
        assert!((hours(less) - 6.0).abs() < 1.0, "{}", hours(less));
        // Nothing that is older than twelve hours, but for what is left of its class.
        let few = 400;
        assert!((hours(few) - 12.0).abs() < 2.5, "{}", hours(few));
        assert!((hours(0) - 16.0).abs() < 0.01, "{}", hours(0));
    }

    #[test]
    fn a_machine_that_sleeps_has_less_to_write() {
        let mut census = Census::new(Classes::of(IDLE));
        steady(Kind::Compressible, 1000, 12, &mut census);
        let terms =
            Terms { least: IDLE.min, most: IDLE.max, horizon: 6 * HOUR, awake: 24 * HOUR, pages: 900 };
        let age = |awake| {
            Bar::of(&census, &Writeback::default(), Terms { awake, ..terms })
                .age(row(Kind::Compressible, 1000))
        };
        assert!(age(2 * HOUR) < age(12 * HOUR) && age(12 * HOUR) < age(24 * HOUR));
    }

    #[test]
    fn what_does_not_compress_is_idle_sooner() {
        let mut census = Census::new(Classes::of(IDLE));
        steady(Kind::Compressible, 1000, 12, &mut census);
        steady(Kind::Huge, 4096, 12, &mut census);
        let bar = bar(&census, 1600);
        let [huge, other] = [row(Kind::Huge, 4096), row(Kind::Compressible, 1000)].map(|row| bar.age(row));
        assert!(huge < other, "{huge:?} {other:?}");
    }

    #[test]
    fn kinds_that_are_not_written_leave_the_others_their_budget() {
        let mut census = Census::new(Classes::of(IDLE));
        steady(Kind::Compressible, 1000, 12, &mut census);
        let alone = bar(&census, 1000);
        steady(Kind::Huge, 4096, 12, &mut census);
        let terms =
            Terms { least: IDLE.min, most: IDLE.max, horizon: 6 * HOUR, awake: 24 * HOUR, pages: 1000 };
        let without = Bar::of(&census, &Writeback { huge: false, ..Writeback::default() }, terms);
        assert_eq!(without, alone);
    }
}
