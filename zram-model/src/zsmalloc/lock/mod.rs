//! The locks of zsmalloc, with the kernel's rules.
//!
//! An object may be moved at any time, by compaction into another zspage or by page migration into another page. Four locks
//! stand between a user of an object and its moving, taken in this order:
//!
//! | lock | kind | what it guards |
//! |---|---|---|
//! | page lock | sleeping | the page's belonging to its zspage; held by whoever migrates it or frees it |
//! | pool lock | rwlock | the way from a handle to its zspage; written by migration and compaction |
//! | class lock | spinlock | lists, free objects and counters of one size class |
//! | zspage lock | of its own kind | the pages of one zspage staying where they are |
//!
//! A reader takes the zspage lock while it holds the pool lock for reading, and then lets go of the pool lock: from there on
//! the pages stay, and everyone else's objects may move. The series "preemptible object mapping" is about this last lock. It
//! used to be a rwlock, which made everything between map and unmap atomic, decompression included. In the new one readers
//! may sleep; in return a writer never waits for readers but tries, and gives up, and whoever holds it for writing is atomic,
//! so that readers can spin for it. Migration then answers `EBUSY` and compaction stops with that class.
//!
//! The rules are written down once, in [`order`], as a ledger of what one task holds. It serves twice:
//! * the sequential model keeps one per call and asserts in debug builds that it does nothing that lockdep would
//!   complain of (`ledger`);
//! * with the feature `concurrent` there are real locks (`zspage_lock`, `pool_lock`, `class_lock`, `page_lock`)
//!   whose users carry a ledger too (`task`), and a pool in miniature that runs the kernel's protocols over them
//!   (`protocol`). Built with `--cfg loom`, every interleaving of it is explored: `tests/loom/`.
//!
//! The default features contain no lock, no atomic and no thread.

#[cfg(any(feature = "concurrent", loom))]
pub mod class_lock;
mod ledger;
pub mod order;
#[cfg(any(feature = "concurrent", loom))]
pub mod page_lock;
#[cfg(any(feature = "concurrent", loom))]
pub mod pool_lock;
#[cfg(any(feature = "concurrent", loom))]
pub mod protocol;
#[cfg(any(feature = "concurrent", loom))]
mod sync;
#[cfg(any(feature = "concurrent", loom))]
pub mod task;
#[cfg(any(feature = "concurrent", loom))]
pub mod zspage_lock;

pub(crate) use ledger::Ledger;
pub use order::{Held, How, Level, Lock, Mode, Violation};
