//! Where tasks meet in zsmalloc and one of them gives way.
//!
//! The model runs one call at a time, so nobody is ever in its way. In the kernel somebody may be, and at
//! these places the code does not wait but does something else, which can be seen.

use zram_events::{PoolLife, ZspageLife};

/// A place where zsmalloc meets another task and does not wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Contention {
    /// `free_zspage` finds a page of the zspage locked, by a migration: the zspage is left to a worker.
    Page {
        /// The empty zspage.
        zspage: ZspageLife,
        /// Which of its pages.
        page: u32,
    },
    /// `zs_compact` finds another compaction of the pool under way, and leaves it at that.
    Compaction {
        /// The pool.
        pool: PoolLife,
    },
    /// `__zs_compact` finds the source's lock taken, by a reader: it goes on with the next class.
    Source {
        /// The source.
        zspage: ZspageLife,
    },
    /// `__zs_compact` sees others wait for the pool's lock (`rwlock_is_contended`): it puts its destination back and
    /// lets them in.
    Pool {
        /// The pool.
        pool: PoolLife,
    },
    /// `zs_page_migrate` finds the zspage's lock taken, by a reader: `EBUSY`.
    Reader {
        /// The zspage.
        zspage: ZspageLife,
    },
}
