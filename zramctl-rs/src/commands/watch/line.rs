//! What an event is to a reader: where it happened, what, and how long it took.

use std::collections::HashMap;

use zram_events::{BioOp, Event};
use zram_host::probed::{Happened, SlotWords};

/// Bytes of a sector.
const SECTOR: u64 = 512;

/// Where something happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) device: Option<u32>,
    /// First and last.
    pub(super) slots: Option<(u64, u64)>,
}

pub(super) fn place(event: &Event, page: u64) -> Place {
    let one = |slot: u32| Some((slot.into(), slot.into()));
    match event {
        Event::Bio { dev, op, sector, bytes } => {
            let first = sector.saturating_mul(SECTOR);
            let last = first.saturating_add(u64::from(*bytes).saturating_sub(1));
            let slots = (*op != BioOp::Flush).then(|| (first / page, last / page));
            Place { device: Some(dev.0), slots }
        }
        Event::SlotFree { dev, slot, .. }
        | Event::ReadFromPool { dev, slot, .. }
        | Event::ReleaseSlot { dev, slot } => Place { device: Some(dev.0), slots: one(slot.0) },
        Event::WritebackScan { dev, low, high, .. } => {
            Place { device: Some(dev.0), slots: Some((*low, high.saturating_sub(1))) }
        }
        Event::WritebackBegin { dev }
        | Event::WritebackEnd { dev, .. }
        | Event::WritebackDone { dev, .. }
        | Event::Reset { dev }
        | Event::DeviceAdd { dev } => Place { device: Some(dev.0), slots: None },
        Event::WritebackEndio { slot, .. }
        | Event::ReadBackEndio { slot, .. }
        | Event::ReadBackWork { slot, .. }
        | Event::SlotFreeNotify { slot } => Place { device: None, slots: one(slot.0) },
        _ => Place::default(),
    }
}

/// What happened, with its numbers.
pub(super) fn words(event: &Event, page: u64) -> String {
    match event {
        Event::Bio { op, bytes, .. } => match op {
            BioOp::Read => format!("read {bytes} bytes"),
            BioOp::Write => format!("write {bytes} bytes"),
            BioOp::Discard => format!("discard {bytes} bytes"),
            BioOp::WriteZeroes => format!("write zeroes, {bytes} bytes"),
            BioOp::Flush => "flush".to_owned(),
            BioOp::Other(number) => format!("operation {number}, {bytes} bytes"),
        },
        Event::SlotFree { flags, .. } => format!("slot freed, which held {}", held(*flags, page)),
        Event::SlotFreeNotify { .. } => "swap does not need the slot any more".to_owned(),
        Event::Compress { result: 0, len } => format!("compressed to {len} bytes"),
        Event::Compress { result, .. } => format!("compression failed: {}", errno(*result)),
        Event::Decompress { result: 0, len, .. } => format!("decompressed from {len} bytes"),
        Event::Decompress { result, len, .. } => {
            format!("decompression of {len} bytes failed: {}", errno(*result))
        }
        Event::ReadFromPool { result: 0, .. } => "read from memory".to_owned(),
        Event::ReadFromPool { result, .. } => format!("reading from memory failed: {}", errno(*result)),
        Event::WritebackScan { mode, .. } => format!("writeback looks for {}", candidates(*mode)),
        Event::WritebackBegin { .. } => "writeback begins".to_owned(),
        Event::WritebackEnd { result, .. } => ended("writeback ended", *result),
        Event::WritebackEndio { block, status: 0, .. } => format!("written back to block {block}"),
        Event::WritebackEndio { block, status, .. } => {
            format!("writing to block {block} failed: block status {status}")
        }
        Event::WritebackDone { result, .. } => ended("finished requests are taken in", *result),
        Event::ReleaseSlot { .. } => "done with the slot".to_owned(),
        Event::ReadBackEndio { block, status: 0, .. } => format!("read back from block {block}"),
        Event::ReadBackEndio { block, status, .. } => {
            format!("reading block {block} failed: block status {status}")
        }
        Event::ReadBackWork { block, .. } => format!("a worker decompresses block {block}"),
        Event::CompactBegin { pool } => format!("compaction of pool {pool} begins"),
        Event::CompactEnd { pool, pages } => format!("compaction of pool {pool} freed {pages} pages"),
        Event::ShrinkerScan => "memory is short: pools are compacted".to_owned(),
        Event::Reset { .. } => "device reset".to_owned(),
        Event::DeviceAdd { .. } => "device added".to_owned(),
        Event::DeviceAddFailed { result } => format!("no device added: {}", errno(*result)),
        Event::DeviceRemove { result } => ended("device removed", *result),
        other => allocator(other),
    }
}

/// The allocator's in its own words: name and numbers.
fn allocator(event: &Event) -> String {
    let value = serde_json::to_value(event).unwrap_or_default();
    let fields = value.as_object().into_iter().flatten().filter(|(name, _)| *name != "event");
    let numbers: Vec<String> = fields.map(|(name, number)| format!("{name} {number}")).collect();
    format!("{} {}", event.name(), numbers.join(", ")).trim_end().to_owned()
}

/// What a slot's flags word says.
fn held(flags: u32, page: u64) -> String {
    let content = SlotWords { handle: 0, flags }.content(page);
    match (content.same, content.written_back, content.size) {
        (true, ..) => "a page of one word".to_owned(),
        (_, true, 0) => "a page on the backing device".to_owned(),
        (_, true, size) => format!("{size} bytes on the backing device"),
        (_, _, 0) => "nothing".to_owned(),
        (_, _, size) => format!("{size} bytes"),
    }
}

fn candidates(mode: u32) -> String {
    let names = [(1, "huge"), (2, "idle"), (4, "incompressible")];
    let names: Vec<&str> =
        names.into_iter().filter_map(|(bit, name)| (mode & bit != 0).then_some(name)).collect();
    if names.is_empty() { "all pages".to_owned() } else { format!("{} pages", names.join(" ")) }
}

/// Something that ended, and if not well, how.
fn ended(what: &str, result: i32) -> String {
    if result < 0 { format!("{what}: {}", errno(result)) } else { what.to_owned() }
}

/// A negative result of the kernel's.
fn errno(result: i32) -> String {
    nix::errno::Errno::from_raw(result.saturating_neg()).desc().to_owned()
}

/// When what takes its time began.
#[derive(Debug, Default)]
pub(super) struct Since(HashMap<(u32, bool), u64>);

impl Since {
    /// How long that took of which this is the end, in nanoseconds. It begins and ends in one thread.
    pub(super) fn took(&mut self, happened: &Happened) -> Option<u64> {
        let Happened { boot_nanos, thread, event } = happened;
        match event {
            Event::WritebackBegin { .. } | Event::CompactBegin { .. } => {
                self.0.insert((*thread, matches!(event, Event::CompactBegin { .. })), *boot_nanos);
                None
            }
            Event::WritebackEnd { .. } | Event::CompactEnd { .. } => {
                let began = self.0.remove(&(*thread, matches!(event, Event::CompactEnd { .. })))?;
                Some(boot_nanos.saturating_sub(began))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use zram_events::{DeviceId, PoolLife};

    #[test]
    fn a_bio_lies_on_the_slots_that_it_touches() {
        let bio = |op, sector, bytes| place(&Event::Bio { dev: DeviceId(1), op, sector, bytes }, 4096).slots;
        assert_eq!(bio(BioOp::Write, 8, 4096), Some((1, 1)));
        assert_eq!(bio(BioOp::Discard, 15, 1024), Some((1, 2)));
        assert_eq!(bio(BioOp::Flush, 0, 0), None);
    }

    #[test]
    fn an_end_is_of_the_beginning_in_its_thread() {
        let mut since = Since::default();
        let at = |boot_nanos, thread, event| Happened { boot_nanos, thread, event };
        let begin = Event::CompactBegin { pool: PoolLife(0) };
        let end = Event::CompactEnd { pool: PoolLife(0), pages: 1 };
        assert_eq!(since.took(&at(10, 1, begin)), None);
        assert_eq!(since.took(&at(20, 2, end)), None);
        assert_eq!(since.took(&at(35, 1, end)), Some(25));
        assert_eq!(since.took(&at(40, 1, end)), None);
    }
}
