//! How our programs meet people: one look, one manner of saying what went wrong, one way of documenting themselves.
//!
//! Nothing here knows of zram. Whoever has learnt one of the programs knows the others, since they have these in common:
//!
//! * [`program`] is a program from its command line to its exit status, and [`command_line`] how arguments become what is asked for.
//! * [`layout`] is what stands below the options of a help.
//! * [`color`] is when there is colour, [`style`] what it means.
//! * [`output`] is standard output; [`aside`] is what is said beside it.
//! * [`escape`] is for what must not reach a terminal as it is.
//! * [`about`] is what a program says about itself to a shell, and [`man`] to `man`.

#![deny(clippy::print_stderr, clippy::print_stdout)]

pub mod about;
pub mod aside;
pub mod color;
pub mod command_line;
pub mod escape;
pub mod layout;
pub mod man;
pub mod output;
pub mod program;
pub mod style;

pub use color::{Color, Output};
pub use program::Program;
