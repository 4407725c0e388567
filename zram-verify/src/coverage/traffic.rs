//! Bios, passes over the device, and slots that are away.
//!
//! Where the kernel's own counters say it, they are believed rather than events: not every kernel lets us see the events.

use std::collections::{BTreeMap, BTreeSet};

use zram_agent::protocol::{Bad, Begin, Layout, Op, Outcome, Text};
use zram_events::{Context, Event};
use zram_model::slot_flags;

use crate::observed::Observed;

/// What is known of the slots from their events.
#[derive(Clone, Debug, Default)]
pub(super) struct Traffic {
    /// Slots on the backing device, by device.
    away: BTreeMap<u32, BTreeSet<u32>>,
    /// Reads and writes of the backing device so far (`bd_stat`), by device.
    counted: BTreeMap<u32, [u64; 2]>,
    /// What the backing device's bad blocks fail, if it has any.
    bad: Option<Bad>,
}

/// Pages that fit into one bio (`BIO_MAX_VECS`).
const MOST_IN_A_BIO: usize = 256;

type Rows = Vec<(&'static str, String)>;

impl Traffic {
    pub(super) fn see(&mut self, op: &Op, observed: &Observed, events: &[Event], rows: &mut Rows) {
        if let Op::Begin(Begin { backing_bad_from, backing_bad, .. }) = op {
            *self = Self { bad: backing_bad_from.map(|_| *backing_bad), ..Self::default() };
        }
        if matches!(observed.observation.outcome, Outcome::Ok(moved) if moved > 0) {
            buffers(op, rows);
        }
        match op {
            Op::Set { dev, attr, value } if attr == "writeback" => {
                self.pass(value, *dev, observed, events, rows);
            }
            Op::Read { dev, count, .. } => {
                let reads = self.moved(*dev, observed)[0];
                read_back(reads, u64::from(*count), events, rows);
                let failed = observed.observation.outcome == Outcome::Errno("EIO".to_owned());
                if failed && reads > 0 && self.bad == Some(Bad::Reads) {
                    rows.push(("away", "device failed a read-back".to_owned()));
                }
            }
            Op::Write { dev, slot, pages, .. } => {
                self.taken_away(*dev, *slot, pages.len() as u64, observed, "rewritten", rows);
            }
            Op::Discard { dev, slot, count } | Op::ZeroOut { dev, slot, count } => {
                self.taken_away(*dev, *slot, *count, observed, "freed", rows);
            }
            _ => {}
        }
        self.remember(observed);
    }

    fn remember(&mut self, observed: &Observed) {
        for (dev, view) in &observed.observation.devices {
            self.counted.insert(*dev, bd_stat(*dev, observed));
            let Some(rows) = &view.slots else { continue };
            let away = rows.iter().filter(|row| row.flags & slot_flags::WB != 0).map(|row| row.slot);
            self.away.insert(*dev, away.collect());
        }
    }

    /// Reads and writes of the backing device in this operation.
    fn moved(&self, dev: u32, observed: &Observed) -> [u64; 2] {
        let [reads, writes] = bd_stat(dev, observed);
        let [old_reads, old_writes] = self.counted.get(&dev).copied().unwrap_or_default();
        [reads.saturating_sub(old_reads), writes.saturating_sub(old_writes)]
    }

    /// Slots that were away when something else was done to them.
    fn taken_away(&self, dev: u32, slot: u64, count: u64, observed: &Observed, how: &str, rows: &mut Rows) {
        let done = matches!(observed.observation.outcome, Outcome::Ok(_));
        let Some(away) = self.away.get(&dev).filter(|_| done) else { return };
        if away.iter().any(|away| (slot..slot.saturating_add(count)).contains(&u64::from(*away))) {
            rows.push(("away", how.to_owned()));
        }
    }

    fn pass(&self, text: &str, dev: u32, observed: &Observed, events: &[Event], rows: &mut Rows) {
        let outcome = &observed.observation.outcome;
        let compressed = reads(dev, observed, "compressed_writeback", "1");
        let written = self.moved(dev, observed)[1];
        if written > 0 {
            rows.push(("writeback", if compressed { "compressed" } else { "raw" }.to_owned()));
        }
        let groups = events.iter().filter(|event| matches!(event, Event::WritebackDone { .. })).count();
        if groups > 1 {
            rows.push(("writeback", "several completion groups in a pass".to_owned()));
        }
        // A pass over a device that fails ends with the same errno as one that reaches the limit.
        let used_up = reads(dev, observed, "writeback_limit_enable", "1")
            && reads(dev, observed, "writeback_limit", "0");
        if *outcome == Outcome::Errno("EIO".to_owned()) {
            if used_up && self.bad.is_none() {
                rows.push(("writeback", "limit reached".to_owned()));
            }
            if self.bad.is_some() && !used_up {
                rows.push(("writeback", "device failed a write".to_owned()));
            }
            if self.bad == Some(Bad::Writes) && !used_up {
                rows.push(("writeback", "device failed a write, and reads well".to_owned()));
            }
        }
        if *outcome == Outcome::Errno("ENOSPC".to_owned()) {
            rows.push(("writeback", "backing full".to_owned()));
        }
        for (word, row) in [("huge", "by huge mark"), ("idle", "by idle mark"), ("page_index", "by range")] {
            if text.contains(word) && written > 0 {
                rows.push(("writeback", row.to_owned()));
            }
        }
        let mut released = BTreeSet::new();
        for event in events {
            if let Event::ReleaseSlot { slot, .. } = event
                && !released.insert(*slot)
            {
                rows.push(("writeback", "slot queued twice".to_owned()));
            }
        }
    }
}

/// Reads and writes as the device counts them, after the operation.
fn bd_stat(dev: u32, observed: &Observed) -> [u64; 2] {
    let attrs = observed.observation.devices.get(&dev).map(|view| &view.attrs);
    let Some(Text::Read(text)) = attrs.and_then(|attrs| attrs.get("bd_stat")) else { return [0; 2] };
    let mut fields = text.split_whitespace().skip(1).map(|field| field.parse().unwrap_or(0));
    [fields.next().unwrap_or(0), fields.next().unwrap_or(0)]
}

/// Whether an attribute reads so after the operation.
fn reads(dev: u32, observed: &Observed, attr: &str, value: &str) -> bool {
    let attrs = observed.observation.devices.get(&dev).map(|view| &view.attrs);
    matches!(attrs.and_then(|attrs| attrs.get(attr)), Some(Text::Read(text)) if text.trim_end() == value)
}

/// Slots that a read found on the backing device.
fn read_back(reads: u64, slots: u64, events: &[Event], rows: &mut Rows) {
    let count = |wanted: fn(&Event) -> bool| events.iter().filter(|event| wanted(event)).count();
    let worked = count(|event| matches!(event, Event::ReadBackWork { .. }));
    let decompressed = count(|event| matches!(event, Event::Decompress { context: Context::Worker, .. }));
    for (reached, row) in [
        (reads > 1, "several read-backs in a bio"),
        (reads > 0 && reads < slots, "read-back and memory in a bio"),
        (reads > worked as u64, "read back raw"),
        (decompressed > 0, "read back and decompressed"),
        (worked > decompressed, "read back huge"),
    ] {
        if reached {
            rows.push(("away", row.to_owned()));
        }
    }
}

fn buffers(op: &Op, rows: &mut Rows) {
    let (layout, count, kind): (&Layout, usize, &str) = match op {
        Op::Write { layout, pages, .. } => (layout, pages.len(), "unaligned write"),
        Op::Read { layout, count, .. } => (layout, *count as usize, "unaligned read"),
        _ => return,
    };
    if layout.0.iter().any(|piece| piece.offset != 0 || piece.len % 4096 != 0) {
        rows.push(("buffer", kind.to_owned()));
    }
    if layout.0.len() > 1 {
        rows.push(("buffer", "several pieces".to_owned()));
    }
    if count > 1 {
        rows.push(("buffer", "several slots in a bio".to_owned()));
    }
    if count > MOST_IN_A_BIO {
        rows.push(("buffer", "several bios in a call".to_owned()));
    }
}

#[cfg(test)]
mod tests {
    use zram_agent::protocol::{Boundary, DeviceView, Observation, Piece};

    use super::*;

    fn observed(outcome: Outcome, attrs: &[(&str, &str)]) -> Observed {
        let attrs = attrs.iter().map(|(name, text)| ((*name).to_owned(), Text::Read((*text).to_owned())));
        let view = DeviceView { attrs: attrs.collect(), block_state: None, slots: None };
        let observation = Observation {
            n: 0,
            outcome,
            data: None,
            failed: None,
            clock: Boundary::default(),
            devices: BTreeMap::from([(0, view)]),
            records: None,
            events: None,
            health: None,
            kernel_log: Vec::new(),
        };
        Observed {
            observation,
            events: None,
            origins: Vec::new(),
            external: 0,
            memory: None,
            blocks: None,
            unseen: None,
            replay: None,
        }
    }

    fn reached(op: &Op, observed: &Observed, events: &[Event]) -> Vec<String> {
        let mut rows = Vec::new();
        Traffic::default().see(op, observed, events, &mut rows);
        rows.into_iter().map(|(_, row)| row).collect()
    }

    #[test]
    fn a_refused_read_reaches_no_buffer() {
        let layout = Layout(vec![Piece { offset: 512, len: 4096 }]);
        let op = Op::Read { dev: 0, slot: 0, count: 1, layout };
        let errno = Outcome::Errno("EIO".to_owned());
        assert_eq!(reached(&op, &observed(errno, &[]), &[]), Vec::<String>::new());
        assert_eq!(reached(&op, &observed(Outcome::Ok(4096), &[]), &[]), ["unaligned read"]);
    }

    #[test]
    fn a_limit_must_be_on_and_used_up() {
        let op = Op::Set { dev: 0, attr: "writeback".to_owned(), value: "huge".to_owned() };
        let limit = |on, left| {
            let attrs = [("writeback_limit_enable", on), ("writeback_limit", left)];
            reached(&op, &observed(Outcome::Errno("EIO".to_owned()), &attrs), &[])
        };
        assert_eq!(limit("1\n", "0\n"), ["limit reached"]);
        assert_eq!(limit("0\n", "0\n"), Vec::<String>::new());
        assert_eq!(limit("1\n", "3\n"), Vec::<String>::new());
    }

    #[test]
    fn what_moved_is_what_the_counters_moved_by() {
        let mut traffic = Traffic::default();
        let stat = |text| observed(Outcome::Ok(4), &[("bd_stat", text)]);
        let set = |text: &str| Op::Set { dev: 0, attr: "writeback".to_owned(), value: text.to_owned() };
        let mut rows = Vec::new();
        traffic.see(&set("idle"), &stat("       2        0        2\n"), &[], &mut rows);
        assert_eq!(rows.iter().map(|row| row.1.as_str()).collect::<Vec<_>>(), ["raw", "by idle mark"]);
        rows.clear();
        traffic.see(&set("idle"), &stat("       2        0        2\n"), &[], &mut rows);
        assert!(rows.is_empty());
        let read = Op::Read { dev: 0, slot: 0, count: 3, layout: Layout::default() };
        traffic.see(&read, &stat("       2        2        2\n"), &[], &mut rows);
        let rows: Vec<_> = rows.iter().map(|row| row.1.as_str()).collect();
        assert!(rows.contains(&"read back raw") && rows.contains(&"several read-backs in a bio"), "{rows:?}");
    }
}
