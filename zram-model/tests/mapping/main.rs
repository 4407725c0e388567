//! The interfaces through which objects are read and written, old and new.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on may stop")]

mod properties;
mod synthetic;
mod traps;
mod ways;
