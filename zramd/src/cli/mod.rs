//! What can be asked for on the command line.

pub mod simulate;
