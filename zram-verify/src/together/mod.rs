//! Several tasks at once: which order the kernel served them in.
//!
//! A concurrent operation has many possible outcomes, and agrees with the model if one of the orders in which its steps
//! can have been taken leads there (linearisability). Where the probes see enough, that order need not be searched for. A step
//! begins with the event that the first function under its lock reports ([`zram_model::Interleaving`]), records are
//! numbered in one order for all processors, and each names its thread. So whose record is the next one, takes the next step, and the
//! model follows a *witness*: an order that was seen. All that follows from it is then compared as exactly as ever, down to the place
//! of each object, event by event: each task's own events must come in the model's order, and the first
//! event of each step in the order of the steps. The rest of a step's events may lie between those of others (`zs_malloc` returns
//! after the lock is given back), so that the observed records are put into the order of the steps before they are decoded.
//!
//! One kind of step leaves no event, and the state afterwards tells when it was taken: marking an access. It has room between the
//! events before and after it, and between the clock's readings around its call. Within that,
//! the row of the slot says whether late or early is the better guess, and the better guess is never the
//! wrong one ([`Witness`]).

mod witness;

use zram_agent::protocol::{Data, Deed, Op, WorkerDone};
use zram_events::{Event, Kind};

use crate::observed::Observed;

pub(crate) use witness::Witness;

/// Events that a step begins with: without one of them, nobody knows when it was taken.
pub(crate) const NEEDED: &[Kind] = &[
    Kind::Bio,
    Kind::Compress,
    Kind::PageChain,
    Kind::ObjMalloc,
    Kind::ObjWrite,
    Kind::SlotFree,
    Kind::ObjFree,
    Kind::ReadFromPool,
    Kind::ReadBegin,
];

/// What the workers did and what came of it, if the operation is one of several tasks.
pub(crate) fn of<'a>(op: &'a Op, observed: &'a Observed) -> Option<(&'a [Vec<Deed>], &'a [WorkerDone])> {
    match (op, &observed.observation.data) {
        (Op::Together { workers, .. }, Some(Data::Together(done))) => Some((workers, done)),
        _ => None,
    }
}

/// Why there is no witness, if there is none.
pub(crate) fn no_witness(observed: &Observed, observes: impl Fn(Kind) -> bool) -> Option<String> {
    if let Some(reason) = &observed.unseen {
        return Some(reason.clone());
    }
    if let Some(kind) = NEEDED.iter().find(|kind| !observes(**kind)) {
        return Some(format!("no probe sees {kind:?}, so that the order of the steps is not known"));
    }
    if observed.external > 0 {
        return Some("a page was migrated while several tasks were at work".to_owned());
    }
    compaction_among_others(observed)
}

/// A compaction goes class by class, and lets others in between.
fn compaction_among_others(observed: &Observed) -> Option<String> {
    let events = observed.events.as_deref().unwrap_or_default();
    let begin = events.iter().position(|event| matches!(event, Event::CompactBegin { .. }))?;
    let end = events.iter().rposition(|event| matches!(event, Event::CompactEnd { .. }))?;
    let tid = observed.origins.get(begin)?.tid;
    let others = observed.origins.get(begin..=end)?.iter().any(|origin| origin.tid != tid);
    others.then(|| "other tasks were at work while a compaction went from class to class".to_owned())
}
