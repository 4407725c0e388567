//! Pressure, by the kernel's arithmetic (`kernel/sched/psi.c`).
//!
//! Who reads `/proc/pressure` decides by averages that are rounded, that decay by fixed-point factors, and that are brought up to date every two
//! seconds and a tick. A policy tuned against a smoother number would meet another one on a machine. The clock stands still while
//! the machine is suspended, as the scheduler's does.

use std::time::Duration;

/// One: numbers with 11 bits behind the point (`FIXED_1`).
const ONE: u64 = 1 << 11;

/// What is left of an average after a period: `EXP_10s`, `EXP_60s`, `EXP_300s`.
const DECAY: [u64; 3] = [1677, 1981, 2034];

/// Between two updates, in nanoseconds: `PSI_FREQ`, 2 s and a tick of 4 ms.
const PERIOD: u64 = 2_004_000_000;

/// One line of a pressure file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Line {
    /// Nanoseconds that were waited.
    total: u64,
    /// Of these, what the averages have.
    averaged: u64,
    averages: [u64; 3],
}

impl Line {
    fn update(&mut self, missed: u64, period: u64) {
        // What is more than the period is left for the next one.
        let sample = (self.total - self.averaged).min(period);
        self.averaged += sample;
        let percent = sample * 100 / period.max(1) * ONE;
        for (average, decay) in self.averages.iter_mut().zip(DECAY) {
            if missed > 0 {
                *average = load(*average, power(decay, missed), 0);
            }
            *average = load(*average, decay, percent);
        }
    }

    fn text(&self, name: &str) -> String {
        let [ten, sixty, more] =
            self.averages.map(|average| format!("{}.{:02}", average / ONE, (average % ONE) * 100 / ONE));
        format!("{name} avg10={ten} avg60={sixty} avg300={more} total={}\n", self.total / 1000)
    }
}

/// `calc_load`
fn load(average: u64, decay: u64, active: u64) -> u64 {
    let sum = average * decay + active * (ONE - decay);
    let up = if active >= average { ONE - 1 } else { 0 };
    (sum + up) / ONE
}

/// `fixed_power_int`
fn power(mut base: u64, mut exponent: u64) -> u64 {
    let mut result = ONE;
    while exponent > 0 {
        if exponent & 1 == 1 {
            result = (result * base + (ONE >> 1)) / ONE;
        }
        exponent >>= 1;
        base = (base * base + (ONE >> 1)) / ONE;
    }
    result
}

/// The pressure of one resource.
#[derive(Clone, Debug, Default)]
pub(super) struct Psi {
    some: Line,
    full: Line,
    last: u64,
    next: u64,
}

/// Who waited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Who {
    /// Somebody, while others went on.
    Some,
    /// All that had something to do.
    All,
}

impl Psi {
    /// Somebody waited, until `now`.
    pub(super) fn wait(&mut self, now: u64, nanoseconds: u64, who: Who) {
        self.update(now);
        self.some.total += nanoseconds;
        if who == Who::All {
            self.full.total += nanoseconds;
        }
    }

    /// Brings the averages up to date, if that is due (`update_averages`).
    fn update(&mut self, now: u64) {
        if now < self.next {
            return;
        }
        let missed = if now - self.next >= PERIOD { (now - self.next) / PERIOD } else { 0 };
        self.next += (1 + missed) * PERIOD;
        let period = now - (self.last + missed * PERIOD).min(now);
        self.last = now;
        for line in [&mut self.some, &mut self.full] {
            line.update(missed, period);
        }
    }

    /// The file, now (`psi_show`).
    pub(super) fn text(&mut self, now: u64) -> String {
        self.update(now);
        self.some.text("some") + &self.full.text("full")
    }

    /// How long somebody waited since the machine was booted, in nanoseconds.
    pub(super) fn some(&self) -> u64 {
        self.some.total
    }

    /// How long all did.
    pub(super) fn full(&self) -> u64 {
        self.full.total
    }
}

/// Fires when somebody waited for so long within a window: what is written to `/proc/pressure/memory`.
#[derive(Clone, Debug)]
pub(super) struct Trigger {
    stall: u64,
    window: u64,
    cool_down: u64,
    start: u64,
    at_start: u64,
    before: u64,
    /// Nothing fires earlier.
    not_before: u64,
}

impl Trigger {
    /// One of the kernel's, and a time for which its owner does not listen after it fired.
    pub(super) fn new(stall: Duration, window: Duration, cool_down: Duration) -> Self {
        let nanoseconds = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        Self {
            stall: nanoseconds(stall).max(1),
            window: nanoseconds(window).max(1),
            cool_down: nanoseconds(cool_down.max(window)),
            start: 0,
            at_start: 0,
            before: 0,
            not_before: 0,
        }
    }

    /// Whether it fires, where somebody has waited so long in all (`window_update`).
    pub(super) fn fires(&mut self, now: u64, total: u64) -> bool {
        let elapsed = now - self.start.min(now);
        let mut growth = total - self.at_start.min(total);
        if elapsed > self.window {
            self.before = growth;
            self.start = now;
            self.at_start = total;
        } else {
            growth += u64::try_from(
                u128::from(self.before) * u128::from(self.window - elapsed) / u128::from(self.window),
            )
            .unwrap_or(u64::MAX);
        }
        if growth < self.stall || now < self.not_before {
            return false;
        }
        self.not_before = now + self.cool_down;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    /// A tenth of each period: what rises is rounded up, and so gets there.
    #[test]
    fn averages_are_the_kernels() {
        let mut psi = Psi::default();
        let mut now = 0;
        psi.text(now);
        for _ in 0..1000 {
            psi.wait(now + PERIOD / 10, PERIOD / 10, Who::Some);
            now += PERIOD;
            psi.text(now);
        }
        let text = psi.text(now);
        assert_eq!(
            text,
            "some avg10=10.00 avg60=10.00 avg300=10.00 total=200400000\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n"
        );
    }

    #[test]
    fn one_wait_decays_as_it_does_in_a_kernel() {
        let mut psi = Psi::default();
        psi.text(0);
        // All of a period: 100 % enters with 371, 67 and 14 of 2048, rounded up.
        psi.wait(PERIOD - 1, PERIOD, Who::All);
        let some = |psi: &mut Psi, now| psi.text(now).lines().next().unwrap().to_owned();
        assert_eq!(some(&mut psi, PERIOD), "some avg10=18.11 avg60=3.27 avg300=0.68 total=2004000");
        // One quiet period later 1677/2048 of it is left.
        assert_eq!(some(&mut psi, 2 * PERIOD), "some avg10=14.83 avg60=3.16 avg300=0.67 total=2004000");
        // Nobody looked for ten minutes.
        assert_eq!(some(&mut psi, 300 * PERIOD), "some avg10=0.00 avg60=0.00 avg300=0.08 total=2004000");
        assert!(psi.text(300 * PERIOD).contains("full avg10=0.00 avg60=0.00 avg300=0.08 total=2004000"));
    }

    #[test]
    fn more_than_a_period_is_carried_over() {
        let mut psi = Psi::default();
        psi.text(0);
        psi.wait(PERIOD - 1, 2 * PERIOD, Who::Some);
        psi.text(PERIOD);
        let once = psi.some.averages[0];
        psi.text(2 * PERIOD);
        assert!(psi.some.averages[0] > once, "the second half counts in the second period");
    }

    #[test]
    fn a_trigger_fires_once_in_its_time() {
        let of = Duration::from_millis;
        let mut trigger = Trigger::new(of(150), of(2000), of(60_000));
        let mut total = 0;
        let mut fired = Vec::new();
        // 100 ms in each second: 200 ms in a window.
        for second in 1..=180 {
            total += SECOND / 10;
            if trigger.fires(second * SECOND, total) {
                fired.push(second);
            }
        }
        assert_eq!(fired.len(), 3, "{fired:?}");
        assert!(fired.windows(2).all(|two| two[1] - two[0] >= 60), "{fired:?}");
        // 20 ms in each second is too little.
        let mut calm = Trigger::new(of(150), of(2000), of(60_000));
        assert!((1..=180).all(|second| !calm.fires(second * SECOND, second * SECOND / 50)));
    }
}
