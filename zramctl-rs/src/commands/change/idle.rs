//! `idle`: marks pages as idle, so that writeback and recompression can choose them.
//!
//! An age of no less than the time since boot means something else to each Linux: it wraps and every page is marked (7.0 to 7.2), no page is and marks are taken
//! away (until 6.19), or nothing happens (7.3). 0 means every page to some. So both are refused.

use serde::Serialize;
use zram_host::DeviceNumber;

use crate::{
    cli::Idle,
    commands::json,
    writer::{Writer, errno},
};

/// The document of `--json`.
#[derive(Serialize)]
struct Marked {
    device: DeviceNumber,
    /// `None`: of any age.
    older_seconds: Option<u64>,
}

/// Marks them.
///
/// # Errors
/// When the age makes no sense, or Linux refuses.
pub fn run(options: &Idle, writer: &mut Writer<'_>) -> anyhow::Result<()> {
    mark(options, writer)?;
    if options.told.json {
        return json(writer.out(), &Marked { device: options.device, older_seconds: options.older });
    }
    Ok(())
}

fn mark(options: &Idle, writer: &mut Writer<'_>) -> anyhow::Result<()> {
    super::set_up(writer, options.device)?;
    let Some(age) = options.older else { return writer.set(options.device, "idle", "all") };
    let uptime = writer.machine().boot_time() / 1_000_000_000;
    anyhow::ensure!(
        age < uptime,
        "nothing can be {age} s old, {uptime} s after boot, and some Linux would mark every page: give a shorter age, or none for every page"
    );
    anyhow::ensure!(
        age > 0,
        "an age of 0 s means every page to some Linux: leave --older out if that is meant"
    );
    writer.set(options.device, "idle", &age.to_string()).map_err(|error| match errno(&error) {
        Some(nix::errno::Errno::EINVAL) => error.context(
            "this kernel marks by age only with CONFIG_ZRAM_TRACK_ENTRY_ACTIME or CONFIG_ZRAM_MEMORY_TRACKING",
        ),
        _ => error,
    })
}
