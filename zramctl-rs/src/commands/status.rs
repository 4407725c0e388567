//! The status, as util-linux' `zramctl` prints it: for scripts, so without any style, and never cut.

use std::io::Write;

use zram_host::Machine;

use crate::{
    cli::UtilLinux,
    columns::{self, Column, STATUS, UTIL_LINUX, are_made_of},
    devices::Devices,
    table::Style,
};

/// Prints it.
///
/// # Errors
/// When the devices cannot be looked at.
pub fn run(options: &UtilLinux, machine: &mut dyn Machine, out: &mut dyn Write) -> anyhow::Result<()> {
    let usual = if options.output_all { &Column::ALL[..UTIL_LINUX] } else { STATUS };
    let columns = options.output.as_ref().map_or_else(|| usual.to_vec(), |selection| selection.over(usual));
    let wanted = |attribute: &str| are_made_of(&columns, attribute);
    let devices = Devices::new(machine)?;
    let shown = match options.devices[..] {
        [device] => vec![devices.one_with(machine, device, &wanted)?],
        [_, ..] => anyhow::bail!("one device at a time: `zramctl-rs list` shows several"),
        // zramctl shows only what has a size.
        [] => {
            let all = devices.all(machine, &wanted)?;
            all.into_iter().filter(|device| device.survey.disksize != 0).collect()
        }
    };
    let style = Style { raw: options.raw, no_headings: options.noheadings, ..Style::default() };
    Ok(columns::print(out, &columns, &shown, options.bytes, style)?)
}
