//! Devices in a file: TOML, with what can be said on the command line.
//!
//! ```toml
//! [[device]]
//! size = "min(ram / 2, 8G)"
//! algorithm = "zstd"
//! swap = { priority = 100 }
//!
//! [device.backing]
//! path = "/var/lib/zram"
//! size = "16G"
//! encrypt = true
//! writeback-limit = "10G"
//! ```
//!
//! A key that is not known is refused, with the line it is in: a setting that is misspelt and passed over is one that somebody believes to have.

use std::{
    fmt::{self, Display},
    marker::PhantomData,
    str::FromStr,
};

use serde::{
    Deserialize, Deserializer,
    de::{Error as _, SeqAccess, Visitor},
};
use zram_host::{DeviceNumber, Machine, storage::Place};

use crate::{
    amount::Amount,
    cli::{Allowance, values},
    wanted::{Backing, Floor, Made, Secondary, Usage, Wanted, at_most_three},
};

/// More than anybody writes by hand.
const MOST: u64 = 1 << 20;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(deserialize_with = "devices")]
    device: Vec<Entry>,
}

/// A table that makes sense as a whole; where it does not, what is said has its line, too.
#[derive(Deserialize)]
#[serde(try_from = "Device")]
struct Entry(Wanted);

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", expecting = "the table of a device")]
struct Device {
    #[serde(default, deserialize_with = "text")]
    name: Option<DeviceNumber>,
    #[serde(deserialize_with = "needed")]
    size: Amount,
    #[serde(default, deserialize_with = "word")]
    algorithm: Option<String>,
    #[serde(default, deserialize_with = "parameters")]
    algorithm_params: Option<String>,
    #[serde(default, deserialize_with = "several")]
    recompress: Vec<Secondary>,
    #[serde(default, deserialize_with = "memory")]
    memory: Option<Allowance>,
    backing: Option<BackingEntry>,
    swap: Option<SwapTable>,
    mount: Option<MountTable>,
}

#[derive(Deserialize)]
#[serde(try_from = "BackingTable")]
struct BackingEntry(Backing);

#[derive(Deserialize)]
#[serde(
    deny_unknown_fields,
    rename_all = "kebab-case",
    expecting = "a table, such as { path = \"/dev/vg0/zram\" }"
)]
struct BackingTable {
    #[serde(deserialize_with = "absolute")]
    path: String,
    #[serde(default, deserialize_with = "bytes")]
    size: Option<u64>,
    #[serde(default, deserialize_with = "text")]
    keep_free: Option<Floor>,
    #[serde(default)]
    encrypt: bool,
    #[serde(default)]
    force: bool,
    #[serde(default)]
    compressed_writeback: bool,
    #[serde(default, deserialize_with = "batch_size")]
    batch_size: Option<u32>,
    #[serde(default, deserialize_with = "writeback")]
    writeback_limit: Option<Allowance>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table, such as { priority = 100 } or {}")]
struct SwapTable {
    #[serde(default, deserialize_with = "priority")]
    priority: Option<u16>,
    #[serde(default)]
    discard: bool,
}

#[derive(Deserialize)]
#[serde(
    deny_unknown_fields,
    rename_all = "kebab-case",
    expecting = "a table, such as { at = \"/srv/build\" }"
)]
struct MountTable {
    #[serde(deserialize_with = "absolute")]
    at: String,
    #[serde(default = "ext4", deserialize_with = "file_system")]
    file_system: String,
    options: Option<String>,
}

fn ext4() -> String {
    "ext4".to_owned()
}

/// Reads it.
///
/// # Errors
/// When it cannot be read, or something in it makes no sense: what, and in which line.
pub(super) fn read(path: &str, machine: &mut dyn Machine) -> anyhow::Result<Vec<Wanted>> {
    let read_at = machine.plain(path).unwrap_or_else(|_| path.to_owned());
    let size = match machine.place(path) {
        Ok(Place::File { bytes, .. }) if bytes <= MOST => usize::try_from(bytes).unwrap_or(0),
        Ok(Place::File { .. }) => anyhow::bail!("{path} is larger than a file of devices can be"),
        Ok(_) => anyhow::bail!("{path} is no file"),
        Err(errno) => anyhow::bail!("cannot read {path}: {}", errno.desc()),
    };
    let mut bytes = vec![0; size];
    let there = machine.peek(&read_at, 0, &mut bytes);
    let there = there.map_err(|errno| anyhow::anyhow!("cannot read {path}: {}", errno.desc()))?;
    bytes.truncate(there);
    let text = String::from_utf8(bytes).map_err(|_| anyhow::anyhow!("{path} is no text"))?;
    let file: File = toml::from_str(&text).map_err(|error| {
        let error = error.to_string();
        anyhow::anyhow!("{path}: {}", error.trim_end())
    })?;
    anyhow::ensure!(!file.device.is_empty(), "{path} names no device");
    let wanted: Vec<Wanted> = file.device.into_iter().map(|Entry(wanted)| wanted).collect();
    let twice = |path: &str| {
        let with =
            wanted.iter().filter(|one| one.backing.as_ref().is_some_and(|backing| backing.path == path));
        with.count() > 1
    };
    if let Some(backing) =
        wanted.iter().filter_map(|one| one.backing.as_ref()).find(|backing| twice(&backing.path))
    {
        anyhow::bail!("{path} has {} behind two devices", backing.path);
    }
    for (at, one) in wanted.iter().enumerate() {
        let twice =
            one.device.filter(|device| wanted[..at].iter().any(|other| other.device == Some(*device)));
        if let Some(device) = twice {
            anyhow::bail!("{path} has {device} twice");
        }
    }
    Ok(wanted)
}

impl TryFrom<Device> for Entry {
    type Error = String;

    fn try_from(device: Device) -> Result<Self, String> {
        if device.algorithm_params.is_some() && device.algorithm.is_none() {
            return Err("algorithm-params needs an algorithm".to_owned());
        }
        at_most_three(&device.recompress)?;
        let usage = match (device.swap, device.mount) {
            (None, None) => Usage::Nothing,
            (Some(SwapTable { priority, discard }), None) => Usage::swap(priority, discard),
            (None, Some(mount)) => {
                Usage::FileSystem { name: mount.file_system, at: mount.at, options: mount.options }
            }
            (Some(_), Some(_)) => return Err("a device is swap or mounted, not both".to_owned()),
        };
        Ok(Self(Wanted {
            device: device.name,
            size: device.size,
            algorithm: device.algorithm,
            algorithm_params: device.algorithm_params,
            recompression: device.recompress,
            memory: device.memory,
            backing: device.backing.map(|BackingEntry(backing)| backing),
            usage,
        }))
    }
}

impl TryFrom<BackingTable> for BackingEntry {
    type Error = String;

    fn try_from(table: BackingTable) -> Result<Self, String> {
        if table.keep_free.is_some() && table.size.is_none() {
            return Err("keep-free is about a file that is made: it needs size".to_owned());
        }
        let keep_free = table.keep_free.unwrap_or_default();
        Ok(Self(Backing {
            path: table.path,
            make: table.size.map(|bytes| Made { bytes, keep_free }),
            encrypt: table.encrypt,
            force: table.force,
            compressed: table.compressed_writeback,
            batch_size: table.batch_size,
            limit: table.writeback_limit,
        }))
    }
}

/// A value that is read from a text as on the command line.
fn parsed<'de, D: Deserializer<'de>, T, E: Display>(
    deserializer: D,
    parse: impl FnOnce(&str) -> Result<T, E>,
) -> Result<T, D::Error> {
    let text = String::deserialize(deserializer)?;
    parse(&text).map_err(D::Error::custom)
}

fn needed<'de, D: Deserializer<'de>, T: FromStr<Err: Display>>(deserializer: D) -> Result<T, D::Error> {
    parsed(deserializer, str::parse)
}

fn text<'de, D: Deserializer<'de>, T: FromStr<Err: Display>>(deserializer: D) -> Result<Option<T>, D::Error> {
    needed(deserializer).map(Some)
}

fn word<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    parsed(deserializer, values::word).map(Some)
}

fn parameters<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    parsed(deserializer, values::parameters).map(Some)
}

fn several<'de, D: Deserializer<'de>, T: FromStr<Err: Display>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    let texts: Vec<String> = list(deserializer, "a list, such as [\"zstd\"]")?;
    texts.iter().map(|text| text.parse().map_err(D::Error::custom)).collect()
}

fn devices<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Entry>, D::Error> {
    list(deserializer, "a table for each device, under [[device]]")
}

/// A list; of what is none it is said what is meant.
fn list<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
    meant: &'static str,
) -> Result<Vec<T>, D::Error> {
    deserializer.deserialize_seq(List { meant, of: PhantomData })
}

struct List<T> {
    meant: &'static str,
    of: PhantomData<T>,
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for List<T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.meant)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Vec<T>, A::Error> {
        let mut all = Vec::new();
        while let Some(one) = access.next_element()? {
            all.push(one);
        }
        Ok(all)
    }
}

fn absolute<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    parsed(deserializer, values::absolute)
}

fn file_system<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    parsed(deserializer, values::file_system)
}

fn bytes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    parsed(deserializer, crate::size::parse).map(Some)
}

fn memory<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Allowance>, D::Error> {
    parsed(deserializer, values::memory).map(Some)
}

fn writeback<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Allowance>, D::Error> {
    parsed(deserializer, values::writeback).map(Some)
}

fn batch_size<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    let number = i64::deserialize(deserializer)?;
    let fits = u32::try_from(number).ok().filter(|number| *number != 0);
    fits.map(Some)
        .ok_or_else(|| D::Error::custom(format!("{number} requests are none, or more than Linux counts")))
}

fn priority<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u16>, D::Error> {
    let number = i64::deserialize(deserializer)?;
    let fits = u16::try_from(number).ok().filter(|number| *number <= 32767);
    fits.map(Some)
        .ok_or_else(|| D::Error::custom(format!("priorities go from 0 to 32767, and {number} is none")))
}
