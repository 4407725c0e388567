//! The order that was seen, as the model asks for it.

use std::collections::{BTreeMap, VecDeque};

use zram_agent::protocol::{Boundary, Deed, WorkerDone};
use zram_events::{Event, RawRecord};
use zram_host::{Ahead, Turn};
use zram_model::{Next, slot_flags};

use crate::observed::{Observed, Origin};

/// Whose step comes next.
#[derive(Clone, Debug)]
pub(crate) struct Witness {
    /// Places in the observed stream of each worker's events that the model has not emitted yet.
    queues: Vec<VecDeque<usize>>,
    /// Places in the order in which the model emitted their events.
    order: Vec<usize>,
    /// Who takes a step at the moment.
    current: usize,
    /// When each call of each worker began and ended.
    calls: Vec<Vec<Boundary>>,
    /// When each event was recorded, if the clocks agree.
    times: Vec<u64>,
    /// Where each slot was freed, with the flags that it had.
    frees: BTreeMap<u32, Vec<(usize, u32)>>,
    /// Flags and time of each slot, afterwards.
    rows: BTreeMap<u32, (u32, u32)>,
}

impl Witness {
    /// The witness of an operation on this device.
    pub(crate) fn new(dev: u32, (workers, done): (&[Vec<Deed>], &[WorkerDone]), observed: &Observed) -> Self {
        let mut queues = vec![VecDeque::new(); workers.len()];
        for (at, Origin { tid, .. }) in observed.origins.iter().enumerate() {
            if let Some(worker) = done.iter().position(|worker| worker.thread == *tid) {
                queues[worker].push_back(at);
            }
        }
        let mut frees = BTreeMap::<_, Vec<_>>::new();
        for (at, event) in observed.events.iter().flatten().enumerate() {
            if let Event::SlotFree { slot, flags, .. } = event {
                frees.entry(slot.0).or_default().push((at, *flags));
            }
        }
        let view = observed.observation.devices.get(&dev);
        let rows = view.and_then(|view| view.slots.as_ref()).into_iter().flatten();
        let clocks = |done: &WorkerDone| done.deeds.iter().map(|done| done.clock).collect();
        Self {
            queues,
            order: Vec::new(),
            current: 0,
            calls: done.iter().map(clocks).collect(),
            times: times(observed.replay.as_ref().map_or(&[], |replay| &replay.records), done),
            frees,
            rows: rows.map(|row| (row.slot, (row.flags, row.time))).collect(),
        }
    }

    /// The observed event that the next one of whoever takes a step should equal.
    pub(crate) fn next(&self) -> Option<usize> {
        self.queues.get(self.current)?.front().copied()
    }

    /// The model emitted an event.
    pub(crate) fn emitted(&mut self) {
        if let Some(at) = self.queues.get_mut(self.current).and_then(VecDeque::pop_front) {
            self.order.push(at);
        }
    }

    /// The observed events in the order of the model's steps; what the model did not emit comes last.
    pub(crate) fn order(&self, count: usize) -> Vec<usize> {
        let mut taken = vec![false; count];
        for at in &self.order {
            if let Some(taken) = taken.get_mut(*at) {
                *taken = true;
            }
        }
        self.order.iter().copied().chain((0..count).filter(|at| !taken[*at])).collect()
    }

    /// Who takes the next step.
    pub(crate) fn turn(&mut self, ahead: &[Option<Ahead>], events: &[Event]) -> Turn {
        let at = self.queues.iter().filter_map(|queue| queue.front()).min().copied();
        let seen = at.and_then(|at| self.queues.iter().position(|queue| queue.front() == Some(&at)));
        let silent = (0..ahead.len()).find(|task| {
            let Some(ahead) = &ahead[*task] else { return false };
            self.comes_now(*task, ahead, at)
        });
        let ready = || ahead.iter().position(Option::is_some);
        let task = match (silent, seen) {
            (Some(task), _) => task,
            (None, Some(task)) if ahead.get(task).is_some_and(Option::is_some) => task,
            // Events that no call of the worker accounts for: they stay over, and differ.
            (None, Some(task)) => {
                self.queues[task].clear();
                ready().unwrap_or(0)
            }
            (None, None) => ready().unwrap_or(0),
        };
        self.current = task;
        let new_zspage =
            self.next().is_some_and(|at| matches!(events.get(at), Some(Event::ZspageCreate { .. })));
        Turn { task, new_zspage }
    }

    /// Whether a step without an event is taken before the event at this place of the stream.
    fn comes_now(&self, task: usize, ahead: &Ahead, at: Option<usize>) -> bool {
        match ahead {
            Ahead::Nothing => true,
            Ahead::Attribute(name) => name != "compact",
            Ahead::Step { call, next: Next::Access(slot) } => {
                self.is_over((task, *call), at) || !self.is_accessed_late(task, slot.0, at)
            }
            Ahead::Step { .. } | Ahead::Whole(_) => false,
        }
    }

    /// The next look at a slot's idle mark: where it is freed, or in the end.
    fn next_look(&self, slot: u32, at: Option<usize>) -> (Option<usize>, bool) {
        let frees = self.frees.get(&slot).into_iter().flatten();
        let next = at.and_then(|at| frees.copied().find(|(free, _)| *free >= at));
        let flags = next.map_or_else(|| self.row(slot).0, |(_, flags)| flags);
        (next.map(|(at, _)| at), flags & slot_flags::IDLE != 0)
    }

    fn row(&self, slot: u32) -> (u32, u32) {
        self.rows.get(&slot).copied().unwrap_or_default()
    }

    /// Whether a task marks its access as late as it can.
    ///
    /// An access clears the idle mark. Where the next look finds none, nothing is lost by being late, and where it finds one,
    /// nothing by being early. An access also sets the time, which freeing the slot forgets: a slot that is
    /// empty in the end has one if an access came after it was freed for the last time.
    fn is_accessed_late(&self, task: usize, slot: u32, at: Option<usize>) -> bool {
        let (look, idle) = self.next_look(slot, at);
        let (flags, time) = self.row(slot);
        let empty = flags & (slot_flags::SAME | slot_flags::WB | (slot_flags::SAME - 1)) == 0;
        let last = self.frees.get(&slot).and_then(|frees| frees.last()).map(|(at, _)| *at);
        match (empty, time) {
            (true, 0) if look.is_some() && look == last => !idle && at != last,
            (true, 0) => look.is_some() && !idle,
            (true, _) if look == last => {
                !idle || look < self.queues.get(task).and_then(|queue| queue.front()).copied()
            }
            _ => !idle,
        }
    }

    /// Whether a call had ended before the event at this place of the stream.
    fn is_over(&self, (task, call): (usize, usize), at: Option<usize>) -> bool {
        let clock = self.calls.get(task).and_then(|calls| calls.get(call));
        let now = at.and_then(|at| self.times.get(at));
        now.zip(clock).is_some_and(|(now, clock)| *now > clock.after)
    }
}

/// When each record was written, by the clock of the calls. Nothing if the two clocks do not agree, which is so when the machine
/// has slept since it booted: records have no time that goes on then.
fn times(records: &[RawRecord], done: &[WorkerDone]) -> Vec<u64> {
    let within = |record: &RawRecord| {
        done.iter().filter(|worker| worker.thread == record.tid).all(|worker| {
            let (first, last) = (worker.deeds.first(), worker.deeds.last());
            first.is_some_and(|first| first.clock.before <= record.time_ns)
                && last.is_some_and(|last| record.time_ns <= last.clock.after)
        })
    };
    if records.iter().all(within) {
        records.iter().map(|record| record.time_ns).collect()
    } else {
        Vec::new()
    }
}
