//! The port onto a kernel with zram, and its two sides.
//!
//! * [`port`] is the trait and what it moves.
pub mod port;

pub use port::{Buffer, Iovec, Port, SetupError};
