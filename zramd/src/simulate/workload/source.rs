//! What steps come from, day by day.

use super::{
    rhythm::Day,
    step::{OwnerId, RegionId, Step},
};

/// A part of a workload.
pub(super) trait Source {
    /// Adds what it does on this day, in any order but for steps of the same millisecond. Days are asked for one after the other.
    fn day(&mut self, day: &Day, out: &mut Vec<Step>);
}

/// Numbers that no other source uses.
#[derive(Clone, Debug)]
pub(super) struct Numbers {
    regions: u32,
    owners: u32,
}

/// Numbers of one source.
const EACH: u32 = 1 << 24;

impl Numbers {
    pub(super) fn of(source: u32) -> Self {
        let first = source.wrapping_mul(EACH);
        Self { regions: first, owners: first }
    }

    pub(super) fn region(&mut self) -> RegionId {
        self.regions = self.regions.wrapping_add(1);
        RegionId(self.regions)
    }

    pub(super) fn owner(&mut self) -> OwnerId {
        self.owners = self.owners.wrapping_add(1);
        OwnerId(self.owners)
    }
}
