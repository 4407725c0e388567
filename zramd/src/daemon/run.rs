//! What `zramd run` does.

use std::path::PathBuf;

/// How to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunOptions {
    /// The configuration is read below this root, now and at each reload ([`crate::config::load`]).
    pub root: PathBuf,
}

/// Runs until it is told to end.
///
/// # Errors
/// When it cannot begin: [`crate::config::Wrongs`] if the configuration is wrong.
pub fn run(options: RunOptions) -> anyhow::Result<()> {
    crate::config::load(&options.root)?;
    anyhow::bail!("the daemon itself is not built yet: nothing is driven, and nothing was changed")
}
