//! The daemon: looks, decides, acts, remembers.
//!
//! Everything that can be thought without a machine is in [`crate::policy`]; here is what touches one, and in which order:
//!
//! * `adopt`: which devices are driven. From the moment a device is, its `writeback_limit` is 0 and counts, so that nothing is written back that
//!   was not granted; what its switch was before is on record, and put back when the daemon ends.
//! * `look`: what a decision takes.
//! * `act`: what was decided, done; `write_back` is the part that spends the budget.
//! * `record`: what outlives the daemon.
//! * [`run`](fn@run) is the loop around all of it.
//! * `report`: what a round came to; `history` keeps that, `tally` counts slots for people, and `told` answers whoever asks.
//! * `running` is the process: what it waits for; `trigger` is how the kernel wakes it.

mod act;
mod adopt;
mod history;
mod look;
mod power;
mod record;
mod report;
mod round;
mod running;
mod tally;
mod told;
mod trigger;
mod write_back;

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use zram_host::{DeviceNumber, Machine};

pub use record::Record;
pub use report::{Acted, Change, Planned, Report};
pub use running::{RunOptions, run};
pub use told::Told;

use crate::{
    config::Config,
    driver::{Driver, Occasion},
    ledger::Ledger,
    policy::{Observation, State},
    store::{self, Store, Unusable},
};
use adopt::Adopted;
use history::History;
use tally::Tally;

/// Drives the zram of one machine.
#[derive(Debug)]
pub struct Daemon<S> {
    config: Config,
    store: S,
    state: State,
    adopted: BTreeMap<DeviceNumber, Adopted>,
    /// Those of them that are driven: set up, and worth it, when they were looked at last.
    driven: BTreeSet<DeviceNumber>,
    /// What was decided lately, and how it ended.
    history: History,
    /// What was observed last.
    seen: Option<Observation>,
    /// The slots of each device, as they were counted last.
    tallies: BTreeMap<DeviceNumber, Tally>,
    /// When it began.
    begun: Duration,
    /// Why the records of before could not be used.
    lost: Option<String>,
    /// What stood in the way of looking at devices.
    troubles: Vec<String>,
    /// What became of which device with the last look.
    changes: Vec<Change>,
}

/// Whether a round goes on, asked between two passes.
pub trait Between {
    /// Time has passed within a round. `false`: it is to end.
    fn goes_on(&mut self) -> bool;
}

impl<F: FnMut() -> bool> Between for F {
    fn goes_on(&mut self) -> bool {
        self()
    }
}

/// The file that says which boot of the machine this is.
const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";

impl<S: Store> Daemon<S> {
    /// Begins to drive this machine, with what is on record of it.
    pub fn new(config: Config, mut store: S, machine: &mut dyn Machine) -> Self {
        let clocks = machine.clocks();
        let boot = machine.kernel_file(BOOT_ID).unwrap_or_default();
        let boot = String::from_utf8_lossy(&boot).trim().to_owned();
        let (record, lost) = match store::load::<Record>(&mut store) {
            Ok(Some(record)) => (record, None),
            Ok(None) => (Record::new(Ledger::new(&boot, clocks)), None),
            Err(unusable) => (Record::new(Ledger::lost(&boot, clocks)), Some(sentence(&store, &unusable))),
        };
        let (state, switches) = record.resume(&boot, clocks);
        let adopted = switches.into_iter().map(|(device, was)| (device, Adopted::on_record(was))).collect();
        Self {
            config,
            store,
            state,
            adopted,
            driven: BTreeSet::new(),
            history: History::default(),
            seen: None,
            tallies: BTreeMap::new(),
            begun: clocks.boot,
            lost,
            troubles: Vec::new(),
            changes: Vec::new(),
        }
    }

    /// What it wants.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Wants something else from now on.
    pub fn configure(&mut self, config: Config) {
        self.config = config;
    }

    /// What it remembers.
    #[must_use]
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Where it keeps what outlives it.
    pub fn store_mut(&mut self) -> &mut S {
        &mut self.store
    }

    /// When it wants to decide again, since boot, if nothing happens.
    #[must_use]
    pub fn next(&self) -> Option<Duration> {
        self.history.next
    }

    /// What the last round came to.
    #[must_use]
    pub fn last(&self) -> Option<&Report> {
        self.history.report.as_ref()
    }

    /// Rounds so far.
    #[must_use]
    pub fn rounds(&self) -> u64 {
        self.history.rounds
    }

    /// The devices that are driven, in words.
    #[must_use]
    pub fn driven(&self) -> String {
        match self.driven.iter().map(ToString::to_string).collect::<Vec<_>>() {
            none if none.is_empty() => "no device is".to_owned(),
            one if one.len() == 1 => format!("{} is", one[0]),
            several => format!("{} are", several.join(", ")),
        }
    }

    /// Why the records of before could not be used, if so.
    #[must_use]
    pub fn lost(&self) -> Option<&str> {
        self.lost.as_deref()
    }
}

fn sentence(store: &impl Store, unusable: &Unusable) -> String {
    format!(
        "the record of what was written, {}, cannot be used: {unusable}. As if the budget had been spent just now, nothing is written for a day",
        store.place()
    )
}

impl<S: Store> Driver for Daemon<S> {
    fn wake(&mut self, machine: &mut dyn Machine, occasion: Occasion) -> Option<Duration> {
        Some(self.round(machine, occasion, &mut || true).again)
    }
}
