//! The zspage lock by itself: readers together, a writer alone, and what the one wrote the others see.

use std::sync::Arc;

use loom::sync::atomic::{AtomicU64, Ordering};
use zram_model::lock::zspage_lock::{CountedLock, ZspageLock};

use crate::stage::{Tally, both_locks, explore, thread};

struct Guarded<L> {
    lock: L,
    halves: [AtomicU64; 2],
}

impl<L: ZspageLock> Guarded<L> {
    fn new() -> Arc<Self> {
        Arc::new(Self { lock: L::default(), halves: [AtomicU64::new(0), AtomicU64::new(0)] })
    }

    fn read(&self) {
        self.lock.read_lock();
        let [first, second] = self.halves.each_ref().map(|half| half.load(Ordering::Relaxed));
        self.lock.read_unlock();
        assert_eq!(first, second);
    }

    /// Counts both halves up, if nobody is there.
    fn write(&self) -> bool {
        let writing = self.lock.try_write();
        if writing.is_some() {
            for half in &self.halves {
                half.store(half.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
            }
        }
        writing.is_some()
    }
}

fn a_reader_and_two_writers<L: ZspageLock + 'static>() {
    let tally = Tally::default();
    let counted = tally.clone();
    explore(move || {
        let guarded = Guarded::<L>::new();
        let [reader, writer] = [(); 2].map(|()| Arc::clone(&guarded));
        let reader = thread::spawn(move || reader.read());
        let writer = thread::spawn(move || writer.write());
        let mine = guarded.write();
        counted.count(mine);
        reader.join().unwrap();
        let theirs = writer.join().unwrap();
        let writing = guarded.lock.try_write();
        assert!(writing.is_some(), "everyone is gone");
        let written = guarded.halves[0].load(Ordering::Relaxed);
        assert_eq!(written, u64::from(mine) + u64::from(theirs));
        drop(writing);
    });
    tally.assert_both();
}

#[test]
fn a_writer_is_alone_and_readers_see_what_it_did() {
    both_locks!(a_reader_and_two_writers);
}

/// Not for the posted lock: two tasks that spin may take turns forever while the third never runs, which loom would have to
/// explore. That no writer gets in is the first scenario's matter.
#[test]
fn readers_are_together() {
    let tally = Tally::default();
    let counted = tally.clone();
    explore(move || {
        let guarded = Guarded::<CountedLock>::new();
        let readers: Vec<_> = (0..2)
            .map(|_| {
                let guarded = Arc::clone(&guarded);
                thread::spawn(move || guarded.read())
            })
            .collect();
        counted.count(guarded.write());
        for reader in readers {
            reader.join().unwrap();
        }
        assert!(guarded.lock.try_write().is_some(), "everyone is gone");
    });
    tally.assert_both();
}
