//! The folder of a running VM's files, and what becomes of those whose owner was killed.
//!
//! The name carries the owner's process id. A VM that starts removes the folders of owners that are no more: a `kill -9`
//! runs no destructors, and a folder holds some tens of megabytes.

use std::path::Path;

use anyhow::Context as _;
use tempfile::TempDir;

const PREFIX: &str = "zram-rs-vm-";

/// A new folder of this process.
pub(super) fn create() -> anyhow::Result<TempDir> {
    let parent = std::env::temp_dir();
    sweep(&parent);
    tempfile::Builder::new()
        .prefix(&format!("{PREFIX}{}-", std::process::id()))
        .tempdir_in(&parent)
        .with_context(|| {
            format!(
                "cannot make a folder for the VM in {}; set TMPDIR to one that can be written",
                parent.display()
            )
        })
}

fn sweep(parent: &Path) {
    let Ok(items) = std::fs::read_dir(parent) else { return };
    for item in items.filter_map(Result::ok) {
        if item.file_name().to_str().and_then(owner).is_some_and(|pid| !Path::new("/proc").join(pid).exists())
        {
            // Somebody else's cannot be removed, and need not be by us.
            let _ = std::fs::remove_dir_all(item.path());
        }
    }
}

fn owner(name: &str) -> Option<&str> {
    let (pid, _) = name.strip_prefix(PREFIX)?.split_once('-')?;
    (!pid.is_empty() && pid.bytes().all(|byte| byte.is_ascii_digit())).then_some(pid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_folders_of_the_dead_are_swept() {
        let parent = tempfile::tempdir().unwrap();
        // No process has a number above the kernel's limit of four million.
        let dead = parent.path().join(format!("{PREFIX}99999999-abc"));
        let alive = parent.path().join(format!("{PREFIX}{}-abc", std::process::id()));
        let other = parent.path().join("something-99999999-abc");
        for folder in [&dead, &alive, &other] {
            std::fs::create_dir(folder).unwrap();
        }
        sweep(parent.path());
        assert!(!dead.exists() && alive.exists() && other.exists());
    }

    #[test]
    fn the_owner_is_read_from_the_name() {
        assert_eq!(owner("zram-rs-vm-123-x"), Some("123"));
        assert_eq!(owner("zram-rs-vm--x"), None);
        assert_eq!(owner("zram-rs-vm-../x-"), None);
    }
}
