//! What workloads made of a device.

use zram_agent::protocol::{Op, WorkKind};
use zram_events::{BioOp, Event};

/// Bytes of a page.
const PAGE: u32 = 4096;

/// The workload that an operation belongs to.
fn kind(op: &Op) -> Option<WorkKind> {
    Some(match op {
        Op::SwapOn { .. }
        | Op::SwapOff { .. }
        | Op::Pressure { .. }
        | Op::Revisit { .. }
        | Op::Relieve { .. } => WorkKind::Swap,
        Op::Mount { .. }
        | Op::Unmount { .. }
        | Op::WriteFile { .. }
        | Op::ReadFile { .. }
        | Op::RemoveFile { .. }
        | Op::Trim { .. } => WorkKind::Filesystem,
        _ => return None,
    })
}

/// The rows that the events of a workload reach.
pub(super) fn see(op: &Op, events: &[Event], rows: &mut Vec<(&'static str, String)>) {
    let Some(kind) = kind(op) else { return };
    let group = group(kind);
    for event in events {
        let reached = match event {
            Event::Bio { op: BioOp::Write, bytes, .. } if *bytes > PAGE => "write of several pages",
            Event::Bio { op: BioOp::Write, .. } => "write",
            Event::Bio { op: BioOp::Read, .. } => "read",
            Event::Bio { op: BioOp::Discard, .. } => "discard",
            Event::SlotFreeNotify { .. } => "slot-free notification",
            Event::ReadBackEndio { .. } => "read back",
            _ => continue,
        };
        rows.push((group, reached.to_owned()));
    }
}

/// The group of a workload's rows.
pub(super) fn group(kind: WorkKind) -> &'static str {
    match kind {
        WorkKind::Swap => "swap followed",
        WorkKind::Filesystem => "file system followed",
    }
}

#[cfg(test)]
mod tests {
    use zram_events::DeviceId;

    use super::*;

    #[test]
    fn only_a_workloads_bios_are_followed() {
        let bio = |op, bytes| Event::Bio { dev: DeviceId(0), op, sector: 0, bytes };
        let events = [bio(BioOp::Write, PAGE), bio(BioOp::Write, 2 * PAGE), bio(BioOp::Discard, PAGE)];
        let reached = |op: &Op| {
            let mut rows = Vec::new();
            see(op, &events, &mut rows);
            rows.into_iter().map(|(_, row)| row).collect::<Vec<_>>()
        };
        assert_eq!(reached(&Op::Trim { dev: 0 }), ["write", "write of several pages", "discard"]);
        assert_eq!(reached(&Op::Hold { dev: 0 }), Vec::<String>::new());
    }
}
