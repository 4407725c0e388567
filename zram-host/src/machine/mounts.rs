//! What is mounted: `/proc/self/mountinfo`.

use procfs_core::{FromBufRead as _, process::MountInfos};

use super::{Machine, MachineError, read, unescaped};
use crate::device::DeviceNumber;

const PATH: &str = "/proc/self/mountinfo";

/// A file system that is mounted somewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    /// The zram device that it was mounted from, by the path that was given for it.
    pub device: Option<DeviceNumber>,
    /// Major and minor number of what it is on, as `252:0`: what a device's own attribute `dev` says.
    pub number: String,
    /// What it was mounted from, as it was given: a path, or a word of the file system's.
    pub source: String,
    /// Where.
    pub target: String,
    /// The file system's name.
    pub file_system: String,
}

/// All places where something is mounted, as this process sees them, in the kernel's order.
///
/// # Errors
/// When the file cannot be read or understood.
pub fn mounts(machine: &mut (impl Machine + ?Sized)) -> Result<Vec<Mount>, MachineError> {
    let text = read(machine, PATH)?;
    let infos = MountInfos::from_buf_read(text.as_bytes())
        .map_err(|error| MachineError::Strange { path: PATH, line: error.to_string() })?;
    let mount = |info: procfs_core::process::MountInfo| {
        let source = unescaped(info.mount_source.as_deref().unwrap_or_default());
        let device = if source.starts_with("/dev/") { source.parse().ok() } else { None };
        let target = unescaped(&info.mount_point.to_string_lossy());
        Mount { device, number: info.majmin, source, target, file_system: info.fs_type }
    };
    Ok(infos.0.into_iter().map(mount).collect())
}
