//! `writeback`: writes pages to the backing device and frees their memory.
//!
//! What Linux makes of a command that names both ranges and a type is no intersection: each range is written whole at once. And ranges that
//! overlap queue a page twice. So this command takes one or the other, and ranges are sorted, joined and written one by one, which also
//! lets whoever reads the device's statistics in between: a pass holds the device's lock throughout.

use nix::errno::Errno;
use serde::Serialize;
use zram_host::{
    DeviceNumber, Survey,
    device::{BdStat, Writeback as State},
};

use crate::{
    cli::Writeback,
    commands::json,
    size::human,
    style,
    writer::{Writer, errno},
};

/// The document of `--json`: also of a pass that ended early.
#[derive(Serialize)]
struct WrittenBack {
    device: DeviceNumber,
    written_back_pages: u64,
}

/// Writes them, and says how much that was.
///
/// # Errors
/// When there is nowhere to write, or a pass ends early: with the reason, and how far it came.
pub fn run(options: &Writeback, writer: &mut Writer<'_>) -> anyhow::Result<()> {
    let device = options.device;
    let before = super::set_up(writer, device)?;
    let state = state(&before)?;
    anyhow::ensure!(
        state.backing_dev.is_some(),
        "{device} has no backing device, which must be set before its size"
    );
    if state.limit_enabled == Some(true) && state.limit == Some(0) {
        anyhow::bail!(
            "{device}: the writeback limit is used up: `zramctl-rs limit {device} --writeback SIZE` gives it another"
        );
    }
    let slots = before.disksize / writer.machine().page_size();
    if let Some((first, last)) = options.range.iter().find(|(_, last)| *last >= slots) {
        anyhow::bail!("{device} has pages 0 to {}, and {first}-{last} goes beyond", slots.saturating_sub(1));
    }
    let commands = match options.kind.word() {
        Some(word) => vec![word.to_owned()],
        None => joined(&options.range)
            .into_iter()
            .map(|(first, last)| format!("page_indexes={first}-{last}"))
            .collect(),
    };
    let mut ended = Ok(());
    for command in &commands {
        ended = writer.set(device, "writeback", command);
        if ended.is_err() {
            break;
        }
    }
    if writer.is_dry() {
        return ended;
    }
    // How it ended counts more than whether that can be said.
    let after = zram_host::survey(writer.machine(), device);
    let said = match &after {
        Ok(after) => {
            let pages = written(after).saturating_sub(written(&before));
            if options.told.json {
                json(writer.out(), &WrittenBack { device, written_back_pages: pages })
            } else {
                let bytes = style::strong(human(pages.saturating_mul(BdStat::UNIT)));
                let said = format!("{}: {bytes} written back", style::key(device.to_string()));
                writer.say(&said).map_err(Into::into)
            }
        }
        Err(_) => Ok(()),
    };
    if let Err(error) = ended {
        let reason = after.ok().and_then(|after| reason(&error, &after, !options.range.is_empty()));
        return Err(match reason {
            Some(reason) => error.context(reason),
            None => error,
        });
    }
    said
}

fn state(survey: &Survey) -> anyhow::Result<&State> {
    survey
        .writeback
        .as_ref()
        .ok_or_else(|| anyhow::anyhow!("this kernel has no writeback (CONFIG_ZRAM_WRITEBACK)"))
}

/// In blocks, of which each holds a page.
fn written(survey: &Survey) -> u64 {
    survey.writeback.as_ref().and_then(|state| state.bd_stat).map_or(0, |bd| bd.writes)
}

/// What an errno means here: several things, which the device's state tells apart.
fn reason(error: &anyhow::Error, after: &Survey, ranges: bool) -> Option<&'static str> {
    let state = after.writeback.as_ref()?;
    Some(match errno(error)? {
        Errno::EIO if state.limit_enabled == Some(true) && state.limit == Some(0) => {
            "the writeback limit was reached"
        }
        Errno::EIO => "the backing device failed to write some of the pages, which stay in memory",
        Errno::ENOSPC => "the backing device is full",
        Errno::EAGAIN => "another writeback or recompression is under way: try again when it has ended",
        Errno::ENOMEM => "there is not enough memory to write any of it",
        Errno::EINVAL if ranges => "this kernel takes no ranges, as Linux does since 6.16",
        _ => return None,
    })
}

/// Ranges in order; those that overlap or touch are one.
fn joined(ranges: &[(u64, u64)]) -> Vec<(u64, u64)> {
    let mut sorted = ranges.to_vec();
    sorted.sort_unstable();
    let mut joined: Vec<(u64, u64)> = Vec::new();
    for (first, last) in sorted {
        match joined.last_mut() {
            Some(range) if first <= range.1.saturating_add(1) => range.1 = range.1.max(last),
            _ => joined.push((first, last)),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_joined() {
        assert_eq!(
            joined(&[(5, 9), (0, 1), (8, 12), (2, 2), (20, u64::MAX), (30, 40)]),
            [(0, 2), (5, 12), (20, u64::MAX)]
        );
        assert_eq!(joined(&[]), []);
    }
}
