//! What is wrong or wasteful about zram on this machine, and what mends it.
//!
//! Everything is looked at once, in [`look`], and nothing is changed by that. Then each check is a function of what was seen, with nothing else to
//! ask, so that a finding can be traced to its numbers, which it shows. A check that lacks what it needs (block_state takes root; the
//! allocator's counters are an option of the kernel's) finds nothing: silence is not health, and a note says what could not be looked at.
//!
//! Thresholds are shares, with floors below which nobody would care.

mod kernel;
mod look;
mod memory;
mod recompression;
#[cfg(feature = "sample")]
pub mod sample;
mod swap;
mod writeback;

use serde::Serialize;
use zram_host::{DeviceNumber, Machine};

use crate::{conflicts::With, severity::Severity};
pub use look::{Looked, Patient, SlotCounts, look};

/// Something that is wrong or wasteful, or worth knowing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was checked.
    pub check: Check,
    /// How bad it is.
    pub severity: Severity,
    /// The device that it is about. `None`: the machine.
    pub device: Option<DeviceNumber>,
    /// What was seen, with numbers.
    pub seen: String,
    /// Why it matters.
    pub why: String,
    /// What mends it.
    pub mend: String,
}

/// What is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Check {
    /// The kernel lacks something.
    KernelLacks,
    /// Something could not be looked at.
    NotLookedAt,
    /// Swap on a disk is used before zram.
    SwapOrder,
    /// Several zram devices are swapped to.
    SeveralSwaps,
    /// A device holds something, and nobody uses it.
    Unused,
    /// Reads or writes failed.
    Failures,
    /// The memory limit is reached, or nearly.
    LimitReached,
    /// The memory limit can never be reached.
    LimitOutOfReach,
    /// The device offers more than the machine could hold.
    Oversized,
    /// Compaction would free memory.
    Fragmentation,
    /// Much of the memory holds what does not compress.
    Incompressible,
    /// Nothing is ever written back.
    WritebackNeverDriven,
    /// Nothing may be written back any more.
    WritebackLimitUsedUp,
    /// The backing device is full, or nearly.
    BackingFull,
    /// The other form of writeback would take less work.
    WritebackForm,
    /// Pages are marked as idle for nobody.
    IdleMarksUnused,
    /// Algorithms for recompression are set and never used.
    RecompressionNeverRun,
    /// Another algorithm would take less memory.
    OtherAlgorithm,
    /// Something else manages zram or works against it: its name.
    #[serde(untagged)]
    Conflict(With),
}

/// All findings, the worst first.
pub fn examine(machine: &mut dyn Machine, looked: &Looked) -> Vec<Finding> {
    let mut findings = kernel::findings(looked);
    findings.extend(conflicts(machine));
    findings.extend(swap::findings(looked));
    for patient in &looked.patients {
        findings.extend(memory::findings(looked, patient));
        findings.extend(writeback::findings(looked, patient));
        findings.extend(recompression::findings(patient));
    }
    sort(&mut findings);
    findings
}

/// The worst first; what is equally bad stays in its order.
pub fn sort(findings: &mut [Finding]) {
    findings.sort_by_key(|finding| finding.severity);
}

fn conflicts(machine: &mut dyn Machine) -> impl Iterator<Item = Finding> {
    use crate::conflicts::{Purpose, conflicts};
    conflicts(machine, Purpose::default()).into_iter().map(|conflict| Finding {
        check: Check::Conflict(conflict.with),
        severity: conflict.severity,
        device: None,
        seen: conflict.says,
        why: match conflict.with {
            With::Zswap => "What zswap holds does not reach zram, whose limits, writeback and recompression do not apply to it. What zswap refuses or hands on takes the time of a second compression.",
            With::Hibernation => "Resuming would find nothing.",
            With::Zramd => "What is changed here by hand, it may change again.",
            _ => "What is changed here by hand, it may set again.",
        }
        .to_owned(),
        mend: conflict.way_out,
    })
}

/// A part of a whole in percent.
fn percent(part: u64, whole: u64) -> u64 {
    if whole == 0 { 0 } else { u64::try_from(u128::from(part) * 100 / u128::from(whole)).unwrap_or(u64::MAX) }
}
