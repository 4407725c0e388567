//! `slots`: what is in the slots of a device.

use std::io::Write;

use serde::Serialize;
use zram_host::{
    DeviceNumber, Machine,
    device::{SlotState, each_slot},
    survey,
};

use super::json;
use crate::cli::{Filter, Slots};

const PAGE: u64 = 4096;
const SECOND: u64 = 1_000_000;

/// Prints them.
///
/// # Errors
/// When they cannot be looked at.
pub fn run(options: &Slots, machine: &mut dyn Machine, out: &mut dyn Write) -> anyhow::Result<()> {
    let device = options.device;
    let slots = survey(machine, device)?.disksize / PAGE;
    let (first, end) =
        options.range.map_or((0, slots), |(first, last)| (first, last.saturating_add(1).min(slots)));
    let now = machine.boot_time() / 1000;
    let mut found = Vec::new();
    each_slot(machine, device, first, end, |slot| {
        if options.filter.takes(&slot, now) {
            found.push(slot);
        }
    })?;
    match (options.json, options.list, options.ranges) {
        (true, _, true) => {
            #[derive(Serialize)]
            struct Document {
                device: DeviceNumber,
                ranges: Vec<Range>,
            }
            json(out, &Document { device, ranges: ranges(&found) })
        }
        (true, ..) => {
            #[derive(Serialize)]
            struct Document {
                device: DeviceNumber,
                slots: u64,
                boot_micros: u64,
                states: Vec<SlotState>,
            }
            json(out, &Document { device, slots: end.saturating_sub(first), boot_micros: now, states: found })
        }
        (false, true, _) => list(out, &found, now),
        (false, false, true) => {
            for range in ranges(&found) {
                writeln!(out, "{}-{}", range.first, range.last)?;
            }
            Ok(())
        }
        (false, false, false) => summary(out, options, &found, end.saturating_sub(first), now),
    }
}

impl Filter {
    /// Whether a slot is one of these. `now`: microseconds since boot.
    fn takes(&self, slot: &SlotState, now: u64) -> bool {
        (!self.idle || slot.idle)
            && (!self.huge || slot.huge)
            && (!self.same || slot.same)
            && (!self.written_back || slot.written_back)
            && (!self.in_memory || !slot.written_back)
            && (!self.recompressed || slot.recompressed == Some(true))
            && (!self.incompressible || slot.incompressible == Some(true))
            && self.older.is_none_or(|older| age(slot, now) >= older.saturating_mul(SECOND))
    }
}

/// For how long a slot was not touched, in microseconds.
fn age(slot: &SlotState, now: u64) -> u64 {
    now.saturating_sub(slot.accessed_micros)
}

/// Neighbouring slots.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
struct Range {
    first: u64,
    last: u64,
}

fn ranges(slots: &[SlotState]) -> Vec<Range> {
    let mut ranges: Vec<Range> = Vec::new();
    for slot in slots {
        match ranges.last_mut() {
            Some(range) if range.last + 1 == slot.slot => range.last = slot.slot,
            _ => ranges.push(Range { first: slot.slot, last: slot.slot }),
        }
    }
    ranges
}

fn list(out: &mut dyn Write, slots: &[SlotState], now: u64) -> anyhow::Result<()> {
    writeln!(out, "{:>10} {:>10} STATE", "SLOT", "AGE")?;
    for slot in slots {
        writeln!(out, "{:>10} {:>10} {}", slot.slot, short(age(slot, now) / SECOND), words(slot))?;
    }
    Ok(())
}

/// Seconds as the largest whole unit.
fn short(seconds: u64) -> String {
    match seconds {
        0..120 => format!("{seconds}s"),
        120..7200 => format!("{}m", seconds / 60),
        7200..172_800 => format!("{}h", seconds / 3600),
        _ => format!("{}d", seconds / 86_400),
    }
}

fn words(slot: &SlotState) -> String {
    let kind = match (slot.same, slot.written_back, slot.huge) {
        (true, ..) => "same",
        (_, _, true) => "huge",
        _ => "compressed",
    };
    let mut words = vec![kind];
    let more = [
        (slot.written_back, "written-back"),
        (slot.idle, "idle"),
        (slot.recompressed == Some(true), "recompressed"),
        (slot.incompressible == Some(true), "incompressible"),
    ];
    words.extend(more.into_iter().filter_map(|(is, word)| is.then_some(word)));
    words.join(" ")
}

fn summary(
    out: &mut dyn Write,
    options: &Slots,
    slots: &[SlotState],
    of: u64,
    now: u64,
) -> anyhow::Result<()> {
    let count = |is: &dyn Fn(&SlotState) -> bool| slots.iter().filter(|slot| is(slot)).count();
    let share = |n: usize| if slots.is_empty() { 0.0 } else { 100.0 * n as f64 / slots.len() as f64 };
    writeln!(out, "{}: {} slots looked at, {} found", options.device, of, slots.len())?;
    let kinds: [(&str, usize); 7] = [
        ("compressed", count(&|slot| !slot.same && !slot.huge)),
        ("huge", count(&|slot| slot.huge)),
        ("same", count(&|slot| slot.same)),
        ("written-back", count(&|slot| slot.written_back)),
        ("idle", count(&|slot| slot.idle)),
        ("recompressed", count(&|slot| slot.recompressed == Some(true))),
        ("incompressible", count(&|slot| slot.incompressible == Some(true))),
    ];
    for (name, n) in kinds {
        writeln!(out, "  {name:<15} {n:>10} {:>5.1}%", share(n))?;
    }
    writeln!(out, "not read or written")?;
    const AGES: [(&str, u64); 6] = [
        ("for 10 s", 10),
        ("for a minute", 60),
        ("for 10 minutes", 600),
        ("for an hour", 3600),
        ("for 6 hours", 21_600),
        ("for a day", 86_400),
    ];
    for (name, seconds) in AGES {
        let n = count(&|slot| age(slot, now) >= seconds * SECOND);
        writeln!(out, "  {name:<15} {n:>10} {:>5.1}%", share(n))?;
    }
    writeln!(out, "block_state has neither sizes nor blocks of the backing device.")?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_are_one_range() {
        let slots: Vec<SlotState> = [1, 2, 3, 5, 7, 8]
            .iter()
            .filter_map(|slot| SlotState::parse(&format!("{slot} 1.000000 ......")))
            .collect();
        let pairs: Vec<_> = ranges(&slots).iter().map(|range| (range.first, range.last)).collect();
        assert_eq!(pairs, [(1, 3), (5, 5), (7, 8)]);
        assert_eq!(ranges(&[]), []);
    }
}
