//! Full disks, before and after the fact.

use std::path::Path;

use anyhow::{anyhow, bail};

use super::CACHE_VARIABLE;
use crate::progress::human;

/// What everything in the cache takes, package lists included.
const COMPLETE: u64 = 300 << 20;

/// Room for building bpf-linker, given back afterwards.
pub(crate) const BUILD_SPACE: u64 = 700 << 20;

/// Refuses to begin what the file system below `folder` has no room for.
pub(crate) fn require_space(folder: &Path, needed: u64, what: &str) -> anyhow::Result<()> {
    let existing = folder.ancestors().find(|folder| folder.exists()).unwrap_or(folder);
    let stat = nix::sys::statvfs::statvfs(existing)?;
    let free = stat.blocks_available().saturating_mul(stat.fragment_size());
    if free < needed {
        bail!(
            "{what} needs {} and only {} are free where the cache lives ({}). Free some space there, or set {CACHE_VARIABLE} \
             to a folder on a larger disk. Nothing was downloaded.",
            human(needed),
            human(free),
            folder.display()
        );
    }
    Ok(())
}

/// Turns "no space left on device", from us or from a program we ran, into what to do about it.
pub(crate) fn explain_full_disk(error: anyhow::Error, cache: &Path) -> anyhow::Error {
    let ours = error.chain().any(|cause| {
        cause
            .downcast_ref::<std::io::Error>()
            .is_some_and(|cause| cause.kind() == std::io::ErrorKind::StorageFull)
            || cause.downcast_ref::<nix::errno::Errno>() == Some(&nix::errno::Errno::ENOSPC)
    });
    // strerror's text, as apt, dpkg and cargo pass it on.
    if ours || format!("{error:#}").contains("No space left on device") {
        // The chain below says the same again, in the words of every program in between.
        anyhow!(
            "the disk below the cache folder {} is full. The unfinished entry has been removed. A complete cache takes about {}, and \
             building bpf-linker {} more for a minute: free that much, or set {CACHE_VARIABLE} to a folder on a larger disk, and run \
             the command again",
            cache.display(),
            human(COMPLETE),
            human(BUILD_SPACE)
        )
    } else {
        error
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_little_space_is_refused_before_anything_happens() {
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("not/yet/there");
        require_space(&missing, 1, "the kernel").unwrap();
        let text = format!("{}", require_space(&missing, u64::MAX, "the kernel").unwrap_err());
        assert!(text.starts_with("the kernel needs ") && text.contains(CACHE_VARIABLE), "{text}");
        assert!(!missing.exists());
    }

    #[test]
    fn what_other_programs_say_about_a_full_disk_is_understood() {
        let error = anyhow::anyhow!("dpkg-deb: error: cannot copy archive member: No space left on device");
        assert!(format!("{}", explain_full_disk(error, Path::new("/c"))).contains("is full"));
        let other = explain_full_disk(anyhow::anyhow!("permission denied"), Path::new("/c"));
        assert_eq!(format!("{other:#}"), "permission denied");
    }
}
