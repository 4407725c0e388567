//! `show`: everything about one device, in groups.

use std::io::Write;

use zram_host::{Machine, device::Algorithms};

use super::json;
use crate::{
    cli::Show,
    columns::Column,
    devices::{Device, Devices},
};

/// Columns of the groups, by what they are called in full.
const MEMORY: &[(&str, Column)] = &[
    ("stored", Column::Data),
    ("compressed to", Column::Compr),
    ("memory taken", Column::Memory),
    ("most ever taken", Column::Peak),
    ("ratio", Column::Ratio),
    ("lost in the allocator", Column::Lost),
    ("pages of one word", Column::Same),
    ("incompressible pages", Column::Huge),
    ("freed by compaction", Column::Compacted),
];

const WRITEBACK: &[(&str, Column)] = &[
    ("on it now", Column::Backed),
    ("ever written", Column::Written),
    ("ever read back", Column::ReadBack),
    ("written as", Column::Form),
    ("requests at a time", Column::Batch),
];

const TROUBLE: &[(&str, Column)] =
    &[("failed reads and writes", Column::Failed), ("pages freed", Column::Freed)];

/// Prints it.
///
/// # Errors
/// When it cannot be looked at.
pub fn run(options: &Show, machine: &mut dyn Machine, out: &mut dyn Write) -> anyhow::Result<()> {
    let device = Devices::new(machine)?.one(machine, options.device)?;
    if options.json {
        return json(out, &device);
    }
    let survey = &device.survey;
    let cell = |column: Column| column.cell(&device, options.bytes);
    if !survey.initialised {
        writeln!(out, "{}: not set up", survey.device)?;
    } else {
        let uses = cell(Column::Use).unwrap_or_else(|| "not in use".to_owned());
        writeln!(out, "{}: {}, {uses}", survey.device, cell(Column::Disksize).unwrap_or_default())?;
    }
    if let Some(algorithms) = &survey.algorithms {
        line(out, "algorithm", &of(algorithms))?;
    }
    for recompression in &survey.recompression {
        let name = format!("recompression {}", recompression.priority);
        line(out, &name, &of(&recompression.algorithms))?;
    }
    if survey.initialised {
        group(out, "Memory", MEMORY, &cell)?;
        line(out, "limit", &limit(&device, &cell))?;
    }
    match &survey.writeback {
        None => writeln!(out, "Writeback: this kernel has none (CONFIG_ZRAM_WRITEBACK)")?,
        Some(writeback) if writeback.backing_dev.is_none() => {
            writeln!(out, "Writeback: no backing device")?;
        }
        Some(writeback) => {
            let path = writeback.backing_dev.as_deref().unwrap_or_default();
            group(out, &format!("Writeback to {path}"), WRITEBACK, &cell)?;
            let left = cell(Column::Limit).unwrap_or_else(|| "no limit".to_owned());
            line(out, "may still be written", &left)?;
        }
    }
    if survey.initialised {
        group(out, "Traffic", TROUBLE, &cell)?;
    }
    Ok(())
}

/// The chosen algorithm, and what else there is.
fn of(algorithms: &Algorithms) -> String {
    let chosen = algorithms.chosen.as_deref();
    let others: Vec<&str> =
        algorithms.offered.iter().map(String::as_str).filter(|name| Some(*name) != chosen).collect();
    let chosen = chosen.unwrap_or("none");
    if others.is_empty() { chosen.to_owned() } else { format!("{chosen} (there are {})", others.join(", ")) }
}

fn limit(device: &Device, cell: &dyn Fn(Column) -> Option<String>) -> String {
    match device.survey.mm_stat {
        Some(mm) if mm.mem_limit != 0 => cell(Column::MemLimit).unwrap_or_default(),
        _ => "none".to_owned(),
    }
}

fn group(
    out: &mut dyn Write,
    title: &str,
    rows: &[(&str, Column)],
    cell: &dyn Fn(Column) -> Option<String>,
) -> std::io::Result<()> {
    writeln!(out, "{title}")?;
    for (name, column) in rows {
        // What this kernel does not show is left out.
        if let Some(value) = cell(*column) {
            line(out, name, &value)?;
        }
    }
    Ok(())
}

fn line(out: &mut dyn Write, name: &str, value: &str) -> std::io::Result<()> {
    writeln!(out, "  {name:<24} {value}")
}
