//! The protocols over the locks, on a pool in miniature.
//!
//! What can go wrong between a reader, a free and a move does not depend on how many objects there are or what is in them. So
//! this pool has zspages of one page with two objects of one word each, and nothing else is left out: handles that lead to an
//! object word, pages that know their zspage, zspages that know their class, a page allocator that hands out again at once
//! what it gets back, and the kernel's functions in the kernel's order of locks. With loom every interleaving of a scenario is
//! explored, relaxed memory included; with the standard library's locks it runs under load.
//!
//! Contents, object words and back pointers are atomics that are read and written *relaxed*: nothing but the locks makes one
//! task see what another did, so a lock too few shows as a stale value. A page that is given back is overwritten at once, as
//! its next owner would.
//!
//! [`FreeProtocol`] is how `zs_free` gets from a handle to its class: up to 7.2 and from 7.3. [`Fault`] breaks a rule, one at
//! a time; `tests/loom/faults.rs` shows that each leads to a counterexample.

mod allocate;
mod audit;
mod compact;
mod fault;
mod frame;
mod free;
mod map;
mod migrate;
mod object_word;
mod worker;

use thiserror::Error;

pub use compact::Compaction;
pub use fault::Fault;
pub use frame::OBJECTS;
pub use map::Reading;
pub use migrate::Migration;

use super::{
    class_lock::ClassLock,
    order::{How, Level, Lock, Mode, Violation},
    pool_lock::PoolLock,
    sync::{AtomicBool, AtomicU64, Mutex, Ordering, lock},
    task::Task,
    zspage_lock::ZspageLock,
};
use frame::Frame;
use object_word::ObjectWord;

/// How `zs_free` gets from a handle to the class whose lock it needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FreeProtocol {
    /// Up to 7.2: under the pool lock, which is let go of once the class lock is held.
    PoolLock,
    /// From 7.3 (9909b088b1f0, 59e88952a827): the class stands in the object word and never changes, so the word is read
    /// without a lock, the class locked, and the word read again, for the page may have changed meanwhile. The pages are
    /// given back after the class lock is (7ef28e8b8142).
    ClassInWord,
}

/// A handle, by number. Who uses which is the caller's affair, as are the uses of a handle that was freed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Handle(pub usize);

/// What must never happen.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum Bug {
    /// The task broke a rule of the locks.
    #[error(transparent)]
    Rule(#[from] Violation),
    /// A handle leads to a page that belongs to no zspage (`get_zspage` finds no magic).
    #[error("page {0} belongs to no zspage")]
    NoZspage(usize),
    /// A handle that should lead somewhere does not.
    #[error("handle {0} leads nowhere")]
    NoObject(usize),
    /// The object at a place is not the one that the handle was thought to lead to.
    #[error("object {index} of page {frame} is not that of handle {handle}")]
    WrongObject {
        /// The handle.
        handle: usize,
        /// The page.
        frame: usize,
        /// The object in the page.
        index: usize,
    },
    /// A zspage was to be given back while its page was not locked (`VM_BUG_ON_PAGE` in `__free_zspage`).
    #[error("page {0} is given back and not locked")]
    PageNotLocked(usize),
    /// A zspage was used that has been given back.
    #[error("zspage {0} was given back")]
    DeadZspage(usize),
    /// The pool has no such class.
    #[error("there is no class {0}")]
    NoClass(usize),
    /// At rest, the parts of the pool do not agree.
    #[error("the pool is inconsistent: {0}")]
    Inconsistent(String),
}

/// A zspage, as far as it is not guarded by its class's lock.
#[derive(Debug)]
struct Zspage<L> {
    lock: L,
    /// Its class; does not change while it lives.
    class: AtomicU64,
    /// Its page; migration changes it under the write lock.
    frame: AtomicU64,
    /// Whether it is allocated.
    live: AtomicBool,
}

/// A zspage in its class's list: which object belongs to whom.
#[derive(Clone, Debug)]
struct Listed {
    zspage: usize,
    used: [Option<usize>; OBJECTS],
}

impl Listed {
    fn inuse(&self) -> usize {
        self.used.iter().flatten().count()
    }
}

/// What a class lock guards.
#[derive(Debug, Default)]
struct ClassState {
    zspages: Vec<Listed>,
}

/// The pool in miniature.
#[derive(Debug)]
pub struct Miniature<L> {
    protocol: FreeProtocol,
    fault: Option<Fault>,
    lock: PoolLock,
    classes: Vec<ClassLock<ClassState>>,
    zspages: Vec<Zspage<L>>,
    spare_zspages: Mutex<Vec<usize>>,
    frames: Vec<Frame>,
    spare_frames: Mutex<Vec<usize>>,
    handles: Vec<AtomicU64>,
}

impl<L: ZspageLock> Miniature<L> {
    /// An empty pool of so many classes, pages and handles, which keeps all rules, or all but one.
    #[must_use]
    pub fn new(
        classes: usize,
        frames: usize,
        handles: usize,
        protocol: FreeProtocol,
        fault: Option<Fault>,
    ) -> Self {
        let zspage = |_| Zspage {
            lock: L::default(),
            class: AtomicU64::new(0),
            frame: AtomicU64::new(0),
            live: AtomicBool::new(false),
        };
        Self {
            protocol,
            fault,
            lock: PoolLock::default(),
            classes: (0..classes).map(|id| ClassLock::new(id as u64, ClassState::default())).collect(),
            zspages: (0..frames).map(zspage).collect(),
            spare_zspages: Mutex::new((0..frames).rev().collect()),
            frames: (0..frames).map(Frame::new).collect(),
            spare_frames: Mutex::new((0..frames).rev().collect()),
            handles: (0..handles).map(|_| AtomicU64::new(0)).collect(),
        }
    }

    /// The page that holds a handle's object now; for whoever wants to migrate it.
    ///
    /// # Errors
    /// [`Bug::NoObject`].
    pub fn frame_of(&self, handle: Handle) -> Result<usize, Bug> {
        Ok(self.word(handle)?.frame)
    }

    fn broken(&self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }

    /// `handle_to_obj`
    fn word(&self, handle: Handle) -> Result<ObjectWord, Bug> {
        let word = self.handles.get(handle.0).map_or(0, |word| word.load(Ordering::Relaxed));
        ObjectWord::decode(word).ok_or(Bug::NoObject(handle.0))
    }

    /// `record_obj`
    fn record(&self, handle: usize, word: ObjectWord) {
        if let Some(at) = self.handles.get(handle) {
            at.store(word.encode(), Ordering::Relaxed);
        }
    }

    /// `get_zspage`
    fn zspage_of(&self, frame: usize) -> Result<usize, Bug> {
        let zspage = self.frames[frame].owner().ok_or(Bug::NoZspage(frame))?;
        if self.zspages[zspage].live.load(Ordering::Relaxed) {
            Ok(zspage)
        } else {
            Err(Bug::DeadZspage(zspage))
        }
    }

    /// A class that a caller names.
    fn class(&self, number: usize) -> Result<&ClassLock<ClassState>, Bug> {
        self.classes.get(number).ok_or(Bug::NoClass(number))
    }

    /// `zspage_class`
    fn class_of(&self, zspage: usize) -> usize {
        self.zspages[zspage].class.load(Ordering::Relaxed) as usize
    }

    fn frame_of_zspage(&self, zspage: usize) -> usize {
        self.zspages[zspage].frame.load(Ordering::Relaxed) as usize
    }

    /// `zspage_read_lock`
    fn read_lock(&self, task: &Task, zspage: usize) -> Result<(), Bug> {
        let this = Lock::new(Level::Zspage, zspage as u64);
        task.may_take(this, Mode::Read, How::Wait)?;
        self.zspages[zspage].lock.read_lock();
        task.took(this, Mode::Read);
        Ok(())
    }

    /// `zspage_read_unlock`
    fn read_unlock(&self, task: &Task, zspage: usize) -> Result<(), Bug> {
        task.released(Lock::new(Level::Zspage, zspage as u64), Mode::Read)?;
        self.zspages[zspage].lock.read_unlock();
        Ok(())
    }

    /// A page from the page allocator: the one given back last.
    fn take_frame(&self) -> Option<usize> {
        lock(&self.spare_frames).pop()
    }

    fn give_frame(&self, frame: usize) {
        lock(&self.spare_frames).push(frame);
    }
}
