//! How many slots there are of each kind and age, as `slots` sums them up.
//!
//! A bar beside each share, since it is what is large that is looked for: it can be seen from afar, and needs no colour.

use std::io::{self, Write};

use zram_host::{DeviceNumber, device::SlotState};

use super::{sheet::percent, slots::SECOND};
use crate::{size::human, style};

/// Characters of the bar of all slots.
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

/// How many there are of each kind and age.
#[derive(Default)]
pub(super) struct Summary {
    found: u64,
    unknown: u64,
    /// Nothing where the kernel does not say.
    kinds: [Option<u64>; KINDS.len()],
    ages: [u64; AGES.len()],
}

impl Summary {
    /// One more. `age`: for how long it was not touched, in microseconds.
    pub(super) fn count(&mut self, slot: &SlotState, age: Option<u64>) {
        self.found += 1;
        self.unknown += u64::from(age.is_none());
        for (count, (_, is)) in self.kinds.iter_mut().zip(KINDS) {
            if let Some(is) = is(slot) {
                *count = Some(count.unwrap_or(0) + u64::from(is));
            }
        }
        for (count, (_, seconds)) in self.ages.iter_mut().zip(AGES) {
            *count += u64::from(age.is_some_and(|age| age >= seconds * SECOND));
        }
    }

    /// Prints them. `slots`: how many were looked at, of `page` bytes each.
    pub(super) fn print(
        &self,
        out: &mut dyn Write,
        device: DeviceNumber,
        slots: u64,
        page: u64,
    ) -> io::Result<()> {
        let found = style::strong(self.found);
        write!(out, "{}: {slots} slots looked at, {found} found", style::key(device.to_string()))?;
        if self.found == 0 {
            return writeln!(out);
        }
        let part =
            format!("({} of them, {})", percent(self.found, slots), human(self.found.saturating_mul(page)));
        writeln!(out, " {}", style::dim(part))?;
        writeln!(out, "{}", style::heading("state"))?;
        for (count, (name, _)) in self.kinds.iter().zip(KINDS) {
            if let Some(count) = count {
                self.line(out, name, *count, page)?;
            }
        }
        writeln!(out, "{}", style::heading("not read or written"))?;
        for (count, (name, _)) in self.ages.iter().zip(AGES) {
            self.line(out, name, *count, page)?;
        }
        if self.unknown > 0 {
            self.line(out, "not known", self.unknown, page)?;
        }
        writeln!(out, "{}", style::dim("block_state has neither sizes nor blocks of the backing device."))
    }

    fn line(&self, out: &mut dyn Write, name: &str, count: u64, page: u64) -> io::Result<()> {
        let size = human(count.saturating_mul(page));
        let share = percent(count, self.found);
        write!(out, "  {name:<15} {count:>10} {size:>7} {share:>6}")?;
        // What is there is seen, however little it is.
        let bar = (count.saturating_mul(BAR) / self.found.max(1)).max(u64::from(count > 0)) as usize;
        if bar == 0 { writeln!(out) } else { writeln!(out, " {}", "#".repeat(bar)) }
    }
}
