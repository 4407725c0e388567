//! `idle`: marks pages as idle, so that writeback and recompression can choose them.
//!
//! Linux counts an age back from now in 32 bits. One that is no less than the time since boot comes out at 0 or wraps, and then every page
//! is marked. So that is refused.

use crate::{cli::Idle, writer::Writer};

/// Marks them.
///
/// # Errors
/// When the age makes no sense, or Linux refuses.
pub fn run(options: &Idle, writer: &mut Writer<'_>) -> anyhow::Result<()> {
    super::set_up(writer, options.device)?;
    let Some(age) = options.older else { return writer.set(options.device, "idle", "all") };
    let uptime = writer.machine().boot_time() / 1_000_000_000;
    anyhow::ensure!(
        age < uptime,
        "nothing can be {age} s old, {uptime} s after boot, and Linux would mark every page: give a shorter age, or none for every page"
    );
    anyhow::ensure!(age > 0, "an age of 0 s means every page to Linux: leave --older out if that is meant");
    writer.set(options.device, "idle", &age.to_string()).map_err(|error| match super::errno(&error) {
        Some(nix::errno::Errno::EINVAL) => error.context(
            "this kernel marks by age only with CONFIG_ZRAM_TRACK_ENTRY_ACTIME or CONFIG_ZRAM_MEMORY_TRACKING",
        ),
        _ => error,
    })
}
