//! `compact`: moves objects together and gives back the memory that this frees.

use serde::Serialize;
use zram_host::DeviceNumber;

use crate::{cli::Compact, commands::json, size::human, style, writer::Writer};

/// The document of `--json`: `None` where the kernel does not say.
#[derive(Serialize)]
struct Compacted {
    device: DeviceNumber,
    memory_bytes_freed: Option<u64>,
    memory_bytes: Option<u64>,
}

/// Does it, and says what came of it.
///
/// # Errors
/// When Linux refuses.
pub fn run(options: &Compact, writer: &mut Writer<'_>) -> anyhow::Result<()> {
    let device = options.device;
    let before = super::set_up(writer, device)?;
    writer.set(device, "compact", "1")?;
    if writer.is_dry() {
        return Ok(());
    }
    let after = super::set_up(writer, device)?;
    let (before, after) = (before.mm_stat, after.mm_stat);
    let freed =
        before.zip(after).map(|(before, after)| before.mem_used_total.saturating_sub(after.mem_used_total));
    let left = after.map(|after| after.mem_used_total);
    if options.told.json {
        return json(writer.out(), &Compacted { device, memory_bytes_freed: freed, memory_bytes: left });
    }
    if let (Some(freed), Some(left)) = (freed, left) {
        let (name, freed) = (style::key(device.to_string()), style::strong(human(freed)));
        writer.say(&format!("{name}: {freed} freed, {} left", human(left)))?;
    }
    Ok(())
}
