//! The port onto a kernel with zram, and its two sides.
//!
//! * [`port`] is the trait and what it moves.
//! * [`meanwhile`] is what the port says about I/O beside another call.
//! * [`live`] is the running kernel, by system calls.
//! * [`sim`] (feature `sim`) is the model, behind a re-statement of the block layer.
pub mod live;
pub mod meanwhile;
pub mod port;
#[cfg(feature = "sim")]
pub mod sim;

pub use live::LiveHost;
pub use port::{Buffer, Iovec, Port, SetupError};
#[cfg(feature = "sim")]
pub use sim::{Compressor, Disk, Followed, Following, SimHost, Simulated, Surroundings};
