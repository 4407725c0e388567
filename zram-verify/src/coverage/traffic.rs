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
        buffers(op, rows);
        match op {
            Op::Set { dev, attr, value } if attr == "writeback" => {
                pass(value, &observed.observation.outcome, events, compressed(*dev, observed), rows);
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

fn compressed(dev: u32, observed: &Observed) -> bool {
    let attrs = observed.observation.devices.get(&dev).map(|view| &view.attrs);
    matches!(attrs.and_then(|attrs| attrs.get("compressed_writeback")), Some(Text::Read(on)) if on == "1\n")
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

fn pass(text: &str, outcome: &Outcome, events: &[Event], compressed: bool, rows: &mut Rows) {
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
    if ended && !failed && *outcome == Outcome::Errno("EIO".to_owned()) {
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
