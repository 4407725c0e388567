//! What the screen shows, on the model and on tables made up.
#![expect(clippy::unwrap_used, reason = "a screen that cannot be had is a failed test")]

mod about;
mod fixtures;
mod keys;
mod pictures;
mod reports;
mod snapshots;
