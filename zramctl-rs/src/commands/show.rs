//! `show`: everything about one device, in groups.
//!
//! A number says little alone: behind it stands what it is a part of, where there is such a thing, and whether something should be done about it. What
//! this kernel does not show is left out.

use std::io::Write;

use zram_host::{
    Machine,
    device::{Algorithms, BdStat},
};

use super::{
    json,
    sheet::{Group, Row, share},
};
use crate::{
    cli::Show,
    columns::Column,
    devices::{Device, Devices, Use},
    escape::escaped,
    size::human,
    style,
};

/// From what part of its limit on a device is near to it.
const NEAR: f64 = 0.9;

/// Prints it.
///
/// # Errors
/// When it cannot be looked at.
pub fn run(options: &Show, machine: &mut dyn Machine, out: &mut dyn Write) -> anyhow::Result<()> {
    let device = Devices::new(machine)?.one(machine, options.device)?;
    if options.json {
        return json(out, &device);
    }
    let shown = Shown { page: machine.page_size(), device, bytes: options.bytes };
    shown.title(out)?;
    let mut groups = vec![shown.algorithms()];
    if shown.device.survey.initialised {
        groups.push(shown.memory());
    }
    groups.push(shown.writeback());
    if shown.device.survey.initialised {
        groups.push(shown.traffic());
    }
    Ok(Group::print(&groups, out)?)
}

/// A device, and how to show it.
struct Shown {
    device: Device,
    page: u64,
    bytes: bool,
}

impl Shown {
    fn title(&self, out: &mut dyn Write) -> std::io::Result<()> {
        let name = style::key(self.device.survey.device.to_string());
        if !self.device.survey.initialised {
            return writeln!(out, "{name}: not set up");
        }
        let uses = self.cell(Column::Use).unwrap_or_else(|| "not in use".to_owned());
        let uses = escaped(&uses, false);
        writeln!(out, "{name}: {}, {uses}", self.cell(Column::Disksize).unwrap_or_default())
    }

    fn algorithms(&self) -> Group {
        let mut group = Group::untitled();
        if let Some(algorithms) = &self.device.survey.algorithms {
            group.add(Row::words("algorithm", &chosen(algorithms)).note(others(algorithms)));
        }
        // What else there is for them is what there is for the first.
        for recompression in &self.device.survey.recompression {
            let name = format!("recompression {}", recompression.priority);
            group.add(Row::words(&name, &chosen(&recompression.algorithms)));
        }
        group
    }

    fn memory(&self) -> Group {
        let mut group = Group::titled("Memory");
        let Some(mm) = self.device.survey.mm_stat else { return group };
        let here = self.device.in_memory();
        let pages = mm.orig_data_size / self.page.max(1);
        group.add(self.row("stored", Column::Data).note(share(
            mm.orig_data_size,
            self.device.survey.disksize,
            "of the device",
        )));
        let of = format!("of {} in memory", self.size(here));
        group.add(self.row("compressed to", Column::Compr).note(share(mm.compr_data_size, here, &of)));
        let taken = self.row("memory taken", Column::Memory).strong();
        let part = share(mm.mem_used_total, mm.mem_limit, "of the limit");
        let is_near = mm.mem_limit != 0 && mm.mem_used_total as f64 >= NEAR * mm.mem_limit as f64;
        group.add(if is_near { taken.warning(part) } else { taken.note(part) });
        group.add(self.row("most ever taken", Column::Peak));
        let ratio = self.row("ratio", Column::Ratio);
        group.add(match (self.device.ratio(), here.checked_sub(mm.mem_used_total)) {
            (Some(_), None) => ratio.warning(Some("takes more memory than what is in it would".to_owned())),
            (Some(_), Some(saved)) if saved > 0 => ratio.good(Some(format!("saves {}", self.size(saved)))),
            _ => ratio,
        });
        let lost = mm.mem_used_total.saturating_sub(mm.compr_data_size);
        group.add(self.row("lost in the allocator", Column::Lost).note(share(
            lost,
            mm.mem_used_total,
            "of the memory taken",
        )));
        let of = "of the pages stored";
        group.add(self.row("pages of one word", Column::Same).note(share(mm.same_pages, pages, of)));
        let huge = mm.huge_pages.and_then(|huge| share(huge, pages, of));
        group.add(self.row("incompressible pages", Column::Huge).note(huge));
        group.add(self.row("freed by compaction", Column::Compacted));
        if mm.mem_limit == 0 {
            group.add(Row::new("limit", Some("none".to_owned())));
        } else {
            group.add(self.row("limit", Column::MemLimit));
        }
        group
    }

    fn writeback(&self) -> Group {
        let Some(writeback) = &self.device.survey.writeback else {
            return Group::titled("Writeback: this kernel has none (CONFIG_ZRAM_WRITEBACK)");
        };
        let Some(path) = &writeback.backing_dev else {
            return Group::titled("Writeback: no backing device");
        };
        let mut group = Group::titled(&format!("Writeback to {path}"));
        let stored = self.device.survey.mm_stat.map_or(0, |mm| mm.orig_data_size);
        let backed = writeback.bd_stat.map_or(0, |bd| bd.count.saturating_mul(BdStat::UNIT));
        group.add(self.row("on it now", Column::Backed).note(share(backed, stored, "of what is stored")));
        group.add(self.row("ever written", Column::Written));
        group.add(self.row("ever read back", Column::ReadBack));
        group.add(self.row("written as", Column::Form));
        group.add(self.row("requests at a time", Column::Batch));
        let name = "may still be written";
        group.add(match (writeback.limit_enabled, writeback.limit) {
            (Some(true), Some(0)) => self
                .row(name, Column::Limit)
                .warning(Some("used up: `limit --writeback` gives it another".to_owned())),
            (Some(true), _) => self.row(name, Column::Limit),
            _ => Row::new(name, Some("no limit".to_owned())),
        });
        group
    }

    fn traffic(&self) -> Group {
        let mut group = Group::titled("Traffic");
        let failed = self.row("failed reads and writes", Column::Failed);
        let is_well = |io: zram_host::device::IoStat| io.failed_reads == 0 && io.failed_writes == 0;
        group.add(if self.device.survey.io_stat.is_none_or(is_well) {
            failed
        } else {
            failed.problem(Some("data may be lost: `dmesg` says more".to_owned()))
        });
        group.add(self.row("pages freed", Column::Freed));
        let swap = self.device.uses.iter().find_map(|using| match using {
            Use::Swap(swap) => Some(swap),
            _ => None,
        });
        if let Some(swap) = swap {
            let part = share(swap.used, swap.size, "of the swap area");
            group.add(Row::new("swapped out", Some(self.size(swap.used))).note(part));
        }
        group
    }

    fn row(&self, name: &str, column: Column) -> Row {
        Row::new(name, self.cell(column))
    }

    fn cell(&self, column: Column) -> Option<String> {
        column.cell(&self.device, self.bytes)
    }

    fn size(&self, bytes: u64) -> String {
        if self.bytes { bytes.to_string() } else { human(bytes) }
    }
}

fn chosen(algorithms: &Algorithms) -> String {
    algorithms.chosen.clone().unwrap_or_else(|| "none".to_owned())
}

/// What else there is.
fn others(algorithms: &Algorithms) -> Option<String> {
    let chosen = algorithms.chosen.as_deref();
    let others = algorithms.offered.iter().map(String::as_str).filter(|name| Some(*name) != chosen);
    let others: Vec<&str> = others.collect();
    (!others.is_empty()).then(|| format!("(also {})", others.join(", ")))
}
