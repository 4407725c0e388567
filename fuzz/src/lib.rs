//! Looks for inputs that make the model or the simulator panic, hang or lose count.
//!
//! Fuzzers that watch which code an input reaches need a nightly compiler. This one runs wherever the
//! project builds, and watches something else: what the *target says*. An input that gets an answer nobody got
//! before (this attribute refused with that errno in such a state, these two events next to each
//! other) is kept, and further inputs are made of those kept. For a model whose branches all end in an answer or
//! an event that comes near to coverage of its code.
//!
//! * [`fuzzer`]: the loop; [`mutate`]: how inputs are changed;
//! * [`attributes`]: text written to every attribute in every state; [`operations`]: files of
//!   operations, through the parser and the executor of `zram-verify simulate`.
//!
//! Arithmetic is checked in development builds only, so that is how to run it:
//! `cargo run -p zram-fuzz -- attributes --minutes 10`.

pub mod attributes;
pub mod fuzzer;
pub mod mutate;
pub mod operations;
