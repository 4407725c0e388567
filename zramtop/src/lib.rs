//! `zramtop`: see the slots.

#![deny(clippy::print_stderr, clippy::print_stdout)]

pub mod map;
pub mod sample;
pub mod source;
