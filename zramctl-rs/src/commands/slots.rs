//! `slots`: what is in the slots of a device.

use std::{io::Write, ops::ControlFlow};

use serde::Serialize;
use zram_host::{
    DeviceNumber, Machine,
    device::{SlotState, each_slot},
    survey,
};

use super::{json, slot_summary::Summary};
use crate::{
    cli::{Filter, Slots},
    style,
};

/// In microseconds.
pub(super) const SECOND: u64 = 1_000_000;

/// Prints them.
///
/// # Errors
/// When they cannot be looked at.
pub fn run(options: &Slots, machine: &mut dyn Machine, out: &mut dyn Write) -> anyhow::Result<()> {
    let device = options.device;
    let slots = survey(machine, device)?.disksize / machine.page_size();
    let (first, end) =
        options.range.map_or((0, slots), |(first, last)| (first, last.saturating_add(1).min(slots)));
    let now = machine.boot_time() / 1000;
    let slots = end.saturating_sub(first);
    // A device may have millions of slots: only what is printed is kept.
    let mut each = |take: &mut dyn FnMut(SlotState) -> ControlFlow<()>| {
        each_slot(machine, device, first, end, |slot| {
            if options.filter.takes(&slot, now) { take(slot) } else { ControlFlow::Continue(()) }
        })
    };
    if options.ranges {
        let mut ranges = Vec::new();
        each(&mut |slot| {
            add(&mut ranges, slot.slot);
            ControlFlow::Continue(())
        })?;
        return print_ranges(out, device, ranges, options.json);
    }
    if options.json {
        let mut states = Vec::new();
        each(&mut |slot| {
            states.push(slot);
            ControlFlow::Continue(())
        })?;
        return json(out, &States { device, slots, boot_micros: now, states });
    }
    if options.list {
        let mut written = writeln!(out, "{}", style::heading(format!("{:>10} {:>10} STATE", "SLOT", "AGE")));
        each(&mut |slot| {
            let age = age(&slot, now).map_or_else(|| "-".to_owned(), |age| short(age / SECOND));
            written = writeln!(out, "{:>10} {age:>10} {}", slot.slot, words(&slot));
            if written.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        return Ok(written?);
    }
    let mut summary = Summary::default();
    each(&mut |slot| {
        summary.count(&slot, age(&slot, now));
        ControlFlow::Continue(())
    })?;
    Ok(summary.print(out, device, slots, machine.page_size())?)
}

/// The document of `--json`.
#[derive(Serialize)]
struct States {
    device: DeviceNumber,
    slots: u64,
    boot_micros: u64,
    states: Vec<SlotState>,
}

/// The document of `--ranges --json`.
#[derive(Serialize)]
struct Ranges {
    device: DeviceNumber,
    ranges: Vec<Range>,
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
            && self
                .older
                .is_none_or(|older| age(slot, now).is_some_and(|age| age >= older.saturating_mul(SECOND)))
    }
}

/// For how long a slot was not touched, in microseconds. `None`: the kernel does not know.
fn age(slot: &SlotState, now: u64) -> Option<u64> {
    (slot.accessed_micros != 0).then(|| now.saturating_sub(slot.accessed_micros))
}

/// Neighbouring slots.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
struct Range {
    first: u64,
    last: u64,
}

/// The next slot, which is no less than those before it.
fn add(ranges: &mut Vec<Range>, slot: u64) {
    match ranges.last_mut() {
        Some(range) if range.last + 1 == slot => range.last = slot,
        _ => ranges.push(Range { first: slot, last: slot }),
    }
}

fn print_ranges(
    out: &mut dyn Write,
    device: DeviceNumber,
    ranges: Vec<Range>,
    as_json: bool,
) -> anyhow::Result<()> {
    if as_json {
        return json(out, &Ranges { device, ranges });
    }
    for Range { first, last } in ranges {
        writeln!(out, "{first}-{last}")?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_are_one_range() {
        let mut ranges = Vec::new();
        for slot in [1, 2, 3, 5, 7, 8] {
            add(&mut ranges, slot);
        }
        let pairs: Vec<_> = ranges.iter().map(|range| (range.first, range.last)).collect();
        assert_eq!(pairs, [(1, 3), (5, 5), (7, 8)]);
    }
}
