//! Which slots are written, as the kernel takes them.
//!
//! Writeback by type (`idle`, `huge`) goes over the whole device with its lock held, allocates for each page that fits before it looks at any limit, and takes whatever
//! looks old at that moment, recompressed pages first of all. So pages are named: `page_indexes=A-B`, several to a command. The kernel writes everything in
//! a range that is in memory; so nothing is in a range that was not chosen.
//!
//! Pages that take the most memory come first, so that what ends early has gained the most.

use super::{
    census::{Cell, Kind, Page},
    choice::Choice,
    classes::Table,
};

/// Bytes of one command: `write(2)` to an attribute is cut at a page of 4096, and the rest would be another command.
const COMMAND: usize = 4000;

/// Consecutive slots, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// The first.
    pub first: u64,
    /// The last.
    pub last: u64,
}

impl Range {
    /// How many.
    #[must_use]
    pub fn pages(self) -> u64 {
        self.last - self.first + 1
    }
}

/// Ranges of what is chosen.
#[derive(Clone, Debug)]
pub struct Ranges {
    choice: Choice,
    table: Table,
    /// Pages that do not compress, and all others.
    ranges: [Vec<Range>; 2],
}

impl Ranges {
    /// Of this choice.
    #[must_use]
    pub fn new(choice: Choice) -> Self {
        let table = Table::of(choice.classes());
        Self { choice, table, ranges: Default::default() }
    }

    /// Takes note of a slot. Slots come in ascending order.
    #[inline]
    pub fn slot(&mut self, slot: u64, page: Page) {
        let Page::Here { kind, age: Some(age), size } = page else { return };
        let cell = Cell::found(kind, size, age, &self.table);
        if !self.choice.take(cell) {
            return;
        }
        let ranges = &mut self.ranges[usize::from(kind == Kind::Compressible)];
        match ranges.last_mut() {
            Some(range) if range.last + 1 == slot => range.last = slot,
            _ => ranges.push(Range { first: slot, last: slot }),
        }
    }

    /// All of them, in the order in which they are written.
    #[must_use]
    pub fn finish(self) -> Commands {
        let [mut ranges, then] = self.ranges;
        ranges.extend(then);
        ranges.reverse();
        Commands { ranges }
    }
}

/// Ranges that are still to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commands {
    /// The next is the last.
    ranges: Vec<Range>,
}

impl Commands {
    /// Pages in all that is left.
    #[must_use]
    pub fn pages(&self) -> u64 {
        self.ranges.iter().map(|range| range.pages()).sum()
    }

    /// The next command, of at most so many pages: its text, and its pages. `None`: nothing is left.
    pub fn next(&mut self, pages: u32) -> Option<(String, u64)> {
        let mut text = String::new();
        let most = u64::from(pages.max(1));
        let mut left = most;
        while left > 0
            && let Some(range) = self.ranges.last_mut()
        {
            let last = range.last.min(range.first + left - 1);
            let word = match text.is_empty() {
                true => format!("page_indexes={}-{last}", range.first),
                false => format!(" page_indexes={}-{last}", range.first),
            };
            if text.len() + word.len() > COMMAND {
                break;
            }
            text.push_str(&word);
            left -= last - range.first + 1;
            if last == range.last {
                self.ranges.pop();
            } else {
                range.first = last + 1;
            }
        }
        (!text.is_empty()).then_some((text, most - left))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{
        config::{IdleAge, Writeback},
        policy::{
            census::Census,
            classes::Classes,
            supply::{Bar, Terms},
        },
    };

    fn here(kind: Kind, seconds: u64) -> Page {
        Page::Here { kind, age: Some(Duration::from_secs(seconds).into()), size: 1000 }
    }

    fn commands(slots: &[(u64, Page)], pages: u64) -> Commands {
        let idle = Duration::from_secs(10);
        let mut census = Census::new(Classes::of(IdleAge { min: idle, max: 2 * idle }));
        slots.iter().for_each(|(_, page)| census.count(*page));
        let terms = Terms { least: idle, most: idle, horizon: idle, awake: idle, pages };
        let wanted = Writeback::default();
        let mut ranges = Ranges::new(Choice::of(&census, &wanted, &Bar::of(&census, &wanted, terms), pages));
        slots.iter().for_each(|(slot, page)| ranges.slot(*slot, *page));
        ranges.finish()
    }

    #[test]
    fn nothing_is_in_a_range_that_was_not_chosen() {
        let old = here(Kind::Compressible, 15);
        let slots = [
            (0, old),
            (1, old),
            (2, here(Kind::Compressible, 9)),
            (3, old),
            (4, Page::Same),
            (5, old),
            (6, Page::Away),
            (7, here(Kind::Huge, 12)),
            (8, here(Kind::Incompressible, 12)),
            (9, Page::Here { kind: Kind::Huge, age: None, size: 4096 }),
            (11, old),
        ];
        let mut commands = commands(&slots, 100);
        assert_eq!(commands.pages(), 7);
        let text = "page_indexes=7-8 page_indexes=0-1 page_indexes=3-3 page_indexes=5-5 page_indexes=11-11";
        assert_eq!(commands.next(100), Some((text.to_owned(), 7)));
        assert_eq!(commands.next(100), None);
    }

    #[test]
    fn a_command_has_no_more_pages_than_it_may() {
        let slots: Vec<_> = (0..100).map(|slot| (slot, here(Kind::Compressible, 15))).collect();
        let mut commands = commands(&slots, 100);
        assert_eq!(commands.next(48), Some(("page_indexes=0-47".to_owned(), 48)));
        assert_eq!(commands.next(48), Some(("page_indexes=48-95".to_owned(), 48)));
        assert_eq!(commands.next(48), Some(("page_indexes=96-99".to_owned(), 4)));
        assert_eq!(commands.next(0), None);
    }

    #[test]
    fn a_command_is_no_longer_than_the_kernel_takes() {
        let slots: Vec<_> =
            (0..1000).map(|slot| (1_000_000 + 2 * slot, here(Kind::Compressible, 15))).collect();
        let mut commands = commands(&slots, 1000);
        let mut seen = 0;
        while let Some((text, pages)) = commands.next(8192) {
            assert!(text.len() <= COMMAND, "{}", text.len());
            assert_eq!(text.split(' ').count() as u64, pages);
            seen += pages;
        }
        assert_eq!(seen, 1000);
    }
}
