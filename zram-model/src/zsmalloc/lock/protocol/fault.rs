//! Rules of the protocol that can be got wrong.

/// One rule, broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A reader takes the zspage lock after it has let go of the pool lock: in between, the zspage may go.
    ReadLockAfterPoolLock,
    /// Migration and compaction do not ask whether the zspage has readers.
    MovesUnderReaders,
    /// Migration and compaction wait for the readers instead of giving up.
    WriterWaits,
    /// Migration takes the class lock first, then the pool lock.
    ClassBeforePool,
    /// `zs_free` waits for the page lock of a zspage that ran empty instead of leaving it to the worker.
    FreeWaitsForPage,
    /// `zs_free` of 7.3 does not read the object word again under the class lock.
    NoSecondLook,
    /// `zs_free` of 7.3 asks the page for the class, as 7.2 does, but without the pool lock.
    ClassThroughPage,
    /// The worker waits for a page that it looked up without the zspage lock, and so may lock one that is no longer the
    /// zspage's.
    WorkerIgnoresMigration,
}
