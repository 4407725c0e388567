//! Recompression: slots get a second, slower try (`recompress_store`, `CONFIG_ZRAM_MULTI_COMP`).
//!
//! A device can have up to four algorithms. What is written goes through the first, the *primary* one;
//! the others are for later, when somebody asks. A [`command`] says which slots, with which algorithm,
//! and what the result must be worth; a [`pass`] works them off, by the same buckets as writeback.
//!
//! Three things are not as one would think, and tools have been wrong about each:
//! * Only one algorithm is tried per command, the one at priority 1 if nothing is said; older kernels then tried all of them
//!   ([`Recompression`](crate::behaviours::Recompression)).
//! * `threshold` is a floor for what is tried and a ceiling for what is kept: an object that became
//!   smaller, but not smaller than that, is thrown away, and counts as incompressible.
//! * Neither `mem_limit` nor the peak of `mem_used_max` is looked at. The new object is allocated
//!   while the old one is still there, so memory can grow beyond both.
//!
//! The new object replaces the old one by way of `slot_free`. So the slot looks never accessed
//! afterwards, and loses HUGE, IDLE and its selection with the object.

mod command;
mod pass;
