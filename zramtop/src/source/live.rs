//! The running kernel.

use zram_host::{LiveHost, Machine as _};

use super::{
    About, Attention, Source, SourceError,
    machine::{Beside, Looker},
};
use crate::sample::{Known, Moment};

/// Why nothing is timed.
const UNTIMED: &str = "how long reads and writes take is told by probes, which this program does not attach yet: \
                       `zramctl-rs watch` shows events with their times, and `zramtop --sim` shows this view";

/// The running kernel.
#[derive(Debug)]
pub struct Live {
    host: LiveHost,
    looker: Looker,
    release: String,
}

impl Live {
    /// The kernel that runs.
    #[must_use]
    pub fn new() -> Self {
        Self::of(LiveHost::new())
    }

    /// The kernel whose files are there.
    #[must_use]
    pub fn of(mut host: LiveHost) -> Self {
        let release = host.kernel_file("/proc/sys/kernel/osrelease").unwrap_or_default();
        let release = String::from_utf8_lossy(&release).trim().to_owned();
        Self { host, looker: Looker::default(), release }
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
        let mut beside = |_| Beside { latency: Known::Missing(UNTIMED.to_owned()), traffic: None };
        self.looker.look(&mut self.host, attention, Vec::new(), &mut beside)
    }
}
