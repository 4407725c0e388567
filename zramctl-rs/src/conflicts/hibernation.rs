//! Resuming from a zram device: what was in memory is not there after the machine was off, and neither is zram.

use zram_host::Machine;

use super::{Conflict, With, text};
use crate::severity::Severity;

pub(super) fn conflicts(machine: &mut dyn Machine) -> Vec<Conflict> {
    let cmdline = text(machine, "/proc/cmdline").unwrap_or_default();
    let mut found = Vec::new();
    // The last one counts.
    let on_cmdline = cmdline.split_whitespace().filter_map(|word| word.strip_prefix("resume=")).next_back();
    if let Some(path) = on_cmdline
        && path.strip_prefix("/dev/").is_some_and(is_zram)
        && !cmdline.split_whitespace().any(|word| word == "noresume")
    {
        found.push(conflict(
            format!("The kernel was booted with resume={path}"),
            "boot with resume= naming swap on a disk, or with noresume".to_owned(),
        ));
    }
    if let Some(device) = resumed_from(machine) {
        found.push(conflict(
            format!("/sys/power/resume names {device}"),
            // A write to it resumes at once: an image that is still on that area would take the place of what is running.
            "boot with resume= naming swap on a disk (the file is only to be read: what is written to it is resumed from at once)"
                .to_owned(),
        ));
    }
    found
}

fn conflict(seen: String, way_out: String) -> Conflict {
    Conflict {
        with: With::Hibernation,
        severity: Severity::Problem,
        sets_up: false,
        says: format!("{seen}: an image of hibernation on zram is lost when the machine is switched off."),
        way_out,
    }
}

fn is_zram(name: &str) -> bool {
    name.strip_prefix("zram").is_some_and(|number| number.parse::<u32>().is_ok())
}

/// The zram device that `/sys/power/resume` names: it has only numbers. zram's major one is in `/proc/devices`, and a device's minor one
/// is its own.
fn resumed_from(machine: &mut dyn Machine) -> Option<String> {
    let resume = text(machine, "/sys/power/resume")?;
    let (major, minor) = resume.trim().split_once(':')?;
    let devices = text(machine, "/proc/devices")?;
    let (_, blocks) = devices.split_once("Block devices:")?;
    let is_zram = |line: &str| {
        line.trim().split_once(' ').is_some_and(|(number, name)| number == major && name.trim() == "zram")
    };
    blocks.lines().any(is_zram).then(|| format!("/dev/zram{minor}"))
}
