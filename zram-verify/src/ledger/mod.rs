//! The model's inputs, taken from what was observed.
//!
//! The model computes what follows from the kernel's source; what does not follow is an input, and
//! every input taken from an observation is a claim given away. So each kind is listed here, counted
//! in the report, and held as tight as it can be: a compressed length must be the one the exact codec
//! gives, a second must lie between the clocks around the operation, an order of completion must be
//! one that the model holds possible.

mod inputs;
mod worker;

use std::{
    collections::{BTreeMap, VecDeque},
    ops::RangeInclusive,
};

use zram_agent::protocol::{Boundary, DeviceView, Observation, Outcome, Text};
use zram_codecs::Codecs;
use zram_events::{BioOp, Context, DeviceId, Event, Kind};
use zram_host::{Ahead, Disk, Followed, Following, Simulated, Surroundings, Turn};
use zram_model::{
    Allocation, BackingOp, BackingRequest, Behaviours, Bio, BioStatus, BlockContent, ClockUse, Codec,
    Completion, Environment, Errno, PageBytes, Step,
};
use zram_probe::Coverage;

pub use inputs::{BackingAnswer, CodecLength, ImpossibleTime, Inputs};

use crate::{
    compare::events::is_seen,
    dictionary,
    follow::Follower,
    observed::{Observed, Origin, SECOND_NS, Time, seconds},
    pages::{PAGE, Pages},
    together::Witness,
};

/// The environment of a model that runs beside a kernel.
#[derive(Clone, Debug)]
pub struct Ledger {
    coverage: Coverage,
    /// Counted over the whole run.
    pub inputs: Inputs,
    /// What the model emitted in this operation.
    pub emitted: Vec<Event>,
    /// Lengths taken in this operation.
    pub lengths: Vec<CodecLength>,
    /// How the backing device was seen to answer in this operation, and what it is made to answer.
    pub answers: Vec<BackingAnswer>,
    /// Seconds compared in this operation with the clocks around it.
    pub seconds_checked: u64,
    /// Those that cannot be.
    pub impossible: Vec<ImpossibleTime>,
    /// Pages of the operation's memory that the model cannot fill.
    pub undetermined: Vec<usize>,
    /// What is known of a workload beside its events.
    pub(crate) follower: Follower,
    /// Of several tasks: who was seen to go on.
    pub(crate) witness: Option<Witness>,
    /// Peaks of `mem_used_max` taken in this operation.
    pub(crate) peaks: u64,
    used_max: BTreeMap<u32, u64>,
    /// The buffer of an operation that is one call.
    memory: Option<Pages>,
    observed: Vec<Event>,
    origins: Vec<Origin>,
    cursor: usize,
    compressions: VecDeque<(i32, u32)>,
    codecs: Codecs,
    /// Whether a dictionary was read that is not ours.
    strange_dictionary: bool,
    times: BTreeMap<(u32, u32), Time>,
    clock: Boundary,
    idle_now: u64,
    /// The backing device, as the program asked for it.
    disk: Disk,
    /// Whether the operation ended well.
    accepted: bool,
}

impl Ledger {
    /// An empty ledger; the coverage says which events can be looked for.
    #[must_use]
    pub fn new(coverage: Coverage, behaviours: &Behaviours) -> Self {
        let guesses: &[&str] = if behaviours.zstd_is_older { &["zstd"] } else { &[] };
        Self {
            coverage,
            inputs: Inputs::default(),
            emitted: Vec::new(),
            lengths: Vec::new(),
            answers: Vec::new(),
            seconds_checked: 0,
            impossible: Vec::new(),
            undetermined: Vec::new(),
            follower: Follower::default(),
            witness: None,
            peaks: 0,
            used_max: BTreeMap::new(),
            memory: None,
            observed: Vec::new(),
            origins: Vec::new(),
            cursor: 0,
            compressions: VecDeque::new(),
            codecs: Codecs::new().guessing(guesses),
            strange_dictionary: false,
            times: BTreeMap::new(),
            clock: Boundary::default(),
            idle_now: 0,
            disk: Disk::default(),
            accepted: false,
        }
    }

    /// Compressors that know the dictionary that devices have, if there is one to be known.
    #[must_use]
    pub fn codecs(&self) -> Codecs {
        self.codecs.clone()
    }

    /// Opens the page for one operation. `idle_now` is the moment from which an age counts, in nanoseconds since boot.
    pub fn open(&mut self, observed: &Observed, idle_now: u64) {
        self.emitted.clear();
        self.lengths.clear();
        self.answers.clear();
        self.seconds_checked = 0;
        self.impossible.clear();
        self.undetermined.clear();
        self.observed = observed.events.clone().unwrap_or_default();
        self.origins.clone_from(&observed.origins);
        self.follower = Follower::new(observed);
        self.witness = None;
        self.peaks = 0;
        self.used_max = used_max(&observed.observation);
        self.memory = observed.memory.clone().filter(|_| observed.observation.data.is_none());
        self.cursor = 0;
        self.compressions = self
            .observed
            .iter()
            .filter_map(|event| match event {
                Event::Compress { result, len } => Some((*result, *len)),
                _ => None,
            })
            .collect();
        self.times = observed.access_times();
        self.clock = observed.observation.clock;
        self.idle_now = idle_now;
        self.accepted = matches!(observed.observation.outcome, Outcome::Ok(_));
        self.inputs.migrations += observed.external as u64;
    }

    /// The observed event that the model's next one should equal.
    fn next(&self) -> Option<&Event> {
        self.observed.get(self.place()?)
    }

    /// Where the next event stands among those observed.
    fn place(&self) -> Option<usize> {
        match &self.witness {
            Some(witness) => witness.next(),
            None => Some(self.cursor),
        }
    }

    /// In which context the next event came. None where that is not known.
    fn next_context(&self) -> Option<Context> {
        self.origins.get(self.place()?).map(|origin| origin.context)
    }

    fn is_next(&self, step: &Step) -> bool {
        match (step, self.next()) {
            (Step::WritebackEndio { slot, block }, Some(Event::WritebackEndio { slot: s, block: b, .. }))
            | (Step::ReadBackEndio { slot, block }, Some(Event::ReadBackEndio { slot: s, block: b, .. }))
            | (Step::ReadBackWork { slot, block }, Some(Event::ReadBackWork { slot: s, block: b, .. })) => {
                slot == s && block == b
            }
            (Step::ReadBackDecompress { slot, block }, Some(Event::Decompress { .. })) => {
                let item = self.place().and_then(|place| worker::item(&self.observed, &self.origins, place));
                item.is_none_or(|(s, b)| *slot == s && *block == b)
            }
            _ => false,
        }
    }

    fn status_of(&mut self, request: BackingRequest) -> Option<u8> {
        let status = match (request.op, self.next()) {
            (BackingOp::Write, Some(Event::WritebackEndio { slot, block, status }))
            | (BackingOp::Read, Some(Event::ReadBackEndio { slot, block, status }))
                if *slot == request.slot && *block == request.block =>
            {
                *status
            }
            _ => return None,
        };
        if status != 0 {
            self.inputs.backing_errors += 1;
        }
        self.answers.push(BackingAnswer { request, predicted: self.disk.status(request), observed: status });
        Some(status)
    }
}

impl Environment for Ledger {
    fn emit(&mut self, event: Event) {
        if is_seen(&self.coverage, &event) {
            self.cursor += 1;
            if let Some(witness) = &mut self.witness {
                witness.emitted();
            }
        }
        if matches!(event, Event::Compress { .. }) {
            self.compressions.pop_front();
        }
        self.emitted.push(event);
    }

    fn compress(&mut self, codec: Codec, page: &PageBytes) -> Result<u32, Errno> {
        let exact = self.codecs.compress_exactly(codec, page);
        let predicted = exact.and_then(|bytes| u32::try_from(bytes.len()).ok());
        let Some((result, len)) = self.compressions.front().copied() else {
            // Not observed: the sequence of events will say so, if it should have been.
            return Ok(predicted.unwrap_or(page.len() as u32));
        };
        self.inputs.compressed_lengths += 1;
        if result != 0 {
            return Err(Errno::EINVAL);
        }
        self.lengths.push(CodecLength { algorithm: codec.to_string(), predicted, observed: len });
        Ok(len)
    }

    fn submitter(&self) -> Context {
        if self.follower.by_worker { Context::Worker } else { Context::Task }
    }

    /// Of a page that was followed without its bytes nothing is known but this.
    fn compress_again(&mut self, _codec: Codec, was: u32) -> Result<u32, Errno> {
        let Some((result, len)) = self.compressions.front().copied() else { return Ok(was) };
        self.inputs.compressed_lengths += 1;
        if result == 0 { Ok(len) } else { Err(Errno::EINVAL) }
    }

    fn boot_seconds(&mut self, asked: ClockUse) -> u32 {
        let possible = seconds(self.clock);
        match asked {
            ClockUse::Idle { .. } => {
                self.inputs.idle_seconds += 1;
                (self.idle_now / SECOND_NS) as u32
            }
            ClockUse::Access { dev, slot } => {
                self.inputs.access_seconds += 1;
                let Some(shown) = self.times.get(&(dev.0, slot.0)).map(|time| time.seconds) else {
                    return possible.1;
                };
                self.seconds_checked += 1;
                if !(possible.0..=possible.1).contains(&shown) {
                    self.impossible.push(ImpossibleTime {
                        dev: dev.0,
                        slot: slot.0,
                        shown: shown.to_string(),
                        possible: [possible.0, possible.1].map(|second| second.to_string()),
                    });
                    return possible.1;
                }
                shown
            }
        }
    }

    /// The fine clock, which does not lag behind the one that the agent reads.
    fn boot_nanoseconds(&mut self, asked: ClockUse) -> u64 {
        let Boundary { before, after, .. } = self.clock;
        match asked {
            ClockUse::Idle { .. } => {
                self.inputs.idle_seconds += 1;
                self.idle_now
            }
            ClockUse::Access { dev, slot } => {
                self.inputs.access_seconds += 1;
                let Some(time) = self.times.get(&(dev.0, slot.0)).copied() else { return after };
                self.seconds_checked += 1;
                if !(before..=after).contains(&time.whole()) {
                    self.impossible.push(ImpossibleTime {
                        dev: dev.0,
                        slot: slot.0,
                        shown: time.to_string(),
                        possible: [before, after].map(|moment| Time::of(moment).to_string()),
                    });
                    return after;
                }
                time.whole()
            }
        }
    }

    fn open_backing(&mut self, path: &str) -> Result<u64, Errno> {
        // The host around the model knows its backing device; of other paths, what every machine has.
        Simulated::new(no_compressor).open_backing(path)
    }

    /// Whether it could be read is seen: without it the attribute refuses the parameters. What it holds is known of one
    /// path. Once another was read, it is not known what a device compresses with, and its size is taken to be one
    /// that every backend accepts.
    fn read_dictionary(&mut self, path: &str) -> Result<u64, Errno> {
        self.inputs.dictionaries += 1;
        if !self.accepted {
            // Why not is for the path to say, and no input.
            return Simulated::new(no_compressor).read_dictionary(path);
        }
        let bytes = dictionary::at(path).filter(|_| !self.strange_dictionary);
        self.strange_dictionary |= bytes.is_none();
        let len = bytes.as_ref().map_or(PAGE, |bytes| bytes.len());
        self.codecs.set_dictionary(bytes);
        Ok(len as u64)
    }

    fn submit_backing(&mut self, request: BackingRequest) -> Completion {
        // A write that is seen to complete next has completed within its submission if the task itself was seen to complete it. An interrupt or a
        // worker is only next to be seen, and puts it on the pass's list whenever it gets there.
        if request.op == BackingOp::Write
            && self.next_context().is_some_and(|context| context != Context::Task)
        {
            return Completion::Later;
        }
        self.status_of(request).map_or(Completion::Later, Completion::Now)
    }

    fn complete_backing(&mut self, request: BackingRequest) -> u8 {
        let kind = match request.op {
            BackingOp::Write => Kind::WritebackEndio,
            BackingOp::Read => Kind::ReadBackEndio,
        };
        self.status_of(request).unwrap_or_else(|| {
            if self.coverage.observes(kind) { BioStatus::OK.0 } else { self.disk.status(request) }
        })
    }

    /// The page tells, if it is what comes of one of them.
    fn later_read_back_is_last(&mut self, page: usize, contents: [&BlockContent; 2]) -> bool {
        let holds =
            |bytes: &[u8]| self.memory.as_ref().is_some_and(|memory| memory.differs(page, bytes).is_none());
        let is_there = |content: &BlockContent| match content {
            BlockContent::Raw(bytes) => holds(bytes),
            BlockContent::Untouched => holds(&[0; PAGE]),
            BlockContent::Compressed { page, .. } | BlockContent::Unclean { page, .. } => holds(page),
            BlockContent::Unknown => false,
        };
        let [earlier, later] = contents.map(is_there);
        self.inputs.orders += 1;
        later || !earlier
    }

    /// The bytes of a compressed object decompress: where they were seen not to, they were others.
    fn overwritten(&mut self, _page: usize) -> bool {
        matches!(self.next(), Some(Event::Decompress { result, .. }) if *result != 0)
    }

    /// The next slot that the pass lets go of is the one that it takes now, so that one came last onto the list; if
    /// the pass finds none, it says so.
    fn listed(&mut self, reported: &[BackingRequest]) -> usize {
        let taken = self.observed.iter().skip(self.cursor).find_map(|event| match event {
            Event::ReleaseSlot { slot, .. } => {
                Some(reported.iter().rposition(|request| request.slot == *slot))
            }
            Event::WritebackDone { .. } => Some(None),
            _ => None,
        });
        let listed = taken.map_or(reported.len(), |last| last.map_or(0, |at| at + 1));
        self.inputs.orders += u64::from(listed < reported.len());
        listed
    }

    fn choose(&mut self, ready: &[Step]) -> usize {
        if ready.len() > 1 {
            self.inputs.orders += 1;
        }
        ready
            .iter()
            .position(|step| self.is_next(step))
            .or_else(|| ready.iter().position(|step| *step == Step::Continue))
            .unwrap_or(0)
    }

    fn peak(&mut self, dev: DeviceId, low: u64, high: u64) -> u64 {
        self.inputs.peaks += 1;
        self.peaks += 1;
        self.used_max.get(&dev.0).copied().unwrap_or(high).clamp(low, high)
    }

    fn allocate(&mut self, what: Allocation) -> bool {
        let fails = matches!(
            (what, self.next()),
            (
                Allocation::Handle | Allocation::Zspage | Allocation::ZspagePage { .. },
                Some(Event::MallocFailed { .. })
            )
        );
        if fails {
            self.inputs.allocation_failures += 1;
        }
        !fails
    }

    /// Whether it succeeded is seen, and how it failed; what it produced is not. A failure is no errno with every
    /// compressor: `lzo_decompress` and `lzorle_decompress` pass on the library's own number (-8 for
    /// `LZO_E_INPUT_NOT_CONSUMED`), of which zram only looks at whether it is 0.
    fn decompress_foreign(
        &mut self,
        _found: Option<&BlockContent>,
        _len: u32,
        _codec: Codec,
    ) -> Result<Option<Box<PageBytes>>, Errno> {
        self.inputs.foreign_decompressions += 1;
        match self.next() {
            Some(Event::Decompress { result: 0, .. }) => Ok(None),
            Some(Event::Decompress { result, .. }) => {
                Err(Errno::from_number(result.saturating_neg()).unwrap_or(Errno::EINVAL))
            }
            _ => Err(Errno::EINVAL),
        }
    }

    fn undetermined(&mut self, page: usize) {
        self.undetermined.push(page);
    }
}

/// `mem_used_max` of each device in bytes: the fifth number of `mm_stat`.
fn used_max(observation: &Observation) -> BTreeMap<u32, u64> {
    let of = |view: &DeviceView| match view.attrs.get("mm_stat") {
        Some(Text::Read(text)) => text.split_whitespace().nth(4)?.parse().ok(),
        _ => None,
    };
    observation.devices.iter().filter_map(|(dev, view)| Some((*dev, of(view)?))).collect()
}

fn no_compressor(_codec: Codec, _page: &PageBytes) -> Result<Vec<u8>, Errno> {
    Err(Errno::EINVAL)
}

impl Surroundings for Ledger {
    /// Where nobody sees how the device answered, it answered as it was made to.
    fn disk(&mut self, disk: Disk) {
        self.disk = disk;
    }

    fn boot_time(&mut self) -> u64 {
        self.clock.before
    }

    /// Another task's bio comes when it was seen to come.
    fn lets_in(&mut self, dev: DeviceId, bio: &Bio, sent: bool) -> bool {
        let event = Event::Bio { dev, op: bio.op, sector: bio.sector, bytes: bio.size() };
        if !is_seen(&self.coverage, &event) {
            return sent;
        }
        let comes = self.next() == Some(&event);
        self.inputs.intrusions += u64::from(comes);
        comes
    }

    /// A full bio ends where it was seen to end, if it can end there. If it was not seen at all it went on to the end of the call, or to
    /// the piece for which it was refused.
    fn bio_ends(&mut self, dev: DeviceId, op: BioOp, sector: u64, possible: RangeInclusive<u32>) -> u32 {
        self.inputs.bio_ends += 1;
        let seen = self.observed.iter().skip(self.cursor).find_map(|event| match event {
            Event::Bio { dev: d, op: o, sector: s, bytes } if (*d, *o, *s) == (dev, op, sector) => {
                Some(*bytes)
            }
            _ => None,
        });
        let ends = seen.unwrap_or(*possible.end());
        if possible.contains(&ends) { ends } else { *possible.start() }
    }

    fn turn(&mut self, step: usize, ahead: &[Option<Ahead>]) -> Turn {
        if let Some(witness) = &mut self.witness {
            self.inputs.turns += 1;
            return witness.turn(ahead, &self.observed);
        }
        Turn::rotating(step, ahead)
    }

    /// What comes next is what was seen to come, when all before it is done.
    fn follow(&mut self, dev: u32) -> Following {
        let unknown = self.follower.unknown.len();
        let next = self.follower.next(self.cursor, &self.observed, &self.origins, dev);
        match &next {
            Following::Next(Followed::Reads { bios, .. }) => self.inputs.bios_followed += bios.len() as u64,
            Following::Next(Followed::Write { .. } | Followed::Other { .. }) => {
                self.inputs.bios_followed += 1;
            }
            Following::Next(Followed::SlotFreeNotify { .. }) => self.inputs.notifications_followed += 1,
            Following::Unknown | Following::End => {}
        }
        self.inputs.outcomes_followed += (self.follower.unknown.len() - unknown) as u64;
        next
    }

    /// Time is what the observations say it is.
    fn pass(&mut self, _nanoseconds: u64) {}
}

#[cfg(test)]
mod tests {
    use zram_events::{Block, SlotIndex};

    use super::*;

    fn everything() -> Coverage {
        let attached = Kind::ALL.iter().map(|kind| zram_probe::Attached {
            kind: *kind,
            symbol: String::new(),
            module: None,
            how: String::new(),
        });
        Coverage {
            kernel: String::new(),
            object_sha256: String::new(),
            attached: attached.collect(),
            unobservable: Vec::new(),
            interrupts: false,
        }
    }

    fn ledger(events: Vec<Event>) -> Ledger {
        let observation = Observation {
            n: 0,
            outcome: Outcome::Ok(0),
            data: None,
            failed: None,
            clock: Boundary { before: 5_500_000_000, after: 6_500_000_000, tick: None },
            devices: BTreeMap::new(),
            records: None,
            events: None,
            health: None,
            kernel_log: Vec::new(),
        };
        let observed = Observed {
            observation,
            events: Some(events),
            origins: Vec::new(),
            external: 0,
            memory: None,
            blocks: None,
            unseen: None,
            replay: None,
        };
        let mut ledger = Ledger::new(everything(), &Behaviours::V7_2);
        ledger.open(&observed, 6 * SECOND_NS);
        ledger.times.insert((0, 1), Time { seconds: 6, nanoseconds: 500_000_000 });
        ledger.times.insert((0, 2), Time { seconds: 4, nanoseconds: 0 });
        ledger.times.insert((0, 3), Time { seconds: 6, nanoseconds: 500_000_001 });
        ledger
    }

    #[test]
    fn an_impossible_second_is_noted() {
        let mut ledger = ledger(Vec::new());
        let access = |slot| ClockUse::Access { dev: DeviceId(0), slot: SlotIndex(slot) };
        assert_eq!(ledger.boot_seconds(access(1)), 6);
        assert!(ledger.impossible.is_empty());
        assert_eq!(ledger.boot_seconds(access(2)), 6);
        assert_eq!(ledger.impossible.len(), 1);
    }

    #[test]
    fn an_impossible_nanosecond_is_noted() {
        let mut ledger = ledger(Vec::new());
        let access = |slot| ClockUse::Access { dev: DeviceId(0), slot: SlotIndex(slot) };
        assert_eq!(ledger.boot_nanoseconds(access(1)), 6_500_000_000);
        assert!(ledger.impossible.is_empty());
        assert_eq!(ledger.boot_nanoseconds(access(3)), 6_500_000_000);
        assert_eq!(ledger.impossible[0].shown, "6.500000001");
    }

    #[test]
    fn the_order_of_completions_is_the_observed_one() {
        let endio = |n: u32| Event::WritebackEndio { slot: SlotIndex(n), block: Block(n.into()), status: 0 };
        let step = |n: u32| Step::WritebackEndio { slot: SlotIndex(n), block: Block(n.into()) };
        let mut ledger = ledger(vec![endio(2), endio(1)]);
        assert_eq!(ledger.choose(&[Step::Continue, step(1), step(2)]), 2);
        ledger.emit(endio(2));
        assert_eq!(ledger.choose(&[Step::Continue, step(1)]), 1);
        ledger.emit(endio(1));
        assert_eq!(ledger.choose(&[step(1), Step::Continue]), 1);
        assert_eq!(ledger.inputs.orders, 3);
    }

    #[test]
    fn what_the_pass_takes_next_tells_whether_a_completion_was_in_time() {
        let request = |n: u32| BackingRequest {
            dev: DeviceId(0),
            op: BackingOp::Write,
            slot: SlotIndex(n),
            block: Block(n.into()),
        };
        let released = |n: u32| Event::ReleaseSlot { dev: DeviceId(0), slot: SlotIndex(n) };
        let mut ledger =
            ledger(vec![released(1), Event::WritebackDone { dev: DeviceId(0), result: 0 }, released(2)]);
        assert_eq!(ledger.listed(&[request(2), request(1), request(3)]), 2);
        assert_eq!(ledger.listed(&[request(2)]), 0);
        ledger.emit(released(1));
        assert_eq!(ledger.listed(&[request(2)]), 0, "the list was found empty");
    }

    #[test]
    fn a_full_bio_ends_where_it_was_seen_to_end() {
        let bio = |sector, bytes| Event::Bio { dev: DeviceId(0), op: BioOp::Write, sector, bytes };
        let mut ledger = ledger(vec![bio(0, 1_200_128), bio(2344, 4096)]);
        let mut ends = |sector| ledger.bio_ends(DeviceId(0), BioOp::Write, sector, 1_048_576..=2_000_000);
        assert_eq!(ends(0), 1_200_128);
        assert_eq!(ends(2344), 1_048_576, "no full bio is so small");
        assert_eq!(ends(8), 2_000_000, "none was sent");
        assert_eq!(ledger.inputs.bio_ends, 3);
    }

    #[test]
    fn a_length_is_taken_and_kept_beside_the_codecs() {
        let mut ledger = ledger(vec![Event::Compress { result: 0, len: 77 }]);
        let page = zram_agent::protocol::Content::Text { seed: 1 }.bytes();
        assert_eq!(ledger.compress(Codec::plain("lz4"), &page[..]), Ok(77));
        assert_eq!(ledger.lengths[0].observed, 77);
        assert_ne!(ledger.lengths[0].predicted, Some(77));
        ledger.emit(Event::Compress { result: 0, len: 77 });
        let predicted = ledger.lengths[0].predicted;
        assert_eq!(ledger.compress(Codec::plain("lz4"), &page[..]).ok(), predicted);
    }
}
