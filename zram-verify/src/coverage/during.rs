//! Slots touched while a pass has them.
//!
//! The events say it all: a slot that a pass lets go of (`release_slot`) after a bio touched it was
//! in its hands; if it was submitted at all it was in flight, for what is touched before its turn is
//! passed over.

use std::collections::BTreeSet;

use zram_agent::protocol::Op;
use zram_events::{BioOp, Event};

/// Sectors of a slot.
const SECTORS: u64 = 8;

type Rows = Vec<(&'static str, String)>;

/// What the bios of an operation met.
pub(super) fn see(op: &Op, events: &[Event], rows: &mut Rows) {
    if !matches!(op, Op::During { .. }) {
        return;
    }
    let submitted: BTreeSet<u32> = events
        .iter()
        .filter_map(|event| match event {
            Event::WritebackEndio { slot, .. } => Some(slot.0),
            _ => None,
        })
        .collect();
    let Some(begin) = events.iter().position(|event| matches!(event, Event::WritebackBegin { .. })) else {
        return;
    };
    for (at, event) in events.iter().enumerate().skip(begin) {
        let Event::Bio { op, sector, bytes, .. } = event else { continue };
        let slots = sector / SECTORS..sector / SECTORS + u64::from(*bytes) / (SECTORS * 512);
        for later in &events[at..] {
            let Event::ReleaseSlot { slot, .. } = later else { continue };
            if !slots.contains(&u64::from(slot.0)) {
                continue;
            }
            let row = match (submitted.contains(&slot.0), op) {
                (false, _) => "slot touched while queued",
                (true, BioOp::Read) => "slot read in flight",
                (true, BioOp::Write) => "slot written in flight",
                (true, _) => "slot discarded in flight",
            };
            rows.push(("during", row.to_owned()));
        }
    }
}

#[cfg(test)]
mod tests {
    use zram_events::{Block, DeviceId, SlotIndex};

    use super::*;

    #[test]
    fn what_was_in_flight_and_what_was_queued() {
        let dev = DeviceId(0);
        let bio = |op, slot: u64| Event::Bio { dev, op, sector: slot * 8, bytes: 4096 };
        let endio = |n: u32| Event::WritebackEndio { slot: SlotIndex(n), block: Block(0), status: 0 };
        let release = |n: u32| Event::ReleaseSlot { dev, slot: SlotIndex(n) };
        let events = [
            Event::WritebackBegin { dev },
            bio(BioOp::Read, 1),
            bio(BioOp::Discard, 2),
            bio(BioOp::Write, 3),
            endio(1),
            release(1),
            release(2),
            bio(BioOp::Write, 1),
        ];
        let op = Op::During { dev: 0, pass: String::new(), after_ms: 0, bios: Vec::new() };
        let mut rows = Vec::new();
        see(&op, &events, &mut rows);
        let rows: Vec<_> = rows.into_iter().map(|(_, row)| row).collect();
        assert_eq!(rows, ["slot read in flight", "slot touched while queued"]);
    }
}
