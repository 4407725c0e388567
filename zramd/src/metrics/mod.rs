//! The status as metrics for Prometheus.
//!
//! They are made of [`Status`] and of nothing else, so that a graph and `zramd status` cannot tell two stories. By default there are none: who
//! wants them gives a file, which node_exporter's textfile collector picks up, or a socket, which answers HTTP.
//!
//! The text is the exposition format 0.0.4, written here (`text`): the crates that there are write OpenMetrics, whose counters the textfile
//! collector takes for untyped, or keep a registry of their own, beside the status.
//!
//! * [`render`] says which metrics there are, `text` how they are written.
//! * [`mod@file`] replaces a file, `http` answers a request.

pub mod file;
pub(crate) mod http;
mod render;
mod text;

pub use render::render;

#[cfg(doc)]
use crate::control::Status;
