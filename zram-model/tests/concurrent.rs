//! The locks and the protocols over them with real threads: what loom explores step by step in two tasks, run in earnest by
//! more of them.
//!
//! ```text
//! cargo test -p zram-model --features concurrent --test concurrent
//! ```
//!
//! A thread owns some handles and reads, writes, frees and allocates them, always knowing what they must hold, while others
//! compact and migrate. Nothing is timed: every thread does a fixed number of operations.
#![cfg(not(loom))]
#![expect(clippy::unwrap_used, reason = "a test may end at what it did not expect")]

use std::thread;

use zram_model::lock::{
    protocol::{Bug, FreeProtocol, Handle, Migration, Miniature},
    task::Task,
    zspage_lock::{AtomicLock, CountedLock, ZspageLock},
};

const OWNERS: usize = 3;
const HANDLES_EACH: usize = 8;
const FRAMES: usize = 32;
const ROUNDS: u64 = 20_000;

/// A small generator of numbers (xorshift), so that every thread does something else in every round.
fn next(state: &mut u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state
}

fn own<L: ZspageLock>(pool: &Miniature<L>, owner: usize) -> Result<Vec<(Handle, u64)>, Bug> {
    let task = Task::new();
    let mut held: Vec<Option<u64>> = vec![None; HANDLES_EACH];
    let mut state = 0x9e37_79b9 + owner as u64;
    for round in 0..ROUNDS {
        let random = next(&mut state);
        let slot = (random >> 8) as usize % HANDLES_EACH;
        let handle = Handle(owner * HANDLES_EACH + slot);
        let value = round << 8 | owner as u64;
        match (held[slot], random % 4) {
            (None, _) => {
                let class = (random >> 16) as usize % 2;
                if pool.malloc(&task, handle, class, value)? {
                    held[slot] = Some(value);
                }
            }
            (Some(_), 0) => {
                pool.free(&task, handle)?;
                held[slot] = None;
            }
            (Some(_), 1) => {
                pool.write(&task, handle, value)?;
                held[slot] = Some(value);
            }
            (Some(expected), _) => {
                let reading = pool.read_begin(&task, handle)?;
                assert_eq!(reading.load(), expected);
                task.may_sleep()?;
                thread::yield_now();
                assert_eq!(reading.load(), expected);
                reading.end()?;
            }
        }
    }
    task.end()?;
    let alive = held
        .iter()
        .enumerate()
        .filter_map(|(slot, value)| value.map(|value| (Handle(owner * HANDLES_EACH + slot), value)));
    Ok(alive.collect())
}

fn run<L: ZspageLock>(protocol: FreeProtocol) {
    let pool = Miniature::<L>::new(2, FRAMES, OWNERS * HANDLES_EACH, protocol, None);
    let (alive, moved) = thread::scope(|scope| {
        let owners: Vec<_> = (0..OWNERS)
            .map(|owner| {
                scope.spawn({
                    let pool = &pool;
                    move || own(pool, owner)
                })
            })
            .collect();
        let mover = scope.spawn(|| {
            let task = Task::new();
            let mut moved = 0;
            for round in 0..ROUNDS / 4 {
                moved += pool.compact(&task, round as usize % 2)?.moved;
                let migration = pool.migrate(&task, round as usize % FRAMES)?;
                moved += usize::from(matches!(migration, Migration::Moved(_)));
                pool.free_deferred(&task)?;
            }
            task.end()?;
            Ok::<_, Bug>(moved)
        });
        let alive: Vec<_> = owners.into_iter().flat_map(|owner| owner.join().unwrap().unwrap()).collect();
        (alive, mover.join().unwrap().unwrap())
    });
    assert!(moved > 0, "nothing moved");
    let task = Task::new();
    pool.free_deferred(&task).unwrap();
    pool.audit(&task, &alive).unwrap();
}

#[test]
fn objects_keep_their_values_while_everything_moves() {
    for protocol in [FreeProtocol::PoolLock, FreeProtocol::ClassInWord] {
        run::<CountedLock>(protocol);
        run::<AtomicLock>(protocol);
    }
}
