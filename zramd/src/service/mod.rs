//! What makes a good service of the daemon: how it stands to whoever started it, and to the machine.
//!
//! * [`notify`] tells systemd that it is ready, that it reloads, that it still lives.
//! * [`journal`] is its log, [`faults`] keeps that short: what is wrong is said once.
//! * [`signals`] are those that it heeds, as a descriptor to wait for.
//! * [`memory`] keeps it in memory when there is little, and alive.
//! * [`whereabouts`] is whether there is anything that it could do here.

pub mod faults;
pub mod journal;
pub mod memory;
pub mod notify;
pub mod signals;
pub mod whereabouts;
