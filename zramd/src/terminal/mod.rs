//! How what is printed looks, and what must not reach a terminal.
//!
//! It looks as `zramctl-rs` does: few styles with one meaning each, beside a word or a number that says the same; whether there is colour is decided
//! once, by the stream that is written to.

pub mod aside;
pub mod escape;
mod output;
pub mod style;

pub(crate) use output::StandardOutput;
pub use output::columns;
