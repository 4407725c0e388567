//! `recompress`: compresses pages again, with a secondary algorithm.
//!
//! Linux looks at the whole device under its lock, whatever the number of pages that it may try. Without an algorithm or a priority it takes only the
//! first secondary one. A threshold is a floor for what is chosen and a ceiling for what is kept: a page that does not come out below it stays as it was,
//! and may be marked as incompressible. What was chosen is not idle any more afterwards.

use nix::errno::Errno;
use serde::Serialize;
use zram_host::DeviceNumber;

use crate::{
    cli::Recompress,
    commands::json,
    size::human,
    style,
    writer::{Writer, errno},
};

/// The document of `--json`: also of a pass that ended early.
#[derive(Serialize)]
struct Recompressed {
    device: DeviceNumber,
    compressed_bytes_saved: u64,
    memory_bytes_freed: u64,
}

/// Does it, and says what came of it.
///
/// # Errors
/// When there is no algorithm for it, or Linux refuses.
pub fn run(options: &Recompress, writer: &mut Writer<'_>) -> anyhow::Result<()> {
    let device = options.device;
    let before = super::set_up(writer, device)?;
    anyhow::ensure!(
        !before.recompression.is_empty(),
        "{device} has no algorithm for recompression: it is set before the size, in recomp_algorithm, by kernels with CONFIG_ZRAM_MULTI_COMP"
    );
    let mut words = Vec::new();
    words.extend(options.kind.word().map(|word| format!("type={word}")));
    words.extend(options.threshold.map(|threshold| format!("threshold={threshold}")));
    words.extend(options.max_pages.map(|pages| format!("max_pages={pages}")));
    words.extend(options.algorithm.as_ref().map(|name| format!("algo={name}")));
    words.extend(options.priority.map(|priority| format!("priority={priority}")));
    // A write of nothing does not reach the driver (`sysfs_kf_write`); one of an empty line does, and means all pages.
    let command = if words.is_empty() { "\n".to_owned() } else { words.join(" ") };
    let ended = writer.set(device, "recompress", &command);
    if writer.is_dry() {
        return ended;
    }
    // How it ended counts more than whether that can be said.
    let after = zram_host::survey(writer.machine(), device).ok().and_then(|after| after.mm_stat);
    let said = match (before.mm_stat, after) {
        (Some(before), Some(after)) => {
            let saved = before.compr_data_size.saturating_sub(after.compr_data_size);
            let memory = before.mem_used_total.saturating_sub(after.mem_used_total);
            let came = Recompressed { device, compressed_bytes_saved: saved, memory_bytes_freed: memory };
            if options.told.json {
                json(writer.out(), &came)
            } else {
                let (name, memory) = (style::key(device.to_string()), style::strong(human(memory)));
                let said = format!("{name}: objects {} smaller, {memory} of memory freed", human(saved));
                writer.say(&said).map_err(Into::into)
            }
        }
        _ => Ok(()),
    };
    ended.map_err(|error| match errno(&error) {
        Some(Errno::EAGAIN) => {
            error.context("another writeback or recompression is under way: try again when it has ended")
        }
        Some(Errno::EINVAL) => error.context(
            "the algorithm or priority is none of this device's, or the threshold is not below what is stored uncompressed anyway",
        ),
        _ => error,
    })?;
    said
}
