//! What was written in the last 24 hours.
//!
//! In buckets of ten minutes, of which each is forgotten when its end is 24 hours ago: rather ten minutes too late than a moment too early.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::units::Units;

/// Seconds of the window.
pub(super) const LENGTH: u64 = 24 * 3600;

/// Seconds of a bucket.
const BUCKET: u64 = 600;

/// Amounts with their times, the oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    buckets: VecDeque<Bucket>,
}

/// What was written in ten minutes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Bucket {
    /// When they began.
    from: u64,
    written: Units,
}

impl Bucket {
    fn forgotten_at(&self) -> u64 {
        self.from.saturating_add(BUCKET + LENGTH)
    }
}

impl Window {
    /// So much was written at this second.
    pub fn charge(&mut self, second: u64, written: Units) {
        if written == Units(0) {
            return;
        }
        let from = second - second % BUCKET;
        match self.buckets.back_mut() {
            // Time does not go back; if it did, the later bucket is forgotten later.
            Some(last) if last.from >= from => last.written += written,
            _ => self.buckets.push_back(Bucket { from, written }),
        }
    }

    /// Forgets what is 24 hours ago at this second.
    pub fn forget(&mut self, second: u64) {
        while self.buckets.front().is_some_and(|bucket| bucket.forgotten_at() <= second) {
            self.buckets.pop_front();
        }
    }

    /// All that was written.
    #[must_use]
    pub fn sum(&self) -> Units {
        self.buckets.iter().map(|bucket| bucket.written).sum()
    }

    /// Seconds until something is forgotten.
    #[must_use]
    pub fn frees_in(&self, second: u64) -> Option<u64> {
        Some(self.buckets.front()?.forgotten_at().saturating_sub(second))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_24_hours_see_more_than_is_counted() {
        let mut window = Window::default();
        // One unit a second: at every moment all those of the last 24 hours are counted, and few more.
        for second in 0..200_000 {
            window.charge(second, Units(1));
            window.forget(second);
            let within = (second + 1).min(LENGTH);
            let Units(counted) = window.sum();
            assert!(counted >= within && counted <= within + BUCKET, "{second}: {counted}");
        }
        assert!(window.buckets.len() <= 146);
    }

    #[test]
    fn it_says_when_there_is_room_again() {
        let mut window = Window::default();
        assert_eq!(window.frees_in(5), None);
        window.charge(1234, Units(9));
        let left = window.frees_in(1234).unwrap();
        window.forget(1234 + left - 1);
        assert_eq!(window.sum(), Units(9));
        window.forget(1234 + left);
        assert_eq!(window.sum(), Units(0));
    }
}
