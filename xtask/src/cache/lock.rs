//! The one lock of the cache, and the staging area it protects.

use std::fs::{File, TryLockError};
use std::path::PathBuf;

use anyhow::Context as _;
use tempfile::TempDir;

use super::{Cache, explain_full_disk};
use crate::child::TICK;
use crate::context::Cx;
use crate::interrupt;

/// Held while something is built into the cache. The kernel releases it when this program ends, however it ends.
pub(super) struct CacheLock {
    _file: File,
    staging: PathBuf,
}

impl Cache {
    /// Takes the lock, waiting for another checkout that holds it, and sweeps the staging area.
    pub(super) fn lock(&self, cx: &Cx) -> anyhow::Result<CacheLock> {
        let staging = self.root().join("tmp");
        std::fs::create_dir_all(&staging).map_err(anyhow::Error::from).map_err(|error| {
            explain_full_disk(error, self.root()).context(format!(
                "cannot use the cache folder {}; set {} to a folder that can be written",
                self.root().display(),
                super::CACHE_VARIABLE
            ))
        })?;
        let path = self.root().join("lock");
        let file = File::create(&path).with_context(|| format!("cannot open {}", path.display()))?;
        let mut waiting = None;
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) => {
                    interrupt::check()?;
                    waiting
                        .get_or_insert_with(|| {
                            cx.progress.spinner("waiting for another run that is filling the same cache")
                        })
                        .tick("");
                    std::thread::sleep(TICK);
                }
                Err(TryLockError::Error(error)) => {
                    return Err(error).with_context(|| format!("cannot lock {}", path.display()));
                }
            }
        }
        for left in std::fs::read_dir(&staging)? {
            std::fs::remove_dir_all(left?.path())?;
        }
        Ok(CacheLock { _file: file, staging })
    }
}

impl CacheLock {
    /// A staging folder, on the file system of the cache, gone with its handle.
    pub(super) fn stage(&self) -> anyhow::Result<TempDir> {
        Ok(tempfile::Builder::new().prefix("stage-").tempdir_in(&self.staging)?)
    }
}
