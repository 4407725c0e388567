//! What there is to write: counted, not listed.
//!
//! A device of 16 GiB has 4 Mi slots; a list of them would take more memory than the daemon may. So slots are counted as they are read, in cells of a
//! few kinds, sizes and ages, and from the counts it is chosen how many of each cell go ([`super::choice`]). Which slots these are is found out
//! by reading once more ([`super::ranges`]).

use std::time::Duration;

use zram_host::device::SlotState;

use super::awake::Sleeps;

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
        age: Option<Duration>,
        /// Bytes that it takes.
        size: u32,
    },
}

/// What it takes to know how old a page is.
#[derive(Clone, Copy, Debug)]
pub struct Ages<'a> {
    /// Now, since boot.
    pub now: Duration,
    /// When the machine slept.
    pub sleeps: &'a Sleeps,
    /// When all pages were marked as idle, if so, since boot: those that still are have not been used since.
    pub marked: Option<Duration>,
    /// When this device's pages were recompressed last, since boot. Recompression clears the time of the last access.
    pub recompressed: Option<Duration>,
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
    pub fn of(slot: &SlotState, ages: Ages<'_>, sizes: Sizes) -> Self {
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

impl Ages<'_> {
    /// How long the page was not used.
    fn of(&self, slot: &SlotState) -> Option<Duration> {
        let used_before = match slot.accessed_micros {
            // Used before it was marked: or not marked any more.
            0 if slot.idle => self.marked,
            // Recompression takes what is idle, so that it was last used some time before.
            0 if slot.recompressed == Some(true) => self.recompressed,
            0 => None,
            micros => Some(Duration::from_micros(micros)),
        };
        used_before.map(|used| self.sleeps.age(used, self.now))
    }
}

/// Classes of size: 512 bytes each.
const SIZES: usize = 8;

/// Classes of age: once to twice the idle age, twice to four times, …
const AGES: usize = 6;

const KINDS: usize = 3;

/// Pages of one kind, of nearly one size and age.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cell {
    /// What they are.
    pub kind: Kind,
    size: u8,
    age: u8,
}

impl Cell {
    /// How many there are.
    pub const COUNT: usize = KINDS * SIZES * AGES;

    /// That of an idle page.
    #[must_use]
    pub fn of(kind: Kind, size: u32, age: Duration, idle: Duration) -> Self {
        let times = age.as_secs() / idle.as_secs().max(1);
        let age = times.max(1).ilog2().min(AGES as u32 - 1);
        let size = (size.saturating_sub(1) / 512).min(SIZES as u32 - 1);
        // Both are less than the number of classes.
        Self { kind, size: size as u8, age: age as u8 }
    }

    /// Its place among all.
    #[must_use]
    pub fn index(self) -> usize {
        (self.kind as usize * SIZES + usize::from(self.size)) * AGES + usize::from(self.age)
    }

    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        let kinds = [Kind::Huge, Kind::Incompressible, Kind::Compressible];
        kinds.into_iter().flat_map(|kind| {
            (0..SIZES as u8).flat_map(move |size| (0..AGES as u8).map(move |age| Self { kind, size, age }))
        })
    }

    /// Bytes that each of its pages takes, in the middle of the class.
    #[must_use]
    pub fn bytes(self) -> u64 {
        512 * u64::from(self.size) + 256
    }

    /// How many times the idle age its pages are old, at least.
    #[must_use]
    pub fn times_idle(self) -> u32 {
        1 << self.age
    }
}

/// How many pages there are of each cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Census {
    idle: Duration,
    cells: Box<[u64; Cell::COUNT]>,
    /// Pages of one word.
    pub same: u64,
    /// Pages on the backing device.
    pub away: u64,
    /// Pages in memory that are not idle.
    pub young: u64,
    /// Pages in memory of which nobody knows how old they are.
    pub ageless: u64,
    /// The age of the oldest that is not idle.
    pub next: Option<Duration>,
    /// Idle pages that are stored uncompressed.
    pub idle_huge: u64,
}

impl Census {
    /// Of nothing yet. Pages are idle from this age on.
    #[must_use]
    pub fn new(idle: Duration) -> Self {
        Self {
            idle,
            cells: Box::new([0; Cell::COUNT]),
            same: 0,
            away: 0,
            young: 0,
            ageless: 0,
            next: None,
            idle_huge: 0,
        }
    }

    /// Takes note of a slot.
    pub fn count(&mut self, page: Page) {
        match page {
            Page::Same => self.same += 1,
            Page::Away => self.away += 1,
            Page::Here { age: None, .. } => self.ageless += 1,
            Page::Here { kind, age: Some(age), size } if age >= self.idle => {
                self.cells[Cell::of(kind, size, age, self.idle).index()] += 1;
                self.idle_huge += u64::from(kind == Kind::Huge);
            }
            Page::Here { age: Some(age), .. } => {
                self.young += 1;
                self.next = self.next.max(Some(age));
            }
        }
    }

    /// From which age on a page is idle.
    #[must_use]
    pub fn idle_age(&self) -> Duration {
        self.idle
    }

    /// Idle pages of this cell.
    #[must_use]
    pub fn of(&self, cell: Cell) -> u64 {
        self.cells[cell.index()]
    }

    /// Idle pages in memory.
    #[must_use]
    pub fn idle(&self) -> u64 {
        self.cells.iter().sum()
    }

    /// Pages in memory that take some.
    #[must_use]
    pub fn here(&self) -> u64 {
        self.idle() + self.young + self.ageless
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slot(line: &str) -> SlotState {
        SlotState::parse(line).unwrap()
    }

    fn page(line: &str, marked: Option<u64>, recompressed: Option<u64>) -> Page {
        let sleeps = Sleeps::default();
        let seconds = Duration::from_secs;
        let ages = Ages {
            now: seconds(1000),
            sleeps: &sleeps,
            marked: marked.map(seconds),
            recompressed: recompressed.map(seconds),
        };
        Page::of(&slot(line), ages, Sizes { page: 4096, mean: 1000 })
    }

    fn age(page: Page) -> Option<u64> {
        match page {
            Page::Here { age, .. } => age.map(|age| age.as_secs()),
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
        let idle = Duration::from_secs(100);
        let mut census = Census::new(idle);
        let here = |age, size| Page::Here { kind: Kind::Compressible, age, size };
        for (seconds, size) in [(99, 1), (100, 1), (199, 512), (200, 513), (99_999, 4096)] {
            census.count(here(Some(Duration::from_secs(seconds)), size));
        }
        census.count(here(None, 7));
        census.count(Page::Away);
        assert_eq!((census.idle(), census.young, census.ageless, census.here()), (4, 1, 1, 6));
        assert_eq!(census.next, Some(Duration::from_secs(99)));
        let cell = Cell::of(Kind::Compressible, 300, idle, idle);
        assert_eq!((census.of(cell), cell.bytes(), cell.times_idle()), (2, 256, 1));
        let old = Cell::of(Kind::Compressible, 4096, Duration::from_secs(99_999), idle);
        assert_eq!((census.of(old), old.bytes(), old.times_idle()), (1, 3840, 32));
    }
}
