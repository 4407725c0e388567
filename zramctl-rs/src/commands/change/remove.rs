//! `remove`: takes a device away, with what it holds.

use serde::Serialize;
use zram_host::DeviceNumber;

use crate::{cli::Remove, commands::json, devices::unused, writer::Writer};

/// The document of `--json`: also of those before one that could not be.
#[derive(Serialize)]
struct Removed {
    removed: Vec<DeviceNumber>,
}

/// Removes them, one after another.
///
/// # Errors
/// At the first that is in use, or that Linux refuses; those before it are gone.
pub fn run(options: &Remove, writer: &mut Writer<'_>) -> anyhow::Result<()> {
    let mut removed = Vec::new();
    let mut remove = |device| -> anyhow::Result<()> {
        unused(writer.machine(), device)?;
        writer.remove(device)?;
        removed.push(device);
        Ok(())
    };
    let ended = options.devices.iter().try_for_each(|device| remove(*device));
    if options.told.json {
        json(writer.out(), &Removed { removed })?;
    }
    ended
}
