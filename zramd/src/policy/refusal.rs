//! Why something is not done.
//!
//! Most of the time nothing is done, and somebody wants to know why. So a reason is a value with its numbers in it, and a sentence.

use std::{fmt, time::Duration};

use serde::Serialize;
use zram_host::{DeviceNumber, size::human};

use super::backoff::Outcome;
use crate::units::{Permille, Units};

/// What could be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Task {
    /// Setting `mem_limit`.
    Limit,
    /// Marking pages as idle, which others need.
    Mark,
    /// A tier of recompression, counted from 0.
    Recompress(usize),
    /// Writeback.
    WriteBack,
    /// Compaction.
    Compact,
}

impl fmt::Display for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Limit => f.write_str("memory limit"),
            Self::Mark => f.write_str("marking"),
            Self::Recompress(tier) => write!(f, "recompression, tier {}", tier + 1),
            Self::WriteBack => f.write_str("writeback"),
            Self::Compact => f.write_str("compaction"),
        }
    }
}

/// Something is not done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Refused {
    /// On which device.
    pub device: DeviceNumber,
    /// What.
    pub task: Task,
    /// Why.
    pub why: Refusal,
}

/// Why it is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "reason")]
pub enum Refusal {
    /// It is not wanted.
    Off,
    /// Somebody said so.
    Paused {
        /// For how long still.
        left: Duration,
    },
    /// There is no backing device.
    NoBackingDevice,
    /// The device does not have the algorithm.
    NoAlgorithm,
    /// It failed.
    Failed {
        /// How.
        how: Outcome,
        /// It is tried again after this.
        left: Duration,
    },
    /// The last time is not long ago.
    TooSoon {
        /// It is long enough after this.
        left: Duration,
    },
    /// The machine runs on battery.
    OnBattery,
    /// Somebody waits for a disk.
    DiskBusy {
        /// For this share of the time.
        waited: Permille,
    },
    /// What may be written in a day has been.
    BudgetSpent {
        /// That much was.
        spent: Units,
        /// Of that much.
        per_day: Units,
        /// Some of it is forgotten after this.
        left: Duration,
    },
    /// The backing device has no room but what is to stay free.
    NoRoom {
        /// Its free units.
        free: Units,
    },
    /// No page is old enough, ...
    NothingIdle {
        /// ... which begins at this age.
        age: Duration,
    },
    /// Too few are.
    TooLittle {
        /// So much could be written.
        found: Units,
        /// This is the least.
        least: Units,
    },
    /// The kernel does not say how old pages are, so that they were marked, and those that are not used until then are old.
    Waiting {
        /// For how long still.
        left: Duration,
    },
    /// The kernel takes no ranges, and the device is too large to go over all of it while tasks wait for memory.
    TooLarge,
    /// Nothing would come of it.
    NothingToGain,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Off => f.write_str("it is switched off in the configuration"),
            Self::Paused { left } => write!(f, "zramd is paused for another {}", Rough(*left)),
            Self::NoBackingDevice => f.write_str("the device has no backing device"),
            Self::NoAlgorithm => f.write_str("the device has no such algorithm for recompression"),
            Self::Failed { how, left } => write!(f, "last time {}: again in {}", how.about(), Rough(*left)),
            Self::TooSoon { left } => write!(f, "the next time is in {}", Rough(*left)),
            Self::OnBattery => f.write_str("the machine runs on battery"),
            Self::DiskBusy { waited } => {
                write!(f, "tasks waited for disks {} % of the last ten seconds", waited.0 / 10)
            }
            Self::BudgetSpent { spent, per_day, left } => write!(
                f,
                "{} of {} a day are written: more may be in {}",
                human(spent.bytes()),
                human(per_day.bytes()),
                Rough(*left)
            ),
            Self::NoRoom { free } => {
                write!(f, "the backing device has {} free, which are to stay free", human(free.bytes()))
            }
            Self::NothingIdle { age } => write!(f, "no page in memory is older than {}", Rough(*age)),
            Self::TooLittle { found, least } => write!(
                f,
                "{} could be written, less than the {} that are worth a round",
                human(found.bytes()),
                human(least.bytes())
            ),
            Self::Waiting { left } => {
                write!(f, "pages are marked, and those not used in another {} are idle", Rough(*left))
            }
            Self::TooLarge => f.write_str(
                "tasks wait for memory, and this kernel (before Linux 6.16) can only go over the whole device",
            ),
            Self::NothingToGain => f.write_str("there is nothing to gain"),
        }
    }
}

/// A time as people say it: two numbers at most.
#[derive(Clone, Copy, Debug)]
pub struct Rough(pub Duration);

impl fmt::Display for Rough {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs();
        let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
        match (days, hours, minutes) {
            (0, 0, 0) => write!(f, "{seconds} s"),
            (0, 0, _) => write!(f, "{minutes} min"),
            (0, _, 0) => write!(f, "{hours} h"),
            (0, _, _) => write!(f, "{hours} h {minutes} min"),
            (_, 0, _) => write!(f, "{days} d"),
            _ => write!(f, "{days} d {hours} h"),
        }
    }
}
