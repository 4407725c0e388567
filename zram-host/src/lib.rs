//! The port onto a kernel with zram, and its two sides.
//!
//! * [`port`] is the trait and what it moves.
//! * [`live`] is the running kernel, by system calls.
pub mod live;
pub mod port;

pub use live::LiveHost;
pub use port::{Buffer, Iovec, Port, SetupError};
