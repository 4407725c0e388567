//! What can go wrong, for the person who has to act on it.

use thiserror::Error;

/// Why probes could not be attached, read, or asked for a snapshot.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ProbeError {
    /// The kernel, or the privileges of this process, do not allow what is needed.
    #[error("{what}: {source}; {way_out}")]
    System {
        /// What was attempted.
        what: String,
        /// The error of the system call.
        source: std::io::Error,
        /// What to do about it.
        way_out: &'static str,
    },
}
