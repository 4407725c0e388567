//! What failed is not tried again at once.
//!
//! Each kind of outcome has a first wait, which doubles with every one in a row, up to a longest. Success forgets all of it.

use std::time::Duration;

use nix::errno::Errno;
use serde::Serialize;

/// How an action ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// As it should.
    Done,
    /// What was granted is used up.
    LimitReached,
    /// The backing device is full.
    BackingFull,
    /// The backing device failed.
    IoError,
    /// Others are at work on the device.
    Busy,
    /// The kernel cannot do it.
    Unsupported,
    /// The kernel does not let us: sysfs is read-only, or we are not root.
    NotAllowed,
    /// There was no memory to do it.
    NoMemory,
    /// The device has gone, or is not set up any more.
    Gone,
    /// A pass cannot be made short enough.
    TooLong,
    /// What would have been done could not be written down before, so that it was not done.
    NotRecorded,
}

impl Outcome {
    /// What an errno of an attribute's write means. `limit_left`: what the kernel may still write, where that is known.
    #[must_use]
    pub fn of(errno: Errno, limit_left: Option<u64>) -> Self {
        match errno {
            // One errno for two things, which only the limit tells apart.
            Errno::EIO if limit_left == Some(0) => Self::LimitReached,
            Errno::ENOSPC => Self::BackingFull,
            Errno::EBUSY | Errno::EAGAIN | Errno::EINTR => Self::Busy,
            Errno::EINVAL | Errno::EOPNOTSUPP | Errno::ENOTTY | Errno::ENOSYS => Self::Unsupported,
            Errno::EROFS | Errno::EACCES | Errno::EPERM => Self::NotAllowed,
            Errno::ENOMEM => Self::NoMemory,
            Errno::ENOENT | Errno::ENODEV | Errno::ENXIO => Self::Gone,
            _ => Self::IoError,
        }
    }

    /// How long it is left alone after the first, and at most.
    fn waits(self) -> Option<(Duration, Duration)> {
        let (first, longest) = match self {
            Self::Done | Self::LimitReached => return None,
            Self::Busy | Self::NoMemory => (60, HOUR),
            Self::Gone => (60, 10 * 60),
            Self::IoError | Self::NotAllowed | Self::NotRecorded => (10 * 60, DAY),
            Self::BackingFull | Self::TooLong => (HOUR, DAY),
            Self::Unsupported => (DAY, DAY),
        };
        Some((Duration::from_secs(first), Duration::from_secs(longest)))
    }

    /// In words, for a sentence that says how something ended.
    #[must_use]
    pub fn about(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::LimitReached => "what was granted is used up",
            Self::BackingFull => "the backing device is full",
            Self::IoError => "the backing device failed",
            Self::Busy => "somebody else is at work on the device",
            Self::Unsupported => "this kernel cannot do it",
            Self::NotAllowed => "the kernel does not allow it (sysfs is read-only, or this is not root)",
            Self::NoMemory => "there was not enough memory for it",
            Self::Gone => "the device has gone or is not set up",
            Self::TooLong => "a pass cannot be made as short as it must be",
            Self::NotRecorded => "the state could not be saved, and nothing is written that is not on record",
        }
    }
}

const HOUR: u64 = 3600;
const DAY: u64 = 24 * HOUR;

/// For how long something is left alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backoff {
    failed: Option<Failed>,
}

/// Failures in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Failed {
    how: Outcome,
    times: u32,
    until: Duration,
}

impl Backoff {
    /// Takes note of how it ended, at this time since boot.
    pub fn ended(&mut self, how: Outcome, now: Duration) {
        self.failed = how.waits().map(|(first, longest)| {
            let times = self.failed.filter(|failed| failed.how == how).map_or(0, |failed| failed.times);
            let wait = first.saturating_mul(1_u32.checked_shl(times).unwrap_or(u32::MAX)).min(longest);
            Failed { how, times: (times + 1).min(31), until: now + wait }
        });
    }

    /// For how long it is still left alone, and after what.
    #[must_use]
    pub fn waits(&self, now: Duration) -> Option<(Outcome, Duration)> {
        let failed = self.failed.filter(|failed| failed.until > now)?;
        Some((failed.how, failed.until - now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whoever is told of an error does something about the thing that is named.
    #[test]
    fn an_errno_is_what_went_wrong() {
        let table = [
            (Errno::EIO, Some(0), Outcome::LimitReached),
            (Errno::EIO, Some(1), Outcome::IoError),
            (Errno::EIO, None, Outcome::IoError),
            (Errno::ENOSPC, Some(0), Outcome::BackingFull),
            (Errno::EBUSY, None, Outcome::Busy),
            (Errno::EAGAIN, None, Outcome::Busy),
            (Errno::EINTR, None, Outcome::Busy),
            (Errno::EINVAL, None, Outcome::Unsupported),
            (Errno::EOPNOTSUPP, None, Outcome::Unsupported),
            (Errno::EROFS, None, Outcome::NotAllowed),
            (Errno::EACCES, None, Outcome::NotAllowed),
            (Errno::ENOMEM, None, Outcome::NoMemory),
            (Errno::ENOENT, None, Outcome::Gone),
            (Errno::ENODEV, None, Outcome::Gone),
        ];
        for (errno, limit, outcome) in table {
            assert_eq!(Outcome::of(errno, limit), outcome, "{errno} with {limit:?} left");
        }
    }

    #[test]
    fn waits_double_up_to_a_longest() {
        let mut backoff = Backoff::default();
        let mut now = Duration::from_secs(5);
        let mut waits = Vec::new();
        for _ in 0..40 {
            backoff.ended(Outcome::IoError, now);
            let (_, wait) = backoff.waits(now).unwrap();
            waits.push(wait.as_secs());
            now += wait;
            assert_eq!(backoff.waits(now), None);
        }
        assert_eq!(waits[..4], [600, 1200, 2400, 4800]);
        assert_eq!(waits[39], DAY);
        backoff.ended(Outcome::Busy, now);
        assert_eq!(backoff.waits(now), Some((Outcome::Busy, Duration::from_secs(60))), "another kind");
        backoff.ended(Outcome::Done, now);
        assert_eq!(backoff, Backoff::default());
    }

    #[test]
    fn the_limit_tells_two_errors_apart() {
        assert_eq!(Outcome::of(Errno::EIO, Some(0)), Outcome::LimitReached);
        assert_eq!(Outcome::of(Errno::EIO, Some(1)), Outcome::IoError);
        assert_eq!(Outcome::of(Errno::EIO, None), Outcome::IoError);
        assert_eq!(Outcome::of(Errno::EROFS, Some(0)), Outcome::NotAllowed);
    }
}
