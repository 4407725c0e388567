//! In which order areas are swapped to.

use zram_host::machine::Swap;

use super::{Check, Finding, Looked};
use crate::severity::Severity;

/// The highest priority that can be asked for.
const HIGHEST: i32 = 32_767;

pub(super) fn findings(looked: &Looked) -> Vec<Finding> {
    let (zram, disks): (Vec<&Swap>, Vec<&Swap>) =
        looked.swaps.iter().partition(|swap| swap.device().is_some());
    let first_disk = disks.iter().copied().max_by_key(|swap| swap.usage.priority);
    let mut findings = Vec::new();
    for swap in &zram {
        let (Some(device), Some(disk)) = (swap.device(), first_disk) else { continue };
        let (ours, theirs) = (swap.usage.priority, disk.usage.priority);
        if theirs < ours {
            continue;
        }
        let order = if theirs == ours { "takes turns with" } else { "comes after" };
        let wanted = theirs.saturating_add(1).clamp(100, HIGHEST);
        let mend = if theirs < HIGHEST {
            format!(
                "`swapoff {0} && swapon --priority {wanted} {0}`, which reads back what is in it",
                device.node()
            )
        } else {
            format!("give {} a lower priority", disk.path)
        };
        findings.push(Finding {
            check: Check::SwapOrder,
            severity: Severity::Problem,
            device: Some(device),
            seen: format!("{device} (priority {ours}) {order} {} (priority {theirs}).", disk.path),
            why: "Areas of the highest priority are filled first: pages go to the disk while there is room in zram.".to_owned(),
            mend,
        });
    }
    if let [_, _, ..] = zram[..] {
        let each: Vec<String> = zram
            .iter()
            .filter_map(|swap| Some(format!("{} ({})", swap.device()?, swap.usage.priority)))
            .collect();
        findings.push(Finding {
            check: Check::SeveralSwaps,
            severity: Severity::Note,
            device: None,
            seen: format!("{} zram devices are swapped to, by priority: {}.", zram.len(), each.join(", ")),
            why: "One device compresses on all processors at once; several only split the memory into pools. Those of a lower priority stay empty until the others are full.".to_owned(),
            mend: "one device of the whole size, unless they differ on purpose".to_owned(),
        });
    }
    findings
}
