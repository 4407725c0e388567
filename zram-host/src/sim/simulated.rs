//! Surroundings without a machine: a compressor, a clock that moves only when told to, and a RAM
//! disk that completes at once.

use zram_events::Event;
use zram_model::{BackingRequest, ClockUse, Completion, Environment, Errno, PageBytes};

use super::Surroundings;

/// Where the clock starts. Not at 0, so that an age can lie on either side of the time since boot.
const START: u64 = 100 * SECOND;

const SECOND: u64 = 1_000_000_000;

/// Folders that every machine has: opening one for writing is `EISDIR`.
const FOLDERS: &[&str] = &["/", "/dev", "/proc", "/sys", "/tmp"];

/// Files that every machine has and that are no block devices.
const FILES: &[&str] = &["/dev/null", "/dev/zero", "/dev/full", "/dev/kmsg", "/proc/version"];

/// Surroundings made up.
#[derive(Clone, Debug)]
pub struct Simulated<C> {
    compressor: C,
    now: u64,
}

impl<C> Simulated<C>
where
    C: FnMut(&str, &PageBytes) -> Result<u32, Errno>,
{
    /// With this compressor: algorithm and page to compressed length.
    pub fn new(compressor: C) -> Self {
        Self { compressor, now: START }
    }
}

impl<C> Environment for Simulated<C>
where
    C: FnMut(&str, &PageBytes) -> Result<u32, Errno>,
{
    fn emit(&mut self, _event: Event) {}

    fn compress(&mut self, algorithm: &str, page: &PageBytes) -> Result<u32, Errno> {
        (self.compressor)(algorithm, page)
    }

    fn boot_seconds(&mut self, _asked: ClockUse) -> u32 {
        // The kernel keeps 32 bits of it too.
        (self.now / SECOND) as u32
    }

    fn open_backing(&mut self, path: &str) -> Result<u64, Errno> {
        let path = self.backing_path(path);
        Err(if FOLDERS.contains(&path.as_str()) {
            Errno::EISDIR
        } else if FILES.contains(&path.as_str()) {
            Errno::ENOTBLK
        } else {
            Errno::ENOENT
        })
    }

    fn submit_backing(&mut self, _request: BackingRequest) -> Completion {
        Completion::Now(0)
    }
}

impl<C> Surroundings for Simulated<C>
where
    C: FnMut(&str, &PageBytes) -> Result<u32, Errno>,
{
    fn boot_time(&mut self) -> u64 {
        self.now
    }

    fn pass(&mut self, nanoseconds: u64) {
        self.now = self.now.saturating_add(nanoseconds);
    }
}
