//! The daemon on a simulated machine.

mod budget;
mod crashes;
mod faults;
mod machine;
mod rounds;
