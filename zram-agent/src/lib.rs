//! Carries operations out on a machine and says what happened.
//!
//! * [`protocol`] is the language between runner and agent.
//! * [`world`] is what an operation is carried out on; [`executor`] carries it out and observes,
//!   with the same code for a machine and for the model.
//! * [`live`] is the world of a real machine.
//! * [`sim`] (feature `sim`) is the world of the model.
//! * [`workload`] is what workloads hold; [`occupant`] is the process that does so under memory pressure.
//! * [`instruments`] are for tests of programs: somebody who asks a socket, somebody who waits for an attribute.
//! * [`serve`] is the conversation, [`init`] what must be done first when the agent is the only
//!   program on the machine.
mod channel;
mod during;
pub mod executor;
pub mod init;
pub mod instruments;
mod kernel_text;
pub mod live;
mod memory;
mod observe;
pub mod occupant;
pub mod protocol;
mod refusal;
pub mod serve;
#[cfg(feature = "sim")]
pub mod sim;
mod together;
pub mod workload;
pub mod world;

pub use executor::execute;
#[cfg(feature = "sim")]
pub use sim::SimWorld;
pub use world::{Seen, Trouble, World};
