//! Locks by name: one for each entry that is being made, and the staging area that it protects.
//!
//! By entry, since a kernel that is built takes many minutes, in which another run can well fetch another kernel. What two
//! entries are made with in common (the package lists of one set of suites) has a lock of its own, taken after the entry's.

use std::fs::{File, TryLockError};
use std::path::PathBuf;

use anyhow::Context as _;
use tempfile::TempDir;

use super::{Cache, explain_full_disk};
use crate::child::TICK;
use crate::context::Cx;
use crate::interrupt;

/// A lock that is held. The kernel releases it when this program ends, however it ends.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

/// Held while an entry is made.
pub(super) struct EntryLock {
    _lock: Lock,
    staging: PathBuf,
}

impl Cache {
    /// Takes the lock of this name, waiting for another run that holds it; `what` says what that one is doing.
    pub(crate) fn exclusive(&self, cx: &Cx, name: &str, what: &str) -> anyhow::Result<Lock> {
        let file = self.lock_file(name)?;
        let mut waiting = None;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Lock { _file: file }),
                Err(TryLockError::WouldBlock) => {
                    interrupt::check()?;
                    waiting
                        .get_or_insert_with(|| {
                            cx.progress.spinner(&format!("waiting for another run that is {what}"))
                        })
                        .tick("");
                    std::thread::sleep(TICK);
                }
                Err(TryLockError::Error(error)) => {
                    return Err(error).with_context(|| format!("cannot lock {name} in the cache"));
                }
            }
        }
    }

    /// Takes the lock of an entry, and sweeps the staging areas of all entries that nobody is making.
    pub(super) fn lock(&self, cx: &Cx, key: &str) -> anyhow::Result<EntryLock> {
        let lock = self.exclusive(cx, key, &format!("making {key} in the same cache"))?;
        let all = self.root().join("staging");
        let staging = all.join(plain(key));
        std::fs::create_dir_all(&staging)?;
        std::fs::remove_dir_all(&staging)?;
        std::fs::create_dir(&staging)?;
        for left in std::fs::read_dir(&all)? {
            let left = left?;
            // Whoever holds the lock of that name is at work there: this run itself, or another. It is held here until the
            // folder is gone, so that nobody begins there meanwhile.
            if let Some(name) = left.file_name().to_str()
                && let lock = self.lock_file(name)?
                && lock.try_lock().is_ok()
            {
                std::fs::remove_dir_all(left.path())?;
            }
        }
        Ok(EntryLock { _lock: lock, staging })
    }

    fn lock_file(&self, name: &str) -> anyhow::Result<File> {
        let locks = self.root().join("locks");
        let path = locks.join(plain(name));
        std::fs::create_dir_all(&locks).and_then(|()| File::create(&path)).map_err(|error| {
            explain_full_disk(error.into(), self.root()).context(format!(
                "cannot use the cache folder {}; set {} to a folder that can be written",
                self.root().display(),
                super::CACHE_VARIABLE
            ))
        })
    }
}

/// A key as the name of one file. Taken of such a name it is that name again.
fn plain(key: &str) -> String {
    key.replace('/', "+")
}

impl EntryLock {
    /// A staging folder, on the file system of the cache, gone with its handle.
    pub(super) fn stage(&self) -> anyhow::Result<TempDir> {
        Ok(tempfile::Builder::new().prefix("stage-").tempdir_in(&self.staging)?)
    }
}
