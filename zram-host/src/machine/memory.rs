//! How much memory the machine has: `/proc/meminfo`.

use procfs_core::{FromBufRead as _, Meminfo};

use super::{Machine, MachineError, read};

const PATH: &str = "/proc/meminfo";

/// `MemTotal`, in bytes.
///
/// # Errors
/// When the file cannot be read or understood.
pub fn memory_total(machine: &mut (impl Machine + ?Sized)) -> Result<u64, MachineError> {
    let text = read(machine, PATH)?;
    Meminfo::from_buf_read(text.as_bytes())
        .map(|memory| memory.mem_total)
        .map_err(|error| MachineError::Strange { path: PATH, line: error.to_string() })
}
