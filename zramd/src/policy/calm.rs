//! Whether the disks are busy.
//!
//! What zramd writes can wait; what others wait for cannot. With two limits rather than one, so that a load near the limit does not
//! switch it on and off.

use crate::{config::Pressure, units::Permille};

/// Whether somebody waits for a disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Busy(bool);

impl Busy {
    /// Takes note of the share of time for which somebody waited. Where that is not known, nobody does.
    pub fn note(&mut self, waited: Option<Permille>, limits: &Pressure) {
        self.0 = match waited {
            None => false,
            Some(share) if self.0 => share >= limits.io_calm.min(limits.io_busy),
            Some(share) => share >= limits.io_busy,
        };
    }

    /// Whether they are.
    #[must_use]
    pub fn is_busy(self) -> bool {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_takes_more_to_begin_than_to_go_on() {
        let limits = Pressure { io_busy: Permille(200), io_calm: Permille(100), ..Pressure::default() };
        let mut busy = Busy::default();
        let mut after = |share| {
            busy.note(share, &limits);
            busy.is_busy()
        };
        let shares = [150, 199, 200, 150, 100, 99, 150].map(Some).map(|share| after(share.map(Permille)));
        assert_eq!(shares, [false, false, true, true, true, false, false]);
        assert!(after(Some(Permille(900))));
        assert!(!after(None));
    }
}
