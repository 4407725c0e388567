//! What a run reached.
//!
//! Agreement says little about what was never tried. So each run keeps count of the corners that it
//! came through, on the kernel's side of the comparison, and a required row that stayed at zero makes
//! the run fail: the generator no longer does what it is for.

mod allocator;
mod during;
mod followed;
mod recompression;
mod required;
mod shortage;
mod together;
mod traffic;

use std::collections::BTreeMap;

use serde::Serialize;
use zram_agent::protocol::{Below, Op, Outcome, Text};
use zram_events::{Context, Event};
use zram_model::slot_flags;

use self::{allocator::Allocator, required::Corner, shortage::Shortages, traffic::Traffic};
use crate::{abilities::Abilities, kernel_log, observed::Observed};

/// A row: its group, and what it counts.
type Row = (&'static str, String);

/// Bytes of a page.
const PAGE: u64 = 4096;

/// Fewest operations of a run whose coverage is part of the verdict.
pub const ENOUGH_OPERATIONS: usize = 1500;

/// Counts of what was reached.
#[derive(Clone, Debug, Default)]
pub struct Coverage {
    corners: Vec<Corner>,
    rows: BTreeMap<Row, u64>,
    allocator: Allocator,
    traffic: Traffic,
    /// The disk that is worked with, where it is a particular one.
    below: Option<Below>,
    shortages: Shortages,
}

/// One line of the table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Line {
    /// Its group.
    pub group: &'static str,
    /// What it counts.
    pub row: String,
    /// How often.
    pub count: u64,
    /// Whether zero fails a run.
    pub required: bool,
    /// Why zero does not, where on other kernels it would.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waived: Option<&'static str>,
}

/// In what context backing devices complete, and which.
fn completions(below: Option<Below>, observed: &Observed, rows: &mut Vec<(&'static str, String)>) {
    for (event, origin) in observed.events.iter().flatten().zip(&observed.origins) {
        let what = match event {
            Event::ReadBackEndio { .. } => "read",
            Event::WritebackEndio { .. } => "write",
            _ => continue,
        };
        let place =
            if origin.context == Context::Interrupt { "in an interrupt" } else { "outside interrupts" };
        rows.push(("completion", format!("of a {what} {place}")));
        match below {
            None => {}
            Some(Below::Loop) => rows.push(("completion", format!("of a {what} by a loop device"))),
            Some(Below::Virtio) => rows.push(("completion", format!("of a {what} by a virtio disk"))),
        }
    }
}

/// How many devices there are at a time, and whether one is missing in the middle.
fn devices(op: &Op, observed: &Observed, rows: &mut Vec<(&'static str, String)>) {
    let there = &observed.observation.devices;
    for (many, row) in [(2, "two at a time"), (3, "three at a time"), (4, "four at a time")] {
        if there.len() >= many && op.dev().is_some() {
            rows.push(("devices", row.to_owned()));
        }
    }
    let last = there.keys().next_back().map_or(0, |last| *last as usize + 1);
    if matches!(op, Op::Remove { .. }) && there.len() < last {
        rows.push(("devices", "one in the middle removed".to_owned()));
    }
}

impl Coverage {
    /// Nothing reached on a kernel of these abilities. (By default: on one that nothing is known of, so that nothing is
    /// asked of it.)
    #[must_use]
    pub fn new(abilities: &Abilities) -> Self {
        Self { corners: required::corners(abilities), ..Self::default() }
    }

    /// Takes account of an operation and what was observed. `events`: those observed, or the model's
    /// where nobody looked.
    pub fn see(&mut self, op: &Op, observed: &Observed, events: &[Event]) {
        let outcome = match &observed.observation.outcome {
            Outcome::Ok(_) => "ok",
            Outcome::Errno(errno) => errno.as_str(),
        };
        let name = match op {
            Op::Set { attr, .. } | Op::Get { attr, .. } => format!("{} {attr}", op.name()),
            _ => op.name().to_owned(),
        };
        self.count("operation", format!("{name}: {outcome}"));
        // What was refused was not written. A write that a page's failure cut short says how far it came.
        if let (Op::Write { pages, .. }, Outcome::Ok(moved)) = (op, &observed.observation.outcome) {
            let whole = usize::try_from(moved / PAGE).unwrap_or(usize::MAX);
            for page in pages.iter().take(whole) {
                self.count("content", page.name());
            }
        }
        for complaint in kernel_log::hear(&observed.observation.kernel_log).complaints {
            self.count("complaint in the kernel's log", format!("{complaint:?}"));
        }
        self.see_flags(observed);
        let mut rows = Vec::new();
        self.allocator.see(op, events, &mut rows);
        self.traffic.see(op, observed, events, &mut rows);
        self.shortages.see(op, observed, &mut rows);
        during::see(op, events, &mut rows);
        together::see(op, events, &observed.origins, &mut rows);
        recompression::see(op, observed, events, &mut rows);
        devices(op, observed, &mut rows);
        if let Op::Begin(begin) = op {
            self.below = begin.backing_below;
        }
        completions(self.below, observed, &mut rows);
        followed::see(op, events, &mut rows);
        for (group, row) in rows {
            self.count(group, row);
        }
    }

    fn count(&mut self, group: &'static str, row: impl Into<String>) {
        *self.rows.entry((group, row.into())).or_default() += 1;
    }

    fn see_flags(&mut self, observed: &Observed) {
        for view in observed.observation.devices.values() {
            for row in view.slots.iter().flatten() {
                for (flag, name) in [
                    (slot_flags::SAME, "SAME"),
                    (slot_flags::WB, "WB"),
                    (slot_flags::HUGE, "HUGE"),
                    (slot_flags::IDLE, "IDLE"),
                    (slot_flags::INCOMPRESSIBLE, "INCOMPRESSIBLE"),
                ] {
                    if row.flags & flag != 0 {
                        self.count("slot flag", name);
                    }
                }
                if let Some(row) = recompression::of_flags(row.flags) {
                    self.count("slot flag", row);
                }
                let compressed =
                    matches!(view.attrs.get("compressed_writeback"), Some(Text::Read(on)) if on == "1\n");
                if row.flags & slot_flags::WB != 0 {
                    if row.flags & slot_flags::HUGE != 0 {
                        self.count("slot flag", "WB and HUGE");
                    } else if compressed {
                        self.count("slot flag", "WB and compressed");
                    }
                }
            }
        }
    }

    /// The table: required rows first, whether reached or not, then those waived, then what else was reached.
    #[must_use]
    pub fn table(&self) -> Vec<Line> {
        let count = |row: &Row| self.rows.get(row).copied().unwrap_or(0);
        let line = |corner: &Corner| Line {
            group: corner.row.0,
            row: corner.row.1.clone(),
            count: count(&corner.row),
            required: corner.waived.is_none(),
            waived: corner.waived,
        };
        let (required, waived): (Vec<Line>, Vec<Line>) =
            self.corners.iter().map(line).partition(|line| line.required);
        let known = |row: &Row| self.corners.iter().any(|corner| corner.row == *row);
        let more = self.rows.iter().filter(|(row, _)| !known(row));
        let more = more.map(|((group, row), count)| Line {
            group,
            row: row.clone(),
            count: *count,
            required: false,
            waived: None,
        });
        required.into_iter().chain(waived).chain(more).collect()
    }

    /// Required rows at zero.
    #[must_use]
    pub fn missing(&self) -> Vec<String> {
        self.table()
            .into_iter()
            .filter(|line| line.required && line.count == 0)
            .map(|line| format!("{}: {}", line.group, line.row))
            .collect()
    }
}
