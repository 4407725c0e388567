//! How many slots there are of each kind and age, and what they take.

use std::io::Write;

use zram_host::device::SlotState;

use super::{SECOND, age, look::Found};

/// Whether a slot is of a kind.
type Is = fn(&SlotState) -> bool;

/// Kinds of slots, by what they are called.
const KINDS: [(&str, Is); 7] = [
    ("compressed", |slot| !slot.same && !slot.huge),
    ("huge", |slot| slot.huge),
    ("same", |slot| slot.same),
    ("written-back", |slot| slot.written_back),
    ("idle", |slot| slot.idle),
    ("recompressed", |slot| slot.recompressed == Some(true)),
    ("incompressible", |slot| slot.incompressible == Some(true)),
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
    kinds: [u64; KINDS.len()],
    ages: [u64; AGES.len()],
    /// Bytes in memory, of each kind and of all.
    bytes: [u64; KINDS.len()],
    all_bytes: u64,
}

impl Summary {
    pub(super) fn found(&self) -> u64 {
        self.found
    }

    pub(super) fn count(&mut self, slot: &Found, now: u64) {
        self.found += 1;
        let bytes = slot.in_memory().map_or(0, u64::from);
        self.all_bytes += bytes;
        let slot = &slot.state;
        for (sum, (_, is)) in self.bytes.iter_mut().zip(KINDS) {
            *sum += if is(slot) { bytes } else { 0 };
        }
        self.unknown += u64::from(age(slot, now).is_none());
        for (count, (_, is)) in self.kinds.iter_mut().zip(KINDS) {
            *count += u64::from(is(slot));
        }
        for (count, (_, seconds)) in self.ages.iter_mut().zip(AGES) {
            *count += u64::from(age(slot, now).is_some_and(|age| age >= seconds * SECOND));
        }
    }

    fn line(&self, name: &str, count: u64) -> String {
        let share = if self.found == 0 { 0.0 } else { 100.0 * count as f64 / self.found as f64 };
        format!("  {name:<15} {count:>10} {share:>5.1}%")
    }

    /// `sizes`: with the bytes that each kind takes in memory.
    pub(super) fn print(&self, out: &mut dyn Write, sizes: bool) -> std::io::Result<()> {
        if sizes {
            writeln!(out, "{:>48}", "bytes in memory")?;
        }
        let bytes = |bytes: u64| if sizes { format!(" {bytes:>13}") } else { String::new() };
        for ((count, sum), (name, _)) in self.kinds.iter().zip(self.bytes).zip(KINDS) {
            writeln!(out, "{}{}", self.line(name, *count), bytes(sum))?;
        }
        if sizes {
            writeln!(out, "{}{}", self.line("all", self.found), bytes(self.all_bytes))?;
        }
        writeln!(out, "not read or written")?;
        for (count, (name, _)) in self.ages.iter().zip(AGES) {
            writeln!(out, "{}", self.line(name, *count))?;
        }
        if self.unknown > 0 {
            writeln!(out, "{}", self.line("not known", self.unknown))?;
        }
        Ok(())
    }
}
