//! What else on this machine manages zram, or works against it.
//!
//! zram has no owner: whoever comes last resets what another has set up, and the kernel refuses without a word about who has the device. And
//! there are settings elsewhere that make swap on zram pointless or dangerous. All of it is told from texts that are there
//! anyway; what may not be read counts as not there, since nothing here is needed for what was asked.

mod generator;
mod hibernation;
mod services;

use serde::Serialize;
use zram_host::{
    DeviceNumber, Machine,
    machine::{Zswap, swaps, zswap},
};

use crate::severity::Severity;

/// What zram is used for, or is about to be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Purpose {
    /// The device that is about to be set up. `None`: whichever; only what is there already counts.
    pub device: Option<DeviceNumber>,
    /// Whether it is going to be swapped to. What is swapped to already counts in any case.
    pub swap: bool,
}

/// Something that manages zram too, or works against it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Conflict {
    /// With what.
    pub with: With,
    /// How bad it is.
    pub severity: Severity,
    /// Whether it sets devices up by itself, at boot or as they appear. Two that do get into each other's way.
    #[serde(skip)]
    pub sets_up: bool,
    /// What was found, and what follows from it: a sentence.
    pub says: String,
    /// What ends it.
    pub way_out: String,
}

/// What there is a conflict with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum With {
    /// zswap, which compresses in front of zram.
    Zswap,
    /// Resuming from a zram device.
    Hibernation,
    /// systemd's zram-generator.
    ZramGenerator,
    /// Debian's zram-tools.
    ZramTools,
    /// zram-init, of Gentoo and Alpine.
    ZramInit,
    /// Ubuntu's zram-config.
    ZramConfig,
    /// The other program of the name zramd, written in Go.
    GoZramd,
    /// This project's daemon, which sets nothing up: it drives what is.
    Zramd,
    /// A rule of udev's that sets a size.
    UdevRule,
}

/// All that there are, the worst first. What sets zram devices up is worth a note if it is alone; it is a problem if there are several, or if it
/// has the device that is about to be set up. What does not start by itself, and what only drives devices that others set up, is none of the several.
pub fn conflicts(machine: &mut dyn Machine, purpose: Purpose) -> Vec<Conflict> {
    let mut found: Vec<Conflict> = Vec::new();
    let swapped =
        purpose.swap || swaps(machine).is_ok_and(|all| all.iter().any(|swap| swap.device().is_some()));
    if let Ok(Some(zswap)) = zswap(machine)
        && zswap.enabled
        && swapped
    {
        found.push(with_zswap(&zswap));
    }
    found.extend(hibernation::conflicts(machine));
    found.extend(generator::conflict(machine, purpose.device));
    found.extend(services::conflicts(machine));
    found.extend(udev_rules(machine));
    // Each counts once, however many files it has.
    let mut managers = found.iter().filter(|conflict| conflict.sets_up).map(|conflict| conflict.with);
    let several = managers.next().is_some_and(|one| managers.any(|other| other != one));
    if several {
        for conflict in found.iter_mut().filter(|conflict| conflict.sets_up) {
            conflict.severity = Severity::Problem;
            conflict
                .says
                .push_str(" It is not the only one: whichever comes last resets what the other has set up.");
        }
    }
    found.sort_by_key(|conflict| conflict.severity);
    found
}

fn with_zswap(zswap: &Zswap) -> Conflict {
    let compressor = zswap.compressor.as_ref().map(|name| format!(" ({name})")).unwrap_or_default();
    Conflict {
        with: With::Zswap,
        severity: Severity::Problem,
        sets_up: false,
        says: format!(
            "zswap{compressor} is enabled in front of swap on zram: pages are compressed by zswap, and those that it hands on are decompressed and compressed again."
        ),
        way_out: "`echo N > /sys/module/zswap/parameters/enabled`; to keep it so, boot with zswap.enabled=0"
            .to_owned(),
    }
}

/// The way of wikis: a rule that sets `disksize` whenever a device appears.
fn udev_rules(machine: &mut dyn Machine) -> Vec<Conflict> {
    let mut found = Vec::new();
    for folder in ["/etc/udev/rules.d", "/usr/lib/udev/rules.d"] {
        for name in names(machine, folder) {
            let path = format!("{folder}/{name}");
            let sets_size = |line: &&str| {
                let line = line.trim_start();
                !line.starts_with('#') && line.contains("zram") && line.contains("ATTR{disksize}=\"")
            };
            if text(machine, &path).is_some_and(|text| text.lines().any(|line| sets_size(&line))) {
                found.push(Conflict {
                    with: With::UdevRule,
                    severity: Severity::Note,
                    sets_up: true,
                    says: format!("{path} sets a zram device up as soon as it appears."),
                    way_out: format!(
                        "leave the device to it, or remove {path} and `udevadm control --reload`"
                    ),
                });
            }
        }
    }
    found
}

/// A file's text. `None`: there is none, or it may not be read.
fn text(machine: &mut dyn Machine, path: &str) -> Option<String> {
    machine.kernel_file(path).ok().map(|text| String::from_utf8_lossy(&text).into_owned())
}

/// Names in a folder, in order. None where there is no such folder.
fn names(machine: &mut dyn Machine, folder: &str) -> Vec<String> {
    let mut names = machine.kernel_folder(folder).unwrap_or_default();
    names.sort_unstable();
    names
}
