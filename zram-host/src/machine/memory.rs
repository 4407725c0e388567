//! How much memory the machine has, and how it is used: `/proc/meminfo`.

use procfs_core::{FromBufRead as _, Meminfo};
use serde::Serialize;

use super::{Machine, MachineError, read};

const PATH: &str = "/proc/meminfo";

/// The machine's memory, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Memory {
    /// All that the kernel manages (`MemTotal`).
    pub total: u64,
    /// Used by nothing (`MemFree`).
    pub free: u64,
    /// What could be had without swapping, as the kernel guesses (`MemAvailable`, since Linux 3.14).
    pub available: Option<u64>,
    /// All swap areas together (`SwapTotal`).
    pub swap_total: u64,
    /// Unused in them (`SwapFree`).
    pub swap_free: u64,
    /// Pages in memory whose copy in a swap area is still good (`SwapCached`).
    pub swap_cached: u64,
    /// Memory that zswap takes (`Zswap`). `None`: the kernel has no zswap, or does not say (before Linux 5.19).
    pub zswap: Option<u64>,
    /// What it holds, uncompressed (`Zswapped`).
    pub zswapped: Option<u64>,
}

/// The machine's memory at this moment.
///
/// # Errors
/// When the file cannot be read or understood.
pub fn memory(machine: &mut (impl Machine + ?Sized)) -> Result<Memory, MachineError> {
    let text = read(machine, PATH)?;
    let read = Meminfo::from_buf_read(text.as_bytes())
        .map_err(|error| MachineError::Strange { path: PATH, line: error.to_string() })?;
    Ok(Memory {
        total: read.mem_total,
        free: read.mem_free,
        available: read.mem_available,
        swap_total: read.swap_total,
        swap_free: read.swap_free,
        swap_cached: read.swap_cached,
        zswap: read.z_swap,
        zswapped: read.z_swapped,
    })
}

/// `MemTotal`, in bytes.
///
/// # Errors
/// When the file cannot be read or understood.
pub fn memory_total(machine: &mut (impl Machine + ?Sized)) -> Result<u64, MachineError> {
    memory(machine).map(|memory| memory.total)
}
