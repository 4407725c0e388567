//! How many slots there are of each kind and age, and what they take.
//!
//! A bar beside each share, since it is what is large that is looked for: it can be seen from afar, and needs no colour.

use std::io::{self, Write};

use zram_host::{DeviceNumber, device::SlotState};

use super::{SECOND, age, look::Found};
use crate::{commands::sheet::percent, size::human, style};

/// Characters of the bar of all slots; fewer where sizes stand before it.
const BAR: u64 = 25;

/// What a slot shows of its kind, as a number: most slots of a device are of a few kinds, so that they are counted by kind, and a kind is looked
/// into once.
#[derive(Clone, Copy)]
struct Kind(u8);

impl Kind {
    const SAME: u8 = 1;
    const WRITTEN_BACK: u8 = 1 << 1;
    const HUGE: u8 = 1 << 2;
    const IDLE: u8 = 1 << 3;
    const RECOMPRESSED: u8 = 1 << 4;
    const INCOMPRESSIBLE: u8 = 1 << 5;
    /// The kernel says whether it was recompressed; whether it is incompressible.
    const SAYS: [u8; 2] = [1 << 6, 1 << 7];

    fn of(slot: &SlotState) -> Self {
        // Each at the place of its bit.
        let bits = [
            slot.same,
            slot.written_back,
            slot.huge,
            slot.idle,
            slot.recompressed == Some(true),
            slot.incompressible == Some(true),
            slot.recompressed.is_some(),
            slot.incompressible.is_some(),
        ];
        Self(bits.into_iter().rev().fold(0, |kind, is| kind << 1 | u8::from(is)))
    }

    fn is(self, bit: u8) -> bool {
        self.0 & bit != 0
    }

    /// If the kernel says.
    fn if_said(self, bit: u8, says: u8) -> Option<bool> {
        self.is(says).then(|| self.is(bit))
    }
}

/// Whether a slot is of a kind; `None` where the kernel does not say.
type Is = fn(Kind) -> Option<bool>;

/// Kinds of slots, by what they are called.
const KINDS: [(&str, Is); 7] = [
    ("compressed", |slot| Some(!slot.is(Kind::SAME) && !slot.is(Kind::HUGE))),
    ("huge", |slot| Some(slot.is(Kind::HUGE))),
    ("same", |slot| Some(slot.is(Kind::SAME))),
    ("written-back", |slot| Some(slot.is(Kind::WRITTEN_BACK))),
    ("idle", |slot| Some(slot.is(Kind::IDLE))),
    ("recompressed", |slot| slot.if_said(Kind::RECOMPRESSED, Kind::SAYS[0])),
    ("incompressible", |slot| slot.if_said(Kind::INCOMPRESSIBLE, Kind::SAYS[1])),
];

/// Ages, in seconds.
const AGES: [(&str, u64); 6] = [
    ("for 10 s", 10),
    ("for a minute", 60),
    ("for 10 minutes", 600),
    ("for an hour", 3600),
    ("for 6 hours", 21_600),
    ("for a day", 86_400),
];

/// Slots of one kind or age.
#[derive(Clone, Copy, Default)]
struct Sum {
    slots: u64,
    /// Bytes that they take in memory, as far as sizes are known.
    bytes: u64,
}

impl Sum {
    fn add(&mut self, other: Self) {
        self.slots += other.slots;
        self.bytes += other.bytes;
    }
}

/// Ages that can be told apart: younger than all of [`AGES`], as old as each of them, not known.
const OLD: usize = AGES.len() + 2;
const NOT_KNOWN: usize = OLD - 1;

/// How many there are of each kind and age.
pub(super) struct Summary(Box<[[Sum; OLD]; 256]>);

impl Default for Summary {
    fn default() -> Self {
        Self(Box::new([[Sum::default(); OLD]; 256]))
    }
}

impl Summary {
    pub(super) fn count(&mut self, slot: &Found, now: u64) {
        let reached = |age: u64| AGES.iter().filter(|(_, seconds)| age >= seconds * SECOND).count();
        let old = age(&slot.state, now).map_or(NOT_KNOWN, reached);
        let bytes = slot.in_memory().map_or(0, u64::from);
        self.0[usize::from(Kind::of(&slot.state).0)][old].add(Sum { slots: 1, bytes });
    }

    /// Those for which this is true.
    fn sum(&self, is: impl Fn(Kind, usize) -> bool) -> Sum {
        let mut sum = Sum::default();
        for (kind, ages) in (0..=u8::MAX).map(Kind).zip(&*self.0) {
            for (old, some) in ages.iter().enumerate() {
                if some.slots > 0 && is(kind, old) {
                    sum.add(*some);
                }
            }
        }
        sum
    }

    /// Prints them. `slots`: how many were looked at, of `page` bytes each; `sizes`: with the bytes that each kind takes in memory.
    pub(super) fn print(
        &self,
        out: &mut dyn Write,
        device: DeviceNumber,
        slots: u64,
        page: u64,
        sizes: bool,
    ) -> io::Result<()> {
        let all = self.sum(|_, _| true);
        let found = style::strong(all.slots);
        write!(out, "{}: {slots} slots looked at, {found} found", style::key(device.to_string()))?;
        if all.slots == 0 {
            return writeln!(out);
        }
        let pages = human(all.slots.saturating_mul(page));
        let part = format!("({} of them, {pages})", percent(all.slots, slots));
        writeln!(out, " {}", style::dim(part))?;
        let lines = Lines { all: all.slots, page, sizes };
        let heading = if sizes { format!("{:<48} in memory", "state") } else { "state".to_owned() };
        writeln!(out, "{}", style::heading(heading))?;
        for (name, is) in KINDS {
            // Where the kernel does not say, it says so of no slot.
            if self.sum(|kind, _| is(kind).is_some()).slots > 0 {
                lines.print(out, name, self.sum(|kind, _| is(kind) == Some(true)))?;
            }
        }
        if sizes {
            lines.print(out, "all", all)?;
        }
        writeln!(out, "{}", style::heading("not read or written"))?;
        for (at, (name, _)) in AGES.iter().enumerate() {
            lines.print(out, name, self.sum(|_, old| old > at && old != NOT_KNOWN))?;
        }
        let unknown = self.sum(|_, old| old == NOT_KNOWN);
        if unknown.slots > 0 {
            lines.print(out, "not known", unknown)?;
        }
        Ok(())
    }
}

/// How a line of the summary looks.
struct Lines {
    all: u64,
    page: u64,
    sizes: bool,
}

impl Lines {
    fn print(&self, out: &mut dyn Write, name: &str, sum: Sum) -> io::Result<()> {
        let size = human(sum.slots.saturating_mul(self.page));
        let share = percent(sum.slots, self.all);
        write!(out, "  {name:<15} {:>10} {size:>7} {share:>6}", sum.slots)?;
        if self.sizes {
            write!(out, " {:>14}", sum.bytes)?;
        }
        let longest = if self.sizes { BAR - 8 } else { BAR };
        // What is there is seen, however little it is.
        let bar = sum.slots.saturating_mul(longest) / self.all.max(1);
        let bar = bar.max(u64::from(sum.slots > 0)) as usize;
        if bar == 0 { writeln!(out) } else { writeln!(out, " {}", "#".repeat(bar)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An age that is not known is none, and a kernel that does not say of a kind has no line for it.
    #[test]
    fn slots_are_counted_by_what_is_known_of_them() {
        let mut summary = Summary::default();
        for line in ["1 0.000000 ....", "2 5.000000 s..i", "3 95.000000 .wh.", "4 39.000000 ..h."] {
            let state = SlotState::parse(line).unwrap();
            summary.count(&Found { state, content: None }, 100 * SECOND);
        }
        let mut out = Vec::new();
        summary.print(&mut out, DeviceNumber(0), 10, 4096, false).unwrap();
        let text = anstream::adapter::strip_str(std::str::from_utf8(&out).unwrap()).to_string();
        let counts: Vec<(&str, &str)> = text
            .lines()
            .skip(1)
            .filter_map(|line| Some((line.get(2..17)?.trim_end(), line.get(17..28)?.trim_start())))
            .collect();
        let wanted = [
            ("compressed", "1"),
            ("huge", "2"),
            ("same", "1"),
            ("written-back", "1"),
            ("idle", "1"),
            ("for 10 s", "2"),
            ("for a minute", "2"),
            ("for 10 minutes", "0"),
            ("for an hour", "0"),
            ("for 6 hours", "0"),
            ("for a day", "0"),
            ("not known", "1"),
        ];
        assert_eq!(counts, wanted, "{text}");
    }
}
