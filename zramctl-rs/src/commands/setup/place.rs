//! Looking at where pages are to go, before anything is lost there.

use nix::errno::Errno;
use zram_host::{Machine, storage::Place};

use crate::{
    backing::signature_of,
    wanted::{Backing, Made},
};

/// What is at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// A block device.
    Disk,
    /// A file.
    File,
    /// Nothing yet: a file of so many bytes is to be made.
    Nothing {
        /// Its size.
        bytes: u64,
    },
}

/// Looks.
///
/// # Errors
/// When pages cannot go there, or something is there that nobody has said may be lost.
pub(super) fn look(backing: &Backing, machine: &mut dyn Machine) -> anyhow::Result<Found> {
    let path = &backing.path;
    match (machine.place(path), &backing.make) {
        (Ok(Place::Disk(_)), Some(_)) => {
            anyhow::bail!("{path} is a block device, which has a size of its own: leave out the size")
        }
        (Ok(Place::File(_)), Some(_)) => {
            anyhow::bail!("{path} is there already: leave out the size to use it as it is, or remove it")
        }
        (Ok(Place::Disk(bytes)), None) => unclaimed(backing, bytes, machine, Found::Disk),
        (Ok(Place::File(bytes)), None) => {
            anyhow::ensure!(bytes >= 4096, "{path} has {bytes} bytes, and not one page has room in it");
            unclaimed(backing, bytes, machine, Found::File)
        }
        (Ok(Place::Folder), _) => anyhow::bail!("{path} is a folder: give a file or a block device"),
        (Ok(Place::Other), _) => anyhow::bail!("{path} is neither a file nor a block device"),
        (Err(Errno::ENOENT), Some(made)) => room(path, made, machine),
        (Err(Errno::ENOENT), None) => {
            anyhow::bail!("there is no {path}: with a size (`--backing-size 4G`) a file is made")
        }
        (Err(errno), _) => anyhow::bail!("cannot look at {path}: {}", errno.desc()),
    }
}

/// What is there, if it may be lost.
fn unclaimed(
    backing: &Backing,
    bytes: u64,
    machine: &mut dyn Machine,
    found: Found,
) -> anyhow::Result<Found> {
    if backing.force {
        return Ok(found);
    }
    match signature_of(&backing.path, bytes, machine)? {
        None => Ok(found),
        Some(of) => anyhow::bail!(
            "{} has the signature of {of}, which would be lost: `--force` takes it all the same",
            backing.path
        ),
    }
}

/// Whether there is room for a file, and enough left.
fn room(path: &str, made: &Made, machine: &mut dyn Machine) -> anyhow::Result<Found> {
    anyhow::ensure!(path.starts_with('/'), "{path} is no absolute path");
    anyhow::ensure!(made.bytes >= 4096, "the backing file's size comes to less than a page");
    let folder = match path.rsplit_once('/') {
        Some(("", _)) | None => "/",
        Some((folder, _)) => folder,
    };
    let room = machine.room(folder).map_err(|errno| match errno {
        Errno::ENOENT => anyhow::anyhow!("there is no folder {folder}: `mkdir -p {folder}` makes it"),
        errno => anyhow::anyhow!("cannot ask for the room in {folder}: {}", errno.desc()),
    })?;
    let floor = made.keep_free.bytes(room.total);
    let bytes = made.bytes / 4096 * 4096;
    let left = room.free.checked_sub(bytes);
    anyhow::ensure!(
        left.is_some_and(|left| left >= floor),
        "a file of {} would leave {} of {} in {folder}, where {} are to stay free: make it smaller, or say `--keep-free`",
        size(bytes),
        size(left.unwrap_or(0)),
        size(room.free),
        size(floor)
    );
    Ok(Found::Nothing { bytes })
}

fn size(bytes: u64) -> String {
    crate::size::human(bytes)
}

/// Whether something can be mounted there.
pub(super) fn is_folder(path: &str, machine: &mut dyn Machine) -> anyhow::Result<()> {
    match machine.place(path) {
        Ok(Place::Folder) => Ok(()),
        Ok(_) => anyhow::bail!("{path} is no folder: nothing can be mounted there"),
        Err(Errno::ENOENT) => anyhow::bail!("there is no folder {path}: `mkdir -p {path}` makes it"),
        Err(errno) => anyhow::bail!("cannot look at {path}: {}", errno.desc()),
    }
}
