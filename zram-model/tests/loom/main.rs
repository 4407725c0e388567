//! The locks of zsmalloc and the protocols over them, in every interleaving.
//!
//! ```text
//! RUSTFLAGS="--cfg loom" cargo test -p zram-model --test loom --release --target-dir target/loom
//! ```
//!
//! Every scenario runs with both zspage locks, the one that was posted and the one that was merged, and those with a free in
//! them by both protocols. A scenario holds if no interleaving breaks an assertion, deadlocks, or leaves the pool
//! inconsistent. [`faults`] breaks one rule at a time, and loom must find out.
//!
//! The number of preemptions is not bounded: all interleavings are explored, as far as loom's memory model goes (a load may
//! return any store that it may see; `SeqCst` is treated as `AcqRel`). `-- --nocapture` prints how many there were. What is
//! bounded are the scenarios: two or three tasks, one operation each.
#![cfg(loom)]
#![expect(clippy::unwrap_used, reason = "a test may end at what it did not expect")]

mod exclusion;
mod faults;
mod frees;
mod readers;
mod stage;
