//! Paths that every machine has, and what opening others for writing answers (`filp_open`).
//!
//! Just enough of a file system to say which mistake in a path is which.

use zram_model::Errno;

/// Folders that every machine has: opening one for writing is `EISDIR`.
const FOLDERS: &[&str] = &["/", "/dev", "/proc", "/sys", "/tmp"];

/// Files that every machine has and that are no block devices.
const FILES: &[&str] = &["/dev/null", "/dev/zero", "/dev/full", "/dev/kmsg", "/proc/version"];

/// Longest name in a path (`NAME_MAX`).
const NAME_MAX: usize = 255;

/// What is at the end of a path, where these disks are. `clean` is the path without what means nothing.
///
/// # Errors
/// `ENOTDIR` below a file, `ENAMETOOLONG`, `ENOENT`.
pub(super) fn find<'a>(path: &str, clean: &'a str, disks: &[&str]) -> Result<Found<'a>, Errno> {
    let mut reached = String::new();
    for name in clean.split('/').filter(|name| !name.is_empty()) {
        if is_file(&reached, disks) {
            return Err(Errno::ENOTDIR);
        }
        if !reached.is_empty() && !FOLDERS.contains(&reached.as_str()) {
            return Err(Errno::ENOENT);
        }
        if name.len() > NAME_MAX {
            return Err(Errno::ENAMETOOLONG);
        }
        reached = format!("{reached}/{name}");
    }
    if is_file(&reached, disks) && path.ends_with('/') {
        return Err(Errno::ENOTDIR);
    }
    if disks.contains(&clean) {
        Ok(Found::Disk(clean))
    } else if FOLDERS.contains(&clean) {
        Ok(Found::Folder)
    } else if FILES.contains(&clean) {
        Ok(Found::File)
    } else {
        Err(Errno::ENOENT)
    }
}

fn is_file(path: &str, disks: &[&str]) -> bool {
    FILES.contains(&path) || disks.contains(&path)
}

/// What is at the end of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found<'a> {
    /// A disk, at this path.
    Disk(&'a str),
    /// A folder.
    Folder,
    /// Something else.
    File,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(path: &str) -> Result<Found<'_>, Errno> {
        find(path, path.trim_end_matches('/'), &["/dev/ram0"])
    }

    #[test]
    fn each_mistake_has_its_errno() {
        assert_eq!(look("/dev/ram0"), Ok(Found::Disk("/dev/ram0")));
        assert_eq!(look("/dev/ram0/"), Err(Errno::ENOTDIR));
        assert_eq!(look("/dev/ram0/x"), Err(Errno::ENOTDIR));
        assert_eq!(look("/dev/null/x"), Err(Errno::ENOTDIR));
        assert_eq!(look("/dev/null"), Ok(Found::File));
        assert_eq!(look("/dev/"), Ok(Found::Folder));
        assert_eq!(look("/nowhere/null"), Err(Errno::ENOENT));
        assert_eq!(look("/dev/ram1"), Err(Errno::ENOENT));
        let long = "a".repeat(256);
        assert_eq!(look(&format!("/dev/{long}")), Err(Errno::ENAMETOOLONG));
        assert_eq!(look(&format!("/nowhere/{long}")), Err(Errno::ENOENT));
        assert_eq!(look(&format!("/dev/{}", &long[1..])), Err(Errno::ENOENT));
    }
}
