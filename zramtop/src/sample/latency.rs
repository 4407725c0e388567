//! How long things take inside zram, as a stream of events tells it.
//!
//! An event is one entry into a function of the kernel's, or one return from it; between two of them lies a time. What is measured here
//! begins and ends with events, so that everybody who has the stream measures the same:
//!
//! | | from | to |
//! |---|---|---|
//! | write | `zram_submit_bio`, or the page before | `zs_obj_write`, which puts the object there |
//! | read | `zram_submit_bio`, or the page before | the return of `read_from_zspool` |
//! | read-back | `zram_submit_bio` | `zram_async_read_endio` |
//! | wait | `zram_async_read_endio` | `zram_deferred_decompress`, in a worker |
//! | run | `zram_deferred_decompress` | the return of `zcomp_decompress` |
//!
//! Times are counted in buckets that double, so that a microsecond and a second fit into one line.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use zram_events::{BioOp, Event, Kind};

/// Where the first bucket ends: 256 ns.
const FIRST: u32 = 8;

/// Buckets: the last begins at two seconds.
const BUCKETS: usize = 25;

/// Counts of times, in buckets that double.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Histogram(Vec<u64>);

impl Histogram {
    /// One more, of so many nanoseconds.
    pub fn count(&mut self, nanos: u64) {
        let bits = u64::BITS - nanos.leading_zeros();
        let bucket = usize::try_from(bits.saturating_sub(FIRST)).unwrap_or(0).min(BUCKETS - 1);
        if self.0.len() <= bucket {
            self.0.resize(bucket + 1, 0);
        }
        self.0[bucket] += 1;
    }

    /// All.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }

    /// The buckets: where each ends, in nanoseconds, and how many are in it.
    pub fn buckets(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        self.0.iter().zip(FIRST..).map(|(count, bits)| (1 << bits, *count))
    }

    /// Where the bucket ends that has this part of all below its end, in nanoseconds.
    #[must_use]
    pub fn quantile(&self, permille: u64) -> Option<u64> {
        let wanted = (self.total() * permille).div_ceil(1000).max(1);
        let mut so_far = 0;
        self.buckets().find_map(|(end, count)| {
            so_far += count;
            (so_far >= wanted).then_some(end)
        })
    }
}

/// What is measured, by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Row {
    /// Pages written.
    Write,
    /// Pages read from memory.
    Read,
    /// Pages read back.
    ReadBack,
    /// Waiting for a worker.
    Wait,
    /// A worker.
    Run,
}

impl Row {
    /// All, and the events that each lies between.
    pub const ALL: [(Self, [Kind; 2]); 5] = [
        (Self::Write, [Kind::Bio, Kind::ObjWrite]),
        (Self::Read, [Kind::Bio, Kind::ReadFromPool]),
        (Self::ReadBack, [Kind::Bio, Kind::ReadBackEndio]),
        (Self::Wait, [Kind::ReadBackEndio, Kind::ReadBackWork]),
        (Self::Run, [Kind::ReadBackWork, Kind::Decompress]),
    ];

    /// Those that cannot be measured where these kinds of events are not seen.
    #[must_use]
    pub fn without(unseen: &[Kind]) -> Vec<Self> {
        let lacks = |kinds: &[Kind; 2]| kinds.iter().any(|kind| unseen.contains(kind));
        Self::ALL.iter().filter(|(_, kinds)| lacks(kinds)).map(|(row, _)| *row).collect()
    }
}

/// What is measured.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Latency {
    /// Pages written.
    pub write: Histogram,
    /// Pages read from memory.
    pub read: Histogram,
    /// Pages read back from the backing device.
    pub read_back: Histogram,
    /// How long a worker was waited for that decompresses what was read back.
    pub wait: Histogram,
    /// How long it then took.
    pub run: Histogram,
    /// What cannot be measured here, because this kernel does not show where it begins or ends.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unseen: Vec<Row>,
    /// Events that were lost, so that what they would have ended was not measured.
    #[serde(skip_serializing_if = "is_none")]
    pub lost: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
fn is_none(count: &u64) -> bool {
    *count == 0
}

/// What is under way.
#[derive(Clone, Debug, Default)]
pub struct Meter {
    /// Of each thread, its bio: what it is, where its pages are, and since when its next page is waited for.
    bios: HashMap<u32, Bio>,
    /// Reads whose page is on its way from the backing device, by slot.
    away: HashMap<u32, u64>,
    /// Pages that have come and wait for a worker, by slot.
    waiting: HashMap<u32, u64>,
    /// Threads that decompress what was read back, and since when.
    running: HashMap<u32, u64>,
    /// So far.
    pub latency: Latency,
}

/// A bio, as long as some of its pages were not seen. Passes read and write objects too, in threads that may have made bios before; so a bio
/// answers for its own slots, and for no more pages than it has.
#[derive(Clone, Copy, Debug)]
struct Bio {
    write: bool,
    since: u64,
    first: u64,
    pages: u64,
    left: u64,
}

impl Bio {
    /// Another of its pages is done. How long it took.
    fn page(&mut self, nanos: u64) -> Option<u64> {
        self.left = self.left.checked_sub(1)?;
        Some(nanos.saturating_sub(std::mem::replace(&mut self.since, nanos)))
    }

    fn reads(&self, slot: u32) -> bool {
        !self.write && (self.first..self.first.saturating_add(self.pages)).contains(&slot.into())
    }
}

/// So many reads may be on their way; whoever has more has lost events.
const MOST: usize = 1 << 16;

impl Meter {
    /// What is under way is not measured.
    pub fn forget(&mut self) {
        let latency = std::mem::take(&mut self.latency);
        *self = Self { latency, ..Self::default() };
    }

    /// This thread is at work elsewhere.
    pub fn leave(&mut self, thread: u32) {
        self.bios.remove(&thread);
    }

    /// Whether this event, in this thread, ends something that is under way here.
    #[must_use]
    pub fn awaits(&self, event: &Event, thread: u32) -> bool {
        match event {
            Event::ObjWrite { .. } => self.bios.get(&thread).is_some_and(|bio| bio.write && bio.left > 0),
            Event::ReadBackEndio { slot, .. } => self.away.contains_key(&slot.0),
            Event::ReadBackWork { slot, .. } => self.waiting.contains_key(&slot.0),
            Event::Decompress { .. } => self.running.contains_key(&thread),
            _ => false,
        }
    }

    /// Something happened, at this time of a clock in nanoseconds, in this thread. `page`: bytes of a slot.
    pub fn take(&mut self, event: &Event, nanos: u64, thread: u32, page: u64) {
        let since = |then: u64| nanos.saturating_sub(then);
        match event {
            Event::Bio { op: op @ (BioOp::Read | BioOp::Write), sector, bytes, .. } => {
                let write = *op == BioOp::Write;
                let first = sector.saturating_mul(512) / page.max(1);
                let pages = u64::from(*bytes).div_ceil(page.max(1));
                self.bios.insert(thread, Bio { write, since: nanos, first, pages, left: pages });
                if !write && self.away.len() < MOST {
                    let slots = first..first.saturating_add(pages);
                    self.away.extend(slots.filter_map(|slot| Some((u32::try_from(slot).ok()?, nanos))));
                }
            }
            Event::Bio { .. } => drop(self.bios.remove(&thread)),
            Event::ObjWrite { .. } => {
                let bio = self.bios.get_mut(&thread).filter(|bio| bio.write);
                if let Some(took) = bio.and_then(|bio| bio.page(nanos)) {
                    self.latency.write.count(took);
                }
            }
            Event::ReadFromPool { slot, .. } => {
                self.away.remove(&slot.0);
                let bio = self.bios.get_mut(&thread).filter(|bio| bio.reads(slot.0));
                if let Some(took) = bio.and_then(|bio| bio.page(nanos)) {
                    self.latency.read.count(took);
                }
            }
            Event::ReadBackEndio { slot, .. } => {
                if let Some(then) = self.away.remove(&slot.0) {
                    self.latency.read_back.count(since(then));
                }
                self.waiting.insert(slot.0, nanos);
            }
            Event::ReadBackWork { slot, .. } => {
                if let Some(then) = self.waiting.remove(&slot.0) {
                    self.latency.wait.count(since(then));
                }
                self.running.insert(thread, nanos);
            }
            Event::Decompress { .. } => {
                if let Some(then) = self.running.remove(&thread) {
                    self.latency.run.count(since(then));
                }
            }
            // A pass writes objects too, and they are nobody's bio.
            Event::WritebackBegin { .. } => drop(self.bios.remove(&thread)),
            _ => {}
        }
        if self.waiting.len() > MOST {
            self.waiting.clear();
        }
        if self.away.len() >= MOST {
            self.away.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use zram_events::{Block, Context, DeviceId, HandleLife, SlotIndex};

    use super::*;

    #[test]
    fn quantiles_are_ends_of_buckets() {
        let mut histogram = Histogram::default();
        assert_eq!(histogram.quantile(500), None);
        for nanos in [0, 255, 256, 1000, 70_000, u64::MAX] {
            histogram.count(nanos);
        }
        assert_eq!(histogram.total(), 6);
        assert_eq!(histogram.quantile(1), Some(256));
        assert_eq!(histogram.quantile(500), Some(512));
        assert_eq!(histogram.quantile(1000), Some(1 << 32));
    }

    #[test]
    fn times_lie_between_events() {
        let mut meter = Meter::default();
        let bio = |op| Event::Bio { dev: DeviceId(0), op, sector: 8 * 7, bytes: 8192 };
        let put = Event::ObjWrite { handle: HandleLife(1), len: 100 };
        meter.take(&bio(BioOp::Write), 1_000, 1, 4096);
        meter.take(&put, 3_000, 1, 4096);
        // Another thread's object is not this one's second page.
        meter.take(&put, 3_500, 2, 4096);
        meter.take(&put, 4_000, 1, 4096);
        let buckets: Vec<_> = meter.latency.write.buckets().filter(|(_, count)| *count > 0).collect();
        assert_eq!(buckets, [(1024, 1), (2048, 1)]);
        // It had two pages: what this thread writes now, somebody else asked for.
        meter.take(&put, 5_000, 1, 4096);
        assert_eq!(meter.latency.write.total(), 2);
        let (slot, block) = (SlotIndex(8), Block(3));
        meter.take(&bio(BioOp::Read), 10_000, 1, 4096);
        meter.take(&Event::ReadBackEndio { slot, block, status: 0 }, 90_000, 0, 4096);
        meter.take(&Event::ReadBackWork { slot, block, context: Context::Worker }, 100_000, 9, 4096);
        meter.take(&Event::Decompress { result: 0, len: 9, context: Context::Worker }, 103_000, 9, 4096);
        let totals = |latency: &Latency| {
            [&latency.read, &latency.read_back, &latency.wait, &latency.run].map(Histogram::total)
        };
        assert_eq!(totals(&meter.latency), [0, 1, 1, 1]);
        assert_eq!(meter.latency.read_back.quantile(500), Some(1 << 17));
        // Of the two slots of the bio one was away; another slot is none of them.
        for (slot, reads) in [(30, 0), (7, 1)] {
            let dev = DeviceId(0);
            meter.take(&Event::ReadFromPool { dev, slot: SlotIndex(slot), result: 0 }, 200_000, 1, 4096);
            assert_eq!(meter.latency.read.total(), reads);
        }
    }
}
