//! What the kernel lacks, and what could not be looked at.

use zram_host::machine::capabilities::Feature;

use super::{Check, Finding, Looked};
use crate::severity::Severity;

/// Features that somebody may miss, with what they are for.
const MISSED: [(Feature, &str); 4] = [
    (Feature::Writeback, "old and incompressible pages cannot leave the memory"),
    (Feature::CompressedWriteback, "each page is decompressed before it is written back"),
    (Feature::Recompression, "old pages cannot be compressed harder"),
    (Feature::AccessTimes, "pages cannot be told apart by age"),
];

pub(super) fn findings(looked: &Looked) -> Vec<Finding> {
    let capabilities = &looked.capabilities;
    let note = |check, seen: String, why: String, mend: &str| Finding {
        check,
        severity: Severity::Note,
        device: None,
        seen,
        why,
        mend: mend.to_owned(),
    };
    let mut findings = Vec::new();
    if let Some(ability) = capabilities.ability(Feature::Zram)
        && ability.able == Some(false)
    {
        let severity = Severity::Problem;
        let why = "Without it there is no device.".to_owned();
        let mend = "`modprobe zram num_devices=0`";
        findings.push(Finding {
            severity,
            ..note(Check::KernelLacks, format!("No zram: {}.", ability.why), why, mend)
        });
        return findings;
    }
    let lacks = |feature| capabilities.ability(feature).is_some_and(|ability| ability.able == Some(false));
    let mut missed: Vec<(Feature, &str)> =
        MISSED.into_iter().filter(|(feature, _)| lacks(*feature)).collect();
    if missed.iter().any(|(feature, _)| *feature == Feature::Writeback) {
        missed.retain(|(feature, _)| *feature != Feature::CompressedWriteback);
    }
    if !missed.is_empty() {
        let names: Vec<&str> = missed.iter().map(|(feature, _)| feature.about()).collect();
        let why: Vec<&str> = missed.iter().map(|(_, why)| *why).collect();
        findings.push(note(
            Check::KernelLacks,
            format!("This kernel has no {}.", names.join(", no ")),
            format!("Here {}.", why.join("; ")),
            "`zramctl-rs caps` says what each takes: a newer kernel, or one built with the option",
        ));
    }
    let unseen: Vec<String> = looked
        .patients
        .iter()
        .filter(|patient| patient.slots.is_none())
        .map(|patient| patient.number().to_string())
        .collect();
    if !unseen.is_empty() && !lacks(Feature::Root) {
        let reason = capabilities.ability(Feature::BlockState).map(|ability| ability.why.as_str());
        findings.push(note(
            Check::NotLookedAt,
            format!(
                "The slots of {} could not be looked at: {}.",
                unseen.join(", "),
                reason.unwrap_or("the kernel does not say why")
            ),
            "What depends on ages and kinds of pages was not checked.".to_owned(),
            "`zramctl-rs caps` says what it takes",
        ));
    }
    if lacks(Feature::Root) {
        findings.push(note(
            Check::NotLookedAt,
            "This is not root.".to_owned(),
            "What is in the slots and in the allocator was not looked at, so that not everything was checked.".to_owned(),
            "`sudo zramctl-rs doctor`",
        ));
    }
    findings
}
