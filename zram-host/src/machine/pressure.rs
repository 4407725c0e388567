//! How long tasks waited for memory or for I/O: `/proc/pressure` (`psi_show`).

use nix::errno::Errno;
use procfs_core::{FromBufRead as _, IoPressure, MemoryPressure, PressureRecord, ProcResult};
use serde::Serialize;

use super::{Machine, MachineError, read};

/// What is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resource {
    /// Memory: reclaim, swapping in, pages that were thrown away too early.
    Memory,
    /// A block device.
    Io,
}

impl Resource {
    fn path(self) -> &'static str {
        match self {
            Self::Memory => "/proc/pressure/memory",
            Self::Io => "/proc/pressure/io",
        }
    }
}

/// How long tasks waited for a resource.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Pressure {
    /// At least one task waited.
    pub some: Stall,
    /// All tasks that had something to do waited.
    pub full: Stall,
}

/// How long somebody waited.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Stall {
    /// Percent of the last 10 seconds.
    pub avg10: f32,
    /// Percent of the last minute.
    pub avg60: f32,
    /// Percent of the last 5 minutes.
    pub avg300: f32,
    /// Microseconds since boot.
    pub total: u64,
}

/// Nothing is known about who waits. The text is the reason.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoPressure {
    /// The kernel does not measure it.
    #[error(
        "{path} is not there: the kernel is built without CONFIG_PSI, or measures only if booted with psi=1"
    )]
    NotMeasured {
        /// The file that would say.
        path: &'static str,
    },
    /// The file cannot be read or understood.
    #[error(transparent)]
    Machine(#[from] MachineError),
}

/// How long tasks waited for this.
///
/// # Errors
/// When the kernel does not say, and why.
pub fn pressure(machine: &mut (impl Machine + ?Sized), resource: Resource) -> Result<Pressure, NoPressure> {
    let path = resource.path();
    let text = read(machine, path).map_err(|error| match error {
        // EOPNOTSUPP: kernels that have the files even when they measure nothing.
        MachineError::Unreadable { errno: Errno::ENOENT | Errno::EOPNOTSUPP, .. } => {
            NoPressure::NotMeasured { path }
        }
        error => error.into(),
    })?;
    parse(resource, &text).map_err(|error| MachineError::Strange { path, line: error.to_string() }.into())
}

fn parse(resource: Resource, text: &str) -> ProcResult<Pressure> {
    let (some, full) = match resource {
        Resource::Memory => MemoryPressure::from_buf_read(text.as_bytes()).map(|of| (of.some, of.full)),
        Resource::Io => IoPressure::from_buf_read(text.as_bytes()).map(|of| (of.some, of.full)),
    }?;
    let stall = |record: PressureRecord| Stall {
        avg10: record.avg10,
        avg60: record.avg60,
        avg300: record.avg300,
        total: record.total,
    };
    Ok(Pressure { some: stall(some), full: stall(full) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_lines_are_read() {
        let text = "some avg10=1.50 avg60=0.75 avg300=0.25 total=123456\nfull avg10=0.50 avg60=0.00 avg300=0.00 total=99\n";
        for resource in [Resource::Memory, Resource::Io] {
            let pressure = parse(resource, text).unwrap();
            assert_eq!(pressure.some, Stall { avg10: 1.5, avg60: 0.75, avg300: 0.25, total: 123_456 });
            assert_eq!(pressure.full, Stall { avg10: 0.5, avg60: 0.0, avg300: 0.0, total: 99 });
        }
        for wrong in ["", "some avg10=1.50 avg60=0.75 avg300=0.25 total=1\n", "some avg10=x\nfull\n"] {
            assert!(parse(Resource::Io, wrong).is_err(), "{wrong}");
        }
    }
}
