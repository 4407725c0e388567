//! The socket by which the daemon is asked what it does, and told what to do.
//!
//! One request a line, one answer a line, both JSON, so that a shell with `socat` is a client, too ([`protocol`]). Everybody may ask: what is answered can
//! be read in sysfs by everybody as well. Only root may change something; the kernel says who is at the other end.
//!
//! The daemon has one thread and sleeps in one `poll`. So the server is a state machine that is told what is ready and never waits: it has its
//! descriptors listed ([`Server::descriptors`]), and is given what became of them. Whatever somebody at the other end does, or does not do, costs a bounded amount of
//! memory and no time of the daemon's.
//!
//! * [`protocol`] is what is said, [`status`] and [`decided`] are the long answers.
//! * `socket` is the file: made with care, and removed by nobody but its owner.
//! * `server` serves, a `connection` each client; [`client`] asks.

pub mod client;
mod connection;
pub mod decided;
pub mod protocol;
mod server;
mod socket;
pub mod status;

use std::time::Duration;

pub use decided::Decided;
pub use server::{Dialect, Server};
pub use socket::{Socket, Taken};
pub use status::Status;

/// What is controlled: the daemon.
pub trait Controlled {
    /// How things are.
    fn status(&mut self) -> Status;

    /// Does nothing any more for so long. `None`: until it is told to go on.
    fn pause(&mut self, time: Option<Duration>);

    /// Goes on.
    fn resume(&mut self);

    /// Decides now, and does it at once unless this is dry. Answers with what was done and refused, or would be.
    ///
    /// # Errors
    /// A sentence about why it cannot be done now.
    fn run_now(&mut self, dry: bool) -> Result<Vec<Decided>, String>;

    /// The last decisions, no more than so many, the latest last.
    fn why(&mut self, most: usize) -> Vec<Decided>;
}
