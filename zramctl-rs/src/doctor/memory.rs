//! Memory: limits, size, what is lost in the allocator, what does not compress, what failed.

use zram_host::device::{IoStat, MmStat};

use super::{Check, Finding, Looked, Patient, percent};
use crate::{severity::Severity, size::human};

/// Bytes of memory below which a waste is none.
const FLOOR: u64 = 256 << 10;

/// Bytes of the smallest entry of a slot's that any kernel has: a handle, flags, a time.
const SLOT_ENTRY: u64 = 16;

pub(super) fn findings(looked: &Looked, patient: &Patient) -> Vec<Finding> {
    let survey = &patient.device.survey;
    let mut findings = Vec::new();
    if let Some(io) = survey.io_stat {
        findings.extend(failures(patient, io));
    }
    let Some(mm) = survey.mm_stat else { return findings };
    findings.extend(limit(looked, patient, mm));
    findings.extend(oversized(looked, patient, mm));
    findings.extend(fragmentation(looked, patient, mm));
    findings.extend(incompressible(looked, patient, mm));
    findings.extend(unused(patient, mm));
    findings
}

fn finding(
    patient: &Patient,
    check: Check,
    severity: Severity,
    seen: String,
    why: &str,
    mend: String,
) -> Option<Finding> {
    Some(Finding { check, severity, device: Some(patient.number()), seen, why: why.to_owned(), mend })
}

fn failures(patient: &Patient, io: IoStat) -> Option<Finding> {
    let device = patient.number();
    let IoStat { failed_reads, failed_writes, .. } = io;
    let (why, mend) = match (failed_reads, failed_writes) {
        (0, 0) => return None,
        (0, _) => (
            "A write fails when the memory limit is reached, or there is no memory. A page that could not be swapped out stays in memory; a file system reports an error.",
            format!("look at the limit (`zramctl-rs show {device}`) and at `dmesg`"),
        ),
        _ => (
            "A read fails when the backing device does, or a page does not decompress: what was in it is lost to whoever asked.",
            "look at `dmesg`, and at the health of the backing device".to_owned(),
        ),
    };
    let seen = format!("{device}: {failed_reads} reads and {failed_writes} writes have failed.");
    finding(patient, Check::Failures, Severity::Problem, seen, why, mend)
}

fn limit(looked: &Looked, patient: &Patient, mm: MmStat) -> Option<Finding> {
    let device = patient.number();
    let (limit, disksize) = (mm.mem_limit, patient.device.survey.disksize);
    if limit == 0 {
        return None;
    }
    let size = human(limit);
    if percent(mm.mem_used_total, limit) >= 95 {
        return finding(
            patient,
            Check::LimitReached,
            Severity::Problem,
            format!("{device} takes {} of the {size} that it may.", human(mm.mem_used_total)),
            "At the limit every write fails that needs another page of memory.",
            format!("`zramctl-rs limit {device} --memory SIZE`, with more; or write something back"),
        );
    }
    let mend = format!("`zramctl-rs limit {device} --memory SIZE`, with less; or `--memory none`");
    if limit >= looked.memory.total {
        let seen = format!("{device} may take {size}, of the {} that there are.", human(looked.memory.total));
        let why = "The machine runs out of memory before the limit is reached, so that it protects nothing.";
        return finding(patient, Check::LimitOutOfReach, Severity::Note, seen, why, mend);
    }
    if limit >= disksize {
        let seen = format!("{device} may take {size}, and offers {}.", human(disksize));
        let why = "What is stored never takes more memory than it has bytes, but for what is lost in the allocator: the limit is not reached even if nothing compresses.";
        return finding(patient, Check::LimitOutOfReach, Severity::Note, seen, why, mend);
    }
    None
}

/// lz4 and zstd make of memory's usual content a half to a quarter. So a device of twice the memory, when it is full, takes a quarter of its size at best,
/// which is half of the memory, and at worst all of it; and what is running needs some, too. Beyond that size only a machine that does next to nothing else gets to
/// the end of the device. (The kernel's documentation draws the same line, by 2:1 alone.) With a backing device, pages leave memory, and
/// nothing follows from its size.
fn oversized(looked: &Looked, patient: &Patient, mm: MmStat) -> Option<Finding> {
    let device = patient.number();
    let (disksize, total) = (patient.device.survey.disksize, looked.memory.total);
    let table = disksize / looked.page * SLOT_ENTRY;
    let has_backing = patient.device.survey.writeback.as_ref().is_some_and(|to| to.backing_dev.is_some());
    let seen = format!(
        "{device} offers {}, on a machine of {}; the table of its slots alone takes {} or more.",
        human(disksize),
        human(total),
        human(table)
    );
    let mend = "a smaller size, when it is next set up: `zramctl-rs setup --size 'min(ram, 8G)'`".to_owned();
    if disksize / 2 > total && !has_backing {
        let why = format!(
            "Pages usually compress to between a half and a quarter: to fill it takes {} to {} of memory, and what is running needs some, too. So the end of it is hardly ever used, and its slots take memory.",
            human(disksize / 4),
            human(disksize / 2)
        );
        return finding(patient, Check::Oversized, Severity::Waste, seen, &why, mend);
    }
    if disksize > total && mm.mem_limit == 0 {
        let why = "Nothing keeps it from taking all of the memory, if pages do not compress.";
        let mend = format!("`zramctl-rs limit {device} --memory SIZE`");
        return finding(patient, Check::Oversized, Severity::Note, seen, why, mend);
    }
    None
}

fn fragmentation(looked: &Looked, patient: &Patient, mm: MmStat) -> Option<Finding> {
    let device = patient.number();
    let mend = format!("`zramctl-rs compact {device}`");
    let why = "Objects of one size share pages; where some are gone, those left can be moved together.";
    if let Some(pages) = patient.freeable {
        let bytes = pages.saturating_mul(looked.page);
        if bytes < FLOOR || percent(bytes, mm.mem_used_total) < 5 {
            return None;
        }
        let seen = format!(
            "{device}: {} of the {} that it takes can be freed by compaction, as the allocator counts.",
            human(bytes),
            human(mm.mem_used_total)
        );
        return finding(patient, Check::Fragmentation, Severity::Waste, seen, why, mend);
    }
    let lost = mm.mem_used_total.saturating_sub(mm.compr_data_size);
    if lost < FLOOR || percent(lost, mm.mem_used_total) < 25 {
        return None;
    }
    let seen = format!(
        "{device} takes {} for {} of objects: {} are lost in the allocator, of which compaction frees an unknown part.",
        human(mm.mem_used_total),
        human(mm.compr_data_size),
        human(lost)
    );
    finding(patient, Check::Fragmentation, Severity::Note, seen, why, mend)
}

fn incompressible(looked: &Looked, patient: &Patient, mm: MmStat) -> Option<Finding> {
    let device = patient.number();
    let pages = mm.huge_pages?;
    let bytes = pages.saturating_mul(looked.page);
    if pages == 0 || percent(bytes, mm.mem_used_total) < 20 {
        return None;
    }
    let seen = format!(
        "{device}: {pages} pages are stored as they are, {} of the {} that it takes.",
        human(bytes),
        human(mm.mem_used_total)
    );
    let why = "They take as much memory as they did before they were swapped out.";
    let writeback = patient.device.survey.writeback.as_ref();
    let (severity, mend) = match writeback {
        Some(to) if to.backing_dev.is_some() => (
            Severity::Waste,
            format!("`zramctl-rs writeback {device} --huge` (frees up to {})", human(bytes)),
        ),
        Some(_) => (
            Severity::Note,
            format!(
                "a backing device, to write them to: `zramctl-rs setup --backing PATH`, then `zramctl-rs writeback {device} --huge`"
            ),
        ),
        None => (Severity::Note, "a kernel with CONFIG_ZRAM_WRITEBACK could write them to a disk".to_owned()),
    };
    finding(patient, Check::Incompressible, severity, seen, why, mend)
}

fn unused(patient: &Patient, mm: MmStat) -> Option<Finding> {
    let device = patient.number();
    if !patient.device.uses.is_empty() || mm.mem_used_total < FLOOR {
        return None;
    }
    finding(
        patient,
        Check::Unused,
        Severity::Note,
        format!("{device} takes {} and is neither swapped to nor mounted.", human(mm.mem_used_total)),
        "What nobody uses keeps its memory until it is reset.",
        format!("`zramctl-rs reset {device}`, if nobody needs what it holds"),
    )
}
