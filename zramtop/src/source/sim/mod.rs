//! The simulated machine: the model of zram, with something that goes on in it.
//!
//! What zram does with a page is the model's answer, to the byte: sizes, classes, flags, the order in which writeback takes slots. What comes to it is
//! made up here, from a seed, and the same on every machine: programs that are swapped out and come back ([`workload`]), someone who
//! marks idle, recompresses and writes back, and how long each step takes (`around`). A look is a second of the machine's time, however long it takes.

mod around;
mod chance;
mod device;
pub mod workload;

use nix::errno::Errno;
use zram_host::{Disk, Machine, Port as _, SimHost, sim::BACKING};
use zram_model::Profile;

use self::{around::Around, device::Pages, workload::World};
use super::{
    About, Attention, Source, SourceError,
    machine::{Beside, Looker},
};
use crate::sample::{Known, Moment, Told};

pub use workload::Workload;

/// A simulated machine: the model's surroundings are ours.
type Host = SimHost<Around>;

/// The model, and what goes on in it.
pub struct Sim {
    host: Host,
    looker: Looker,
    world: World,
    workload: Workload,
    seed: u64,
    /// What has happened and was not told yet.
    told: Vec<Told>,
}

impl Sim {
    /// A machine on which this goes on. It has run for a while when it is there.
    ///
    /// # Errors
    /// When the model does not take its devices.
    pub fn new(workload: Workload, seed: u64) -> Result<Self, SourceError> {
        let mut host = SimHost::new(Profile::custom_7_2(), Around::new(seed));
        host.restart(Disk { pages: workload.backing_pages(), ..Disk::default() });
        host.keep_no_events();
        let failed = |errno: Errno| SourceError::Failed(format!("the model refused: {}", errno.desc()));
        let devices = workload.devices();
        let mut swaps = "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n".to_owned();
        let mut mounts = "1 0 0:1 / / rw - rootfs none rw\n".to_owned();
        for wanted in &devices {
            let dev = host.hot_add().map_err(failed)?;
            for (attribute, value) in wanted.attributes(BACKING) {
                host.write_attr(dev, attribute, value.as_bytes()).map_err(failed)?;
            }
            swaps.push_str(&wanted.swap_line(dev));
            mounts.push_str(&wanted.mount_line(dev));
        }
        host.set_kernel_file("/proc/swaps", &swaps);
        host.set_kernel_file("/proc/self/mountinfo", &mounts);
        let pages = devices.iter().map(|wanted| Pages::new(wanted.slots())).collect();
        let world = World::new(workload, seed, pages);
        let mut this = Self { host, looker: Looker::default(), world, workload, seed, told: Vec::new() };
        for _ in 0..workload.warm_up() {
            this.second()?;
        }
        // What was done last is worth knowing; what was done before is not.
        this.told.drain(..this.told.len().saturating_sub(12));
        Ok(this)
    }

    /// The machine, as it is at this moment.
    pub fn machine(&mut self) -> &mut dyn Machine {
        &mut self.host
    }

    /// A second passes.
    fn second(&mut self) -> Result<(), SourceError> {
        let until = self.host.boot_time() / 1_000_000_000 + 1;
        let told = self.world.second(&mut self.host);
        let told =
            told.map_err(|errno| SourceError::Failed(format!("the model refused: {}", errno.desc())))?;
        self.host.surroundings_mut().sleep_until(until * 1_000_000_000);
        let boot_micros = self.host.boot_time() / 1000;
        self.told.extend(told.into_iter().map(|(device, what)| Told { boot_micros, device, what }));
        Ok(())
    }
}

impl Source for Sim {
    fn about(&self) -> About {
        About {
            kind: "sim",
            what: format!("{} on the model of Linux 7.2, seed {}", self.workload, self.seed),
        }
    }

    fn look(&mut self, attention: &Attention) -> Result<Moment, SourceError> {
        self.second()?;
        let told = std::mem::take(&mut self.told);
        let traffic = self.world.traffic();
        let latencies = self.host.surroundings().latencies();
        let mut beside = |device: u32| Beside {
            latency: Known::Here(latencies.get(&device).cloned().unwrap_or_default()),
            traffic: traffic.get(&device).copied(),
        };
        self.looker.look(&mut self.host, attention, told, &mut beside)
    }
}
