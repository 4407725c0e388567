//! Devices of the kernel's that stand on a zram device, such as those of dm and md: `/sys/block/zramN/holders`.

use nix::errno::Errno;

use super::Machine;
use crate::device::DeviceNumber;

/// Their names.
///
/// # Errors
/// When the folder cannot be read.
pub fn holders(machine: &mut (impl Machine + ?Sized), device: DeviceNumber) -> Result<Vec<String>, Errno> {
    match machine.kernel_folder(&format!("/sys/block/{device}/holders")) {
        Err(Errno::ENOENT) => Ok(Vec::new()),
        names => names,
    }
}
