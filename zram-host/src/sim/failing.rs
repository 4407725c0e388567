//! An allocation that fails because somebody asked for that.
//!
//! Which one it is follows from the order in which the model asks for memory, and that is the order of the kernel's code. While
//! a failure is asked for nobody else is: no allocation of that call fails for another reason.

use zram_events::Shortage;
use zram_model::Allocation;

/// The allocations of a kind, counted, and the one that fails.
#[derive(Clone, Copy, Debug)]
pub(super) struct Failing {
    shortage: Shortage,
    nth: u32,
    asked: u32,
    failed: u32,
    /// Whether the call is a recompression: its lists are like those of a writeback pass.
    recompression: bool,
}

impl Failing {
    pub(super) fn new(shortage: Shortage, nth: u32) -> Self {
        Self { shortage, nth, asked: 0, failed: 0, recompression: false }
    }

    /// Which attribute the call writes to.
    pub(super) fn within(&mut self, attribute: &str) {
        self.recompression = attribute == "recompress";
    }

    /// Allocations of the kind, and how many of them failed.
    pub(super) fn counts(self) -> (u32, u32) {
        (self.asked, self.failed)
    }

    /// Whether this one succeeds.
    pub(super) fn allocate(&mut self, what: Allocation) -> bool {
        if !self.is_meant(what) {
            return true;
        }
        self.asked += 1;
        let fails = self.asked == self.nth;
        self.failed += u32::from(fails);
        !fails
    }

    fn is_meant(self, what: Allocation) -> bool {
        match self.shortage {
            Shortage::Device => what == Allocation::Device,
            Shortage::Compressor => matches!(what, Allocation::Compressor { .. }),
            Shortage::BackingPath => what == Allocation::BackingPath,
            Shortage::Handle => what == Allocation::Handle,
            Shortage::Zspage => what == Allocation::Zspage,
            Shortage::ZspagePage => matches!(what, Allocation::ZspagePage { .. }),
            Shortage::ReadBack => matches!(what, Allocation::ReadBack { .. }),
            Shortage::Candidates => what == Allocation::Candidates && !self.recompression,
            Shortage::Candidate => matches!(what, Allocation::Candidate { .. }) && !self.recompression,
            Shortage::WritebackControl => what == Allocation::WritebackControl,
            Shortage::WritebackRequest => matches!(what, Allocation::WritebackRequest { .. }),
            Shortage::RecompressionCandidates => what == Allocation::Candidates && self.recompression,
            Shortage::RecompressionCandidate => {
                matches!(what, Allocation::Candidate { .. }) && self.recompression
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use zram_events::SlotIndex;

    use super::*;

    #[test]
    fn one_of_a_kind_fails() {
        let mut failing = Failing::new(Shortage::ReadBack, 2);
        let read_back = |slot| Allocation::ReadBack { slot: SlotIndex(slot) };
        let answers = [read_back(5), Allocation::Handle, read_back(3), read_back(5)];
        assert_eq!(answers.map(|what| failing.allocate(what)), [true, true, false, true]);
        assert_eq!(failing.counts(), (3, 1));
    }

    #[test]
    fn a_recompressions_list_is_not_a_passes() {
        let mut failing = Failing::new(Shortage::Candidates, 1);
        failing.within("recompress");
        assert!(failing.allocate(Allocation::Candidates));
        failing.within("writeback");
        assert!(!failing.allocate(Allocation::Candidates));
    }
}
