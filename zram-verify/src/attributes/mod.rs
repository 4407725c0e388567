//! A fixed table of attribute writes, good and bad, and what a kernel says to each.
//!
//! Generated runs try what a generator thought of, in states that it happened to reach. An interface of text has
//! corners that need to be gone through one by one: a sign, a suffix, a second newline, a key that nobody knows, the same
//! words before and after the device has a size. `rows` lists them; [`state`] says in which states a device is when
//! they are written; [`play()`] writes them, on a machine or on the model, and [`record`] keeps what came of it as a text
//! that people read and that is compared byte for byte.
//!
//! Every case starts on a fresh device, so that one surprise does not make a hundred. No probes are needed, so any
//! kernel will do.

pub mod play;
pub mod record;
mod rows;
mod spell;
pub mod state;

pub use play::{Machine, Played, play};
pub use record::{RecordError, Recorded, differences, render};
pub use rows::table;
