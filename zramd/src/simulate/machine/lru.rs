//! Lists of pages in the order of their use.
//!
//! Four, as the kernel has them: what was used twice and what was not, of anonymous memory and of files. A page is in at most one, and the links
//! are in a table beside the pages, so that moving one costs a few words.

/// A page of the simulated programs, by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct PageId(pub(super) u32);

impl PageId {
    pub(super) fn at(self) -> usize {
        self.0 as usize
    }
}

/// Which list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum List {
    InactiveAnon,
    ActiveAnon,
    InactiveFile,
    ActiveFile,
}

const NONE: u32 = u32::MAX;

#[derive(Clone, Copy, Debug)]
struct Link {
    newer: u32,
    older: u32,
    list: Option<List>,
}

#[derive(Clone, Copy, Debug)]
struct Ends {
    newest: u32,
    oldest: u32,
    len: u32,
}

/// The lists.
#[derive(Clone, Debug)]
pub(super) struct Lru {
    links: Vec<Link>,
    ends: [Ends; 4],
}

impl Default for Lru {
    fn default() -> Self {
        Self { links: Vec::new(), ends: [Ends { newest: NONE, oldest: NONE, len: 0 }; 4] }
    }
}

impl Lru {
    /// Makes room for so many pages in all.
    pub(super) fn grow(&mut self, pages: usize) {
        self.links.resize(pages.max(self.links.len()), Link { newer: NONE, older: NONE, list: None });
    }

    /// Pages in it.
    pub(super) fn len(&self, list: List) -> u32 {
        self.ends[list as usize].len
    }

    /// The page that was put there first.
    pub(super) fn oldest(&self, list: List) -> Option<PageId> {
        let oldest = self.ends[list as usize].oldest;
        (oldest != NONE).then_some(PageId(oldest))
    }

    /// Puts a page there as the newest; it leaves where it was.
    pub(super) fn put(&mut self, page: PageId, list: List) {
        self.take(page);
        let ends = &mut self.ends[list as usize];
        let before = std::mem::replace(&mut ends.newest, page.0);
        ends.len += 1;
        if before == NONE {
            ends.oldest = page.0;
        } else {
            self.links[before as usize].newer = page.0;
        }
        self.links[page.at()] = Link { newer: NONE, older: before, list: Some(list) };
    }

    /// Takes a page out, if it is in one.
    pub(super) fn take(&mut self, page: PageId) {
        let Link { newer, older, list } = self.links[page.at()];
        let Some(list) = list else { return };
        let ends = &mut self.ends[list as usize];
        ends.len -= 1;
        if newer == NONE {
            ends.newest = older;
        }
        if older == NONE {
            ends.oldest = newer;
        }
        if newer != NONE {
            self.links[newer as usize].older = older;
        }
        if older != NONE {
            self.links[older as usize].newer = newer;
        }
        self.links[page.at()] = Link { newer: NONE, older: NONE, list: None };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_leave_in_the_order_in_which_they_came() {
        let mut lru = Lru::default();
        lru.grow(5);
        for page in 0..5 {
            lru.put(PageId(page), List::InactiveAnon);
        }
        lru.put(PageId(1), List::ActiveAnon);
        lru.put(PageId(0), List::InactiveAnon);
        lru.take(PageId(3));
        let mut left = Vec::new();
        while let Some(page) = lru.oldest(List::InactiveAnon) {
            lru.take(page);
            left.push(page.0);
        }
        assert_eq!(left, [2, 4, 0]);
        assert_eq!((lru.len(List::InactiveAnon), lru.len(List::ActiveAnon)), (0, 1));
    }
}
