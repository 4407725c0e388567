//! A clock that does not go back.
//!
//! Within a boot the kernel's own clock counts, which nobody can set, and which runs on while the machine is suspended. From one boot to the next only the clock
//! on the wall can tell how long the machine was off. If that has gone back, no time has passed. If it has gone forward it is believed, but for no more than the window is
//! long: a machine whose clock is wrong at boot and set later does not gain by being set, since then the kernel's clock counts again.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use zram_host::machine::Clocks;

/// No longer than that does anything have to be remembered.
const LONGEST: Duration = Duration::from_secs(super::window::LENGTH);

/// The time since the records began.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timeline {
    now: Duration,
    boot_id: String,
    boot: Duration,
    wall: Duration,
}

impl Timeline {
    /// Beginning now, in this boot.
    #[must_use]
    pub fn new(boot_id: &str, clocks: Clocks) -> Self {
        // Not at 0, so that there is a before.
        Self { now: LONGEST, boot_id: boot_id.to_owned(), boot: clocks.boot, wall: clocks.wall }
    }

    /// Seconds since the records began.
    #[must_use]
    pub fn seconds(&self) -> u64 {
        self.now.as_secs()
    }

    /// Time passes in the same boot.
    pub fn pass(&mut self, clocks: Clocks) {
        self.now += clocks.boot.saturating_sub(self.boot);
        self.boot = self.boot.max(clocks.boot);
        self.wall = clocks.wall;
    }

    /// Goes on, maybe in another boot: whether it is another.
    pub fn resume(&mut self, boot_id: &str, clocks: Clocks) -> bool {
        if self.boot_id == boot_id {
            self.pass(clocks);
            return false;
        }
        self.now += clocks.wall.saturating_sub(self.wall).min(LONGEST);
        *self = Self { now: self.now, ..Self::new(boot_id, clocks) };
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(boot: u64, wall: u64) -> Clocks {
        let seconds = Duration::from_secs;
        Clocks { boot: seconds(boot), awake: seconds(boot), wall: seconds(wall) }
    }

    #[test]
    fn the_clock_on_the_wall_counts_only_while_the_machine_is_off() {
        let mut time = Timeline::new("a", at(100, 5000));
        let begun = time.seconds();
        time.pass(at(160, 9_000_000));
        assert_eq!(time.seconds(), begun + 60, "somebody set it forward");
        time.pass(at(170, 10));
        assert_eq!(time.seconds(), begun + 70, "and back");
        time.pass(at(90, 10));
        assert_eq!(time.seconds(), begun + 70, "never back");
        assert!(!time.resume("a", at(180, 20)));
        assert_eq!(time.seconds(), begun + 80);
        assert!(time.resume("b", at(5, 320)));
        assert_eq!(time.seconds(), begun + 380, "off for 300");
        assert!(time.resume("c", at(5, 1)));
        assert_eq!(time.seconds(), begun + 380, "records from the future: no time has passed");
        assert!(time.resume("d", at(5, u64::MAX)));
        assert_eq!(time.seconds(), begun + 380 + super::super::window::LENGTH);
    }
}
