//! Devices that `zramctl-rs setup --file` sets up, handed over by its own file.
//!
//! Whoever has written down once which devices there are need not do so again. The file is `zramctl-rs`' and is checked by it; here only that is read by
//! which a device is found again, and the rest may be whatever a newer one has in it.
//!
//! A device there may have no name, since one that is free is taken when it is set up. What it has then is a backing device or a mount point, and both can
//! be seen in the kernel: `backing_dev` is the file itself, or a loop device on it, or encryption on either. What has none of
//! the three cannot be told from others, and guessing would drive somebody else's device; so that is refused.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};
use zram_host::{DeviceNumber, Machine, machine::mounts};

use super::{
    HandOver, Wrong,
    setting::{Problem, Setting as _, Value},
};

/// A device as it is found again: by the first of these that it has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Handed {
    /// By its name.
    Name(DeviceNumber),
    /// By what is behind it.
    Backing(PathBuf),
    /// By where it is mounted.
    Mount(PathBuf),
}

const MOST: u64 = 1 << 20;

/// Reads the file.
pub(super) fn read(path: &Path) -> Result<Vec<Handed>, Vec<Wrong>> {
    let of_file = |what: String| vec![Wrong::of_file(path.to_owned(), what)];
    let cannot = |error: io::Error| {
        let why = match error.kind() {
            io::ErrorKind::NotFound => {
                "devices = { from = … } names it, and it is not there: it is the file that `zramctl-rs setup --file` takes".to_owned()
            }
            io::ErrorKind::InvalidData => "this is no text".to_owned(),
            _ => format!("cannot be read: {error}"),
        };
        of_file(why)
    };
    let about = fs::metadata(path).map_err(cannot)?;
    if !about.is_file() || about.len() > MOST {
        return Err(of_file("this is no file of devices (or larger than one can be, 1M)".to_owned()));
    }
    let text = fs::read_to_string(path).map_err(cannot)?;
    let within = |Problem { span, what }| Wrong::within(path.to_owned(), &text, &span, what);
    let document = DeTable::parse(&text).map_err(|error| {
        let what = format!("this is no TOML: {}", error.message());
        vec![within(Problem { span: error.span().unwrap_or_default(), what })]
    })?;
    let devices = match document.get_ref().get("device").map(Spanned::get_ref) {
        Some(DeValue::Array(devices)) if !devices.is_empty() => devices,
        _ => return Err(of_file("this names no device: there is no [[device]]".to_owned())),
    };
    let mut handed = Vec::new();
    let mut wrong = Vec::new();
    for device in devices.iter() {
        match one(device) {
            Ok(device) => handed.push(device),
            Err(problems) => wrong.extend(problems.into_iter().map(within)),
        }
    }
    if wrong.is_empty() { Ok(handed) } else { Err(wrong) }
}

fn one(device: &Value<'_>) -> Result<Handed, Vec<Problem>> {
    let entry = |table: &str, name: &str| {
        let within = match device.get_ref() {
            DeValue::Table(device) if table.is_empty() => Some(device),
            DeValue::Table(device) => match device.get(table).map(Spanned::get_ref) {
                Some(DeValue::Table(inner)) => Some(inner),
                _ => None,
            },
            _ => None,
        };
        within.and_then(|table| table.get(name)).cloned()
    };
    if let Some(name) = entry("", "name") {
        let number = match name.get_ref() {
            DeValue::String(text) => text.parse().map_err(|error| format!("{error}")),
            other => Err(format!(
                "this is {}: a device's name is a text such as \"zram0\"",
                super::setting::kind(other)
            )),
        };
        return number.map(Handed::Name).map_err(|what| vec![Problem::of(&name, what)]);
    }
    if let Some(path) = entry("backing", "path") {
        return PathBuf::read(&path).map(Handed::Backing);
    }
    if let Some(at) = entry("mount", "at") {
        return PathBuf::read(&at).map(Handed::Mount);
    }
    let what = "zramd cannot tell this device from others: give it a name, such as name = \"zram0\" (a backing path or a mount point would do, too)";
    Err(vec![Problem::of(device, what)])
}

impl HandOver {
    /// Those that are there now, of all devices that are.
    #[must_use]
    pub fn there(&self, machine: &mut dyn Machine) -> Vec<DeviceNumber> {
        let all: Vec<DeviceNumber> =
            machine.devices().unwrap_or_default().into_iter().map(DeviceNumber).collect();
        let mounted = mounts(machine).unwrap_or_default();
        let is_wanted = |device: &DeviceNumber, machine: &mut dyn Machine| {
            let behind = behind(machine, *device);
            self.devices.iter().any(|handed| match handed {
                Handed::Name(name) => name == device,
                Handed::Backing(path) => behind.contains(&resolved(machine, path)),
                Handed::Mount(at) => mounted
                    .iter()
                    .any(|mount| Path::new(&mount.target) == at && mount.device == Some(*device)),
            })
        };
        all.into_iter().filter(|device| is_wanted(device, machine)).collect()
    }
}

/// Steps from a backing device down to a file: encryption, a loop device, and some more that an administrator may have put between.
const DEEPEST: usize = 8;

/// What is behind a device: its backing device, and what that stands on, as long as that is one thing.
fn behind(machine: &mut dyn Machine, device: DeviceNumber) -> Vec<PathBuf> {
    let text = machine.read_attr(device.0, "backing_dev").unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let mut next = Some(text.trim_end_matches('\n').to_owned()).filter(|path| path.starts_with('/'));
    let mut chain = Vec::new();
    while let Some(path) = next.take().filter(|_| chain.len() < DEEPEST) {
        if let Some(name) = path.strip_prefix("/dev/") {
            // A slash in a device's name is an exclamation mark there.
            let name = name.replace('/', "!");
            let file = machine.kernel_file(&format!("/sys/block/{name}/loop/backing_file")).ok();
            let below = machine.kernel_folder(&format!("/sys/block/{name}/slaves")).unwrap_or_default();
            next = match (file, below.as_slice()) {
                (Some(file), _) => {
                    let file = String::from_utf8_lossy(&file);
                    let file = file.trim_end_matches('\n');
                    // A file that was made for a device has no name any more once the device has it.
                    Some(file.strip_suffix(" (deleted)").unwrap_or(file).to_owned())
                }
                (None, [one]) => Some(format!("/dev/{}", one.replace('!', "/"))),
                (None, _) => None,
            };
        }
        chain.push(path.into());
    }
    chain
}

/// A path without links in it: what the kernel shows.
fn resolved(machine: &mut dyn Machine, path: &Path) -> PathBuf {
    // As many as Linux follows (`MAXSYMLINKS`).
    let mut left = 40;
    let mut whole = PathBuf::from("/");
    let mut todo: Vec<_> = path.components().rev().map(|part| part.as_os_str().to_owned()).collect();
    while let Some(part) = todo.pop() {
        if part == ".." {
            whole.pop();
            continue;
        }
        let next = whole.join(&part);
        match machine.kernel_link(&next.to_string_lossy()) {
            Ok(target) if left > 0 && next != Path::new("/") => {
                left -= 1;
                let target = PathBuf::from(target);
                todo.extend(target.components().rev().map(|part| part.as_os_str().to_owned()));
            }
            _ => whole = next,
        }
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_is_found_again_by_what_it_has() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("devices.toml");
        let read = |text: &str| {
            fs::write(&path, text).unwrap();
            read(&path)
        };
        let text = "[[device]]\nname = \"zram3\"\nsize = \"1G\"\nnew-in-2030 = 7\n[[device]]\nsize = \"1G\"\n[device.backing]\npath = \"/var/zram\"\n\
            [[device]]\nsize = \"1G\"\nmount = { at = \"/srv\" }\n";
        let handed = [
            Handed::Name(DeviceNumber(3)),
            Handed::Backing("/var/zram".into()),
            Handed::Mount("/srv".into()),
        ];
        assert_eq!(read(text).unwrap(), handed);
        let said = |text: &str| {
            let wrong = read(text).unwrap_err();
            let lines: Vec<String> = wrong.iter().map(ToString::to_string).collect();
            lines.join("\n").replace(&path.display().to_string(), "FILE")
        };
        insta::assert_snapshot!(
            [
                said(
                    "[[device]]\nsize = \"1G\"\nswap = {}\n[[device]]\nname = 3\n[[device]]\nname = \"sda\"\n"
                ),
                said("[[device]]\nmount = { at = \"srv\" }\n"),
                said("device = 3\n"),
                said("device = [\n"),
                said(""),
            ]
            .join("\n")
        );
        fs::remove_file(&path).unwrap();
        assert!(super::read(&path).unwrap_err()[0].what.contains("it is not there"));
        assert!(super::read(dir.path()).unwrap_err()[0].what.contains("no file of devices"));
    }
}
