//! An answer, taken apart into what is compared.

use std::{collections::BTreeMap, fmt};

use thiserror::Error;
use zram_agent::protocol::{Boundary, Bytes, Data, Observation, Op, Text, WorkerDone};
use zram_events::{Context, DecodeError, Decoder, Event, RawRecord, raw::RECORD_BYTES};

use crate::{pages::Pages, within_page};

/// An observation whose records are decoded and whose pages are set apart.
#[derive(Clone, Debug, PartialEq)]
pub struct Observed {
    /// The rest of it.
    pub observation: Observation,
    /// What happened inside, external stimuli taken out. `None`: nobody looked.
    pub events: Option<Vec<Event>>,
    /// Why nobody can say what happened inside, although somebody looked; then `events` is empty.
    pub unseen: Option<String>,
    /// Of several tasks: what the events were decoded from, so that it can be done in another order.
    pub replay: Option<Replay>,
    /// Beside each event who caused it. Empty where there are no records.
    pub origins: Vec<Origin>,
    /// Events that the operation did not cause and that change nothing a model could know of: page migration.
    pub external: usize,
    /// Memory of a read or of a write that changed it.
    pub memory: Option<Pages>,
    /// Blocks of the backing device.
    pub blocks: Option<Pages>,
}

/// Where a record was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin {
    /// In what context.
    pub context: Context,
    /// On which thread; for an interrupt, that which it came upon.
    pub tid: u32,
    /// What the slot held, where one was freed: its handle word, whatever that means.
    pub word: u64,
}

/// Records, and the decoder as it was before them.
#[derive(Clone, Debug)]
pub struct Replay {
    /// The records, in the order of their numbers.
    pub records: Vec<RawRecord>,
    decoder: Decoder,
}

/// A decoder is the same if it was given the same records.
impl PartialEq for Replay {
    fn eq(&self, other: &Self) -> bool {
        self.records == other.records
    }
}

impl Replay {
    /// Decodes the records in this order; a decoder that goes on from there.
    ///
    /// # Errors
    /// When they make no sense so.
    pub fn in_order(&self, order: &[usize]) -> Result<(Vec<Event>, Decoder), DecodeError> {
        let mut decoder = self.decoder.clone();
        let numbers = self.records.iter().map(|record| record.seq);
        let records = order.iter().filter_map(|at| self.records.get(*at)).zip(numbers);
        let events: Result<_, _> =
            records.map(|(record, seq)| decoder.decode(&RawRecord { seq, ..*record })).collect();
        events.map(|events| (events, decoder))
    }
}

/// Why an answer cannot be used. None of these is a verdict on the kernel.
#[derive(Debug, Error)]
pub enum Unusable {
    /// The stream of records has a gap or makes no sense.
    #[error("the probes' records cannot be decoded: {0}")]
    Decode(#[from] DecodeError),
    /// A record cut off.
    #[error("the records are {0} bytes long, which is not a whole number of records")]
    Cut(usize),
    /// Memory pressure changed the pool behind the operation's back.
    #[error("{0} ran in the kernel: the machine is short of memory, or something else works on it")]
    Disturbed(&'static str),
}

/// Takes the memory out of what came of several calls: one after the other.
#[must_use]
pub fn memory_of<'a>(calls: impl Iterator<Item = &'a mut Option<Bytes>>) -> Option<Pages> {
    let memory: Vec<u8> = calls.filter_map(Option::take).flat_map(|bytes| bytes.0).collect();
    (!memory.is_empty()).then_some(Pages::Bytes(memory))
}

/// The memory of every call of several workers.
pub(crate) fn memories(workers: &mut [WorkerDone]) -> impl Iterator<Item = &mut Option<Bytes>> {
    workers.iter_mut().flat_map(|worker| &mut worker.deeds).map(|done| &mut done.memory)
}

impl Observed {
    /// Takes an observation apart. The decoder is restarted at each `begin`.
    ///
    /// # Errors
    /// When the records cannot be trusted.
    pub fn new(op: &Op, observation: Observation, decoder: &mut Decoder) -> Result<Self, Unusable> {
        Self::of(op, observation, Some(decoder))
    }

    /// The same of an answer whose records do not tell everything, so that they cannot be decoded.
    ///
    /// # Errors
    /// None: nothing is decoded.
    pub fn unseen(op: &Op, observation: Observation, why: &str) -> Result<Self, Unusable> {
        Ok(Self { unseen: Some(why.to_owned()), ..Self::of(op, observation, None)? })
    }

    fn of(op: &Op, mut observation: Observation, decoder: Option<&mut Decoder>) -> Result<Self, Unusable> {
        let mut replay = None;
        let (events, mut origins) = match (observation.records.take(), observation.events.take(), decoder) {
            (Some(records), _, Some(decoder)) => {
                if matches!(op, Op::Begin(_)) {
                    *decoder = Decoder::new();
                }
                if matches!(op, Op::Together { .. }) {
                    replay = Some(Replay { records: raw(&records), decoder: decoder.clone() });
                }
                let (events, origins) = decode(&records, decoder)?;
                (Some(events), origins)
            }
            (Some(_), _, None) => (Some(Vec::new()), Vec::new()),
            (None, events, _) => (events, Vec::new()),
        };
        let (mut external, mut kept) = (0, events);
        if let Some(events) = &mut kept {
            for event in events.iter() {
                match event {
                    Event::ShrinkerScan => return Err(Unusable::Disturbed("zram's shrinker")),
                    Event::DeferredFree => return Err(Unusable::Disturbed("the deferred free of zspages")),
                    _ => {}
                }
            }
            external = take_out_migrations(events, &mut origins);
            if !matches!(op, Op::Together { .. }) && op.work().is_none() {
                within_page::move_behind(events, &mut origins);
            }
        }
        let (mut memory, mut blocks) = (None, None);
        observation.data = match observation.data.take() {
            Some(Data::Memory(bytes)) => {
                memory = Some(Pages::Bytes(bytes.0));
                None
            }
            Some(Data::Blocks(bytes)) => {
                blocks = Some(Pages::Bytes(bytes.0));
                None
            }
            Some(Data::Bios(mut bios)) => {
                memory = memory_of(bios.iter_mut().map(|bio| &mut bio.memory));
                Some(Data::Bios(bios))
            }
            Some(Data::Together(mut workers)) => {
                memory = memory_of(memories(&mut workers));
                Some(Data::Together(workers))
            }
            other => other,
        };
        let replay = replay.filter(|_| external == 0);
        Ok(Self { observation, events: kept, unseen: None, replay, origins, external, memory, blocks })
    }

    /// Puts the events of several tasks into this order.
    pub(crate) fn reorder(&mut self, order: &[usize]) {
        let Some((events, _)) = self.replay.as_ref().and_then(|replay| replay.in_order(order).ok()) else {
            return;
        };
        self.events = Some(events);
        self.origins = order.iter().filter_map(|at| self.origins.get(*at).copied()).collect();
    }

    /// Access times of slots as shown afterwards, by device and slot: from the slot table, or from
    /// `block_state` where there is no snapshot.
    #[must_use]
    pub fn access_times(&self) -> BTreeMap<(u32, u32), Time> {
        let mut times = BTreeMap::new();
        for (dev, view) in &self.observation.devices {
            if let Some(rows) = &view.slots {
                times.extend(rows.iter().map(|row| {
                    let time = Time { seconds: row.time, nanoseconds: row.nanoseconds };
                    ((*dev, row.slot), time)
                }));
            } else if let Some(Text::Read(text)) = &view.block_state {
                times.extend(text.lines().filter_map(state_line).map(|(slot, time)| ((*dev, slot), time)));
            }
        }
        times
    }
}

/// Takes out page migrations: `zs_page_migrate`, and the rebuilding of a zspage that it ends. A
/// zspage rebuilt for no such reason stays, and differs. How many events that were.
fn take_out_migrations(events: &mut Vec<Event>, origins: &mut Vec<Origin>) -> usize {
    let all = events.len();
    let mut ends_migration = false;
    let mut kept = vec![true; all];
    for (kept, event) in kept.iter_mut().zip(events.iter()).rev() {
        match event {
            Event::PageMigrate { .. } => (ends_migration, *kept) = (true, false),
            Event::ZspageRechain { .. } if ends_migration => (ends_migration, *kept) = (false, false),
            _ => {}
        }
    }
    let (mut of_events, mut of_origins) = (kept.iter(), kept.iter());
    events.retain(|_| of_events.next().is_some_and(|kept| *kept));
    origins.retain(|_| of_origins.next().is_some_and(|kept| *kept));
    all - events.len()
}

/// When a slot was accessed, since boot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Time {
    /// Whole seconds.
    pub seconds: u32,
    /// What is beyond them, on kernels that keep it.
    pub nanoseconds: u32,
}

impl Time {
    /// From nanoseconds.
    #[must_use]
    pub fn of(nanoseconds: u64) -> Self {
        Self { seconds: (nanoseconds / SECOND_NS) as u32, nanoseconds: (nanoseconds % SECOND_NS) as u32 }
    }

    /// In nanoseconds.
    #[must_use]
    pub fn whole(self) -> u64 {
        u64::from(self.seconds) * SECOND_NS + u64::from(self.nanoseconds)
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:09}", self.seconds, self.nanoseconds)
    }
}

/// Slot and time of access of a line of `block_state`, which has microseconds.
fn state_line(line: &str) -> Option<(u32, Time)> {
    let mut words = line.split_whitespace();
    let slot = words.next()?.parse().ok()?;
    let (seconds, micros) = words.next()?.split_once('.')?;
    let micros: u32 = micros.parse().ok()?;
    Some((slot, Time { seconds: seconds.parse().ok()?, nanoseconds: micros.checked_mul(1000)? }))
}

/// Where a record of `slot_free` has the slot's handle word ([`zram_events::Kind::SlotFree`]).
const HANDLE_WORD: usize = 3;

fn raw(records: &Bytes) -> Vec<RawRecord> {
    records.0.as_chunks::<RECORD_BYTES>().0.iter().map(RawRecord::from_bytes).collect()
}

fn decode(records: &Bytes, decoder: &mut Decoder) -> Result<(Vec<Event>, Vec<Origin>), Unusable> {
    let (records, rest) = records.0.as_chunks::<RECORD_BYTES>();
    if !rest.is_empty() {
        return Err(Unusable::Cut(records.len() * RECORD_BYTES + rest.len()));
    }
    let mut origins = Vec::with_capacity(records.len());
    let mut events = Vec::with_capacity(records.len());
    for bytes in records {
        let record = RawRecord::from_bytes(bytes);
        let event = decoder.decode(&record)?;
        let word = if matches!(event, Event::SlotFree { .. }) { record.args[HANDLE_WORD] } else { 0 };
        events.push(event);
        origins.push(Origin { context: Context::of(&record), tid: record.tid, word });
    }
    Ok((events, origins))
}

/// How far the kernel's coarse clock lagged behind the fine one at the most, where the agent did not look: one tick at
/// 100 Hz. Where the processor that keeps the time is late it lags more; so the agent looks.
const TICK_NS: u64 = 10_000_000;
/// Nanoseconds of a second.
pub(crate) const SECOND_NS: u64 = 1_000_000_000;

/// The seconds that the kernel's clock can have shown during an operation, first and last.
#[must_use]
pub fn seconds(clock: Boundary) -> (u32, u32) {
    // The kernel cuts the second to 32 bits, too.
    let second = |ns: u64| (ns / SECOND_NS) as u32;
    let first = clock.tick.unwrap_or_else(|| clock.before.saturating_sub(TICK_NS));
    (second(first), second(clock.after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_block_state_is_read() {
        assert_eq!(
            state_line("          17           42.000000 .w...."),
            Some((17, Time { seconds: 42, nanoseconds: 0 }))
        );
        let fine = state_line("           0         1000.123456 ......");
        assert_eq!(fine, Some((0, Time::of(1_000_123_456_000))));
        assert_eq!(state_line(""), None);
    }

    #[test]
    fn only_migrations_are_taken_out() {
        let rechain = Event::ZspageRechain { zspage: zram_events::ZspageLife(1) };
        let migrate = Event::PageMigrate { result: 0 };
        let mut events = vec![rechain, migrate, Event::Compress { result: 0, len: 9 }, migrate];
        let mut origins: Vec<_> = (0..4).map(|tid| Origin { context: Context::Task, tid, word: 0 }).collect();
        assert_eq!(take_out_migrations(&mut events, &mut origins), 3);
        assert_eq!((events.len(), origins.len(), origins[0].tid), (1, 1, 2));
        let mut events = vec![migrate, rechain];
        assert_eq!(take_out_migrations(&mut events, &mut Vec::new()), 1);
        assert_eq!(events, [rechain]);
    }

    #[test]
    fn the_coarse_clock_may_lag() {
        let unseen = |before, after| seconds(Boundary { before, after, tick: None });
        assert_eq!(unseen(5_005_000_000, 5_900_000_000), (4, 5));
        assert_eq!(unseen(5_015_000_000, 6_000_000_000), (5, 6));
        let seen = |tick| seconds(Boundary { before: 5_015_000_000, after: 5_900_000_000, tick: Some(tick) });
        assert_eq!(seen(4_999_999_999), (4, 5));
        assert_eq!(seen(5_000_000_000), (5, 5));
    }
}
