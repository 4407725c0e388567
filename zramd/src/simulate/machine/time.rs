//! Time: the workload's steps one after the other, and what comes due between them.
//!
//! The simulated computer does one thing at a time. A step that has to wait for memory makes those behind it late, and they catch up when there
//! is nothing to do; so what a program waits is waited by all that have something to do.

use std::time::Duration;

use zram_host::Port as _;

use super::{World, lru::PageId, psi::Who};
use crate::simulate::workload::{Deed, OwnerId, Power, Step};

/// A step that is under way: pages that are touched one after the other.
#[derive(Clone, Copy, Debug)]
pub(super) struct Walk {
    next: PageId,
    left: u32,
    gap: u64,
    write: bool,
    owner: OwnerId,
}

/// Until when.
#[derive(Clone, Copy, Debug)]
pub(super) struct Until {
    /// By the clock that runs on while the machine is suspended.
    pub(super) boot: u64,
    /// By the one that does not.
    pub(super) awake: u64,
    /// Whether a trigger of the pressure ends it.
    pub(super) listens: bool,
}

/// What ended it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    End,
    Due,
    Pressure,
}

/// How many pages are touched before anybody looks at a clock.
const AT_ONCE: u32 = 32;

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

impl World {
    /// Whose pages are being touched.
    pub(super) fn walking(&self) -> Option<OwnerId> {
        self.walk.map(|walk| walk.owner)
    }

    /// The clock that stands still while the machine is suspended.
    pub(super) fn awake(&self) -> u64 {
        self.now - self.suspended
    }

    /// Brings the kernel's clock to now.
    pub(super) fn sync(&mut self) {
        let behind = self.now - self.host.boot_time().min(self.now);
        zram_host::Machine::pause(&mut self.host, Duration::from_nanos(behind));
    }

    /// A program waits for memory.
    pub(super) fn wait(&mut self, time: u64, who: Who) {
        self.now += time;
        let now = self.awake();
        self.memory_psi.wait(now, time, who);
        self.look_at_trigger();
    }

    pub(super) fn look_at_trigger(&mut self) {
        let now = self.awake();
        self.pressed |= self.trigger.fires(now, self.memory_psi.some());
    }

    /// Lets the workload go on.
    pub(super) fn run_until(&mut self, until: Until) -> Stop {
        loop {
            if self.now >= self.next_sample {
                self.sample();
            }
            if until.listens && std::mem::take(&mut self.pressed) {
                return Stop::Pressure;
            }
            if self.now >= until.boot {
                return Stop::End;
            }
            if self.awake() >= until.awake {
                return Stop::Due;
            }
            if let Some(walk) = self.walk.take() {
                self.go_on(walk);
                continue;
            }
            let begins = self.steps.peek().map(|step| self.started + nanoseconds(step.at()));
            if begins.is_some_and(|begins| begins <= self.now) {
                if let Some(step) = self.steps.next() {
                    self.begin(&step);
                }
                continue;
            }
            let due = until.awake.saturating_add(self.suspended);
            let kswapd = if self.is_reclaiming() { self.now + 1_000_000 } else { u64::MAX };
            let next = begins.unwrap_or(u64::MAX).min(until.boot).min(due).min(self.next_sample).min(kswapd);
            self.now = self.now.max(next);
            self.run_kswapd();
        }
    }

    fn go_on(&mut self, mut walk: Walk) {
        let pages = walk.left.min(AT_ONCE);
        self.walk = Some(walk);
        for page in (walk.next.0..walk.next.0 + pages).map(PageId) {
            self.now += walk.gap;
            self.touch(page, walk.write);
        }
        walk.next = PageId(walk.next.0 + pages);
        walk.left -= pages;
        self.walk = (walk.left > 0).then_some(walk);
    }

    fn begin(&mut self, step: &Step) {
        match step.deed {
            Deed::Map { region, owner, pages, content, backing } => {
                if self.programs.region(region).is_none() {
                    self.programs.map(region, owner, pages, content, backing);
                    self.lru.grow(self.programs.pages.len());
                    self.programs.used(owner, self.now);
                }
            }
            Deed::Unmap { region } => {
                let pages = self.programs.region(region);
                for page in pages.into_iter().flat_map(super::programs::Region::pages) {
                    self.forget(page);
                }
                self.programs.unmap(region);
            }
            Deed::Touch { region, first, pages, write, over } => {
                let Some(region) = self.programs.region(region) else { return };
                // What a trace says beyond the end of a region is no page of it.
                let left = pages.min(region.pages.saturating_sub(first));
                if left == 0 {
                    return;
                }
                self.programs.used(region.owner, self.now);
                let gap = nanoseconds(Duration::from_millis(over.into())) / u64::from(left);
                let next = PageId(region.first.0 + first);
                self.walk = Some(Walk { next, left, gap, write, owner: region.owner });
            }
            Deed::Suspend { time } => {
                self.sync();
                let time = Duration::from_millis(time);
                self.host.suspend(time);
                self.now += nanoseconds(time);
                self.suspended += nanoseconds(time);
            }
            Deed::Power(power) => self.power(power),
        }
    }

    /// What `/sys/class/power_supply` says.
    fn power(&mut self, power: Power) {
        let Power { mains, charge } = power;
        let status = if mains { "Charging" } else { "Discharging" };
        for (file, text) in [
            ("AC/type", "Mains\n".to_owned()),
            ("AC/online", format!("{}\n", u8::from(mains))),
            ("BAT0/type", "Battery\n".to_owned()),
            ("BAT0/status", format!("{status}\n")),
            ("BAT0/capacity", format!("{}\n", charge.min(100))),
        ] {
            self.host.set_kernel_file(&format!("/sys/class/power_supply/{file}"), &text);
        }
    }
}
