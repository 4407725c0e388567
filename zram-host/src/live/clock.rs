//! The clocks that zram looks at.
//!
//! The kernel has no coarse `CLOCK_BOOTTIME` for programs, only a coarse `CLOCK_MONOTONIC`. The two differ by the time
//! that the machine was suspended, which a look at both fine clocks tells. How far the coarse one lags is not to be
//! assumed: it is a tick where every tick comes in time, and more where the processor that keeps the time is late, as
//! one of a virtual machine on a busy host is.

use std::time::Duration;

use nix::{
    sys::time::TimeSpec,
    time::{ClockId, clock_gettime},
};

use crate::machine::Clocks;

/// `CLOCK_BOOTTIME` in nanoseconds.
pub(super) fn boot_time() -> u64 {
    now(ClockId::CLOCK_BOOTTIME)
}

/// `CLOCK_BOOTTIME` as of the last tick, in nanoseconds, or a little less: never more than what the kernel's
/// `ktime_get_coarse_boottime` gives after this was called.
pub(super) fn boot_tick() -> u64 {
    let boot = boot_time();
    // Read later, so that the difference is the time suspended or less.
    let suspended = boot.saturating_sub(now(ClockId::CLOCK_MONOTONIC));
    now(ClockId::CLOCK_MONOTONIC_COARSE) + suspended
}

/// All of them. The one that stands still while the machine is suspended is read last, so that the time suspended comes out too small rather
/// than too large.
pub(super) fn clocks() -> Clocks {
    let wall = Duration::from_nanos(now(ClockId::CLOCK_REALTIME));
    let boot = Duration::from_nanos(boot_time());
    Clocks { boot, awake: Duration::from_nanos(now(ClockId::CLOCK_MONOTONIC)), wall }
}

fn now(clock: ClockId) -> u64 {
    // These clocks exist since Linux 2.6.39 and the call has no other way to fail.
    clock_gettime(clock).map_or(0, nanoseconds)
}

fn nanoseconds(time: TimeSpec) -> u64 {
    let part = |n: i64| u64::try_from(n).unwrap_or(0);
    part(time.tv_sec()) * 1_000_000_000 + part(time.tv_nsec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tick_is_behind_and_catches_up() {
        let before = boot_time();
        assert!(boot_tick() <= boot_time());
        while boot_tick() < before {
            std::thread::yield_now();
        }
    }
}
