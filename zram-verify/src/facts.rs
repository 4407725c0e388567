//! L0: what is the same for as long as a kernel runs.

use std::collections::BTreeSet;

use zram_events::{DeviceId, Event, Shortage};
use zram_host::Port as _;
use zram_model::{
    Errno, Profile,
    behaviours::{ReadBackRequest, WritebackSelection},
};

use crate::{
    compare::{Comparer, Level, Strength},
    model::Model,
};

/// Every attribute of its own that zram has had with 7.2 or before: the model is asked for each.
pub(crate) const ATTRIBUTES: &[&str] = &[
    "algorithm_params",
    "backing_dev",
    "bd_stat",
    "comp_algorithm",
    "compact",
    "compressed_writeback",
    "debug_stat",
    "disksize",
    "idle",
    "initstate",
    "io_stat",
    "max_comp_streams",
    "mem_limit",
    "mem_used_max",
    "mm_stat",
    "recomp_algorithm",
    "recompress",
    "reset",
    "writeback",
    "writeback_batch_size",
    "writeback_compressed",
    "writeback_limit",
    "writeback_limit_enable",
];

/// The attributes that a device of this profile has.
pub(crate) fn attributes_of(profile: Profile) -> Vec<String> {
    let mut host = crate::exact::host(profile);
    let Ok(dev) = host.hot_add() else { return Vec::new() };
    let there = |name: &&&str| !matches!(host.kernel().read_attr(DeviceId(dev), name), Err(Errno::ENOENT));
    ATTRIBUTES.iter().filter(there).map(|name| (*name).to_owned()).collect()
}

/// Compares the names of a device's attributes.
pub(crate) fn compare_attributes(comparer: &mut Comparer, model: &Model, dev: u32, observed: &[String]) {
    let theirs: BTreeSet<&str> = observed.iter().map(String::as_str).collect();
    let known: BTreeSet<&str> = ATTRIBUTES.iter().copied().chain(theirs.iter().copied()).collect();
    for name in known {
        let presence = |there| if there { "present" } else { "absent" };
        let (ours, other) = (presence(model.has_attribute(dev, name)), presence(theirs.contains(name)));
        comparer.same(Level::L0, Strength::Exact, || format!("attribute {name}"), &ours, &other);
    }
}

/// What can be made to fail for want of memory on a kernel with this profile.
#[must_use]
pub(crate) fn failures_of(profile: &Profile) -> Vec<Shortage> {
    if !profile.fault_injection {
        return Vec::new();
    }
    let behaviours = &profile.behaviours;
    let lists = behaviours.writeback_selection == WritebackSelection::Buckets;
    let there = |shortage: &Shortage| match shortage {
        Shortage::Device
        | Shortage::Compressor
        | Shortage::Handle
        | Shortage::Zspage
        | Shortage::ZspagePage => true,
        Shortage::BackingPath => profile.writeback,
        Shortage::ReadBack => profile.writeback && behaviours.read_back_request != ReadBackRequest::Chained,
        Shortage::Candidates | Shortage::Candidate => profile.writeback && lists,
        Shortage::WritebackControl | Shortage::WritebackRequest => {
            profile.writeback && behaviours.writeback_batches
        }
        Shortage::RecompressionCandidates | Shortage::RecompressionCandidate => profile.multi_comp && lists,
    };
    Shortage::ALL.iter().copied().filter(there).collect()
}

/// Where lengths begin to be stored raw, narrowed down by what was seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct HugeBorder {
    largest_compressed: Option<u32>,
    smallest_raw: Option<u32>,
}

impl HugeBorder {
    /// Learns from the events of one operation: an allocation follows each compression.
    pub(crate) fn see(&mut self, events: &[Event]) {
        let mut compressed = None;
        for event in events {
            match (event, compressed) {
                (Event::Compress { result: 0, len }, _) => compressed = Some(*len),
                (Event::Malloc { size, .. }, Some(len)) => {
                    if *size == len && len < 4096 {
                        self.largest_compressed = self.largest_compressed.max(Some(len));
                    } else if *size == 4096 {
                        self.smallest_raw = Some(self.smallest_raw.map_or(len, |smallest| smallest.min(len)));
                    }
                    compressed = None;
                }
                _ => {}
            }
        }
    }

    /// Compares with the model's `huge_class_size`: exact when both sides of the border were hit.
    pub(crate) fn compare(self, comparer: &mut Comparer, expected: u32) {
        let (Some(below), Some(above)) = (self.largest_compressed, self.smallest_raw) else {
            comparer.tally.skip(
                Level::L0,
                "huge_class_size",
                "no page was stored raw, or none compressed, while the probes looked on",
                1,
            );
            return;
        };
        let strength = if below + 1 == above { Strength::Exact } else { Strength::Bounded };
        comparer.tally.count(Level::L0, strength, 1);
        if !(below < expected && expected <= above) {
            comparer.differ(
                Level::L0,
                strength,
                "huge_class_size".to_owned(),
                expected.to_string(),
                format!("above {below} (stored compressed), at most {above} (stored raw)"),
                Vec::new(),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use zram_events::{HandleLife, PoolLife};

    use super::*;

    fn stored(len: u32, size: u32) -> [Event; 2] {
        let malloc = Event::Malloc { pool: PoolLife(0), size, handle: HandleLife(0) };
        [Event::Compress { result: 0, len }, malloc]
    }

    fn differences(border: HugeBorder, expected: u32) -> usize {
        let mut comparer = Comparer::default();
        border.compare(&mut comparer, expected);
        comparer.differences.len()
    }

    #[test]
    fn both_sides_of_the_border_fix_it() {
        let mut border = HugeBorder::default();
        border.see(&stored(3624, 3624));
        border.see(&stored(100, 100));
        border.see(&stored(3625, 4096));
        border.see(&stored(4000, 4096));
        assert_eq!(differences(border, 3625), 0);
        assert_eq!(differences(border, 3626), 1);
        assert_eq!(differences(border, 3624), 1);
    }
}
