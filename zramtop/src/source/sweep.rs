//! Which part of a slot table to look at next.
//!
//! The kernel prints the state of a slot as forty bytes of text, a device of 16 GiB as 160 MB. So each time only so many windows are
//! read: first what is on the screen, then where something changed lately, then on from where the last look ended, so that everything
//! is seen in turn. The file's position is the number of a slot, which makes a window anywhere cost the same.

use std::collections::BTreeMap;

use zram_host::{
    DeviceNumber, Machine,
    device::{SlotsError, slots_from},
};

use crate::sample::{Flags, Slot, Window};

/// Slots whose changes are counted together: fewer than a window shows.
const REGION: u64 = 1024;

/// Looks after which a region that has not changed is one like any other.
const WARM: u32 = 8;

/// How much may be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Budget {
    /// Windows.
    pub(super) windows: usize,
    /// Microseconds: after so long no further window is begun.
    pub(super) micros: u64,
}

/// The sweep over one device.
#[derive(Debug, Default)]
pub(super) struct Sweep {
    /// What was seen last.
    seen: Vec<Flags>,
    /// Where to go on.
    next: u64,
    /// Regions that changed lately, and for how many looks they are still looked at first.
    warm: BTreeMap<u64, u32>,
    /// The warm region to look at next.
    turn: u64,
}

impl Sweep {
    /// Looks at a part of the device, which has so many slots. `shown`: what is on a screen.
    pub(super) fn look(
        &mut self,
        machine: &mut dyn Machine,
        device: DeviceNumber,
        slots: u64,
        shown: Option<(u64, u64)>,
        budget: Budget,
    ) -> Result<Vec<Window>, SlotsError> {
        let len = usize::try_from(slots).unwrap_or(usize::MAX);
        if self.seen.len() != len {
            *self = Self { seen: vec![Flags::UNKNOWN; len], ..Self::default() };
        }
        let began = machine.boot_time() / 1000;
        let mut windows = Vec::new();
        let in_turn = budget.windows.div_ceil(3);
        let first_of_all = budget.windows - in_turn;
        let may = |machine: &mut dyn Machine, so_far: usize, most: usize| {
            so_far < most && (so_far == 0 || machine.boot_time() / 1000 < began.saturating_add(budget.micros))
        };
        // A screen that shows more than this can read is no reason to read that and nothing else.
        if let Some((first, end)) = shown.filter(|(first, end)| end - first <= REGION * 4) {
            let mut at = first;
            while at < end && may(machine, windows.len(), first_of_all) {
                at = self.read(machine, device, slots, at, &mut windows)?;
            }
        }
        self.warm.retain(|_, left| {
            *left -= 1;
            *left > 0
        });
        let mut warm: Vec<u64> = self.warm.range(self.turn..).map(|(region, _)| *region).collect();
        warm.extend(self.warm.range(..self.turn).map(|(region, _)| *region));
        let mut behind = None;
        for region in warm {
            let first = region * REGION;
            if behind.is_some_and(|(from, to)| (from..to).contains(&first)) {
                continue;
            }
            if !may(machine, windows.len(), first_of_all) {
                break;
            }
            let end = self.read(machine, device, slots, first, &mut windows)?;
            behind = Some((first, end));
            self.turn = region + 1;
        }
        let mut left = slots;
        while left > 0 && may(machine, windows.len(), budget.windows) {
            let first = if self.next >= slots { 0 } else { self.next };
            self.next = self.read(machine, device, slots, first, &mut windows)?;
            left = left.saturating_sub(self.next - first);
        }
        Ok(windows)
    }

    /// Reads one window, and says where it ends.
    fn read(
        &mut self,
        machine: &mut dyn Machine,
        device: DeviceNumber,
        slots: u64,
        first: u64,
        windows: &mut Vec<Window>,
    ) -> Result<u64, SlotsError> {
        let states = slots_from(machine, device, first)?;
        // Nothing: there is no slot behind that holds anything.
        let end = states.last().map_or(slots, |last| (last.slot + 1).min(slots)).max(first + 1);
        let window = Window { first, end, slots: states.iter().map(Slot::from).collect() };
        self.note(&window);
        windows.push(window);
        Ok(end)
    }

    /// Finds out where something has changed.
    fn note(&mut self, window: &Window) {
        let mut held = window.slots.iter().peekable();
        for slot in window.first..window.end {
            let is = held.next_if(|held| held.0 == slot).map_or(Flags::FREE, |held| held.2);
            let Some(was) = usize::try_from(slot).ok().and_then(|at| self.seen.get_mut(at)) else { break };
            if *was != is {
                if *was != Flags::UNKNOWN {
                    self.warm.insert(slot / REGION, WARM);
                }
                *was = is;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use zram_host::{Buffer, Iovec, Port as _, SimHost, Simulated};
    use zram_model::{Codec, Errno, PageBytes, Profile};

    use super::*;
    use crate::map::SlotTable;

    const SLOTS: u64 = 8192;

    fn half(_: Codec, page: &PageBytes) -> Result<Vec<u8>, Errno> {
        Ok(vec![0; page.len() / 2])
    }

    type Host = SimHost<Simulated<fn(Codec, &PageBytes) -> Result<Vec<u8>, Errno>>>;

    fn host() -> Host {
        let mut host: Host = SimHost::new(Profile::debian_7_2(), Simulated::new(half));
        let dev = host.hot_add().unwrap();
        host.write_attr(dev, "disksize", b"32M").unwrap();
        host
    }

    fn write(host: &mut Host, slot: u64) {
        let mut page: Vec<u8> = (0..4096_u32).map(|at| at as u8).collect();
        let pieces = [Iovec { start: 0, len: 4096 }];
        host.write(0, slot * 4096, Buffer { arena: &mut page, pieces: &pieces }).unwrap();
    }

    fn budget(windows: usize) -> Budget {
        Budget { windows, micros: u64::MAX }
    }

    /// However small the budget: everything is seen in turn, and no look reads more than it may.
    #[test]
    fn everything_is_seen_in_turn() {
        let mut host = host();
        for slot in 0..SLOTS {
            write(&mut host, slot);
        }
        let (mut sweep, mut table) = (Sweep::default(), SlotTable::new(SLOTS));
        let mut looks = 0;
        while table.known() < SLOTS {
            let windows = sweep.look(&mut host, DeviceNumber(0), SLOTS, None, budget(2)).unwrap();
            assert!(windows.len() <= 2, "{}", windows.len());
            windows.iter().for_each(|window| table.apply(window));
            looks += 1;
            assert!(looks < 20, "{} of {SLOTS} slots seen", table.known());
        }
    }

    /// Where something changes is looked at more often than the rest.
    #[test]
    fn what_changes_is_looked_at_first() {
        let mut host = host();
        for slot in 0..SLOTS {
            write(&mut host, slot);
        }
        let (mut sweep, mut table) = (Sweep::default(), SlotTable::new(SLOTS));
        let mut look = |host: &mut Host, table: &mut SlotTable| {
            let windows = sweep.look(host, DeviceNumber(0), SLOTS, None, budget(3)).unwrap();
            windows.iter().for_each(|window| table.apply(window));
        };
        while table.known() < SLOTS {
            look(&mut host, &mut table);
        }
        let mut found = 0;
        for times in 0..12 {
            host.discard(0, (5000 + times) * 4096, 4096).unwrap();
            let before = table.changes();
            look(&mut host, &mut table);
            found += u64::from(table.changes() > before);
        }
        assert!(found >= 8, "found {found} of 12 changes at once");
    }
}
