//! The model through its public interface.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on may stop")]

mod attributes;
mod beginnings;
mod control;
mod exits;
mod explore;
mod facts;
mod faults;
mod history;
mod interleaving;
mod invariants;
mod memory;
mod mutations;
mod page_size;
mod properties;
mod quiescence;
mod recompression;
mod script;
mod segments;
mod steps;
mod storages;
mod world;
