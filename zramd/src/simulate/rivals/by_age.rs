//! Pages older than an age that follows memory utilisation: mmd and swap_management.
//!
//! What is taken, and from where:
//!
//! * Android `platform/system/memory/mmd`: its README's table of properties and defaults, `src/zram/idle.rs` and `src/zram/writeback.rs`.
//!   Maintenance every hour after a first hour; at least 10 minutes between two writebacks; an idle age of 20 to 25 hours; 5 MiB at least and
//!   300 MiB at most in a round, 1 GiB in a day; huge idle pages, then idle ones; huge ones of any age not, by default.
//! * ChromeOS `platform2/swap_management`: `zram_writeback.{h,cc}` and `zram_idle.cc`. The same figures, and huge pages of any age
//!   after the others. (Chromium's own policy before that, of 2022, had 2 minutes to a day, every 10 seconds.)
//! * In both the idle age is (max − min)·e^(−5·utilisation) + min, where utilisation is 1 − MemAvailable/MemTotal; a round may write the share
//!   of its maximum that zram is full of (`orig_data_size` of `disksize`), and not more than the backing device has free; below the minimum it
//!   does not take place. Time asleep within the age is added to it.
//!
//! Linux 7.0 to 7.2 take an age that is longer than the machine is up for "everything", the newest page too. The kernels that these programs were
//! written for mark nothing then, and so nothing is marked here: it is their policy that is compared.
//!
//! Not taken: that Android waits for the screen to be off, and that one process' pages are written when it goes to the background, since neither
//! is to be seen by a program that looks at the machine alone. Recompression is off in mmd by default, and so here.

use std::time::Duration;

use nix::errno::Errno;
use zram_host::{Machine, machine::memory};

use super::{budget::Written, suspended::Suspended};
use crate::{
    driver::{Driver, Occasion},
    simulate::machine::Spec,
    units::Units,
};

/// The parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameters {
    /// Between two looks.
    pub every: Duration,
    /// At least so long between two writebacks.
    pub back_off: Duration,
    /// The idle age with all memory in use.
    pub min_idle: Duration,
    /// With none.
    pub max_idle: Duration,
    /// Whether huge pages of any age go, after the others.
    pub huge: bool,
    /// A round writes no less.
    pub round_min: Units,
    /// And no more.
    pub round_max: Units,
    /// In 24 hours.
    pub per_day: Units,
}

impl Parameters {
    /// ChromeOS'; mmd's differ in `huge`.
    #[must_use]
    pub fn published() -> Self {
        let hours = |hours: u64| Duration::from_secs(hours * 3600);
        Self {
            every: hours(1),
            back_off: Duration::from_secs(600),
            min_idle: hours(20),
            max_idle: hours(25),
            huge: true,
            round_min: Units::within(5 << 20),
            round_max: Units::within(300 << 20),
            per_day: Units::within(1 << 30),
        }
    }

    /// For a machine that is smaller than what it stands for, with this budget of a day, which is of the small one.
    #[must_use]
    pub fn scaled(self, spec: &Spec, per_day: Units) -> Self {
        Self {
            round_min: spec.scaled(self.round_min),
            round_max: spec.scaled(self.round_max),
            per_day,
            ..self
        }
    }
}

/// The idle age at a utilisation from 0 to 1: whole seconds.
#[must_use]
pub fn idle_age(min: Duration, max: Duration, utilisation: f64) -> Duration {
    let span = max.saturating_sub(min).as_secs() as f64;
    let seconds = span * (-5.0 * utilisation).exp() + min.as_secs() as f64;
    Duration::from_secs(seconds as u64)
}

/// What a round may write, where so many of all slots are in use and the backing device has so much free. Nothing if it is too little.
#[must_use]
pub fn round_limit(parameters: &Parameters, used: Units, slots: Units, free: Units) -> Units {
    let basis_points = used.0 * 10_000 / slots.0.max(1);
    let limit = (basis_points * parameters.round_max.0 / 10_000).min(free.0);
    if limit < parameters.round_min.0 { Units(0) } else { Units(limit).min(parameters.round_max) }
}

/// The policy.
#[derive(Clone, Debug)]
pub struct ByAge {
    parameters: Parameters,
    written: Written,
    suspended: Suspended,
    last: Option<Duration>,
    /// When it looks again, by the clock that stands still while the machine sleeps.
    next: Option<Duration>,
}

impl ByAge {
    /// With these parameters.
    #[must_use]
    pub fn new(parameters: Parameters) -> Self {
        Self {
            parameters,
            written: Written::default(),
            suspended: Suspended::default(),
            last: None,
            next: None,
        }
    }

    fn round(&mut self, machine: &mut dyn Machine, dev: u32) -> Result<(), Errno> {
        let now = machine.clocks().boot;
        if self.last.is_some_and(|last| now.saturating_sub(last) < self.parameters.back_off) {
            return Ok(());
        }
        let used = Units::within(number(machine, dev, "mm_stat", 0)?);
        let slots = Units::within(number(machine, dev, "disksize", 0)?);
        let away = Units(number(machine, dev, "bd_stat", 0)?);
        let room = backing(machine, dev)?.less(away);
        let limit = round_limit(&self.parameters, used, slots, room);
        let limit = limit.min(self.written.left(self.parameters.per_day, now));
        if limit == Units(0) {
            return Ok(());
        }
        set(machine, dev, "writeback_limit_enable", "1")?;
        set(machine, dev, "writeback_limit", &limit.0.to_string())?;
        let mut left = limit;
        for (kind, marks) in [("huge_idle", true), ("idle", true), ("huge", false)] {
            if left == Units(0) || (kind == "huge" && !self.parameters.huge) {
                continue;
            }
            if marks {
                let age = self.age(machine);
                if age >= now {
                    continue;
                }
                set(machine, dev, "idle", &age.as_secs().to_string())?;
            }
            let result = set(machine, dev, "writeback", kind);
            let after = Units(number(machine, dev, "writeback_limit", 0).unwrap_or(0));
            // By when it ended: what was written last is a day old last.
            self.written.record(machine.clocks().boot, left.less(after));
            left = after;
            // EIO with nothing left of the limit is its end; and a device that is full is no mistake.
            match result {
                Ok(()) | Err(Errno::ENOSPC) => {}
                Err(Errno::EIO) if after == Units(0) => {}
                Err(errno) => return Err(errno),
            }
            self.last = Some(now);
        }
        Ok(())
    }

    fn age(&self, machine: &mut dyn Machine) -> Duration {
        let Parameters { min_idle, max_idle, .. } = self.parameters;
        // Who knows nothing of memory is careful.
        let age = memory(machine)
            .ok()
            .and_then(|memory| Some((memory.available?, memory.total)))
            .map_or(max_idle, |(available, total)| {
                idle_age(min_idle, max_idle, 1.0 - available as f64 / total.max(1) as f64)
            });
        age + self.suspended.within(age, machine.clocks().boot)
    }
}

impl Driver for ByAge {
    fn wake(&mut self, machine: &mut dyn Machine, occasion: Occasion) -> Option<Duration> {
        let clocks = machine.clocks();
        self.suspended.look(&clocks);
        let next = *self.next.get_or_insert(clocks.awake + self.parameters.every);
        // Neither listens to pressure.
        if occasion != Occasion::Time || clocks.awake < next {
            return Some(next.saturating_sub(clocks.awake));
        }
        for dev in machine.devices().unwrap_or_default() {
            // A round that failed is over; the next may do better.
            let _ = self.round(machine, dev);
        }
        self.next = Some(clocks.awake + self.parameters.every);
        Some(self.parameters.every)
    }
}

/// A number in an attribute.
fn number(machine: &mut dyn Machine, dev: u32, name: &str, at: usize) -> Result<u64, Errno> {
    let text = machine.read_attr(dev, name)?;
    let text = String::from_utf8_lossy(&text);
    text.split_whitespace().nth(at).and_then(|word| word.parse().ok()).ok_or(Errno::EINVAL)
}

fn set(machine: &mut dyn Machine, dev: u32, name: &str, value: &str) -> Result<(), Errno> {
    machine.write_attr(dev, name, value.as_bytes()).map(drop)
}

/// How large the backing device is.
fn backing(machine: &mut dyn Machine, dev: u32) -> Result<Units, Errno> {
    let path = machine.read_attr(dev, "backing_dev")?;
    let path = String::from_utf8_lossy(&path).trim_end().to_owned();
    match machine.place(&path) {
        Ok(zram_host::storage::Place::Disk(bytes)) => Ok(Units::within(bytes)),
        Ok(_) => Ok(Units(0)),
        Err(errno) => Err(errno),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Points of the formula: 25 h with nothing used, 20 h and 5 h·e⁻⁵ with all.
    #[test]
    fn the_age_is_the_published_one() {
        let Parameters { min_idle, max_idle, .. } = Parameters::published();
        let at = |utilisation| idle_age(min_idle, max_idle, utilisation).as_secs();
        assert_eq!(at(0.0), 90_000);
        assert_eq!(at(1.0), 72_121);
        assert_eq!(at(0.5), 73_477);
        assert_eq!(at(0.2), 78_621);
    }

    #[test]
    fn a_round_grows_with_what_zram_holds() {
        let parameters = Parameters::published();
        let mib = |mib: u64| Units::within(mib << 20);
        let limit = |used, free| round_limit(&parameters, mib(used), mib(4096), mib(free));
        assert_eq!(limit(4096, 1024), mib(300));
        assert_eq!(limit(2048, 1024), mib(150));
        assert_eq!(limit(2048, 100), mib(100));
        // 1.5 % of 300 MiB is less than 5.
        assert_eq!(limit(64, 1024), Units(0));
        assert_eq!(limit(2048, 4), Units(0));
    }
}
