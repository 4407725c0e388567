//! Starts everything that is not `cargo build`.
fn main() {}
