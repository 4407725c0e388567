//! Looking at where pages are to go, before anything is lost there.

use nix::errno::Errno;
use zram_host::{
    DeviceNumber, Machine,
    device::BdStat,
    machine::{mounts, top},
    storage::{Place, Room},
};

use crate::{
    backing::{is_swapped_to, signature_of},
    shell::word,
    size::human,
    wanted::{Backing, Made},
};

const PAGE: u64 = BdStat::UNIT;

/// What is at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// A block device.
    Disk,
    /// A file.
    File {
        /// Its plain path.
        path: String,
    },
    /// Nothing yet: a file of so many bytes is to be made.
    Nothing {
        /// Its plain path.
        path: String,
        /// Its size.
        bytes: u64,
    },
}

/// Looks. `taken`: room that other files will take.
///
/// # Errors
/// When pages cannot go there, or something is there that nobody has said may be lost.
pub(super) fn look(backing: &Backing, taken: u64, machine: &mut dyn Machine) -> anyhow::Result<Found> {
    let path = &plain(&backing.path, machine)?;
    match (machine.place(path), &backing.make) {
        (Ok(Place::Disk(_)), Some(_)) => {
            anyhow::bail!("{path} is a block device, which has a size of its own: leave out the size")
        }
        (Ok(Place::File { .. }), Some(_)) => {
            anyhow::bail!("{path} is there already: leave out the size to use it as it is, or remove it")
        }
        (Ok(Place::Disk(bytes)), None) => {
            anyhow::ensure!(
                path.parse::<DeviceNumber>().is_err() || backing.force,
                "{path} is zram, too: pages would leave memory for memory (`--force` takes it all the same)"
            );
            anyhow::ensure!(bytes >= PAGE, "{path} has {bytes} bytes, and not one page has room on it");
            unclaimed(backing, path, bytes, machine)?;
            Ok(Found::Disk)
        }
        (Ok(Place::File { bytes, private }), None) => {
            anyhow::ensure!(bytes >= PAGE, "{path} has {bytes} bytes, and not one page has room in it");
            // Linux would attach it, and refuse each write.
            anyhow::ensure!(
                !is_swapped_to(path, machine),
                "{path} is swapped to: `swapoff {}` first",
                word(path)
            );
            anyhow::ensure!(
                private || backing.encrypt || backing.force,
                "what is swapped out could be read in {path} by others: `chown root {0}` and `chmod 600 {0}`, or `--encrypt`",
                word(path)
            );
            not_in_memory(path, backing.force, machine)?;
            unclaimed(backing, path, bytes, machine)?;
            let is_empty = backing.force || is_empty(path, bytes, machine)?;
            // Not all that people keep in files has a signature.
            anyhow::ensure!(
                is_empty,
                "{path} has something in it, which would be lost: `--force` takes it all the same"
            );
            Ok(Found::File { path: path.clone() })
        }
        (Ok(Place::Folder), _) => anyhow::bail!("{path} is a folder: give a file or a block device"),
        (Ok(Place::Other), _) => anyhow::bail!("{path} is neither a file nor a block device"),
        (Err(Errno::ENOENT), Some(made)) => {
            not_in_memory(path, backing.force, machine)?;
            room(path, made, taken, machine)
        }
        (Err(Errno::ENOENT), None) => {
            anyhow::bail!("there is no {path}: with a size (`--backing-size 4G`) a file is made")
        }
        (Err(errno), _) => anyhow::bail!("cannot look at {path}: {}", errno.desc()),
    }
}

/// The path without links, of something that may be still to be made.
fn plain(path: &str, machine: &mut dyn Machine) -> anyhow::Result<String> {
    let failed = |errno: Errno| anyhow::anyhow!("cannot look at {path}: {}", errno.desc());
    match machine.plain(path) {
        Ok(path) => Ok(path),
        Err(Errno::ENOENT) => {
            let path = path.trim_end_matches('/');
            let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
            match machine.plain(folder_of(path)) {
                Ok(folder) => Ok(format!("{}/{name}", folder.trim_end_matches('/'))),
                Err(Errno::ENOENT) => Ok(format!("{folder}/{name}")),
                Err(errno) => Err(failed(errno)),
            }
        }
        Err(errno) => Err(failed(errno)),
    }
}

/// That nothing is there which nobody has said may be lost.
fn unclaimed(backing: &Backing, path: &str, bytes: u64, machine: &mut dyn Machine) -> anyhow::Result<()> {
    if backing.force {
        return Ok(());
    }
    if let Some(of) = signature_of(path, bytes, machine)? {
        anyhow::bail!(
            "{path} has the signature of {of}, which would be lost: `--force` takes it all the same"
        );
    }
    Ok(())
}

/// Whether a file begins and ends with nothing but zeros.
fn is_empty(path: &str, bytes: u64, machine: &mut dyn Machine) -> anyhow::Result<bool> {
    const SAMPLE: u64 = 64 << 10;
    let mut sample = vec![0; usize::try_from(SAMPLE.min(bytes)).unwrap_or(0)];
    for at in [0, bytes.saturating_sub(SAMPLE)] {
        let there = machine.peek(path, at, &mut sample);
        there.map_err(|errno| anyhow::anyhow!("cannot read {path}: {}", errno.desc()))?;
        if sample.iter().any(|byte| *byte != 0) {
            return Ok(false);
        }
    }
    Ok(true)
}

fn folder_of(path: &str) -> &str {
    match path.rsplit_once('/') {
        Some(("", _)) | None => "/",
        Some((folder, _)) => folder,
    }
}

fn room_in(folder: &str, machine: &mut dyn Machine) -> anyhow::Result<Room> {
    machine.room(folder).map_err(|errno| match errno {
        Errno::ENOENT => {
            anyhow::anyhow!("there is no folder {folder}: `mkdir -p {}` makes it", word(folder))
        }
        errno => anyhow::anyhow!("cannot ask for the room in {folder}: {}", errno.desc()),
    })
}

/// Whether the file's file system is more than memory.
fn not_in_memory(path: &str, force: bool, machine: &mut dyn Machine) -> anyhow::Result<()> {
    let folder = folder_of(path);
    anyhow::ensure!(
        !room_in(folder, machine)?.in_memory || force,
        "{folder} is in memory (tmpfs): pages would leave memory for memory (`--force` takes it all the same)"
    );
    Ok(())
}

/// Whether there is room for a file, and enough left.
fn room(path: &str, made: &Made, taken: u64, machine: &mut dyn Machine) -> anyhow::Result<Found> {
    let bytes = made.bytes / PAGE * PAGE;
    anyhow::ensure!(bytes > 0, "the backing file's size comes to less than a page");
    let folder = folder_of(path);
    let room = room_in(folder, machine)?;
    let floor = made.keep_free.bytes(room.total);
    let free = room.free.saturating_sub(taken);
    let left = free.checked_sub(bytes);
    anyhow::ensure!(
        left.is_some_and(|left| left >= floor),
        "a file of {} would leave {} of {} in {folder}, where {} are to stay free: make it smaller, or say `--keep-free`",
        human(bytes),
        human(left.unwrap_or(0)),
        human(free),
        human(floor)
    );
    Ok(Found::Nothing { path: path.to_owned(), bytes })
}

/// Whether something can be mounted there, and hides nothing. The plain path, by which it will be found again.
pub(super) fn can_mount(path: &str, machine: &mut dyn Machine) -> anyhow::Result<String> {
    let path = &machine.plain(path).map_err(|errno| match errno {
        Errno::ENOENT => anyhow::anyhow!("there is no folder {path}: `mkdir -p {}` makes it", word(path)),
        errno => anyhow::anyhow!("cannot look at {path}: {}", errno.desc()),
    })?;
    match machine.place(path) {
        Ok(Place::Folder) => {}
        Ok(_) => anyhow::bail!("{path} is no folder: nothing can be mounted there"),
        Err(errno) => anyhow::bail!("cannot look at {path}: {}", errno.desc()),
    }
    if let Some(mount) = top(&mounts(machine)?, path) {
        let file_system = &mount.file_system;
        anyhow::bail!("{path} is a mount point already ({file_system}): `umount {}` first", word(path));
    }
    let inside = machine.kernel_folder(path).unwrap_or_default();
    anyhow::ensure!(
        inside.is_empty(),
        "{path} is not empty: what is in it could not be seen as long as something is mounted there"
    );
    Ok(path.clone())
}
