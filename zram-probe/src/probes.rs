//! The probes in place.

use zram_events::{DeviceId, RawRecord};

use crate::{ClassEntry, Coverage, Health, ProbeError, SlotEntry};

/// Attached probes. Dropping them detaches.
#[derive(Debug)]
pub struct Probes {
    coverage: Coverage,
}

impl Probes {
    /// Attaches on the running kernel; zram (and zsmalloc, where it is a module) must be loaded.
    ///
    /// # Errors
    /// When a required probe cannot be placed: says which, where and why.
    pub fn attach() -> Result<Self, ProbeError> {
        Err(ProbeError::System {
            what: "attaching probes".into(),
            source: std::io::Error::from_raw_os_error(nix::libc::ENOSYS),
            way_out: "the loader is the next change to this crate",
        })
    }

    /// Takes what the programs wrote since the last call, in the order of its sequence numbers.
    /// Returns how many records were added to `out`.
    pub fn drain(&mut self, _out: &mut Vec<RawRecord>) -> usize {
        0
    }

    /// Losses since the probes were attached.
    ///
    /// # Errors
    /// When the counters cannot be read.
    pub fn health(&mut self) -> Result<Health, ProbeError> {
        Ok(Health::default())
    }

    /// `count` slots of a device's table, from slot `first`.
    ///
    /// # Errors
    /// When the device has no such slots or the copy fails.
    pub fn slots(&mut self, _dev: DeviceId, _first: u32, _count: u32) -> Result<Vec<SlotEntry>, ProbeError> {
        Ok(Vec::new())
    }

    /// The size classes of a device's pool, by nominal class.
    ///
    /// # Errors
    /// When the device has no pool or the copy fails.
    pub fn classes(&mut self, _dev: DeviceId) -> Result<Vec<ClassEntry>, ProbeError> {
        Ok(Vec::new())
    }

    /// What is attached, and what this kernel does not let us see.
    #[must_use]
    pub fn coverage(&self) -> &Coverage {
        &self.coverage
    }
}

/// SHA-256 of the embedded BPF object, in hexadecimal.
#[must_use]
pub fn object_sha256() -> &'static str {
    ""
}
