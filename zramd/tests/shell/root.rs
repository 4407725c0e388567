//! A machine's files, below a folder that goes away again.

use std::{fs, os::unix::fs::symlink, path::Path};

use tempfile::TempDir;
use zramd::config::{Loaded, load};

/// The root of a machine.
pub(crate) struct Root(TempDir);

impl Root {
    /// With nothing in it.
    pub(crate) fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    /// With these files.
    pub(crate) fn with(files: &[(&str, &str)]) -> Self {
        let root = Self::new();
        for (path, text) in files {
            root.put(path, text);
        }
        root
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn put(&self, path: &str, text: impl AsRef<[u8]>) {
        let path = self.below(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) fn link(&self, path: &str, target: &str) {
        let path = self.below(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        symlink(target, path).unwrap();
    }

    pub(crate) fn below(&self, path: &str) -> std::path::PathBuf {
        self.path().join(path.trim_start_matches('/'))
    }

    /// Its configuration, which must be one.
    pub(crate) fn loaded(&self) -> Loaded {
        load(self.path()).unwrap()
    }

    /// What is wrong with it, with paths as they are on that machine.
    pub(crate) fn wrong(&self) -> String {
        self.plain(&load(self.path()).unwrap_err().to_string())
    }

    /// A text with paths as they are on that machine.
    pub(crate) fn plain(&self, text: &str) -> String {
        text.replace(&self.path().display().to_string(), "")
    }
}
