//! The running kernel.

use zram_host::{LiveHost, Machine as _, Port as _};
use zram_probe::machine::LiveProbes;

use super::{
    About, Attention, Source, SourceError,
    machine::{Beside, Looker},
    timing::Timing,
};
use crate::sample::Moment;

/// The running kernel.
#[derive(Debug)]
pub struct Live {
    host: LiveHost,
    looker: Looker,
    timing: Timing,
    release: String,
}

impl Live {
    /// The kernel that runs.
    #[must_use]
    pub fn new() -> Self {
        // The view says that probes are being attached, and that nothing came for a while.
        Self::of(LiveHost::new().with_probes(Box::new(LiveProbes::new(|| {}))))
    }

    /// The kernel whose files are there.
    #[must_use]
    pub fn of(mut host: LiveHost) -> Self {
        let release = host.kernel_file("/proc/sys/kernel/osrelease").unwrap_or_default();
        let release = String::from_utf8_lossy(&release).trim().to_owned();
        Self { host, looker: Looker::default(), timing: Timing::default(), release }
    }
}

impl Default for Live {
    fn default() -> Self {
        Self::new()
    }
}

impl Source for Live {
    fn about(&self) -> About {
        About { kind: "live", what: format!("Linux {}", self.release) }
    }

    fn look(&mut self, attention: &Attention) -> Result<Moment, SourceError> {
        // Without a device there is nothing to attach to.
        let is_wanted = attention.timed && self.host.devices().is_ok_and(|devices| !devices.is_empty());
        let page = self.host.page_size();
        self.timing.look(self.host.probes(), is_wanted, page);
        let mut beside = |device| Beside { latency: self.timing.of(device), traffic: None };
        self.looker.look(&mut self.host, attention, Vec::new(), &mut beside)
    }
}
