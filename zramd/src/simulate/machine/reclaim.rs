//! Getting memory back, as Linux does (`mm/vmscan.c`), in small.
//!
//! A page that is not touched between two looks is evicted: anonymous memory to swap, that of files by forgetting it. One found touched twice
//! becomes active. Which of the two kinds has to give is decided by swappiness and by what either has cost lately; below the low watermark a
//! thread does it beside the programs, below the lowest each that wants memory does it itself, and waits. A page that comes back sooner than
//! the lists are long was evicted by mistake, is active at once, and who waits for it counts as pressed (`workingset_refault`).
//!
//! Not here: groups, NUMA nodes, dirty pages of files, MGLRU. When nothing can be got, the program that was
//! not used for longest is ended, as phones and ChromeOS do; the last of the files' pages stay, as ChromeOS sees to.

use super::{
    World,
    lru::{List, PageId},
    programs::Place,
    psi::Who,
};

/// Pages that are got at a time (`SWAP_CLUSTER_MAX`).
const BATCH: u32 = 32;

/// Starts with a 4096th of the lists (`DEF_PRIORITY`).
const PRIORITY: u32 = 12;

/// After so many tries in which nothing was got, kswapd sleeps (`MAX_RECLAIM_RETRIES`).
const RETRIES: u32 = 16;

/// What reclaim remembers.
#[derive(Clone, Debug, Default)]
pub(super) struct Reclaim {
    /// What a kind has cost lately: anonymous, files.
    cost: [u64; 2],
    /// Pages evicted and made active so far (`nonresident_age`).
    age: u64,
    kswapd: Option<u64>,
    failures: u32,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Anon,
    File,
}

impl Kind {
    fn lists(self) -> (List, List) {
        match self {
            Self::Anon => (List::InactiveAnon, List::ActiveAnon),
            Self::File => (List::InactiveFile, List::ActiveFile),
        }
    }
}

/// Free memory at which something happens, in pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Watermarks {
    pub(super) min: i64,
    pub(super) low: i64,
    pub(super) high: i64,
}

impl Watermarks {
    /// Of a machine with so many pages (`init_per_zone_wmark_min`, `__setup_per_zone_wmarks`): `min_free_kbytes` is the root of 16 times the
    /// KiB; low and high are a quarter of that, or a thousandth of memory, above.
    pub(super) fn of(pages: u32) -> Self {
        let kib = u64::from(pages) * 4;
        let min = (kib * 16).isqrt() / 4;
        let step = (min / 4).max(u64::from(pages) / 1000);
        let signed = |pages: u64| i64::try_from(pages).unwrap_or(i64::MAX);
        Self { min: signed(min), low: signed(min + step), high: signed(min + 2 * step) }
    }
}

impl World {
    /// Sees to it that there is a free page, before one is taken; and lets kswapd work as far as time has passed.
    pub(super) fn make_room(&mut self) {
        self.run_kswapd();
        while self.free() <= self.watermarks.min {
            self.spent = 0;
            let got = self.reclaim_until_min();
            let spent = self.spent;
            self.wait(spent, Who::All);
            if !got && self.free() <= self.watermarks.min && !self.kill() {
                break;
            }
        }
    }

    fn reclaim_until_min(&mut self) -> bool {
        for _ in 0..RETRIES {
            if self.shrink(BATCH) == 0 {
                return false;
            }
            if self.free() > self.watermarks.min {
                return true;
            }
        }
        false
    }

    /// The thread that gets memory back beside the programs.
    pub(super) fn run_kswapd(&mut self) {
        if self.reclaim.kswapd.is_none() {
            if self.free() >= self.watermarks.low || self.reclaim.failures >= RETRIES {
                return;
            }
            self.reclaim.kswapd = Some(self.now);
        }
        while let Some(then) = self.reclaim.kswapd.filter(|then| *then <= self.now) {
            self.spent = 0;
            let got = self.shrink(BATCH);
            let spent = self.spent.max(1000);
            let now = self.awake();
            self.memory_psi.wait(now, spent, Who::Some);
            self.reclaim.kswapd = Some(then + spent);
            self.reclaim.failures = if got == 0 { self.reclaim.failures + 1 } else { 0 };
            if self.free() >= self.watermarks.high || self.reclaim.failures >= RETRIES {
                self.reclaim.kswapd = None;
            }
        }
        self.look_at_trigger();
    }

    pub(super) fn is_reclaiming(&self) -> bool {
        self.reclaim.kswapd.is_some()
    }

    /// Ends the program that was not used for longest. Whether there was one.
    fn kill(&mut self) -> bool {
        let Some(regions) = self.programs.least_used(self.walking()) else { return false };
        for page in regions.iter().flat_map(|region| region.pages()) {
            self.forget(page);
        }
        self.ledger.kills += 1;
        self.reclaim.failures = 0;
        true
    }

    /// Frees what a page has, wherever it is.
    pub(super) fn forget(&mut self, page: PageId) {
        let place = std::mem::replace(&mut self.programs.pages[page.at()].place, Place::Nowhere);
        match place {
            Place::Memory => {
                self.lru.take(page);
                self.resident -= 1;
            }
            Place::Swap(slot) => self.free_slot(slot),
            Place::File | Place::Nowhere => {}
        }
    }

    /// Evicts about so many pages; how many it were (`shrink_lruvec`, with less to look at first).
    fn shrink(&mut self, want: u32) -> u32 {
        let mut got = 0;
        for priority in (0..=PRIORITY).rev() {
            let shares = self.shares();
            let whole: u64 = shares.iter().sum();
            for (kind, share) in [Kind::Anon, Kind::File].into_iter().zip(shares) {
                let (inactive, active) = kind.lists();
                let size = u64::from(self.lru.len(inactive) + self.lru.len(active)) >> priority;
                let scan = u32::try_from(size * share / whole.max(1)).unwrap_or(u32::MAX);
                if share == 0 || scan == 0 {
                    continue;
                }
                if self.lru.len(inactive) * self.inactive_ratio < self.lru.len(active) {
                    self.deactivate(kind, scan.max(BATCH));
                }
                got += self.evict_of(kind, scan.min(self.lru.len(inactive)), want.saturating_sub(got));
            }
            if got >= want {
                break;
            }
        }
        got
    }

    /// How much each kind has to give (`get_scan_count`).
    fn shares(&self) -> [u64; 2] {
        let [anon, file] = self.reclaim.cost;
        let total = anon + file;
        let swappiness = u64::from(self.spec.swappiness);
        let of = |weight: u64, cost: u64| weight * (2 * total + 1) / (total + cost + 1).max(1);
        let files = self.lru.len(List::InactiveFile) + self.lru.len(List::ActiveFile);
        let anon = if self.slots.is_full() { 0 } else { of(swappiness, anon) };
        let file = if files <= self.file_floor { 0 } else { of(200 - swappiness, file) };
        [anon, file]
    }

    /// The oldest active pages are inactive from now on (`shrink_active_list`).
    fn deactivate(&mut self, kind: Kind, pages: u32) {
        let (inactive, active) = kind.lists();
        for _ in 0..pages {
            let Some(page) = self.lru.oldest(active) else { return };
            self.spent += self.spec.times.scan;
            let about = &mut self.programs.pages[page.at()];
            about.young = false;
            about.referenced = false;
            about.active = false;
            about.workingset = true;
            self.lru.put(page, inactive);
        }
    }

    /// Looks at the oldest inactive pages (`shrink_inactive_list`).
    fn evict_of(&mut self, kind: Kind, pages: u32, want: u32) -> u32 {
        let (inactive, active) = kind.lists();
        let (mut gone, mut written, mut kept) = (0, 0, 0);
        for _ in 0..pages {
            let Some(page) = self.lru.oldest(inactive).filter(|_| gone < want) else { break };
            self.spent += self.spec.times.scan;
            let about = &mut self.programs.pages[page.at()];
            if std::mem::take(&mut about.young) {
                kept += 1;
                if std::mem::replace(&mut about.referenced, true) {
                    about.active = true;
                    self.reclaim.age += 1;
                    self.lru.put(page, active);
                } else {
                    self.lru.put(page, inactive);
                }
                continue;
            }
            about.evicted_at = self.reclaim.age;
            if kind == Kind::File {
                about.place = Place::File;
            } else if self.swap_out(page) {
                written += 1;
            } else {
                kept += 1;
                self.lru.put(page, active);
                continue;
            }
            self.lru.take(page);
            self.resident -= 1;
            self.reclaim.age += 1;
            gone += 1;
        }
        self.note_cost(kind, written * u64::from(BATCH) + kept);
        gone
    }

    /// `lru_note_cost`
    fn note_cost(&mut self, kind: Kind, cost: u64) {
        self.reclaim.cost[kind as usize] += cost;
        let lists = [List::InactiveAnon, List::ActiveAnon, List::InactiveFile, List::ActiveFile];
        let size: u32 = lists.into_iter().map(|list| self.lru.len(list)).sum();
        while self.reclaim.cost.iter().sum::<u64>() > u64::from(size / 4).max(1) {
            self.reclaim.cost = self.reclaim.cost.map(|cost| cost / 2);
        }
    }

    /// A page comes to memory that was evicted, or never was there. Whether it was evicted by mistake and was in use before: who waits for
    /// it is pressed.
    pub(super) fn arrives(&mut self, page: PageId, evicted: bool) -> bool {
        let about = &mut self.programs.pages[page.at()];
        let kind = if about.file { Kind::File } else { Kind::Anon };
        let distance = self.reclaim.age - about.evicted_at.min(self.reclaim.age);
        let lists = match kind {
            Kind::Anon => [List::ActiveFile, List::InactiveFile, List::ActiveAnon],
            Kind::File => [List::ActiveFile, List::ActiveAnon, List::InactiveAnon],
        };
        let size: u32 = lists.into_iter().map(|list| self.lru.len(list)).sum();
        let soon = evicted && distance <= u64::from(size);
        about.place = Place::Memory;
        about.young = true;
        about.referenced = false;
        about.active = soon;
        let pressed = soon && about.workingset;
        about.workingset = pressed;
        let (inactive, active) = kind.lists();
        self.lru.put(page, if soon { active } else { inactive });
        self.resident += 1;
        if soon {
            self.reclaim.age += 1;
            self.note_cost(kind, 1);
        }
        pressed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 128 MiB: `min_free_kbytes` is 1448, in zoneinfo 362, 452, 542.
    #[test]
    fn watermarks_are_the_kernels() {
        assert_eq!(Watermarks::of(32_768), Watermarks { min: 362, low: 452, high: 542 });
    }
}
