//! The status, as util-linux' `zramctl` prints it.

use std::io::Write;

use zram_host::Machine;

use crate::{
    cli::Status,
    columns::{Column, STATUS, UTIL_LINUX},
    devices::Devices,
    table::{self, Style},
};

/// Prints it.
///
/// # Errors
/// When the devices cannot be looked at.
pub fn run(options: &Status, machine: &mut dyn Machine, out: &mut dyn Write) -> anyhow::Result<()> {
    let devices = Devices::new(machine)?;
    let shown = match options.device {
        Some(device) => vec![devices.one(machine, device)?],
        // zramctl shows only what has a size.
        None => devices.all(machine)?.into_iter().filter(|device| device.survey.disksize != 0).collect(),
    };
    let usual = if options.output_all { &Column::ALL[..UTIL_LINUX] } else { STATUS };
    let columns = options.output.as_ref().map_or_else(|| usual.to_vec(), |selection| selection.over(usual));
    let rows: Vec<_> = shown
        .iter()
        .map(|device| columns.iter().map(|column| column.cell(device, options.bytes)).collect())
        .collect();
    let headings: Vec<_> = columns.iter().map(|column| column.heading()).collect();
    let style = Style { raw: options.raw, no_headings: options.noheadings };
    Ok(table::print(out, &headings, &rows, style)?)
}
