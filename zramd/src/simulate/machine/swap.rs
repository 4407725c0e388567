//! The swap area: slots, and pages through them.
//!
//! A slot is freed as soon as its page is back in memory: Linux does so for devices that read synchronously, of which zram is one
//! (`should_try_to_free_swap`), so that a page is never in zram and in memory both, and what was read back from the disk leaves it.
//! Slots are given out in turn, as the kernel's clusters are, and not the lowest first. Slot 0 is the area's header.

use zram_host::{Buffer, Iovec, Port as _};

use super::{
    World,
    content::{Lost, PAGE},
    lru::PageId,
    programs::Place,
};

/// Which slots are free.
#[derive(Clone, Debug)]
pub(super) struct Slots {
    taken: Vec<bool>,
    next: usize,
    used: u32,
}

impl Slots {
    pub(super) fn new(slots: u32) -> Self {
        let mut taken = vec![false; slots as usize];
        if let Some(header) = taken.first_mut() {
            *header = true;
        }
        Self { taken, next: 1, used: 0 }
    }

    /// Slots that pages are in.
    pub(super) fn used(&self) -> u32 {
        self.used
    }

    /// Slots that pages can be in.
    pub(super) fn len(&self) -> u32 {
        u32::try_from(self.taken.len()).unwrap_or(u32::MAX) - 1
    }

    pub(super) fn is_full(&self) -> bool {
        self.used >= self.len()
    }

    fn take(&mut self) -> Option<u32> {
        if self.is_full() {
            return None;
        }
        let free =
            |from: usize, to: usize| self.taken[from..to].iter().position(|taken| !taken).map(|at| from + at);
        let at = free(self.next, self.taken.len()).or_else(|| free(0, self.next))?;
        self.taken[at] = true;
        self.next = at + 1;
        self.used += 1;
        u32::try_from(at).ok()
    }

    fn free(&mut self, slot: u32) {
        if slot == 0 {
            return;
        }
        if let Some(taken) = self.taken.get_mut(slot as usize).filter(|taken| **taken) {
            *taken = false;
            self.used -= 1;
        }
    }
}

const PIECE: [Iovec; 1] = [Iovec { start: 0, len: PAGE }];

fn at(slot: u32) -> u64 {
    u64::from(slot) * PAGE as u64
}

impl World {
    /// Writes a page to swap. Whether that went well; if not it stays.
    pub(super) fn swap_out(&mut self, page: PageId) -> bool {
        let Some(slot) = self.slots.take() else { return false };
        let what = self.programs.pages[page.at()].written;
        what.fill(&mut self.buffer);
        self.sync();
        let buffer = Buffer { arena: &mut self.buffer, pieces: &PIECE };
        self.spent += self.spec.times.compress;
        let written = self.host.write(self.dev, at(slot), buffer).is_ok();
        self.pool_moved();
        if !written {
            // mem_limit, where the driver sets one.
            self.slots.free(slot);
            return false;
        }
        self.ledger.swap_outs += 1;
        self.programs.pages[page.at()].place = Place::Swap(slot);
        true
    }

    /// Reads the page in a slot, which is what was written there, and frees the slot. How long that takes.
    pub(super) fn swap_in(&mut self, page: PageId, slot: u32) -> Waited {
        self.sync();
        let times = self.spec.times;
        let buffer = Buffer { arena: &mut self.buffer, pieces: &PIECE };
        let read = self.host.read(self.dev, at(slot), buffer);
        if let Err(errno) = read {
            self.lost.get_or_insert(Lost::Unreadable { slot, errno });
        }
        self.programs.pages[page.at()].written.fill(&mut self.expected);
        if read.is_ok() && self.buffer != self.expected {
            self.lost.get_or_insert(Lost::Changed { slot });
        }
        let disk = self.ledger.is_away(slot);
        self.ledger.swap_ins += 1;
        self.ledger.read_back(self.now, slot);
        self.free_slot(slot);
        Waited {
            memory: times.fault + times.decompress + if disk { times.read } else { 0 },
            disk: if disk { times.read } else { 0 },
        }
    }

    /// A slot is of no use any more.
    pub(super) fn free_slot(&mut self, slot: u32) {
        self.ledger.freed(self.now, slot);
        if let Err(errno) = self.host.swap_slot_free(self.dev, slot.into()) {
            self.lost.get_or_insert(Lost::Unreadable { slot, errno });
        }
        self.slots.free(slot);
        self.pool_moved();
    }
}

/// How long a page was waited for, in nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Waited {
    /// In all.
    pub(super) memory: u64,
    /// Of this, for a disk.
    pub(super) disk: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_given_out_in_turn() {
        let mut slots = Slots::new(5);
        assert_eq!([(); 3].map(|()| slots.take()), [Some(1), Some(2), Some(3)]);
        slots.free(1);
        assert_eq!([(); 3].map(|()| slots.take()), [Some(4), Some(1), None]);
        assert_eq!((slots.used(), slots.len()), (4, 4));
        slots.free(0);
        slots.free(2);
        slots.free(2);
        assert_eq!(slots.used(), 3);
    }
}
