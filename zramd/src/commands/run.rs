//! `run`: the daemon.

use crate::{
    cli::Run,
    daemon::{self, RunOptions},
};

/// Runs it.
///
/// # Errors
/// When it cannot begin.
pub fn run(options: &Run) -> anyhow::Result<()> {
    daemon::run(RunOptions { root: options.place.root.clone() })
}
