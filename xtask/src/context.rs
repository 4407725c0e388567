//! What every command needs to know.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use crate::cache::Cache;
use crate::progress::Progress;

/// The checkout, the cache, and the way to the user.
#[derive(Debug)]
pub(crate) struct Cx {
    /// The workspace's folder.
    pub(crate) workspace: PathBuf,
    /// The user's cache.
    pub(crate) cache: Cache,
    /// This program. Asked for at the start: a later `cargo build` may put another file in its place, and the path of what
    /// is no longer there is of no use.
    pub(crate) program: PathBuf,
    /// Where progress is shown.
    pub(crate) progress: Progress,
}

impl Cx {
    /// The context of this run.
    pub(crate) fn from_environment() -> anyhow::Result<Self> {
        Ok(Self {
            workspace: workspace()?,
            cache: Cache::locate()?,
            program: std::env::current_exe().context("cannot find the path of this program")?,
            progress: Progress::from_environment(),
        })
    }

    /// A context for tests, with a cache of its own.
    #[cfg(test)]
    pub(crate) fn for_test(cache: Cache) -> Self {
        let nowhere = PathBuf::from("/nonexistent");
        Self { workspace: nowhere.clone(), cache, program: nowhere, progress: Progress::from_environment() }
    }

    /// The folder cargo builds into.
    pub(crate) fn target(&self) -> PathBuf {
        std::env::var_os("CARGO_TARGET_DIR")
            .map_or_else(|| self.workspace.join("target"), |folder| self.workspace.join(folder))
    }

    /// The cargo that runs this program, or the one in the path.
    pub(crate) fn cargo(&self) -> std::process::Command {
        let mut cargo =
            std::process::Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.current_dir(&self.workspace);
        cargo
    }
}

/// The checkout this program was built from. `verify` starts it again without cargo, so the build-time path comes first.
fn workspace() -> anyhow::Result<PathBuf> {
    let built_in = Path::new(env!("CARGO_MANIFEST_DIR"));
    match built_in.parent() {
        Some(root) if root.join("Cargo.toml").is_file() => Ok(root.to_owned()),
        _ => bail!(
            "the checkout this program was built in ({}) is gone; run it through `cargo xtask`",
            built_in.display()
        ),
    }
}

/// Distribution and version of this machine, as part of a key: what is unpacked has to fit its libraries.
pub(crate) fn distribution() -> String {
    let release = std::fs::read_to_string("/etc/os-release").unwrap_or_default();
    let field = |name: &str| {
        let value = release.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
        value.unwrap_or("unknown").trim_matches('"').replace('/', "_")
    };
    format!("{}-{}", field("ID"), field("VERSION_ID"))
}
