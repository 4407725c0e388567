//! What outlives the daemon.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};
use zram_host::{DeviceNumber, machine::Clocks};

use super::adopt::Adopted;
use crate::{
    ledger::Ledger,
    policy::{State, awake::Sleeps, regret::RegretLoop},
};

/// On disk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    version: u32,
    ledger: Ledger,
    sleeps: Sleeps,
    devices: BTreeMap<u32, DeviceRecord>,
}

/// What outlives it of a device.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct DeviceRecord {
    regret: RegretLoop,
    marked: Option<Duration>,
    recompressed: Option<Duration>,
    /// Whether its limit counted before it was driven. `None`: it is not driven.
    limit_counted: Option<bool>,
}

const VERSION: u32 = 1;

impl Record {
    /// With this ledger, and nothing else.
    #[must_use]
    pub fn new(ledger: Ledger) -> Self {
        Self { version: VERSION, ledger, sleeps: Sleeps::default(), devices: BTreeMap::new() }
    }

    /// Of what is remembered now.
    pub(super) fn of(state: &State, adopted: &BTreeMap<DeviceNumber, Adopted>) -> Self {
        let mut devices: BTreeMap<u32, DeviceRecord> = BTreeMap::new();
        for (device, known) in &state.devices {
            let record = devices.entry(device.0).or_default();
            record.regret = known.regret.clone();
            record.marked = known.marked;
            record.recompressed = known.recompressed;
        }
        for (device, adopted) in adopted {
            devices.entry(device.0).or_default().limit_counted = adopted.limit_counted();
        }
        Self { version: VERSION, ledger: state.ledger.clone(), sleeps: state.sleeps.clone(), devices }
    }

    /// Goes on in this boot: what is remembered, and the devices whose limit had been taken over.
    pub(super) fn resume(mut self, boot: &str, clocks: Clocks) -> (State, Vec<(DeviceNumber, bool)>) {
        let booted = self.ledger.resume(boot, clocks);
        let mut state = State::new(self.ledger);
        let mut switches = Vec::new();
        if !booted {
            state.sleeps = self.sleeps;
        }
        for (device, record) in self.devices {
            let device = DeviceNumber(device);
            let known = state.devices.entry(device).or_default();
            known.regret = record.regret;
            if booted {
                known.regret.booted();
            } else {
                known.marked = record.marked;
                known.recompressed = record.recompressed;
                switches.extend(record.limit_counted.map(|was| (device, was)));
            }
        }
        (state, switches)
    }
}
