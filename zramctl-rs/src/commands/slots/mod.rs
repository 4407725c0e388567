//! `slots`: what is in the slots of a device.

mod histogram;
mod look;
mod summary;

use std::{io::Write, ops::ControlFlow};

use serde::Serialize;
use zram_host::{DeviceNumber, Machine, device::SlotState, survey};

use self::{
    histogram::Histogram,
    look::{Found, Looked, Where, look},
    summary::Summary,
};
use super::json;
use crate::{cli::Slots, style};

const SECOND: u64 = 1_000_000;

/// Prints them.
///
/// # Errors
/// When they cannot be looked at.
pub fn run(options: &Slots, machine: &mut dyn Machine, out: &mut dyn Write) -> anyhow::Result<()> {
    let device = options.device;
    let slots = survey(machine, device)?.disksize / machine.page_size();
    let (first, end) =
        options.range.map_or((0, slots), |(first, last)| (first, last.saturating_add(1).min(slots)));
    if let Some((first, last)) = options.range.filter(|(first, _)| slots != 0 && *first >= slots) {
        anyhow::bail!("{device} has slots 0 to {}, and {first}-{last} is beyond", slots - 1);
    }
    let now = machine.boot_time() / 1000;
    let slots = end.saturating_sub(first);
    let at = Where { device, first, end, now };
    // A device may have millions of slots: only what is printed is kept.
    if options.ranges {
        let mut ranges = Vec::new();
        look(options, at, machine, &mut |slot| {
            add(&mut ranges, slot.state.slot);
            ControlFlow::Continue(())
        })?;
        return print_ranges(out, device, ranges, options.json);
    }
    if options.histogram {
        let mut histogram = Histogram::new(options.sizes);
        let probes = look(options, at, machine, &mut |slot| {
            histogram.count(slot, now);
            ControlFlow::Continue(())
        })?;
        if probes.as_ref().is_some_and(|probes| !probes.attached) {
            histogram.forget_sizes();
        }
        if options.json {
            return json(out, &Bars { device, slots, boot_micros: now, histogram, probes });
        }
        histogram.print(out)?;
        return Ok(print_looked(out, probes.as_ref())?);
    }
    if options.json {
        let mut states = Vec::new();
        let probes = look(options, at, machine, &mut |slot| {
            states.push(*slot);
            ControlFlow::Continue(())
        })?;
        return json(out, &States { device, slots, boot_micros: now, states, probes });
    }
    if options.list {
        return list(options, at, machine, out);
    }
    let mut summary = Summary::default();
    let probes = look(options, at, machine, &mut |slot| {
        summary.count(slot, now);
        ControlFlow::Continue(())
    })?;
    let sizes = probes.as_ref().is_some_and(|probes| probes.attached);
    summary.print(out, device, slots, machine.page_size(), sizes)?;
    if probes.is_none() {
        let hint = "What slots take, and where they are written back: --sizes, by probes.";
        writeln!(out, "{}", style::dim(hint))?;
    }
    Ok(print_looked(out, probes.as_ref())?)
}

/// `--list`.
fn list(options: &Slots, at: Where, machine: &mut dyn Machine, out: &mut dyn Write) -> anyhow::Result<()> {
    let contents = |size: &str, block: &str| {
        if options.sizes { format!("{size:>6} {block:>10} ") } else { String::new() }
    };
    let heading = format!("{:>10} {:>10} {}STATE", "SLOT", "AGE", contents("SIZE", "BLOCK"));
    let mut written = if options.no_headings { Ok(()) } else { writeln!(out, "{}", style::heading(heading)) };
    let probes = look(options, at, machine, &mut |Found { state, content }| {
        let or_none =
            |number: Option<u64>| number.map_or_else(|| "-".to_owned(), |number| number.to_string());
        let age = age(state, at.now).map_or_else(|| "-".to_owned(), |age| short(age / SECOND));
        let content = content.unwrap_or_default();
        let content = contents(&or_none(content.size.map(u64::from)), &or_none(content.block));
        written = writeln!(out, "{:>10} {age:>10} {content}{}", state.slot, words(state));
        if written.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    written?;
    Ok(print_looked(out, probes.as_ref())?)
}

/// What there is to say about looking by probes.
fn print_looked(out: &mut dyn Write, looked: Option<&Looked>) -> std::io::Result<()> {
    let Some(looked) = looked else { return Ok(()) };
    if let Some(reason) = &looked.reason {
        writeln!(out, "Sizes and blocks are not known: {reason}")?;
    }
    match looked.changed {
        0 => Ok(()),
        1 => writeln!(out, "1 slot changed while it was looked at, and has neither size nor block here."),
        slots => writeln!(
            out,
            "{slots} slots changed while they were looked at, and have neither size nor block here."
        ),
    }
}

/// The document of `--json`.
#[derive(Serialize)]
struct States {
    device: DeviceNumber,
    slots: u64,
    boot_micros: u64,
    states: Vec<Found>,
    #[serde(skip_serializing_if = "Option::is_none")]
    probes: Option<Looked>,
}

/// The document of `--histogram --json`.
#[derive(Serialize)]
struct Bars {
    device: DeviceNumber,
    slots: u64,
    boot_micros: u64,
    #[serde(flatten)]
    histogram: Histogram,
    #[serde(skip_serializing_if = "Option::is_none")]
    probes: Option<Looked>,
}

/// The document of `--ranges --json`.
#[derive(Serialize)]
struct Ranges {
    device: DeviceNumber,
    ranges: Vec<Range>,
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
