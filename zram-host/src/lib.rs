//! The port onto a kernel with zram, and its two sides.
//!
//! * [`port`] is the trait and what it moves.
//! * [`device`] is what the attributes say, in types.
//! * [`machine`] is what else a tool asks of the machine: who uses a device.
//! * [`meanwhile`] is what the port says about I/O beside another call.
//! * [`probed`] is what only probes can tell.
//! * [`size`] is how people read and write sizes.
//! * [`storage`] is what stands behind a backing device: files, loop devices, encryption.
//! * [`swap`] is what a swap area begins with.
//! * [`together`] is what it says about several tasks at once.
//! * [`live`] is the running kernel, by system calls.
//! * [`sim`] (feature `sim`) is the model, behind a re-statement of the block layer.
pub mod device;
pub mod live;
pub mod machine;
pub mod meanwhile;
pub mod port;
pub mod probed;
#[cfg(feature = "sim")]
pub mod sim;
pub mod size;
pub mod storage;
pub mod swap;
pub mod together;

pub use device::{DeviceNumber, Survey, survey};
pub use live::LiveHost;
pub use machine::Machine;
pub use port::{Buffer, Iovec, Port, SetupError};
pub use probed::Probed;
#[cfg(feature = "sim")]
pub use sim::{Ahead, Compressor, Disk, Followed, Following, SimHost, Simulated, Surroundings, Turn};
pub use storage::Storage;
