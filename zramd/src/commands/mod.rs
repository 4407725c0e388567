//! What the commands do.

pub mod simulate;
