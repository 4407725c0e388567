//! Writing pages back, within what was granted.
//!
//! The order is what holds the budget, whatever happens in between:
//!
//! 1. the device is charged for all that it has written so far;
//! 2. the grant is on disk;
//! 3. the kernel gets it as its limit, a part for each pass, and writes;
//! 4. the limit is 0 again;
//! 5. the kernel says what it has written, that is charged, and the rest of the grant returned, on disk.
//!
//! Whoever dies before 2 has granted nothing. Whoever dies after it leaves a grant on disk, and a limit in the kernel that is no larger.

use std::time::Duration;

use zram_host::{DeviceNumber, Machine, device::BdStat};

use super::{
    Between, Daemon,
    act::{Deed, is_set_up, timed},
};
use crate::{
    ledger::Written,
    policy::{Type, backoff::Outcome, observation::DeviceView, ranges::Commands, slice::Slice},
    store::Store,
    units::Units,
};

/// Between two passes others get as much time with the device as a pass took, but no more than this.
const LONGEST_PAUSE: Duration = Duration::from_millis(100);

/// How a pass ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum After {
    /// All that it was told to write was written, or is not there any more.
    Through,
    /// It has written as much as it may.
    Limit,
    /// No other pass would do better.
    End,
}

impl<S: Store> Daemon<S> {
    /// Writes ranges. There are more pages in them than may be written, if there are; then each pass is offered as many times more, and the
    /// kernel takes the largest.
    pub(super) fn write_ranges(
        &mut self,
        machine: &mut dyn Machine,
        view: &DeviceView,
        mut commands: Commands,
        units: Units,
        between: &mut dyn Between,
    ) -> Deed {
        let (device, per_page) = (view.device, view.units_per_page());
        self.granted(machine, device, units, |daemon, machine, granted| {
            let mut deed = Deed::NOTHING;
            let mut left = granted;
            loop {
                let (may, offered) = (left.0 / per_page, commands.pages());
                if may == 0 || offered == 0 {
                    break;
                }
                let slice = u64::from(daemon.slice(device).pages()).min(may);
                let many = u32::try_from((slice * offered).div_ceil(may)).unwrap_or(u32::MAX);
                let Some((text, pages)) = commands.next(many) else { break };
                // Its part of what may be written, in whole pages: a command may be too long for as many as it should have.
                let part = (pages * may / offered).clamp(1, slice);
                let after = daemon.limited_pass(machine, view, &text, part, &mut left, &mut deed);
                if after == After::End || !between.goes_on() {
                    break;
                }
            }
            deed
        })
    }

    /// Writes all pages of these types. The kernel goes over the whole device each time, and the limit is what ends a pass.
    pub(super) fn write_types(
        &mut self,
        machine: &mut dyn Machine,
        view: &DeviceView,
        types: &[Type],
        units: Units,
        between: &mut dyn Between,
    ) -> Deed {
        let (device, per_page) = (view.device, view.units_per_page());
        self.granted(machine, device, units, |daemon, machine, granted| {
            let mut deed = Deed::NOTHING;
            let mut left = granted;
            let mut types = types.iter();
            let mut now = types.next();
            while let Some(kind) = now {
                let pages = u64::from(daemon.slice(device).pages()).min(left.0 / per_page);
                if pages == 0 {
                    deed.outcome = Outcome::LimitReached;
                    break;
                }
                match daemon.limited_pass(machine, view, kind.word(), pages, &mut left, &mut deed) {
                    After::Through => now = types.next(),
                    After::Limit => {}
                    After::End => break,
                }
                if !between.goes_on() {
                    break;
                }
            }
            deed
        })
    }

    /// One pass that writes no more than so many pages of what it is told to, out of what is left of a grant.
    fn limited_pass(
        &mut self,
        machine: &mut dyn Machine,
        view: &DeviceView,
        text: &str,
        pages: u64,
        left: &mut Units,
        deed: &mut Deed,
    ) -> After {
        let device = view.device;
        let slice = Units(pages * view.units_per_page()).min(*left);
        if let Err(errno) = machine.write_attr(device.0, "writeback_limit", slice.0.to_string().as_bytes()) {
            deed.outcome = Outcome::of(errno, None);
            return After::End;
        }
        let went_on = self.pass(machine, device, text, pages, deed);
        let unused = limit(machine, device).map_or(Units(0), Units);
        *left = left.less(slice.less(unused));
        match (went_on, deed.outcome) {
            (true, _) => After::Through,
            // What ended it is its part of the grant.
            (false, Outcome::LimitReached) => {
                deed.outcome = Outcome::Done;
                After::Limit
            }
            (false, _) => After::End,
        }
    }

    /// One pass. `false`: it is the last.
    fn pass(
        &mut self,
        machine: &mut dyn Machine,
        device: DeviceNumber,
        text: &str,
        pages: u64,
        deed: &mut Deed,
    ) -> bool {
        let (result, took) = timed(machine, device, "writeback", text);
        let bound = self.config.writeback.lock_hold;
        deed.pass(took, bound);
        let was_least = self.slice(device).is_least();
        self.slice(device).measured(pages, took, bound);
        if let Err(errno) = result {
            deed.outcome = Outcome::of(errno, limit(machine, device));
            return false;
        }
        if took > bound && was_least {
            deed.outcome = Outcome::TooLong;
            return false;
        }
        machine.pause(took.min(LONGEST_PAUSE));
        true
    }

    fn slice(&mut self, device: DeviceNumber) -> &mut Slice {
        &mut self.state.devices.entry(device).or_default().writeback
    }

    /// Does something with so much granted, or as much of it as is left.
    fn granted(
        &mut self,
        machine: &mut dyn Machine,
        device: DeviceNumber,
        units: Units,
        write: impl FnOnce(&mut Self, &mut dyn Machine, Units) -> Deed,
    ) -> Deed {
        let mut deed = Deed::NOTHING;
        let Some(before) = writes(machine, device) else {
            deed.outcome = Outcome::Gone;
            return deed;
        };
        self.state.ledger.pass(machine.clocks());
        self.state.ledger.settle(device, Written { writes: before, limit: None });
        let units = units.min(self.state.ledger.left(self.config.writeback.per_day));
        if units == Units(0) {
            deed.outcome = Outcome::LimitReached;
            return deed;
        }
        self.state.ledger.grant(device, units);
        if self.save().is_err() {
            self.state.ledger.settle(device, Written { writes: before, limit: None });
            deed.outcome = Outcome::NotRecorded;
            return deed;
        }
        // Somebody may have switched it off, and then nothing would end a pass.
        deed = match machine.write_attr(device.0, "writeback_limit_enable", b"1") {
            Ok(_) => write(self, machine, units),
            Err(errno) => Deed { outcome: Outcome::of(errno, None), ..deed },
        };
        self.state.ledger.pass(machine.clocks());
        let closed = machine.write_attr(device.0, "writeback_limit", b"0");
        match (closed, writes(machine, device)) {
            (Ok(_), Some(after)) => {
                if !is_set_up(machine, device) {
                    // It was reset meanwhile, and has forgotten what it wrote, which may be all of it.
                    self.state.ledger.forfeit(device);
                }
                self.state.ledger.settle(device, Written { writes: after, limit: None });
                deed.written = after.less(before);
            }
            // The grant stays open: all of it may have been written.
            _ if deed.outcome == Outcome::Done => deed.outcome = Outcome::Gone,
            _ => {}
        }
        // If it is not saved, the record says that all of the grant may have been written.
        let _ = self.save();
        deed
    }
}

/// What the kernel may still write.
pub(super) fn limit(machine: &mut dyn Machine, device: DeviceNumber) -> Option<u64> {
    let text = machine.read_attr(device.0, "writeback_limit").ok()?;
    String::from_utf8_lossy(&text).trim().parse().ok()
}

/// What a device has written in all.
fn writes(machine: &mut dyn Machine, device: DeviceNumber) -> Option<Units> {
    let text = machine.read_attr(device.0, "bd_stat").ok()?;
    BdStat::parse(&String::from_utf8_lossy(&text)).map(|bd| Units(bd.writes))
}
