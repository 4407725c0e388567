//! `list`: the devices, a line each.
//!
//! On a terminal a line that is broken cannot be read as a table. So free text is cut there, and if that is not enough the usual columns that can be missed
//! most easily are left out, with a word about it. What was asked for by name stays, and what goes into a pipe is whole.

use std::io::Write;

use serde::Serialize;
use zram_host::Machine;

use super::json;
use crate::{
    cli::List,
    columns::{self, Column, LIST, are_made_of},
    devices::{Device, Devices},
    style,
    table::Style,
};

/// Usual columns in the order of what they are worth where there is no place for all.
const CAN_BE_MISSED: &[Column] = &[Column::Algorithm, Column::Backed, Column::Data, Column::Peak];

/// Prints them. `terminal`: its columns, if it is one.
///
/// # Errors
/// When they cannot be looked at.
pub fn run(
    options: &List,
    terminal: Option<usize>,
    machine: &mut dyn Machine,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let usual = if options.output_all { Column::ALL } else { LIST };
    let mut columns =
        options.output.as_ref().map_or_else(|| usual.to_vec(), |selection| selection.over(usual));
    let wanted = |attribute: &str| options.json || are_made_of(&columns, attribute);
    let mut devices = Devices::new(machine)?.all(machine, &wanted)?;
    let found = devices.len();
    if !options.all {
        devices.retain(|device| device.survey.initialised);
    }
    if options.json {
        #[derive(Serialize)]
        struct Document {
            devices: Vec<Device>,
        }
        return json(out, &Document { devices });
    }
    if devices.is_empty() && !options.raw && !options.no_headings {
        match found {
            0 => writeln!(out, "There is no zram device.")?,
            1 => writeln!(out, "There is 1 zram device, which is not set up (--all shows it).")?,
            n => writeln!(out, "There are {n} zram devices, none of them set up (--all shows them).")?,
        }
        return Ok(());
    }
    let terminal = terminal.filter(|_| !options.raw);
    let left_out = match terminal {
        Some(terminal) if options.output.is_none() && !options.output_all => {
            columns::leave_out(&mut columns, CAN_BE_MISSED, &devices, options.bytes, terminal)
        }
        _ => Vec::new(),
    };
    let look =
        Style { raw: options.raw, no_headings: options.no_headings, styled: !options.raw, columns: terminal };
    columns::print(out, &columns, &devices, options.bytes, look)?;
    if !left_out.is_empty() && !options.no_headings {
        let names: Vec<&str> = left_out.iter().map(|column| column.name()).collect();
        let said = format!("Left out: {}.", names.join(", "));
        writeln!(out, "{}", style::dim(said))?;
    }
    Ok(())
}
