//! Whether there is anything that the daemon could do here.
//!
//! In a container the devices are the host's, and whoever drives them from inside drives them for others. On a kernel without writeback and
//! recompression there is nothing to drive. And an administrator may have said at boot that it shall not. In each case the daemon says so in one line, and
//! sleeps: a service that fails is one that somebody has to look after.

use zram_host::{
    Machine,
    machine::{capabilities, capabilities::Feature},
};

/// The word on the kernel's command line.
const SWITCH: &str = "zramd";

/// Why there is nothing to do. `None`: there may be.
#[must_use]
pub fn nothing_to_do(machine: &mut dyn Machine) -> Option<String> {
    if let Some(word) = switched_off(machine) {
        return Some(format!(
            "{word} is on the kernel's command line (/proc/cmdline): zramd does nothing until it is booted without"
        ));
    }
    if let Some(by) = container(machine) {
        return Some(format!("this is a container ({by}): zram is its host's, and zramd runs there"));
    }
    lacking(machine)
}

/// `zramd=0` and what means the same; the last one counts, as with the kernel's own.
fn switched_off(machine: &mut dyn Machine) -> Option<String> {
    let line = text(machine, "/proc/cmdline")?;
    let word = line.split_ascii_whitespace().rfind(|word| word.split('=').next() == Some(SWITCH))?;
    let value = word.split_once('=').map(|(_, value)| value);
    matches!(value, Some("0" | "no" | "off" | "false" | "n")).then(|| word.to_owned())
}

/// What says that this is a container, if anything does.
fn container(machine: &mut dyn Machine) -> Option<String> {
    // Where systemd, or whoever made the container, writes down what it is.
    for path in ["/run/systemd/container", "/run/host/container-manager"] {
        if let Some(manager) = text(machine, path) {
            return Some(format!("{path} says {}", manager.trim()));
        }
    }
    for path in ["/.dockerenv", "/run/.containerenv"] {
        if machine.kernel_file(path).is_ok() {
            return Some(format!("{path} is there"));
        }
    }
    // Of its first process, where that may be read.
    let environment = text(machine, "/proc/1/environ").unwrap_or_default();
    if let Some(word) =
        environment.split('\0').find(|word| word.starts_with("container=") && !word.ends_with('='))
    {
        return Some(format!("its first process has {word}"));
    }
    // Whoever is not root outside is none in sysfs.
    let map = text(machine, "/proc/self/uid_map").unwrap_or_default();
    let of_root: Vec<&str> = map.lines().next().unwrap_or_default().split_ascii_whitespace().collect();
    match of_root.as_slice() {
        [inside, outside, _] if inside != outside => Some("/proc/self/uid_map has another root".to_owned()),
        _ => None,
    }
}

/// A kernel that can neither write back nor recompress, for certain. Where there is no device to tell by, one may come that can.
fn lacking(machine: &mut dyn Machine) -> Option<String> {
    let report = capabilities(machine, None).ok()?;
    let lacks = |feature| {
        let ability = report.ability(feature)?;
        (ability.able == Some(false)).then(|| format!("{}: {}", feature.about(), ability.why))
    };
    let writeback = lacks(Feature::Writeback)?;
    let recompression = lacks(Feature::Recompression)?;
    Some(format!("this kernel has nothing to drive ({writeback}; {recompression})"))
}

fn text(machine: &mut dyn Machine, path: &str) -> Option<String> {
    machine.kernel_file(path).ok().map(|text| String::from_utf8_lossy(&text).into_owned())
}
