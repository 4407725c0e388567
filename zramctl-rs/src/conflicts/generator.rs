//! systemd's zram-generator: devices by sections of its configuration, before anything else at boot.

use std::collections::BTreeMap;

use zram_host::{DeviceNumber, Machine};

use super::{Conflict, With, names, text};
use crate::{severity::Severity, shell::word};

/// Where its configuration may be, the weakest first: a file hides those of the same name in weaker ones.
const FOLDERS: [&str; 4] = ["/usr/lib/systemd", "/usr/local/lib/systemd", "/etc/systemd", "/run/systemd"];

/// Where systemd keeps what generators made.
const GENERATED: &str = "/run/systemd/generator";

/// It, with the devices that it has. `None`: it has none.
pub(super) fn conflict(machine: &mut dyn Machine, wanted: Option<DeviceNumber>) -> Option<Conflict> {
    let configured = configured(machine);
    let units: Vec<String> = names(machine, GENERATED)
        .into_iter()
        .filter(|name| {
            name.starts_with("dev-zram") && name.ends_with(".swap") || name.starts_with("systemd-zram-setup@")
        })
        .collect();
    if configured.is_empty() && units.is_empty() {
        return None;
    }
    let switched_off = text(machine, "/proc/cmdline").is_some_and(|cmdline| {
        cmdline.split_whitespace().filter_map(|word| word.strip_prefix("systemd.zram=")).next_back()
            == Some("0")
    });
    if switched_off && units.is_empty() {
        return None;
    }
    let devices: Vec<String> = configured.keys().map(ToString::to_string).collect();
    let files: Vec<&str> = {
        let mut files: Vec<&str> = configured.values().map(|section| section.path.as_str()).collect();
        files.sort_unstable();
        files.dedup();
        files
    };
    let mut says = match devices.is_empty() {
        true => "zram-generator has set devices up for this boot".to_owned(),
        false => format!("zram-generator sets up {} at boot ({})", devices.join(", "), files.join(", ")),
    };
    if !units.is_empty() {
        says += &format!("; its units are there: {}", units.join(", "));
    }
    says.push('.');
    let taken = wanted.is_some_and(|wanted| configured.contains_key(&wanted));
    let device = wanted.filter(|_| taken).or_else(|| configured.keys().next().copied());
    let name = device.map_or_else(|| "zram0".to_owned(), |device| device.to_string());
    // The service's end resets the device, which nobody may use then; and what has a section is made anew by a reload.
    let unused = match device.and_then(|device| configured.get(&device)?.mount_point.as_ref()) {
        Some(mount_point) => format!("umount {}", word(mount_point)),
        None => format!("systemctl stop dev-{name}.swap"),
    };
    Some(Conflict {
        with: With::ZramGenerator,
        severity: if taken { Severity::Problem } else { Severity::Note },
        sets_up: true,
        says,
        way_out: format!(
            "leave {name} to it and change its configuration; or, in this order: `{unused}`, `systemctl stop systemd-zram-setup@{name}.service`, take the section [{name}] out, `systemctl daemon-reload`"
        ),
    })
}

/// What is configured of a device.
#[derive(Default)]
struct Section {
    /// The last file that has one.
    path: String,
    /// Where it is mounted. `None`: it is swapped to.
    mount_point: Option<String>,
}

/// The devices with a section. A size of 0 takes a device away.
fn configured(machine: &mut dyn Machine) -> BTreeMap<DeviceNumber, Section> {
    let mut devices = BTreeMap::<_, Section>::new();
    for (path, text) in files(machine) {
        let mut section = None;
        for line in text.lines().map(str::trim) {
            if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
                section = name.parse::<DeviceNumber>().ok();
                if let Some(device) = section {
                    devices.entry(device).or_default().path.clone_from(&path);
                }
            } else if let (Some(device), Some((key, value))) = (section, line.split_once('=')) {
                match (key.trim(), value.trim()) {
                    ("zram-size", "0") => drop(devices.remove(&device)),
                    ("mount-point", path) => {
                        if let Some(section) = devices.get_mut(&device) {
                            section.mount_point = Some(path.to_owned());
                        }
                    }
                    _ => {}
                }
            }
        }
    }
    devices
}

/// Its files with their texts, in the order in which they count: the main one, then the others by name.
fn files(machine: &mut dyn Machine) -> Vec<(String, String)> {
    const MAIN: &str = "zram-generator.conf";
    let mut main = None;
    let mut others = BTreeMap::new();
    for folder in FOLDERS {
        let path = format!("{folder}/{MAIN}");
        if let Some(text) = text(machine, &path) {
            main = Some((path, text));
        }
        let folder = format!("{folder}/{MAIN}.d");
        for name in names(machine, &folder).into_iter().filter(|name| name.ends_with(".conf")) {
            let path = format!("{folder}/{name}");
            if let Some(text) = text(machine, &path) {
                others.insert(name, (path, text));
            }
        }
    }
    main.into_iter().chain(others.into_values()).collect()
}
