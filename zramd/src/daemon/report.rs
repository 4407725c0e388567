//! What a round came to.

use std::{fmt, time::Duration};

use serde::Serialize;
use zram_host::{DeviceNumber, machine::Clocks};

use crate::{
    driver::Occasion,
    policy::{Refused, Task, backoff::Outcome},
    units::Units,
};

/// What a round came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// When it began.
    pub at: Clocks,
    /// Why there was one.
    pub occasion: Occasion,
    /// What was done.
    pub acted: Vec<Acted>,
    /// What was not, and why.
    pub refused: Vec<Refused>,
    /// What stood in the way of looking at devices, each a sentence.
    pub troubles: Vec<String>,
    /// What became of which device since the last round.
    pub changes: Vec<Change>,
    /// If nothing happens, the next is after this.
    pub again: Duration,
}

/// A device is driven from now on, or not any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// Which.
    pub device: DeviceNumber,
    /// Why it is not any more. `None`: it is from now on.
    pub over: Option<&'static str>,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.over {
            Some(why) => write!(f, "{} is not driven any more: {why}", self.device),
            None => write!(f, "{} is driven", self.device),
        }
    }
}

/// Something that was done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Acted {
    /// To which device.
    pub device: DeviceNumber,
    /// What it belongs to.
    pub task: Task,
    /// What, in words.
    pub what: String,
    /// How it ended.
    pub outcome: Outcome,
    /// What was written, for writeback.
    pub written: Units,
    /// By how many bytes the device's memory shrank.
    pub freed: u64,
    /// Passes that it took.
    pub passes: u64,
    /// The longest of them.
    pub longest: Duration,
    /// Those of them that took longer than others may have to wait.
    pub overruns: u64,
    /// Pages of the next, for what is done in passes.
    pub slice: Option<u32>,
}

/// Something that would be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Planned {
    /// To which device.
    pub device: DeviceNumber,
    /// What it belongs to.
    pub task: Task,
    /// What, in words.
    pub what: String,
}
