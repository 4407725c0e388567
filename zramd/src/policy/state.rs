//! What is remembered between two decisions.

use std::{collections::BTreeMap, time::Duration};

use zram_host::{DeviceNumber, machine::Clocks};

use super::{
    awake::Sleeps, backoff::Backoff, calm::Busy, observation::Observation, refusal::Task, regret::RegretLoop,
    slice::Slice,
};
use crate::{config::Config, ledger::Ledger};

/// All of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    /// What was written, and what may be.
    pub ledger: Ledger,
    /// When the machine slept.
    pub sleeps: Sleeps,
    /// Whether the disks are busy.
    pub busy: Busy,
    /// Nothing is done until then, since boot, because somebody said so.
    pub paused: Option<Duration>,
    /// Of each device.
    pub devices: BTreeMap<DeviceNumber, DeviceState>,
}

/// What is remembered of a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceState {
    /// What comes back.
    pub regret: RegretLoop,
    /// When all its pages were marked as idle, since boot, if no mark by age came after.
    pub marked: Option<Duration>,
    /// When its pages were recompressed last, since boot.
    pub recompressed: Option<Duration>,
    /// When each task was done last, since boot.
    pub last: BTreeMap<Task, Duration>,
    /// What failed.
    pub backoffs: BTreeMap<Task, Backoff>,
    /// Pages of a pass of writeback.
    pub writeback: Slice,
    /// Pages of a pass of recompression.
    pub recompression: Slice,
}

impl Default for DeviceState {
    fn default() -> Self {
        Self {
            regret: RegretLoop::default(),
            marked: None,
            recompressed: None,
            last: BTreeMap::new(),
            backoffs: BTreeMap::new(),
            writeback: Slice::WRITEBACK,
            recompression: Slice::RECOMPRESSION,
        }
    }
}

impl State {
    /// Of a machine of which nothing is known but this.
    #[must_use]
    pub fn new(ledger: Ledger) -> Self {
        Self {
            ledger,
            sleeps: Sleeps::default(),
            busy: Busy::default(),
            paused: None,
            devices: BTreeMap::new(),
        }
    }

    /// Takes note of what was observed.
    pub fn note(&mut self, observation: &Observation, config: &Config, now: Clocks) {
        self.ledger.pass(now);
        self.sleeps.look(now);
        self.busy.note(observation.io_waited, &config.pressure);
        for view in &observation.devices {
            let device = self.devices.entry(view.device).or_default();
            if let Some(backing) = view.backing {
                device.regret.note(backing.bd, &config.regret, now.boot);
            }
        }
    }
}
