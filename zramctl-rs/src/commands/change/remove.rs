//! `remove`: takes a device away, with what it holds.

use crate::{cli::Remove, devices::Devices, writer::Writer};

/// Removes them, one after another.
///
/// # Errors
/// At the first that is in use, or that Linux refuses; those before it are gone.
pub fn run(options: &Remove, writer: &mut Writer<'_>) -> anyhow::Result<()> {
    for &device in &options.devices {
        let devices = Devices::new(writer.machine())?;
        let found = devices.one(writer.machine(), device)?;
        if let Some(in_use) = found.uses.first() {
            anyhow::bail!("{device} is in use ({in_use}): {}", in_use.way_out(device));
        }
        writer.remove(device).map_err(|error| super::reset::busy(error, device))?;
    }
    Ok(())
}
