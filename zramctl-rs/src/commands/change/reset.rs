//! `reset`: throws away what a device holds, and how it was set up.
//!
//! Linux keeps the writeback limit, its switch, the batch size and the form of writeback over a reset, so that the next user of the device
//! finds those of the last. `--settings` puts them back, too.

use serde::Serialize;
use zram_host::DeviceNumber;

use crate::{cli::Reset, commands::json, devices::unused, writer::Writer};

/// The document of `--json`: also of those before one that could not be.
#[derive(Serialize)]
struct Done {
    reset: Vec<DeviceNumber>,
    settings: bool,
}

/// Resets them, one after another.
///
/// # Errors
/// At the first that is in use, or that Linux refuses; those before it are reset.
pub fn run(options: &Reset, writer: &mut Writer<'_>) -> anyhow::Result<()> {
    let mut done = Done { reset: Vec::new(), settings: options.settings };
    let mut ended = Ok(());
    for &device in &options.devices {
        ended = reset(device, options.settings, writer);
        if ended.is_err() {
            break;
        }
        done.reset.push(device);
    }
    if options.told.json {
        json(writer.out(), &done)?;
    }
    ended
}

fn reset(device: DeviceNumber, settings: bool, writer: &mut Writer<'_>) -> anyhow::Result<()> {
    let found = unused(writer.machine(), device)?;
    writer.reset(device)?;
    if let (true, Some(writeback)) = (settings, &found.survey.writeback) {
        let settings = [
            (writeback.limit_enabled.is_some(), "writeback_limit_enable", "0"),
            (writeback.limit.is_some(), "writeback_limit", "0"),
            (writeback.batch_size.is_some(), "writeback_batch_size", "32"),
            (writeback.compressed.is_some(), "compressed_writeback", "0"),
        ];
        for (there, attribute, value) in settings {
            if there {
                writer.set(device, attribute, value)?;
            }
        }
    }
    Ok(())
}
