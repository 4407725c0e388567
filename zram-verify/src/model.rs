//! The model as the other party of a comparison.

use zram_agent::{
    SimWorld, execute,
    protocol::{Observation, Op},
    workload::Holdings,
};
use zram_events::{Block, DeviceId};
use zram_host::SimHost;
use zram_model::{BlockContent, Errno, Kernel, Profile};

use crate::ledger::{Inputs, Ledger};

/// The model, with a ledger for its surroundings.
#[derive(Clone, Debug)]
pub(crate) struct Model {
    world: SimWorld<Ledger>,
}

impl Model {
    pub(crate) fn new(profile: Profile, ledger: Ledger) -> Self {
        Self { world: SimWorld::new(SimHost::new(profile, ledger)) }
    }

    pub(crate) fn execute(&mut self, n: usize, op: &Op) -> Result<Observation, String> {
        execute(n as u64, op, &mut self.world).map_err(|trouble| trouble.to_string())
    }

    pub(crate) fn ledger(&self) -> &Ledger {
        self.world.host().surroundings()
    }

    pub(crate) fn ledger_mut(&mut self) -> &mut Ledger {
        self.world.host_mut().surroundings_mut()
    }

    /// What workloads hold.
    pub(crate) fn holdings(&self) -> &Holdings {
        self.world.holdings()
    }

    pub(crate) fn kernel(&self) -> &Kernel {
        self.world.host().kernel()
    }

    pub(crate) fn inputs(&self) -> Inputs {
        self.ledger().inputs
    }

    pub(crate) fn huge_class_size(&self) -> u32 {
        self.world.host().kernel().huge_class_size()
    }

    /// Whether a device has an attribute of this name, readable or not.
    pub(crate) fn has_attribute(&self, dev: u32, name: &str) -> bool {
        !matches!(self.world.host().kernel().read_attr(DeviceId(dev), name), Err(Errno::ENOENT))
    }

    /// What the device left in the blocks of its backing device.
    pub(crate) fn blocks(&self, dev: u32) -> Vec<(u64, BlockContent)> {
        let host = self.world.host();
        (0..host.backing_pages())
            .map(|block| (block, host.kernel().block(DeviceId(dev), Block(block))))
            .collect()
    }
}
