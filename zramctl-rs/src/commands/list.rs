//! `list`: the devices, a line each.

use std::io::Write;

use serde::Serialize;
use zram_host::Machine;

use super::json;
use crate::{
    cli::List,
    columns::{self, Column, LIST},
    devices::{Device, Devices},
    table::Style,
};

/// Prints them.
///
/// # Errors
/// When they cannot be looked at.
pub fn run(options: &List, machine: &mut dyn Machine, out: &mut dyn Write) -> anyhow::Result<()> {
    let mut devices = Devices::new(machine)?.all(machine)?;
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
    let usual = if options.output_all { Column::ALL } else { LIST };
    let columns = options.output.as_ref().map_or_else(|| usual.to_vec(), |selection| selection.over(usual));
    let style = Style { raw: options.raw, no_headings: options.no_headings };
    Ok(columns::print(out, &columns, &devices, options.bytes, style)?)
}
