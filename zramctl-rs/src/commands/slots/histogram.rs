//! How many slots there are of each age and size, as bars.

use std::io::Write;

use serde::Serialize;

use super::{SECOND, age, look::Found};
use crate::style;

/// Where the next age begins, in seconds, and what those below are called.
const AGES: [(u64, &str); 6] = [
    (10, "below 10 s"),
    (60, "10 s to 1 min"),
    (600, "1 to 10 min"),
    (3600, "10 min to 1 h"),
    (21_600, "1 to 6 h"),
    (86_400, "6 to 24 h"),
];

/// Bytes of a bar.
const STEP: u32 = 256;

/// Columns of the longest bar: what is left of 80 beside label, count and share.
const BAR: u64 = 43;

/// Slots of one age.
#[derive(Debug, Serialize)]
struct Aged {
    from_seconds: u64,
    /// `None`: any age from there on.
    to_seconds: Option<u64>,
    slots: u64,
    #[serde(skip)]
    label: &'static str,
}

/// Slots of one size.
#[derive(Clone, Debug, Serialize)]
struct Sized {
    from_bytes: u32,
    to_bytes: u32,
    slots: u64,
}

/// The counts.
#[derive(Debug, Serialize)]
pub(super) struct Histogram {
    found: u64,
    ages: Vec<Aged>,
    age_unknown: u64,
    /// Of those in memory with an object. `None`: sizes were not asked for.
    sizes: Option<Vec<Sized>>,
}

impl Histogram {
    pub(super) fn new(sizes: bool) -> Self {
        let from = std::iter::once(0).chain(AGES.iter().map(|(to, _)| *to));
        let to = AGES.iter().map(|(to, label)| (Some(*to), *label)).chain([(None, "a day and more")]);
        let ages = from.zip(to).map(|(from_seconds, (to_seconds, label))| Aged {
            from_seconds,
            to_seconds,
            slots: 0,
            label,
        });
        Self { found: 0, ages: ages.collect(), age_unknown: 0, sizes: sizes.then(Vec::new) }
    }

    /// They are not known after all.
    pub(super) fn forget_sizes(&mut self) {
        self.sizes = None;
    }

    /// `now`: microseconds since boot.
    pub(super) fn count(&mut self, slot: &Found, now: u64) {
        self.found += 1;
        let age = age(&slot.state, now).map(|age| age / SECOND);
        match age.and_then(|age| self.ages.iter_mut().rfind(|aged| aged.from_seconds <= age)) {
            Some(aged) => aged.slots += 1,
            None => self.age_unknown += 1,
        }
        let (Some(sizes), Some(size)) = (&mut self.sizes, slot.in_memory()) else { return };
        // A size that is the end of a bar belongs to it: 4096 is a whole page.
        let bar = size.saturating_sub(1) / STEP;
        for n in sizes.len() as u32..=bar {
            sizes.push(Sized { from_bytes: n * STEP + 1, to_bytes: (n + 1) * STEP, slots: 0 });
        }
        if let Some(sized) = sizes.get_mut(bar as usize) {
            sized.slots += 1;
        }
    }

    pub(super) fn print(&self, out: &mut dyn Write) -> std::io::Result<()> {
        writeln!(out, "{}", style::heading("not read or written for"))?;
        let mut ages: Vec<(String, u64)> =
            self.ages.iter().map(|aged| (aged.label.to_owned(), aged.slots)).collect();
        if self.age_unknown > 0 {
            ages.push(("not known".to_owned(), self.age_unknown));
        }
        bars(out, &ages)?;
        let Some(sizes) = &self.sizes else { return Ok(()) };
        writeln!(out, "{}", style::heading("bytes in memory"))?;
        let sizes: Vec<(String, u64)> = sizes
            .iter()
            .map(|sized| (format!("{} to {}", sized.from_bytes, sized.to_bytes), sized.slots))
            .collect();
        bars(out, &sizes)
    }
}

/// A line each, the longest as long as there is room for.
fn bars(out: &mut dyn Write, counts: &[(String, u64)]) -> std::io::Result<()> {
    let most = counts.iter().map(|(_, count)| *count).max().unwrap_or(0);
    let all: u64 = counts.iter().map(|(_, count)| *count).sum();
    for (label, count) in counts {
        let share = if all == 0 { 0.0 } else { 100.0 * *count as f64 / all as f64 };
        // Whatever is not nothing has a bar.
        let bar = (u128::from(*count) * u128::from(BAR)).div_ceil(u128::from(most.max(1))) as usize;
        let line = format!("  {label:<14} {count:>10} {share:>5.1}% {}", "#".repeat(bar));
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}
