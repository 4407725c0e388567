//! How many slots there are of each kind and age, and what they take.
//!
//! A bar beside each share, since it is what is large that is looked for: it can be seen from afar, and needs no colour.

use std::io::{self, Write};

use zram_host::{DeviceNumber, device::SlotState};

use super::{SECOND, age, look::Found};
use crate::{commands::sheet::percent, size::human, style};

/// Characters of the bar of all slots; fewer where sizes stand before it.
const BAR: u64 = 25;

/// Whether a slot is of a kind; `None` where the kernel does not say.
type Is = fn(&SlotState) -> Option<bool>;

/// Kinds of slots, by what they are called.
const KINDS: [(&str, Is); 7] = [
    ("compressed", |slot| Some(!slot.same && !slot.huge)),
    ("huge", |slot| Some(slot.huge)),
    ("same", |slot| Some(slot.same)),
    ("written-back", |slot| Some(slot.written_back)),
    ("idle", |slot| Some(slot.idle)),
    ("recompressed", |slot| slot.recompressed),
    ("incompressible", |slot| slot.incompressible),
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
    fn add(&mut self, is: bool, bytes: u64) {
        self.slots += u64::from(is);
        self.bytes += if is { bytes } else { 0 };
    }
}

/// How many there are of each kind and age.
#[derive(Default)]
pub(super) struct Summary {
    all: Sum,
    unknown: Sum,
    /// Nothing where the kernel does not say.
    kinds: [Option<Sum>; KINDS.len()],
    ages: [Sum; AGES.len()],
}

impl Summary {
    pub(super) fn count(&mut self, slot: &Found, now: u64) {
        let bytes = slot.in_memory().map_or(0, u64::from);
        let age = age(&slot.state, now);
        self.all.add(true, bytes);
        self.unknown.add(age.is_none(), bytes);
        for (sum, (_, is)) in self.kinds.iter_mut().zip(KINDS) {
            if let Some(is) = is(&slot.state) {
                sum.get_or_insert_default().add(is, bytes);
            }
        }
        for (sum, (_, seconds)) in self.ages.iter_mut().zip(AGES) {
            sum.add(age.is_some_and(|age| age >= seconds * SECOND), bytes);
        }
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
        let found = style::strong(self.all.slots);
        write!(out, "{}: {slots} slots looked at, {found} found", style::key(device.to_string()))?;
        if self.all.slots == 0 {
            return writeln!(out);
        }
        let pages = human(self.all.slots.saturating_mul(page));
        let part = format!("({} of them, {pages})", percent(self.all.slots, slots));
        writeln!(out, " {}", style::dim(part))?;
        let lines = Lines { all: self.all.slots, page, sizes };
        let heading = if sizes { format!("{:<48} in memory", "state") } else { "state".to_owned() };
        writeln!(out, "{}", style::heading(heading))?;
        for (sum, (name, _)) in self.kinds.iter().zip(KINDS) {
            if let Some(sum) = sum {
                lines.print(out, name, *sum)?;
            }
        }
        if sizes {
            lines.print(out, "all", self.all)?;
        }
        writeln!(out, "{}", style::heading("not read or written"))?;
        for (sum, (name, _)) in self.ages.iter().zip(AGES) {
            lines.print(out, name, *sum)?;
        }
        if self.unknown.slots > 0 {
            lines.print(out, "not known", self.unknown)?;
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
