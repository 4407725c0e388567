//! What is mounted: `/proc/self/mountinfo`.

use procfs_core::{FromBufRead as _, process::MountInfos};

use super::{Machine, MachineError, read, unescaped};
use crate::device::DeviceNumber;

const PATH: &str = "/proc/self/mountinfo";

/// A zram device that is mounted somewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    /// The device.
    pub device: DeviceNumber,
    /// Where.
    pub target: String,
    /// The file system's name.
    pub file_system: String,
}

/// All places where zram devices are mounted, as this process sees them, in the kernel's order.
///
/// # Errors
/// When the file cannot be read or understood.
pub fn mounts(machine: &mut (impl Machine + ?Sized)) -> Result<Vec<Mount>, MachineError> {
    let text = read(machine, PATH)?;
    let infos = MountInfos::from_buf_read(text.as_bytes())
        .map_err(|error| MachineError::Strange { path: PATH, line: error.to_string() })?;
    let mount = |info: procfs_core::process::MountInfo| {
        let source = unescaped(info.mount_source.as_deref()?);
        let device = source.strip_prefix("/dev/")?.parse().ok()?;
        let target = unescaped(&info.mount_point.to_string_lossy());
        Some(Mount { device, target, file_system: info.fs_type })
    };
    Ok(infos.0.into_iter().filter_map(mount).collect())
}
