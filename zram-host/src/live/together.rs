//! Several threads, each on a processor of its own as far as there are so many.
//!
//! A system call on zram takes some microseconds, and waking a thread takes as long. So nobody is woken: each thread says that it is
//! there and looks until all are. Threads that share a processor give it away while they look.

use std::{
    path::{Path, PathBuf},
    sync::atomic::{AtomicUsize, Ordering},
    thread::{Builder, yield_now},
};

use nix::{
    errno::Errno,
    sched::{CpuSet, sched_setaffinity},
    unistd::{Pid, SysconfVar, gettid, sysconf},
};

use super::{attribute, block, clock::boot_time};
use crate::{
    meanwhile::Io,
    together::{Act, Acted, TaskEnded},
};

/// A call, with the path of what it is about.
enum Call<'a> {
    Io(Io<'a>),
    Set(Result<PathBuf, Errno>, &'a [u8]),
}

/// Does everything, each list in a thread of its own.
pub(super) fn run<'a>(
    attribute: impl Fn(&str) -> Result<PathBuf, Errno>,
    node: &Path,
    tasks: Vec<Vec<Act<'a>>>,
) -> Vec<TaskEnded> {
    let processors = sysconf(SysconfVar::_NPROCESSORS_ONLN).ok().flatten().map_or(1, |n| n.max(1) as usize);
    let (count, there) = (tasks.len(), AtomicUsize::new(0));
    let calls = |acts: Vec<Act<'a>>| -> Vec<Call<'a>> {
        let call = |act| match act {
            Act::Io(io) => Call::Io(io),
            Act::Set { name, text } => Call::Set(attribute(name), text),
        };
        acts.into_iter().map(call).collect()
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = tasks
            .into_iter()
            .enumerate()
            .map(|(n, acts)| {
                let (calls, there) = (calls(acts), &there);
                let wanted = calls.len();
                let thread = Builder::new().spawn_scoped(scope, move || {
                    stay_on(n % processors);
                    there.fetch_add(1, Ordering::AcqRel);
                    while there.load(Ordering::Acquire) < count {
                        if count > processors {
                            yield_now();
                        }
                    }
                    let acts = calls.into_iter().map(|call| one(node, call)).collect();
                    TaskEnded { thread: gettid().as_raw().unsigned_abs(), acts }
                });
                if thread.is_err() {
                    // The others must not look for it for ever.
                    there.fetch_add(1, Ordering::AcqRel);
                }
                (thread, wanted)
            })
            .collect();
        let ended = threads.into_iter().map(|(thread, wanted)| {
            let failed = |errno| TaskEnded { thread: 0, acts: vec![nothing(errno); wanted] };
            match thread {
                Ok(thread) => thread.join().unwrap_or_else(|_| failed(Errno::EIO)),
                Err(error) => failed(super::tree::errno(&error)),
            }
        });
        ended.collect()
    })
}

fn nothing(errno: Errno) -> Acted {
    Acted { result: Err(errno), before: 0, after: 0 }
}

fn one(node: &Path, call: Call<'_>) -> Acted {
    let before = boot_time();
    let result = match call {
        Call::Io(Io::Read { at, buffer }) => block::read_direct(node, at, buffer),
        Call::Io(Io::Write { at, buffer }) => block::write_direct(node, at, buffer),
        Call::Io(Io::Discard { at, bytes }) => block::discard(node, at, bytes).map(|()| 0),
        Call::Set(path, text) => path.and_then(|path| attribute::write(&path, text)),
    };
    Acted { result, before, after: boot_time() }
}

/// The thread stays on one processor. Where that is refused, it runs where it likes, which is as good for what it finds.
fn stay_on(processor: usize) {
    let mut set = CpuSet::new();
    if set.set(processor).is_ok() && sched_setaffinity(Pid::from_raw(0), &set).is_err() {
        yield_now();
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn each_does_its_part_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("idle");
        fs::write(&file, "").unwrap();
        let set = || vec![Act::Set { name: "idle", text: b"all" }, Act::Io(Io::Discard { at: 0, bytes: 1 })];
        let ended = run(|_| Ok(file.clone()), &folder.path().join("nowhere"), vec![set(), set(), set()]);
        assert_eq!(ended.len(), 3);
        for task in &ended {
            let results: Vec<_> = task.acts.iter().map(|act| act.result).collect();
            assert_eq!(results, [Ok(3), Err(Errno::ENOENT)]);
            assert!(task.acts[0].after <= task.acts[1].before && task.thread != 0);
        }
    }
}
