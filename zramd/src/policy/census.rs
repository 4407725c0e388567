//! What there is to write: counted, not listed.
//!
//! A device of 16 GiB has 4 Mi slots; a list of them would take more memory than the daemon may. So slots are counted as they are read, in cells of a
//! few kinds, sizes and ages, and from the counts it is chosen how many of each cell go ([`super::choice`]). Which slots these are is found out
//! by reading once more ([`super::ranges`]).

use std::time::Duration;

use zram_host::device::SlotState;

use super::{
    awake::{Since, Sleeps},
    classes::{Age, Classes, Table},
    supply::Bar,
};

/// What a page in memory is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Stored uncompressed.
    Huge,
    /// Recompression found that no algorithm makes it smaller.
    Incompressible,
    /// Any other.
    Compressible,
}

/// What one slot is to the policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Page {
    /// A page of one word, which takes no memory.
    Same,
    /// On the backing device.
    Away,
    /// In memory.
    Here {
        /// What it is.
        kind: Kind,
        /// How long nobody has used it while the machine was awake, at least. `None`: nobody knows.
        age: Option<Age>,
        /// Bytes that it takes.
        size: u32,
    },
}

/// What it takes to know how old a page is.
#[derive(Clone, Debug)]
pub struct Ages {
    since: Since,
    /// Of those that were marked as idle with all others, and still are: they have not been used since.
    marked: Option<Age>,
    /// Of those that were recompressed, which clears the time of the last access.
    recompressed: Option<Age>,
}

/// What it takes to know how large a page is.
#[derive(Clone, Copy, Debug)]
pub struct Sizes {
    /// Of a page of memory.
    pub page: u32,
    /// Of a page that compresses, on average.
    pub mean: u32,
}

impl Page {
    /// From what a slot shows.
    #[must_use]
    #[inline]
    pub fn of(slot: &SlotState, ages: &Ages, sizes: Sizes) -> Self {
        if slot.written_back {
            return Self::Away;
        }
        if slot.same {
            return Self::Same;
        }
        let (kind, size) = match (slot.huge, slot.incompressible) {
            (true, _) => (Kind::Huge, sizes.page),
            (false, Some(true)) => (Kind::Incompressible, sizes.mean),
            (false, _) => (Kind::Compressible, sizes.mean),
        };
        Self::Here { kind, age: ages.of(slot), size }
    }
}

impl Ages {
    /// Now, of a machine that slept so; and of a device of which all pages were marked as idle, or recompressed last, at these times since boot.
    #[must_use]
    pub fn new(
        now: Duration,
        sleeps: &Sleeps,
        marked: Option<Duration>,
        recompressed: Option<Duration>,
    ) -> Self {
        let age = |used: Duration| sleeps.age(used, now).into();
        Self { since: sleeps.since(now), marked: marked.map(age), recompressed: recompressed.map(age) }
    }

    /// How long the page was not used.
    #[inline]
    fn of(&self, slot: &SlotState) -> Option<Age> {
        match slot.accessed_micros {
            // Used before it was marked: or not marked any more.
            0 if slot.idle => self.marked,
            // Recompression takes what is idle, so that it was last used some time before.
            0 if slot.recompressed == Some(true) => self.recompressed,
            0 => None,
            micros => Some(self.since.age(micros)),
        }
    }
}

/// Classes of size: 512 bytes each.
const SIZES: usize = 8;

const KINDS: usize = 3;

/// Pages of one kind, of nearly one size and age.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cell {
    /// What they are.
    pub kind: Kind,
    size: u8,
    /// Class of their age.
    pub class: u8,
}

impl Cell {
    /// How many there are.
    pub const COUNT: usize = KINDS * SIZES * Classes::COUNT;

    /// That of a page.
    #[must_use]
    pub fn of(kind: Kind, size: u32, age: Age, classes: &Classes) -> Self {
        Self::in_class(kind, size, classes.class(age))
    }

    /// That of a page, one of millions.
    #[must_use]
    #[inline]
    pub fn found(kind: Kind, size: u32, age: Age, table: &Table) -> Self {
        Self::in_class(kind, size, table.class(age))
    }

    #[inline]
    fn in_class(kind: Kind, size: u32, class: usize) -> Self {
        let size = (size.saturating_sub(1) / 512).min(SIZES as u32 - 1);
        // Both are less than the number of classes.
        Self { kind, size: size as u8, class: class as u8 }
    }

    /// Its place among all.
    #[must_use]
    #[inline]
    pub fn index(self) -> usize {
        (self.kind as usize * SIZES + usize::from(self.size)) * Classes::COUNT + usize::from(self.class)
    }

    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        Self::rows().flat_map(|row| (0..Classes::COUNT).map(move |class| row.at(class)))
    }

    /// The youngest of each kind and size.
    pub fn rows() -> impl Iterator<Item = Self> {
        let kinds = [Kind::Huge, Kind::Incompressible, Kind::Compressible];
        kinds.into_iter().flat_map(|kind| (0..SIZES as u8).map(move |size| Self { kind, size, class: 0 }))
    }

    /// Of the same kind and size, in this class of age.
    #[must_use]
    pub fn at(self, class: usize) -> Self {
        Self { class: class.min(Classes::COUNT - 1) as u8, ..self }
    }

    /// Bytes that each of its pages takes, in the middle of the class.
    #[must_use]
    pub fn bytes(self) -> u64 {
        512 * u64::from(self.size) + 256
    }
}

/// How many pages there are of each cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Census {
    classes: Classes,
    table: Table,
    cells: Box<[u64; Cell::COUNT]>,
    /// Pages of one word.
    pub same: u64,
    /// Pages on the backing device.
    pub away: u64,
    /// Pages in memory of which nobody knows how old they are.
    pub ageless: u64,
}

impl Census {
    /// Of nothing yet.
    #[must_use]
    pub fn new(classes: Classes) -> Self {
        let table = Table::of(&classes);
        Self { classes, table, cells: Box::new([0; Cell::COUNT]), same: 0, away: 0, ageless: 0 }
    }

    /// Takes note of a slot.
    #[inline]
    pub fn count(&mut self, page: Page) {
        match page {
            Page::Same => self.same += 1,
            Page::Away => self.away += 1,
            Page::Here { age: None, .. } => self.ageless += 1,
            Page::Here { kind, age: Some(age), size } => {
                self.cells[Cell::found(kind, size, age, &self.table).index()] += 1;
            }
        }
    }

    /// Classes of age.
    #[must_use]
    pub fn classes(&self) -> &Classes {
        &self.classes
    }

    /// Pages of this cell.
    #[must_use]
    pub fn of(&self, cell: Cell) -> u64 {
        self.cells[cell.index()]
    }

    /// Whether there is any page of this kind and size.
    #[must_use]
    pub fn has_any(&self, row: Cell) -> bool {
        (0..Classes::COUNT).any(|class| self.of(row.at(class)) > 0)
    }

    /// No page becomes idle sooner than after this time. `None`: there is none that could.
    #[must_use]
    pub fn next(&self, bar: &Bar) -> Option<Duration> {
        let rows = Cell::rows().filter_map(|row| {
            let first = bar.first(row);
            let oldest = (0..first).rev().find(|class| self.of(row.at(*class)) > 0)?;
            let [from, to] = [oldest + 1, first].map(|class| Duration::from(self.classes.from(class)));
            Some(to.saturating_sub(from))
        });
        rows.min()
    }

    /// Pages in memory that take some.
    #[must_use]
    pub fn here(&self) -> u64 {
        self.cells.iter().sum::<u64>() + self.ageless
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::IdleAge;

    fn slot(line: &str) -> SlotState {
        SlotState::parse(line).unwrap()
    }

    fn page(line: &str, marked: Option<u64>, recompressed: Option<u64>) -> Page {
        let sleeps = Sleeps::default();
        let seconds = Duration::from_secs;
        let ages = Ages::new(seconds(1000), &sleeps, marked.map(seconds), recompressed.map(seconds));
        Page::of(&slot(line), &ages, Sizes { page: 4096, mean: 1000 })
    }

    fn age(page: Page) -> Option<u64> {
        match page {
            Page::Here { age, .. } => age.map(Age::seconds),
            _ => panic!("{page:?} is not in memory"),
        }
    }

    #[test]
    fn ages_are_of_the_best_source_there_is() {
        assert_eq!(age(page("1 400.5 ......", Some(900), Some(900))), Some(599));
        assert_eq!(age(page("1 0.0 ...i..", Some(900), Some(300))), Some(100), "since it was marked");
        assert_eq!(age(page("1 0.0 ....r.", Some(900), Some(300))), Some(700), "since it was recompressed");
        assert_eq!(age(page("1 0.0 ....r.", Some(900), None)), None);
        assert_eq!(age(page("1 0.0 ......", Some(900), Some(300))), None, "used since it was marked");
    }

    #[test]
    fn kinds_are_told_apart() {
        let kind = |line| match page(line, None, None) {
            Page::Here { kind, size, .. } => (kind, size),
            page => panic!("{page:?}"),
        };
        assert_eq!(kind("1 1.0 ..h..n"), (Kind::Huge, 4096));
        assert_eq!(kind("1 1.0 .....n"), (Kind::Incompressible, 1000));
        assert_eq!(kind("1 1.0 ...."), (Kind::Compressible, 1000));
        assert_eq!(page("1 1.0 .wh...", None, None), Page::Away);
        assert_eq!(page("1 1.0 s.....", None, None), Page::Same);
    }

    #[test]
    fn every_cell_has_a_place_of_its_own() {
        let mut indexes: Vec<usize> = Cell::all().map(Cell::index).collect();
        indexes.sort_unstable();
        assert_eq!(indexes, (0..Cell::COUNT).collect::<Vec<_>>());
    }

    #[test]
    fn counts_are_by_age_and_size() {
        let seconds = Duration::from_secs;
        let mut census = Census::new(Classes::of(IdleAge { min: seconds(100), max: seconds(1600) }));
        let here = |age, size| Page::Here { kind: Kind::Compressible, age, size };
        for (age, size) in [(99, 1), (100, 1), (110, 512), (200, 513), (99_999, 4096)] {
            census.count(here(Some(seconds(age).into()), size));
        }
        census.count(here(None, 7));
        census.count(Page::Away);
        census.count(Page::Same);
        assert_eq!((census.here(), census.ageless, census.away, census.same), (6, 1, 1, 1));
        let of = |age, size| {
            let cell = Cell::of(Kind::Compressible, size, seconds(age).into(), census.classes());
            (census.of(cell), cell.bytes())
        };
        assert_eq!(of(99, 512), (1, 256));
        assert_eq!(of(118, 300), (2, 256), "to the power of 1/16 of 16: up to 118.9 s");
        assert_eq!(of(210, 1024), (1, 768));
        assert_eq!(of(1600, 3585), (1, 3840));
        assert_eq!(of(1599, 3585), (0, 3840));
    }
}
