//! What all scenarios share: tasks on a pool in miniature, and the outcome of exploring them.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use zram_model::lock::{
    protocol::{Bug, Fault, FreeProtocol, Handle, Miniature},
    task::Task,
    zspage_lock::ZspageLock,
};

pub(crate) use loom::thread;

/// Both ways of `zs_free`.
pub(crate) const PROTOCOLS: [FreeProtocol; 2] = [FreeProtocol::PoolLock, FreeProtocol::ClassInWord];

/// What a scenario runs on, and how well it behaves.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    pub(crate) protocol: FreeProtocol,
    pub(crate) fault: Option<Fault>,
}

impl Rules {
    pub(crate) fn kept(protocol: FreeProtocol) -> Self {
        Self { protocol, fault: None }
    }

    pub(crate) fn broken(protocol: FreeProtocol, fault: Fault) -> Self {
        Self { protocol, fault: Some(fault) }
    }

    /// A pool with one class.
    pub(crate) fn pool<L: ZspageLock>(self, frames: usize, handles: usize) -> Arc<Miniature<L>> {
        Arc::new(Miniature::new(1, frames, handles, self.protocol, self.fault))
    }

    /// A task that is watched unless rules are broken: the ledger would find some faults before loom can.
    pub(crate) fn task(self) -> Task {
        if self.fault.is_some() { Task::lawless() } else { Task::new() }
    }

    /// Starts a task.
    pub(crate) fn spawn<L: ZspageLock + 'static>(
        self,
        pool: &Arc<Miniature<L>>,
        body: impl FnOnce(&Miniature<L>, &Task) -> Result<(), Bug> + 'static,
    ) -> thread::JoinHandle<()> {
        let pool = Arc::clone(pool);
        thread::spawn(move || self.run(&pool, body))
    }

    /// Runs a task here.
    pub(crate) fn run<L: ZspageLock>(
        self,
        pool: &Miniature<L>,
        body: impl FnOnce(&Miniature<L>, &Task) -> Result<(), Bug>,
    ) {
        let task = self.task();
        let outcome = body(pool, &task);
        assert_eq!(outcome.map_err(|bug| bug.to_string()), Ok(()));
        assert_eq!(task.end(), Ok(()));
    }
}

/// The value of a handle's object.
pub(crate) fn value(handle: usize) -> u64 {
    100 + handle as u64
}

/// Handles with the values they were allocated with.
pub(crate) fn alive(handles: &[usize]) -> Vec<(Handle, u64)> {
    handles.iter().map(|handle| (Handle(*handle), value(*handle))).collect()
}

/// A pool whose first zspage holds handles 0 and 1, the second 2 and 3, and so on, without those named.
pub(crate) fn filled<L: ZspageLock>(
    rules: Rules,
    frames: usize,
    handles: usize,
    without: &[usize],
) -> Arc<Miniature<L>> {
    let pool = rules.pool::<L>(frames, handles);
    rules.run(&pool, |pool, task| {
        for handle in 0..handles {
            assert!(pool.malloc(task, Handle(handle), 0, value(handle))?);
        }
        without.iter().try_for_each(|handle| pool.free(task, Handle(*handle)))
    });
    pool
}

/// Explores every interleaving, and says how many there were.
pub(crate) fn explore(scenario: impl Fn() + Sync + Send + 'static) -> usize {
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    loom::model(move || {
        counted.fetch_add(1, Ordering::Relaxed);
        scenario();
    });
    let count = count.load(Ordering::Relaxed);
    println!("{count} interleavings");
    assert!(count > 1, "one interleaving is none");
    count
}

/// Explores until something goes wrong, which it must, and says what.
pub(crate) fn refused(scenario: impl Fn() + Sync + Send + 'static) -> String {
    let outcome = catch_unwind(AssertUnwindSafe(|| explore(scenario)));
    let Err(payload) = outcome else { panic!("loom found nothing wrong with a broken protocol") };
    let text = payload.downcast_ref::<String>().cloned();
    text.or_else(|| payload.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default()
}

/// Counts outcomes over all interleavings: a scenario in which the interesting one never comes up proves nothing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally(Arc<[AtomicUsize; 2]>);

impl Tally {
    pub(crate) fn count(&self, which: bool) {
        self.0[usize::from(which)].fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn assert_both(&self) {
        let [no, yes] = [0, 1].map(|which| self.0[which].load(Ordering::Relaxed));
        assert!(no > 0 && yes > 0, "one outcome never came up: {no} and {yes}");
    }
}

/// A processor: whoever does not run on it does not run.
#[derive(Default)]
pub(crate) struct Processor(loom::sync::Mutex<()>);

/// A task on the processor, until it sleeps or ends.
pub(crate) struct Running<'a>(Option<loom::sync::MutexGuard<'a, ()>>);

impl Processor {
    pub(crate) fn run(&self) -> Running<'_> {
        Running(self.0.lock().ok())
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        // After a panic loom is no longer there to be asked for anything.
        if std::thread::panicking() {
            std::mem::forget(self.0.take());
        }
    }
}

/// Runs a scenario for both zspage locks.
macro_rules! both_locks {
    ($scenario:ident $(, $argument:expr)*) => {
        $scenario::<zram_model::lock::zspage_lock::CountedLock>($($argument),*);
        $scenario::<zram_model::lock::zspage_lock::AtomicLock>($($argument),*);
    };
}
pub(crate) use both_locks;
