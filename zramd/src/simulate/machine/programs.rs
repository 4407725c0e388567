//! The memory of the simulated programs: regions of pages, and whose they are.

use std::collections::BTreeMap;

use super::{
    content::{Content, Written},
    lru::PageId,
};
use crate::simulate::workload::{Backing, OwnerId, RegionId};

/// Where a page is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Nowhere: it was never touched.
    Nowhere,
    /// In memory.
    Memory,
    /// In this slot of the swap area.
    Swap(u32),
    /// In its file only.
    File,
}

/// A page of a program's.
#[derive(Clone, Copy, Debug)]
pub(super) struct Page {
    pub(super) place: Place,
    pub(super) written: Written,
    /// Touched since reclaim looked at it: the accessed bit of its page table entry.
    pub(super) young: bool,
    /// Found touched by reclaim once.
    pub(super) referenced: bool,
    /// It was in use enough to be active, before it went (`PG_workingset`).
    pub(super) workingset: bool,
    pub(super) active: bool,
    pub(super) file: bool,
    /// The count of evictions when it went.
    pub(super) evicted_at: u64,
}

/// A region.
#[derive(Clone, Copy, Debug)]
pub(super) struct Region {
    pub(super) first: PageId,
    pub(super) pages: u32,
    pub(super) owner: OwnerId,
}

impl Region {
    pub(super) fn pages(self) -> impl Iterator<Item = PageId> {
        (self.first.0..self.first.0 + self.pages).map(PageId)
    }
}

#[derive(Clone, Debug, Default)]
struct Owner {
    regions: Vec<RegionId>,
    last_used: u64,
}

/// All of them.
#[derive(Clone, Debug, Default)]
pub(super) struct Programs {
    pub(super) pages: Vec<Page>,
    regions: BTreeMap<RegionId, Region>,
    owners: BTreeMap<OwnerId, Owner>,
    /// Runs of pages that nobody has, by length.
    unused: BTreeMap<u32, Vec<PageId>>,
    seeds: u32,
}

impl Programs {
    /// Gives a program memory. There is no region of this number.
    pub(super) fn map(
        &mut self,
        id: RegionId,
        owner: OwnerId,
        pages: u32,
        content: Content,
        backing: Backing,
    ) {
        let first = self.unused.get_mut(&pages).and_then(Vec::pop).unwrap_or_else(|| {
            let first = PageId(u32::try_from(self.pages.len()).unwrap_or(u32::MAX));
            self.pages.resize(self.pages.len() + pages as usize, Page::new(content, 0, backing));
            first
        });
        let region = Region { first, pages, owner };
        for page in region.pages() {
            self.seeds = self.seeds.wrapping_add(1);
            self.pages[page.at()] = Page::new(content, self.seeds, backing);
        }
        self.regions.insert(id, region);
        self.owners.entry(owner).or_default().regions.push(id);
    }

    pub(super) fn region(&self, id: RegionId) -> Option<Region> {
        self.regions.get(&id).copied()
    }

    /// Forgets a region; its pages hold nothing any more.
    pub(super) fn unmap(&mut self, id: RegionId) {
        let Some(region) = self.regions.remove(&id) else { return };
        self.unused.entry(region.pages).or_default().push(region.first);
        if let Some(owner) = self.owners.get_mut(&region.owner) {
            owner.regions.retain(|other| *other != id);
            if owner.regions.is_empty() {
                self.owners.remove(&region.owner);
            }
        }
    }

    pub(super) fn used(&mut self, owner: OwnerId, now: u64) {
        if let Some(owner) = self.owners.get_mut(&owner) {
            owner.last_used = now;
        }
    }

    /// The program that was not used for longest and has something in memory or swap; this one only if there is no other.
    pub(super) fn least_used(&self, not: Option<OwnerId>) -> Option<Vec<Region>> {
        let mut owners: Vec<(&OwnerId, &Owner)> = self.owners.iter().collect();
        owners.sort_by_key(|(id, owner)| (Some(**id) == not, owner.last_used, **id));
        owners.into_iter().find_map(|(_, owner)| {
            let regions: Vec<Region> = owner.regions.iter().filter_map(|id| self.region(*id)).collect();
            let has = |page: PageId| matches!(self.pages[page.at()].place, Place::Memory | Place::Swap(_));
            regions.iter().flat_map(|region| region.pages()).any(has).then_some(regions)
        })
    }
}

impl Page {
    fn new(content: Content, seed: u32, backing: Backing) -> Self {
        Self {
            place: Place::Nowhere,
            written: Written { content, seed, version: 0 },
            young: false,
            referenced: false,
            workingset: false,
            active: false,
            file: backing == Backing::File,
            evicted_at: 0,
        }
    }
}
