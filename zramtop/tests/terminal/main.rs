//! The program in a real terminal: it is started in tmux, driven by keys, and leaves the terminal as it found it.
//!
//! Where there is no tmux these tests say so and do nothing: what a screen shows is tested without one, too.
#![expect(clippy::unwrap_used, reason = "a terminal that cannot be had is a failed test")]

mod ends;
mod tmux;
mod walk;
