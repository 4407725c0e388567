//! What is mounted: `/proc/self/mountinfo`.

use procfs_core::{FromBufRead as _, process::MountInfos};

use super::{Machine, MachineError, read, unescaped};
use crate::device::DeviceNumber;

const PATH: &str = "/proc/self/mountinfo";

/// File systems that may lie on several devices, and so have a number of their own (`set_anon_super`) in the place of their device's.
const OF_SEVERAL_DEVICES: [&str; 2] = ["btrfs", "bcachefs"];

/// A file system that is mounted somewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    /// Its number among the mounts.
    pub id: i32,
    /// That of the mount on which it is.
    pub parent: i32,
    /// The zram device that it was mounted from, by the path that was given for it.
    pub device: Option<DeviceNumber>,
    /// Major and minor number of what it is on, as `252:0`: what a device's own attribute `dev` says, but for file systems of several devices.
    pub number: String,
    /// What it was mounted from, as it was given: a path, or a word of the file system's.
    pub source: String,
    /// Where.
    pub target: String,
    /// The file system's name.
    pub file_system: String,
}

impl Mount {
    /// Whether it is on this device, whose attribute `dev` says this number; empty where that is not known.
    #[must_use]
    pub fn is_on(&self, device: DeviceNumber, number: &str) -> bool {
        // It may have been mounted by another name of the device; its number is the same.
        if number.is_empty() || OF_SEVERAL_DEVICES.contains(&self.file_system.as_str()) {
            self.device == Some(device)
        } else {
            self.number == number
        }
    }
}

/// What is mounted at a place and covered by nothing: what whoever unmounts it there would unmount.
#[must_use]
pub fn top<'a>(mounts: &'a [Mount], target: &str) -> Option<&'a Mount> {
    let here = || mounts.iter().filter(|mount| mount.target == target);
    let is_covered = |mount: &Mount| here().any(|other| other.parent == mount.id && other.id != mount.id);
    // Of several that nothing covers, which takes a change between two lines of the file, the last came last.
    here().rfind(|mount| !is_covered(mount))
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
        let (id, parent, number, file_system) = (info.mnt_id, info.pid, info.majmin, info.fs_type);
        Mount { id, parent, device, number, source, target, file_system }
    };
    Ok(infos.0.into_iter().map(mount).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mount(id: i32, parent: i32, source: &str, number: &str, file_system: &str) -> Mount {
        Mount {
            id,
            parent,
            device: source.parse().ok(),
            number: number.to_owned(),
            source: source.to_owned(),
            target: "/mnt".to_owned(),
            file_system: file_system.to_owned(),
        }
    }

    #[test]
    fn a_file_system_of_several_devices_is_on_the_one_it_names() {
        let (zram0, zram1) = (DeviceNumber(0), DeviceNumber(1));
        let btrfs = mount(30, 1, "/dev/zram1", "0:44", "btrfs");
        assert!(btrfs.is_on(zram1, "254:1") && !btrfs.is_on(zram0, "254:0"));
        let by_another_name = mount(30, 1, "/dev/disk/by-label/x", "254:1", "ext4");
        assert!(by_another_name.is_on(zram1, "254:1") && !by_another_name.is_on(zram0, "254:0"));
        // Whoever mounts a tmpfs may call it what he likes.
        assert!(!mount(30, 1, "/dev/zram1", "0:44", "tmpfs").is_on(zram1, "254:1"));
        assert!(mount(30, 1, "/dev/zram1", "254:1", "ext4").is_on(zram1, ""));
    }

    #[test]
    fn the_top_is_what_nothing_covers() {
        let ours = mount(30, 1, "/dev/zram1", "254:1", "ext4");
        let over = mount(41, 30, "none", "0:50", "tmpfs");
        assert_eq!(top(&[ours.clone(), over.clone()], "/mnt"), Some(&over));
        // What is moved beneath another one comes later in the file and is covered all the same.
        let beneath = Mount { id: 50, ..ours.clone() };
        let over = Mount { parent: 50, ..over };
        assert_eq!(top(&[over.clone(), beneath], "/mnt"), Some(&over));
        assert_eq!(top(&[ours], "/"), None);
        // The root of all has itself as its parent.
        let root = Mount { target: "/".into(), ..mount(1, 1, "rootfs", "0:1", "rootfs") };
        assert_eq!(top(std::slice::from_ref(&root), "/"), Some(&root));
    }
}
