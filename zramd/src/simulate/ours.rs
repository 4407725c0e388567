//! The daemon on a simulated machine.

use std::time::Duration;

use zram_host::Machine;

use super::machine::Spec;
use crate::{
    config::{Compaction, Config, Writeback},
    daemon::Daemon,
    driver::{Driver, Occasion},
    store::MemoryStore,
    units::Units,
};

/// The daemon with a configuration; it begins when it is first woken.
#[derive(Debug)]
pub struct Ours {
    config: Config,
    daemon: Option<Daemon<MemoryStore>>,
}

impl Ours {
    /// With a configuration that is made for a machine of the simulated one's size.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self { config, daemon: None }
    }

    /// The daemon, once it has begun.
    #[must_use]
    pub fn daemon(&self) -> Option<&Daemon<MemoryStore>> {
        self.daemon.as_ref()
    }
}

/// A configuration for a large machine, made one for the small machine that stands for it, with at most so much in 24 hours, which is of the
/// small one.
#[must_use]
pub fn scaled(config: &Config, spec: &Spec, per_day: Units) -> Config {
    let writeback = Writeback {
        per_day,
        round_min: spec.scaled(config.writeback.round_min),
        round_max: spec.scaled(config.writeback.round_max),
        ..config.writeback
    };
    let least = spec.scaled(Units::within(config.compaction.least)).bytes();
    let memory_limit = config.memory_limit.map(|bytes| spec.scaled(Units::within(bytes)).bytes());
    let compaction = Compaction { least, ..config.compaction };
    Config { writeback, compaction, memory_limit, ..config.clone() }
}

impl Driver for Ours {
    fn wake(&mut self, machine: &mut dyn Machine, occasion: Occasion) -> Option<Duration> {
        let config = &self.config;
        let daemon =
            self.daemon.get_or_insert_with(|| Daemon::new(config.clone(), MemoryStore::default(), machine));
        daemon.wake(machine, occasion)
    }
}
