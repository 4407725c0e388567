//! Two threads on one processor.
//!
//! What the I/O is to meet is a pass that *sleeps*, waiting for its backing device. So the I/O waits
//! for that as well as for its time, or for the pass to be over, whichever comes first. It then runs
//! at a real-time priority: a pass that wakes up meanwhile must not come between two steps of one
//! bio, or an order of events would arise that says nothing about zram and much about the scheduler.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::atomic::{AtomicI32, Ordering},
    thread::{Builder, sleep},
    time::Duration,
};

use nix::{errno::Errno, libc, unistd::gettid};

use super::{attribute, block};
use crate::meanwhile::{Ended, Errand, Io};

/// How often to look whether the other thread sleeps.
const GLANCE: Duration = Duration::from_millis(1);

/// Writes the attribute in a thread of its own, and does the I/O in this one.
pub(super) fn run(
    attribute: Result<PathBuf, Errno>,
    node: &Path,
    errand: Errand<'_>,
    io: Vec<Io<'_>>,
) -> Ended {
    let thread = AtomicI32::new(0);
    std::thread::scope(|scope| {
        let other = Builder::new().spawn_scoped(scope, || {
            thread.store(gettid().as_raw(), Ordering::Release);
            attribute::write(&attribute?, errand.text)
        });
        let other = match other {
            Ok(other) => other,
            Err(error) => {
                let errno = super::tree::errno(&error);
                return Ended { errand: Err(errno), io: io.iter().map(|_| Err(errno)).collect() };
            }
        };
        sleep(errand.head_start);
        while !other.is_finished() && !waits_for_a_device(thread.load(Ordering::Acquire)) {
            sleep(GLANCE);
        }
        let undisturbed = Undisturbed::begin();
        let io = io.into_iter().map(|io| one(node, io)).collect();
        drop(undisturbed);
        Ended { errand: other.join().unwrap_or(Err(Errno::EIO)), io }
    })
}

fn one(node: &Path, io: Io<'_>) -> Result<usize, Errno> {
    match io {
        Io::Read { at, buffer } => block::read_direct(node, at, buffer),
        Io::Write { at, buffer } => block::write_direct(node, at, buffer),
        Io::Discard { at, bytes } => block::discard(node, at, bytes).map(|()| 0),
    }
}

/// Whether a thread of this process sleeps uninterruptibly, as in `wait_event`.
fn waits_for_a_device(thread: i32) -> bool {
    let stat = fs::read_to_string(format!("/proc/self/task/{thread}/stat")).unwrap_or_default();
    state(&stat) == Some('D')
}

/// The letter behind the name, which may itself contain parentheses.
fn state(stat: &str) -> Option<char> {
    stat.rsplit_once(") ").and_then(|(_, rest)| rest.chars().next())
}

/// A time in which no ordinary thread takes this one's processor. Where that is not granted, the
/// I/O is only more likely to be interrupted.
struct Undisturbed {
    granted: bool,
}

impl Undisturbed {
    fn begin() -> Self {
        Self { granted: schedule(libc::SCHED_FIFO, 1) }
    }
}

impl Drop for Undisturbed {
    fn drop(&mut self) {
        if self.granted {
            schedule(libc::SCHED_OTHER, 0);
        }
    }
}

fn schedule(policy: libc::c_int, priority: libc::c_int) -> bool {
    let parameters = libc::sched_param { sched_priority: priority };
    // SAFETY: the kernel reads the parameters during the call; 0 is the calling thread.
    unsafe { libc::sched_setscheduler(0, policy, &parameters) == 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_state_stands_behind_any_name() {
        assert_eq!(state("17 (a) S (b) D 1 17"), Some('D'));
        assert_eq!(state("17 (agent) R 1 17"), Some('R'));
        assert_eq!(state(""), None);
    }

    #[test]
    fn both_threads_do_their_part_on_files() {
        let folder = tempfile::tempdir().unwrap();
        let attribute = folder.path().join("writeback");
        fs::write(&attribute, "").unwrap();
        let errand = Errand { name: "writeback", text: b"page_index=1", head_start: Duration::ZERO };
        let io = vec![Io::Discard { at: 0, bytes: 4096 }];
        let ended = run(Ok(attribute.clone()), &folder.path().join("nowhere"), errand, io);
        assert_eq!(ended, Ended { errand: Ok(12), io: vec![Err(Errno::ENOENT)] });
        assert_eq!(fs::read(&attribute).unwrap(), b"page_index=1");
    }
}
