//! What drives a machine's zram, seen from the machine.
//!
//! A driver sleeps until something wakes it, does what it thinks right, and says when it wants to be woken at the latest. The daemon is one; the
//! policies that it is compared with are others. So a simulated machine needs to know nothing of any of them.

use std::time::Duration;

use zram_host::Machine;

/// Why a driver is woken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Occasion {
    /// The machine has just begun to be driven.
    Start,
    /// The time that it asked for has come.
    Time,
    /// Tasks wait for memory: a trigger of `/proc/pressure/memory`.
    MemoryPressure,
    /// Somebody asked for it.
    Asked,
}

/// Something that drives zram.
pub trait Driver {
    /// Does what it thinks right now. Answers with how long it may be left alone if nothing happens; `None`: for ever.
    ///
    /// Time may pass within ([`Machine::pause`]).
    fn wake(&mut self, machine: &mut dyn Machine, occasion: Occasion) -> Option<Duration>;
}
