//! `remove`: takes a device away, with what it holds.

use crate::{cli::Remove, devices::unused, writer::Writer};

/// Removes them, one after another.
///
/// # Errors
/// At the first that is in use, or that Linux refuses; those before it are gone.
pub fn run(options: &Remove, writer: &mut Writer<'_>) -> anyhow::Result<()> {
    for &device in &options.devices {
        unused(writer.machine(), device)?;
        writer.remove(device).map_err(|error| super::reset::busy(error, device))?;
    }
    Ok(())
}
