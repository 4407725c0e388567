//! What a run reached.
//!
//! Agreement says little about what was never tried. So each run keeps count of the corners that it
//! came through, on the kernel's side of the comparison, and a required row that stayed at zero makes
//! the run fail: the generator no longer does what it is for.

mod allocator;
mod during;
mod traffic;

use std::collections::BTreeMap;

use serde::Serialize;
use zram_agent::protocol::{Op, Outcome, Text};
use zram_events::Event;
use zram_model::slot_flags;

use self::{allocator::Allocator, traffic::Traffic};
use crate::{kernel_log, observed::Observed};

/// A row: its group, and what it counts.
type Row = (&'static str, String);

/// Bytes of a page.
const PAGE: u64 = 4096;

/// Fewest operations of a run whose coverage is part of the verdict.
pub const ENOUGH_OPERATIONS: usize = 1000;

/// Counts of what was reached.
#[derive(Clone, Debug, Default)]
pub struct Coverage {
    rows: BTreeMap<Row, u64>,
    allocator: Allocator,
    traffic: Traffic,
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
}

/// Rows that must not stay at zero.
fn required() -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    let mut add = |group: &'static str, names: &[&str]| {
        rows.extend(names.iter().map(|name| (group, (*name).to_owned())));
    };
    add(
        "operation",
        &[
            "begin: ok",
            "add: ok",
            "remove: ok",
            "remove: EBUSY",
            "hold: ok",
            "release: ok",
            "write: ok",
            "write: ENOSPC",
            "write: EIO",
            "read: ok",
            "discard: ok",
            "zero_out: ok",
            "state: ok",
            "blocks: ok",
            "classes: ok",
            "sleep: ok",
            "set disksize: ok",
            "set disksize: EBUSY",
            "set reset: ok",
            "set reset: EBUSY",
            "set compact: ok",
            "set comp_algorithm: ok",
            "set compressed_writeback: ok",
            "set writeback_batch_size: ok",
            "set backing_dev: ok",
            "set idle: ok",
            "set idle: EINVAL",
            "set mem_limit: ok",
            "set mem_used_max: ok",
            "set writeback: ok",
            "set writeback: EIO",
            "set writeback: ENOSPC",
            "set writeback: EINVAL",
            "set writeback: ERANGE",
            "set writeback_limit: ok",
            "set writeback_limit_enable: ok",
            "during: ok",
        ],
    );
    add("content", &["zero", "same", "nearly", "text", "noisy", "random"]);
    add("slot flag", &["SAME", "WB", "HUGE", "IDLE", "WB and HUGE", "WB and compressed"]);
    add("zspage fullness", &["up", "down", "created", "freed", "filled", "emptied by compaction"]);
    add(
        "allocator",
        &["class with several partly filled zspages", "compaction that frees pages", "huge zspage"],
    );
    add("spanning object", &["read", "written back"]);
    add(
        "writeback",
        &[
            "raw",
            "compressed",
            "several completion groups in a pass",
            "limit reached",
            "backing full",
            "device failed a write",
            "slot queued twice",
            "by idle mark",
            "by huge mark",
            "by range",
        ],
    );
    add(
        "away",
        &[
            "read back raw",
            "read back and decompressed",
            "read back huge",
            "several read-backs in a bio",
            "read-back and memory in a bio",
            "rewritten",
            "freed",
        ],
    );
    add(
        "during",
        &[
            "slot read in flight",
            "slot written in flight",
            "slot discarded in flight",
            "slot touched while queued",
        ],
    );
    add("complaint in the kernel's log", &["VmallocOfNothing"]);
    add("buffer", &["unaligned write", "unaligned read", "several pieces", "several slots in a bio"]);
    rows
}

impl Coverage {
    /// Nothing reached.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
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
        during::see(op, events, &mut rows);
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

    /// The table: required rows first, whether reached or not, then what else was reached.
    #[must_use]
    pub fn table(&self) -> Vec<Line> {
        let required = required();
        let mut lines: Vec<Line> = required
            .iter()
            .map(|(group, row)| Line {
                group,
                row: row.clone(),
                count: self.rows.get(&(*group, row.clone())).copied().unwrap_or(0),
                required: true,
            })
            .collect();
        let more = self.rows.iter().filter(|(row, _)| !required.contains(row));
        lines.extend(more.map(|((group, row), count)| Line {
            group,
            row: row.clone(),
            count: *count,
            required: false,
        }));
        lines
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
