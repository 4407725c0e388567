//! L4: what may cause what.
//!
//! These are claims about the kernel alone; no model takes part, so that a kernel and a model that err in the same way are still found out.
//! They are read off the stream of one operation, record by record, with the thread and the context that each was written in:
//!
//! * A pass with compressed writeback decompresses nothing: of the records between its beginning and its end that its own thread
//!   wrote, none is a decompression.
//! * With compressed writeback each read-back that completed well is handed to a worker once, and the worker decompresses once
//!   if the slot is not huge, and not at all if it is. Without, there is no work item.
//! * Nothing is decompressed, and no work item run, in an interrupt.
//! * Whoever asked has an answer only when all read-backs of the call are complete, and each completes once: by its end an
//!   operation has as many completions as the device counted reads (`bd_stat`), but for one that was made to fail before it began, and none is left over for a later one. That is how far
//!   the parent's completing once is seen: its call returned once, with the data that level L1 compares. A
//!   second completion of the parent itself leaves no record, and would be left to the kernel's log; hence *bounded*.
//!
//! Whether completions came in interrupts at all is counted ([`Causes::interrupts`]): without any, the third claim is worth little.

use std::collections::{BTreeMap, BTreeSet};

use zram_agent::protocol::{Op, Text, Touch};
use zram_events::{Context, Event, Kind, Shortage};
use zram_model::slot_flags;
use zram_probe::Coverage;

use super::{Comparer, Level, Strength};
use crate::observed::{Observed, Origin};

/// Kinds of record that a read-back is followed by.
const READ_BACK: [Kind; 3] = [Kind::ReadBackEndio, Kind::ReadBackWork, Kind::Decompress];
/// Kinds of record that show what a pass does.
const PASS: [Kind; 3] = [Kind::WritebackBegin, Kind::WritebackEnd, Kind::Decompress];

/// What has to be kept from operation to operation.
#[derive(Clone, Debug, Default)]
pub struct Causes {
    /// Reads of the backing device so far, by zram device.
    reads: BTreeMap<u32, u64>,
    /// Whether the operation before this one asked for a read-back to fail.
    failing: bool,
    /// Completions that came in an interrupt.
    pub interrupts: u64,
    /// Completions that came otherwise.
    pub elsewhere: u64,
}

/// One operation's stream.
struct Stream<'a> {
    events: &'a [Event],
    /// Beside each event; empty where nobody knows.
    origins: &'a [Origin],
    compressed: bool,
    /// Flags of the slots that are away, afterwards.
    away: BTreeMap<u32, u32>,
    /// Slots that another bio of the operation may have changed.
    touched: BTreeSet<u64>,
}

impl Causes {
    /// Checks one operation's stream.
    pub fn compare(&mut self, comparer: &mut Comparer, op: &Op, observed: &Observed, coverage: &Coverage) {
        let Some(events) = &observed.events else { return };
        self.count_completions(events, &observed.origins);
        let dev = device(op, observed);
        let stream = Stream {
            events,
            origins: &observed.origins,
            compressed: dev.is_some_and(|dev| reads(dev, observed, "compressed_writeback", "1")),
            away: dev.map(|dev| away(dev, observed)).unwrap_or_default(),
            touched: touched(op),
        };
        let sees = |kinds: &[Kind]| kinds.iter().all(|kind| coverage.observes(*kind));
        if coverage.interrupts {
            stream.no_interrupt(comparer);
        }
        if sees(&PASS) {
            stream.passes(comparer);
        }
        // A read-back without memory for its request is counted before it fails, and never completes.
        let failed =
            observed.observation.failed.filter(|_| self.failing).map_or(0, |of| u64::from(of.failed));
        let moved = self.moved(op, observed).map(|moved| moved.saturating_sub(failed));
        self.failing = matches!(op, Op::Fail(fail) if fail.site == Shortage::ReadBack);
        if sees(&READ_BACK) {
            stream.read_backs(comparer);
            if let Some(moved) = moved {
                stream.complete(comparer, moved);
            }
        } else if let Some(moved) = moved {
            let reason = "the kernel has no completion of zram's own for a read-back, or no probe sees it";
            comparer.tally.skip(Level::L4, "a read-back", reason, moved);
        }
    }

    fn count_completions(&mut self, events: &[Event], origins: &[Origin]) {
        for (event, origin) in events.iter().zip(origins) {
            if matches!(event, Event::ReadBackEndio { .. } | Event::WritebackEndio { .. }) {
                let interrupt = origin.context == Context::Interrupt;
                self.interrupts += u64::from(interrupt);
                self.elsewhere += u64::from(!interrupt);
            }
        }
    }

    /// How many reads of backing devices the devices counted in this operation; none where counting began anew.
    fn moved(&mut self, op: &Op, observed: &Observed) -> Option<u64> {
        let before = std::mem::take(&mut self.reads);
        let mut moved = 0;
        let mut anew = matches!(op, Op::Begin(_) | Op::Add {} | Op::Remove { .. })
            || matches!(op, Op::Set { attr, .. } if attr == "reset" || attr == "disksize");
        for (dev, view) in &observed.observation.devices {
            let Some(Text::Read(text)) = view.attrs.get("bd_stat") else { continue };
            let Some(reads) = text.split_whitespace().nth(1).and_then(|field| field.parse().ok()) else {
                continue;
            };
            self.reads.insert(*dev, reads);
            match before.get(dev) {
                Some(before) if *before <= reads => moved += reads - before,
                _ => anew = true,
            }
        }
        (!anew).then_some(moved)
    }
}

impl Stream<'_> {
    fn context(&self, at: usize) -> Context {
        self.origins.get(at).map_or(Context::Task, |origin| origin.context)
    }

    fn tid(&self, at: usize) -> u32 {
        self.origins.get(at).map_or(0, |origin| origin.tid)
    }

    /// Whether threads can be told apart.
    fn threads(&self) -> bool {
        self.origins.iter().any(|origin| origin.tid != 0)
    }

    fn no_interrupt(&self, comparer: &mut Comparer) {
        for (at, event) in self.events.iter().enumerate() {
            if matches!(event, Event::Decompress { .. } | Event::ReadBackWork { .. }) {
                comparer.tally.count(Level::L4, Strength::Exact, 1);
                if self.context(at) == Context::Interrupt {
                    self.broken(
                        comparer,
                        format!("{} in an interrupt", event.name()),
                        "a task or a worker",
                        "an interrupt",
                    );
                }
            }
        }
    }

    /// No decompression by a pass that writes compressed objects.
    fn passes(&self, comparer: &mut Comparer) {
        if !self.compressed || !self.threads() && !self.touched.is_empty() {
            return;
        }
        let mut begun = None;
        let mut decompressed = 0_u64;
        for (at, event) in self.events.iter().enumerate() {
            match (event, begun) {
                (Event::WritebackBegin { .. }, _) => (begun, decompressed) = (Some(at), 0),
                (Event::Decompress { .. }, Some(begin)) if self.tid(at) == self.tid(begin) => {
                    decompressed += 1;
                }
                (Event::WritebackEnd { .. }, Some(_)) => {
                    begun = None;
                    comparer.same(
                        Level::L4,
                        Strength::Exact,
                        || "decompressions within a pass with compressed writeback".to_owned(),
                        &0,
                        &decompressed,
                    );
                }
                _ => {}
            }
        }
    }

    /// Each read-back and the work that follows it.
    fn read_backs(&self, comparer: &mut Comparer) {
        let mut handed: BTreeMap<(u32, u64), (u64, u64)> = BTreeMap::new();
        for event in self.events {
            match event {
                Event::ReadBackEndio { slot, block, status } => {
                    let counts = handed.entry((slot.0, block.0)).or_default();
                    counts.0 += u64::from(*status == 0 && self.compressed);
                }
                Event::ReadBackWork { slot, block, .. } => {
                    handed.entry((slot.0, block.0)).or_default().1 += 1;
                }
                _ => {}
            }
        }
        for ((slot, _), (completed, worked)) in handed {
            let field = || format!("work items for the read-back of slot {slot}");
            comparer.same(Level::L4, Strength::Exact, field, &completed, &worked);
        }
        let works: Vec<(usize, u32)> = self
            .events
            .iter()
            .enumerate()
            .filter_map(|(at, event)| match event {
                Event::ReadBackWork { slot, .. } => Some((at, slot.0)),
                _ => None,
            })
            .collect();
        let changed = |slot: u32| self.touched.contains(&u64::from(slot)) || !self.away.contains_key(&slot);
        if works.iter().any(|(_, slot)| changed(*slot)) && !self.threads() {
            let reason = "a slot changed meanwhile, and the threads cannot be told apart";
            comparer.tally.skip(Level::L4, "decompressions by workers", reason, works.len() as u64);
            return;
        }
        if !self.threads() {
            let wanted = works.iter().filter(|(_, slot)| !self.is_huge(*slot)).count();
            let made = (0..self.events.len()).filter(|at| self.by_worker(*at)).count();
            comparer.same(
                Level::L4,
                Strength::Exact,
                || "decompressions by workers".to_owned(),
                &wanted,
                &made,
            );
            return;
        }
        for (at, slot) in &works {
            if self.context(*at) != Context::Worker {
                self.broken(
                    comparer,
                    "read_back_work outside a worker".to_owned(),
                    "a worker",
                    "something else",
                );
            }
            if changed(*slot) {
                comparer.tally.skip(
                    Level::L4,
                    "a decompression by a worker",
                    "its slot changed meanwhile",
                    1,
                );
                continue;
            }
            let wanted = usize::from(!self.is_huge(*slot));
            let made = self.decompressions_after(*at);
            let field = || format!("decompressions by the worker that reads slot {slot} back");
            comparer.same(Level::L4, Strength::Exact, field, &wanted, &made);
        }
    }

    /// By the thread of a work item, until its next one.
    fn decompressions_after(&self, work: usize) -> usize {
        let own = (work + 1..self.events.len()).filter(|at| self.tid(*at) == self.tid(work));
        own.take_while(|at| !matches!(self.events[*at], Event::ReadBackWork { .. }))
            .filter(|at| self.by_worker(*at))
            .count()
    }

    fn by_worker(&self, at: usize) -> bool {
        matches!(self.events[at], Event::Decompress { context: Context::Worker, .. })
    }

    fn is_huge(&self, slot: u32) -> bool {
        self.away.get(&slot).is_some_and(|flags| flags & slot_flags::HUGE != 0)
    }

    /// Every read-back that the devices counted is complete, once.
    fn complete(&self, comparer: &mut Comparer, moved: u64) {
        let completed =
            self.events.iter().filter(|event| matches!(event, Event::ReadBackEndio { .. })).count() as u64;
        if moved > 0 || completed > 0 {
            let field = || "read-backs complete when the call returned".to_owned();
            comparer.same(Level::L4, Strength::Bounded, field, &moved, &completed);
        }
    }

    fn broken(&self, comparer: &mut Comparer, what: String, expected: &str, observed: &str) {
        comparer.differ(
            Level::L4,
            Strength::Exact,
            what,
            expected.to_owned(),
            observed.to_owned(),
            Vec::new(),
        );
    }
}

/// The device that an operation's read-backs and passes are about: the one it names, or the only one that has a
/// backing device.
fn device(op: &Op, observed: &Observed) -> Option<u32> {
    op.dev().or_else(|| {
        let has = |dev: &&u32| !reads(**dev, observed, "backing_dev", "none");
        let mut with: Vec<u32> = observed.observation.devices.keys().filter(has).copied().collect();
        if with.len() == 1 { with.pop() } else { None }
    })
}

fn reads(dev: u32, observed: &Observed, attr: &str, value: &str) -> bool {
    let attrs = observed.observation.devices.get(&dev).map(|view| &view.attrs);
    matches!(attrs.and_then(|attrs| attrs.get(attr)), Some(Text::Read(text)) if text.trim_end() == value)
}

fn away(dev: u32, observed: &Observed) -> BTreeMap<u32, u32> {
    let rows = observed.observation.devices.get(&dev).and_then(|view| view.slots.as_ref());
    let rows = rows.into_iter().flatten().filter(|row| row.flags & slot_flags::WB != 0);
    rows.map(|row| (row.slot, row.flags)).collect()
}

/// Slots that an operation changes by another thread's bios.
fn touched(op: &Op) -> BTreeSet<u64> {
    let Op::During { bios, .. } = op else { return BTreeSet::new() };
    let spans = bios.iter().map(Touch::span);
    spans.flat_map(|(slot, count)| slot..slot.saturating_add(count)).collect()
}

#[cfg(test)]
mod tests {
    use zram_agent::protocol::{Boundary, DeviceView, Observation, Outcome, SlotRow};
    use zram_events::{Block, DeviceId, SlotIndex};

    use super::*;
    use crate::disguise::Disguise;

    const DEV: DeviceId = DeviceId(0);
    const READER: u32 = 100;
    const WORKER: u32 = 7;

    /// An event, its context and thread.
    type Line = (Event, Context, u32);

    fn endio(slot: u32) -> Line {
        let event = Event::ReadBackEndio { slot: SlotIndex(slot), block: Block(slot.into()), status: 0 };
        (event, Context::Interrupt, READER)
    }

    fn work(slot: u32) -> Line {
        let (slot, block) = (SlotIndex(slot), Block(slot.into()));
        (Event::ReadBackWork { slot, block, context: Context::Worker }, Context::Worker, WORKER)
    }

    fn decompress(context: Context, tid: u32) -> Line {
        (Event::Decompress { result: 0, len: 700, context }, context, tid)
    }

    /// Two slots away, of which the second is huge, and the stream of an operation on them.
    fn observed(reads: u64, compressed: &str, lines: &[Line]) -> Observed {
        let text = |text: String| Text::Read(text);
        let attrs = BTreeMap::from([
            ("bd_stat".to_owned(), text(format!("       2 {reads:8}        2\n"))),
            ("compressed_writeback".to_owned(), text(format!("{compressed}\n"))),
            ("backing_dev".to_owned(), text("/dev/x\n".to_owned())),
        ]);
        let row = |slot, flags| SlotRow { slot, word: slot.into(), flags, time: 0, nanoseconds: 0 };
        let slots =
            Some(vec![row(1, slot_flags::WB | 700), row(2, slot_flags::WB | slot_flags::HUGE | 4096)]);
        let view = DeviceView { attrs, block_state: None, slots };
        let observation = Observation {
            n: 0,
            outcome: Outcome::Ok(0),
            data: None,
            failed: None,
            clock: Boundary::default(),
            devices: BTreeMap::from([(0, view)]),
            records: None,
            events: None,
            health: None,
            kernel_log: Vec::new(),
        };
        let events = Some(lines.iter().map(|line| line.0).collect());
        let origins =
            lines.iter().map(|(_, context, tid)| Origin { context: *context, tid: *tid, word: 0 }).collect();
        Observed {
            observation,
            events,
            origins,
            external: 0,
            memory: None,
            blocks: None,
            unseen: None,
            replay: None,
        }
    }

    /// What is broken by a stream that follows upon one in which nothing was read.
    fn broken(reads: u64, compressed: &str, lines: &[Line]) -> Vec<String> {
        let read = Op::Read { dev: 0, slot: 1, count: 2, layout: zram_agent::protocol::Layout::default() };
        let coverage = Disguise::coverage("test");
        let mut causes = Causes::default();
        causes.compare(&mut Comparer::default(), &read, &observed(0, compressed, &[]), &coverage);
        let mut comparer = Comparer::default();
        causes.compare(&mut comparer, &read, &observed(reads, compressed, lines), &coverage);
        assert!(comparer.tally.made(Level::L4, Strength::Exact) > 0 || lines.is_empty());
        comparer.differences.into_iter().map(|difference| difference.field).collect()
    }

    fn good() -> Vec<Line> {
        vec![endio(1), endio(2), work(1), decompress(Context::Worker, WORKER), work(2)]
    }

    #[test]
    fn a_good_stream_breaks_nothing() {
        assert_eq!(broken(2, "1", &good()), Vec::<String>::new());
        assert_eq!(broken(2, "0", &[endio(1), endio(2)]), Vec::<String>::new());
    }

    #[test]
    fn decompression_happens_once_and_of_what_is_compressed() {
        let by_worker = |slot: u32| format!("decompressions by the worker that reads slot {slot} back");
        let mut twice = good();
        twice.insert(4, decompress(Context::Worker, WORKER));
        assert_eq!(broken(2, "1", &twice), [by_worker(1)]);
        let mut never = good();
        never.remove(3);
        assert_eq!(broken(2, "1", &never), [by_worker(1)]);
        let mut huge = good();
        huge.push(decompress(Context::Worker, WORKER));
        assert_eq!(broken(2, "1", &huge), [by_worker(2)]);
        // By another worker: it is not this one's.
        let mut elsewhere = good();
        elsewhere[3].2 = WORKER + 1;
        assert_eq!(broken(2, "1", &elsewhere), [by_worker(1)]);
        // By the task that asked, as a kernel would that decompresses where the completion comes.
        let mut at_once = good();
        at_once[3] = decompress(Context::Task, READER);
        assert_eq!(broken(2, "1", &at_once), [by_worker(1)]);
    }

    #[test]
    fn nothing_is_decompressed_in_an_interrupt() {
        let mut stream = good();
        stream[3] = decompress(Context::Interrupt, READER);
        let broken_rules = broken(2, "1", &stream);
        assert!(broken_rules.contains(&"decompress in an interrupt".to_owned()), "{broken_rules:?}");
        let mut stream = good();
        stream[2].1 = Context::Interrupt;
        let broken_rules = broken(2, "1", &stream);
        assert!(broken_rules.contains(&"read_back_work in an interrupt".to_owned()), "{broken_rules:?}");
    }

    #[test]
    fn each_read_back_has_one_work_item_and_raw_ones_none() {
        let items = |slot: u32| format!("work items for the read-back of slot {slot}");
        assert_eq!(broken(1, "1", &[endio(1)]), [items(1)]);
        assert_eq!(broken(1, "0", &[endio(2), work(2)]), [items(2)]);
        let twice = [endio(2), work(2), work(2)];
        assert_eq!(broken(1, "1", &twice), [items(2)]);
    }

    #[test]
    fn a_call_returns_when_all_its_read_backs_are_complete() {
        let complete = "read-backs complete when the call returned".to_owned();
        assert_eq!(broken(2, "0", &[endio(1)]), std::slice::from_ref(&complete));
        assert_eq!(broken(0, "0", &[endio(1)]), std::slice::from_ref(&complete));
        assert_eq!(broken(1, "0", &[endio(1), endio(1)]), [complete]);
    }

    #[test]
    fn a_compressed_pass_decompresses_nothing() {
        let pass = |between: Line| {
            vec![
                (Event::WritebackBegin { dev: DEV }, Context::Task, READER),
                between,
                (Event::WritebackEnd { dev: DEV, result: 0 }, Context::Task, READER),
            ]
        };
        let rule = "decompressions within a pass with compressed writeback".to_owned();
        assert_eq!(broken(0, "1", &pass(decompress(Context::Task, READER))), [rule]);
        assert_eq!(broken(0, "1", &pass(decompress(Context::Task, READER + 1))), Vec::<String>::new());
        assert_eq!(broken(0, "0", &pass(decompress(Context::Task, READER))), Vec::<String>::new());
    }

    #[test]
    fn completions_in_interrupts_are_counted() {
        let mut causes = Causes::default();
        let read = Op::Sleep { millis: 1 };
        let mut lines = good();
        lines[1].1 = Context::Task;
        causes.compare(
            &mut Comparer::default(),
            &read,
            &observed(2, "1", &lines),
            &Disguise::coverage("test"),
        );
        assert_eq!((causes.interrupts, causes.elsewhere), (1, 1));
    }
}
