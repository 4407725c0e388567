//! Bios, passes over the device, and slots that are away.

use std::collections::{BTreeMap, BTreeSet};

use zram_agent::protocol::{Layout, Op, Outcome, Text};
use zram_events::{Context, Event, SlotIndex};
use zram_model::slot_flags;

use crate::observed::Observed;

/// What is known of the slots from their events.
#[derive(Clone, Debug, Default)]
pub(super) struct Traffic {
    /// Slots on the backing device, by device.
    away: BTreeMap<u32, BTreeSet<u32>>,
}

type Rows = Vec<(&'static str, String)>;

impl Traffic {
    pub(super) fn see(&mut self, op: &Op, observed: &Observed, events: &[Event], rows: &mut Rows) {
        if matches!(op, Op::Begin { .. }) {
            *self = Self::default();
        }
        if matches!(observed.observation.outcome, Outcome::Ok(moved) if moved > 0) {
            buffers(op, rows);
        }
        match op {
            Op::Set { dev, attr, value } if attr == "writeback" => {
                pass(value, *dev, observed, events, rows);
            }
            Op::Read { .. } => read_back(events, rows),
            Op::Write { dev, .. } => self.taken_away(*dev, events, "rewritten", rows),
            Op::Discard { dev, .. } | Op::ZeroOut { dev, .. } => {
                self.taken_away(*dev, events, "freed", rows);
            }
            _ => {}
        }
        self.remember(observed);
    }

    fn remember(&mut self, observed: &Observed) {
        for (dev, view) in &observed.observation.devices {
            let Some(rows) = &view.slots else { continue };
            let away = rows.iter().filter(|row| row.flags & slot_flags::WB != 0).map(|row| row.slot);
            self.away.insert(*dev, away.collect());
        }
    }

    /// Slots that were away when something else was done to them.
    fn taken_away(&self, dev: u32, events: &[Event], how: &str, rows: &mut Rows) {
        let Some(away) = self.away.get(&dev) else { return };
        let hit = events.iter().any(
            |event| matches!(event, Event::SlotFree { slot: SlotIndex(slot), .. } if away.contains(slot)),
        );
        if hit {
            rows.push(("away", how.to_owned()));
        }
    }
}

/// Whether an attribute reads so after the operation.
fn reads(dev: u32, observed: &Observed, attr: &str, value: &str) -> bool {
    let attrs = observed.observation.devices.get(&dev).map(|view| &view.attrs);
    matches!(attrs.and_then(|attrs| attrs.get(attr)), Some(Text::Read(text)) if text.trim_end() == value)
}

/// Slots that a read found on the backing device.
fn read_back(events: &[Event], rows: &mut Rows) {
    let count = |wanted: fn(&Event) -> bool| events.iter().filter(|event| wanted(event)).count();
    let from_pool = count(|event| matches!(event, Event::ReadFromPool { .. }));
    let completed = count(|event| matches!(event, Event::ReadBackEndio { .. }));
    let worked = count(|event| matches!(event, Event::ReadBackWork { .. }));
    let decompressed = count(|event| matches!(event, Event::Decompress { context: Context::Worker, .. }));
    for (reached, row) in [
        (completed > 1, "several read-backs in a bio"),
        (completed > 0 && from_pool > 0, "read-back and memory in a bio"),
        (completed > worked, "read back raw"),
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
}

fn pass(text: &str, dev: u32, observed: &Observed, events: &[Event], rows: &mut Rows) {
    let outcome = &observed.observation.outcome;
    let compressed = reads(dev, observed, "compressed_writeback", "1");
    let written = events.iter().filter(|event| matches!(event, Event::WritebackEndio { .. })).count();
    if written > 0 {
        rows.push(("writeback", if compressed { "compressed" } else { "raw" }.to_owned()));
    }
    let groups = events.iter().filter(|event| matches!(event, Event::WritebackDone { .. })).count();
    if groups > 1 {
        rows.push(("writeback", "several completion groups in a pass".to_owned()));
    }
    let ended = events.iter().any(|event| matches!(event, Event::WritebackEnd { .. }));
    let failed =
        events.iter().any(|event| matches!(event, Event::WritebackEndio { status, .. } if *status != 0));
    if failed {
        rows.push(("writeback", "device failed a write".to_owned()));
    }
    // A pass over a device that fails ends with the same errno.
    let used_up =
        reads(dev, observed, "writeback_limit_enable", "1") && reads(dev, observed, "writeback_limit", "0");
    if ended && !failed && used_up && *outcome == Outcome::Errno("EIO".to_owned()) {
        rows.push(("writeback", "limit reached".to_owned()));
    }
    if ended && *outcome == Outcome::Errno("ENOSPC".to_owned()) {
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

#[cfg(test)]
mod tests {
    use zram_agent::protocol::{Boundary, DeviceView, Observation, Piece};
    use zram_events::DeviceId;

    use super::*;

    fn observed(outcome: Outcome, attrs: &[(&str, &str)]) -> Observed {
        let attrs = attrs.iter().map(|(name, text)| ((*name).to_owned(), Text::Read((*text).to_owned())));
        let view = DeviceView { attrs: attrs.collect(), block_state: None, slots: None };
        let observation = Observation {
            n: 0,
            outcome,
            data: None,
            clock: Boundary::default(),
            devices: BTreeMap::from([(0, view)]),
            records: None,
            events: None,
            health: None,
            kernel_log: Vec::new(),
        };
        Observed { observation, events: None, external: 0, memory: None, blocks: None }
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
        let events = [Event::WritebackEnd { dev: DeviceId(0), result: -5 }];
        let limit = |on, left| {
            let attrs = [("writeback_limit_enable", on), ("writeback_limit", left)];
            reached(&op, &observed(Outcome::Errno("EIO".to_owned()), &attrs), &events)
        };
        assert_eq!(limit("1\n", "0\n"), ["limit reached"]);
        assert_eq!(limit("0\n", "0\n"), Vec::<String>::new());
        assert_eq!(limit("1\n", "3\n"), Vec::<String>::new());
    }
}
