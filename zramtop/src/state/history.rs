//! How the numbers of a device went.

use std::collections::VecDeque;

use crate::sample::{Attributes, SECOND};

/// Moments that are kept: as many as a wide screen has columns.
const KEPT: usize = 240;

/// A number over time, the newest last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Series(VecDeque<u64>);

impl Series {
    fn push(&mut self, value: u64) {
        if self.0.len() == KEPT {
            self.0.pop_front();
        }
        self.0.push_back(value);
    }

    /// The newest.
    #[must_use]
    pub fn last(&self) -> Option<u64> {
        self.0.back().copied()
    }

    /// The newest so many, the newest last.
    pub fn newest(&self, count: usize) -> impl Iterator<Item = u64> + '_ {
        self.0.iter().copied().skip(self.0.len().saturating_sub(count))
    }
}

/// Numbers of a device over time: bytes, or bytes a second.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    /// Stored.
    pub stored: Series,
    /// Memory taken.
    pub memory: Series,
    /// Read from the block device, a second. Empty where nobody counts.
    pub read: Series,
    /// Written to it.
    pub written: Series,
    /// Written back, a second.
    pub out: Series,
    /// Read back.
    pub back: Series,
    /// Given up by swap or a file system, a second.
    pub given_up: Series,
}

impl History {
    /// The first moment, of which no rate is known.
    pub(super) fn first(&mut self, is: &Attributes) {
        self.stored.push(is.stored);
        self.memory.push(is.memory);
    }

    /// The next one, after so many microseconds, of a device with pages of so many bytes.
    pub(super) fn next(&mut self, was: &Attributes, is: &Attributes, page: u64, micros: u64) {
        self.stored.push(is.stored);
        self.memory.push(is.memory);
        if micros == 0 {
            return;
        }
        let rate = |was: u64, is: u64| {
            // A counter that went down was reset: what it counted since then is not known.
            let more = u128::from(is.saturating_sub(was)) * u128::from(SECOND) / u128::from(micros);
            u64::try_from(more).unwrap_or(u64::MAX)
        };
        if let (Some(was), Some(is)) = (was.traffic, is.traffic) {
            self.read.push(rate(was.read, is.read));
            self.written.push(rate(was.written, is.written));
        }
        if let (Some(was), Some(is)) = (&was.backing, &is.backing) {
            self.out.push(rate(was.written, is.written));
            self.back.push(rate(was.read, is.read));
        }
        self.given_up.push(rate(was.given_up.saturating_mul(page), is.given_up.saturating_mul(page)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::Traffic;

    #[test]
    fn rates_are_of_a_second() {
        let at = |read| Attributes { traffic: Some(Traffic { read, written: 0 }), ..Attributes::default() };
        let mut history = History::default();
        history.first(&at(1000));
        history.next(&at(1000), &at(5000), 4096, 2 * SECOND);
        history.next(&at(5000), &at(10), 4096, SECOND);
        assert_eq!(history.read.newest(9).collect::<Vec<_>>(), [2000, 0]);
        for _ in 0..1000 {
            history.next(&at(0), &at(0), 4096, SECOND);
        }
        assert_eq!(history.stored.newest(usize::MAX).count(), KEPT);
    }
}
