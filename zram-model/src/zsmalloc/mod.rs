//! zsmalloc: where an object of a given size goes.
//!
//! The allocator packs objects of similar size into *zspages*: chains of a few pages that need not
//! be contiguous, cut into equal objects. Sizes are rounded up to one of 255 nominal *classes* of 16
//! bytes' step, and neighbouring classes that would cut their zspages into equally many objects are
//! merged. A zspage sits in the list of its *fullness group*; new objects go to the fullest zspage
//! that has room, so that the emptiest ones run dry and can be given back.
//!
//! All of that is decided by sizes and by the order of calls alone, so it can be predicted exactly:
//! * [`class_table`]: sizes, chains and merging;
//! * [`fullness`]: groups and their lists, newest first;
//! * [`zspage`]: objects and the free list threaded through them;
//! * [`handle`]: the indirection through which compaction can move an object;
//! * [`pool`]: what a pool consists of; [`alloc`]: allocation and release; [`object`]: reading and writing;
//! * [`deferred`]: giving zspages back, at once or by a worker;
//! * [`compaction`]: moving objects out of the emptiest zspages; [`shrinker`]: who else starts it;
//! * [`migration`]: moving a zspage's pages; [`classes_file`]: the statistics as text;
//! * [`storage`]: where the objects are: in pages of bytes, or nowhere;
//! * [`mapping`]: how a user gets at its bytes;
//! * [`lock`]: who may do so while others look.

pub(crate) mod alloc;
pub(crate) mod class;
pub(crate) mod class_table;
mod classes_file;
mod compaction;
mod deferred;
mod fullness;
pub(crate) mod handle;
pub mod lock;
pub mod mapping;
mod migration;
pub(crate) mod object;
pub(crate) mod pool;
#[cfg(test)]
mod properties;
mod shrinker;
pub(crate) mod storage;
mod zspage;

pub(crate) use class_table::ClassTable;
pub(crate) use handle::Handle;
pub(crate) use pool::Pool;
