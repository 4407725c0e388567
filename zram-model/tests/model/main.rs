//! The model through its public interface.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on may stop")]

mod attributes;
mod facts;
mod history;
mod memory;
mod mutations;
mod page_size;
mod properties;
mod segments;
mod steps;
mod storages;
mod world;
