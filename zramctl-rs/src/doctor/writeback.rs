//! Writing back: whether it happens, may happen, and in the cheaper form.

use zram_host::device::{BdStat, Writeback};

use super::{Check, Finding, Looked, Patient, percent};
use crate::{severity::Severity, size::human};

/// Instructions that a slot takes on Linux 7.2, as measured with slots on a RAM disk: (raw, compressed) for a write, and for a read-back.
struct Cost {
    algorithm: &'static str,
    write: (u64, u64),
    read: (u64, u64),
}

const COSTS: [Cost; 2] = [
    Cost { algorithm: "lz4", write: (31_470, 10_230), read: (5_875, 39_220) },
    Cost { algorithm: "zstd", write: (123_770, 9_570), read: (5_875, 132_050) },
];

/// Writes from which on their number says something.
const ENOUGH: u64 = 256;

pub(super) fn findings(looked: &Looked, patient: &Patient) -> Vec<Finding> {
    let Some(writeback) = &patient.device.survey.writeback else { return Vec::new() };
    if writeback.backing_dev.is_none() {
        return Vec::new();
    }
    let findings = [
        used_up(patient, writeback),
        full(patient, writeback),
        never_driven(looked, patient, writeback),
        form(patient, writeback),
    ];
    findings.into_iter().flatten().collect()
}

fn used_up(patient: &Patient, writeback: &Writeback) -> Option<Finding> {
    let device = patient.number();
    (writeback.limit_enabled == Some(true) && writeback.limit == Some(0)).then(|| Finding {
        check: Check::WritebackLimitUsedUp,
        severity: Severity::Problem,
        device: Some(device),
        seen: format!("{device}: the limit of writeback is on, and nothing is left of it."),
        why: "Every pass ends with an error, and pages stay in memory.".to_owned(),
        mend: format!("`zramctl-rs limit {device} --writeback SIZE`, or `--writeback none`"),
    })
}

fn full(patient: &Patient, writeback: &Writeback) -> Option<Finding> {
    let device = patient.number();
    let (size, stored) = (patient.backing?, writeback.bd_stat?.count.saturating_mul(BdStat::UNIT));
    (percent(stored, size) >= 95).then(|| Finding {
        check: Check::BackingFull,
        severity: Severity::Problem,
        device: Some(device),
        seen: format!(
            "{device}: {} of the {} of its backing device are taken.",
            human(stored),
            human(size)
        ),
        why: "When it is full, passes end with an error and pages stay in memory. A block is free again only when its page is freed or written anew.".to_owned(),
        mend: "a larger backing device, when it is next set up; and write back fewer pages (`zramctl-rs idle --older`)".to_owned(),
    })
}

fn never_driven(looked: &Looked, patient: &Patient, writeback: &Writeback) -> Option<Finding> {
    let device = patient.number();
    if looked.daemon || writeback.bd_stat?.writes != 0 {
        return None;
    }
    let mend = format!(
        "`zramctl-rs idle {device} --older 1h && zramctl-rs writeback {device} --idle`, from a timer; or the daemon zramd"
    );
    let (severity, seen) = match &patient.slots {
        Some(slots) if slots.idle > 0 || slots.old > 0 => (
            Severity::Waste,
            format!(
                "{device} has a backing device, and nothing was ever written to it; of {} pages in memory {} were not touched for an hour, and {} are marked as idle.",
                slots.in_memory, slots.old, slots.idle
            ),
        ),
        Some(_) => return None,
        None if patient.device.survey.mm_stat.is_some_and(|mm| mm.compr_data_size != 0) => {
            (Severity::Note, format!("{device} has a backing device, and nothing was ever written to it."))
        }
        None => return None,
    };
    Some(Finding {
        check: Check::WritebackNeverDriven,
        severity,
        device: Some(device),
        seen,
        why: "The kernel writes nothing back by itself: somebody has to tell it what and when.".to_owned(),
        mend,
    })
}

/// Compressed writeback saves work at each write and takes more at each read-back: which is less depends on how many come back.
fn form(patient: &Patient, writeback: &Writeback) -> Option<Finding> {
    let device = patient.number();
    let (compressed, bd) = (writeback.compressed?, writeback.bd_stat?);
    let algorithm = patient.device.survey.algorithms.as_ref()?.chosen.as_deref()?;
    let cost = COSTS.iter().find(|cost| cost.algorithm == algorithm)?;
    let work = |write: u64, read: u64| {
        u128::from(bd.writes) * u128::from(write) + u128::from(bd.reads) * u128::from(read)
    };
    let (raw, packed) = (work(cost.write.0, cost.read.0), work(cost.write.1, cost.read.1));
    let (now, other) = if compressed { (packed, raw) } else { (raw, packed) };
    // A tenth is not worth setting a device up anew.
    if bd.writes < ENOUGH || other * 10 >= now * 9 {
        return None;
    }
    let (is, should, option) = if compressed {
        ("compressed", "raw", "without --compressed-writeback")
    } else {
        ("raw", "compressed", "with --compressed-writeback")
    };
    Some(Finding {
        check: Check::WritebackForm,
        severity: Severity::Waste,
        device: Some(device),
        seen: format!(
            "{device} writes pages back {is}: {} written, {} read back ({}%).",
            bd.writes,
            bd.reads,
            percent(bd.reads, bd.writes)
        ),
        why: format!(
            "With {algorithm}, {should} would have taken about {}% less work of the processor for these, by what was measured on Linux 7.2. Room and wear are the same.",
            (now - other) * 100 / now
        ),
        mend: format!("set it up anew {option}: `zramctl-rs setup --help`"),
    })
}
