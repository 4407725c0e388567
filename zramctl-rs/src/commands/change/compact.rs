//! `compact`: moves objects together and gives back the memory that this frees.

use crate::{cli::Compact, size::human, writer::Writer};

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
    if let (Some(before), Some(after)) = (before.mm_stat, after.mm_stat) {
        let freed = before.mem_used_total.saturating_sub(after.mem_used_total);
        writer.say(&format!("{device}: {} freed, {} left", human(freed), human(after.mem_used_total)))?;
    }
    Ok(())
}
