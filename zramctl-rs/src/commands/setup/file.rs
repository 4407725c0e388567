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

use std::{fmt::Display, str::FromStr};

use serde::{Deserialize, Deserializer, de::Error as _};
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
    device: Vec<Device>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
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
    backing: Option<BackingTable>,
    swap: Option<SwapTable>,
    mount: Option<MountTable>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct BackingTable {
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
#[serde(deny_unknown_fields)]
struct SwapTable {
    #[serde(default, deserialize_with = "priority")]
    priority: Option<u16>,
    #[serde(default)]
    discard: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct MountTable {
    at: String,
    #[serde(default = "ext4")]
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
    let file: File = toml::from_str(&text).map_err(|error| anyhow::anyhow!("{path}: {error}"))?;
    anyhow::ensure!(!file.device.is_empty(), "{path} names no device");
    let wanted = file.device.into_iter().map(Wanted::try_from).collect::<Result<Vec<_>, _>>();
    let wanted = wanted.map_err(|error| anyhow::anyhow!("{path}: {error}"))?;
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

impl TryFrom<Device> for Wanted {
    type Error = String;

    fn try_from(device: Device) -> Result<Self, String> {
        if device.algorithm_params.is_some() && device.algorithm.is_none() {
            return Err("algorithm-params needs an algorithm".to_owned());
        }
        at_most_three(&device.recompress)?;
        let usage = match (device.swap, device.mount) {
            (None, None) => Usage::Nothing,
            (Some(SwapTable { priority, discard }), None) => Usage::swap(priority, discard),
            (None, Some(mount)) => Usage::FileSystem {
                name: values::file_system(&mount.file_system)?,
                at: values::absolute(&mount.at)?,
                options: mount.options,
            },
            (Some(_), Some(_)) => return Err("a device is swap or mounted, not both".to_owned()),
        };
        Ok(Self {
            device: device.name,
            size: device.size,
            algorithm: device.algorithm,
            algorithm_params: device.algorithm_params,
            recompression: device.recompress,
            memory: device.memory,
            backing: device.backing.map(Backing::try_from).transpose()?,
            usage,
        })
    }
}

impl TryFrom<BackingTable> for Backing {
    type Error = String;

    fn try_from(table: BackingTable) -> Result<Self, String> {
        if table.keep_free.is_some() && table.size.is_none() {
            return Err("keep-free is about a file that is made: it needs size".to_owned());
        }
        let keep_free = table.keep_free.unwrap_or_default();
        Ok(Self {
            path: values::absolute(&table.path)?,
            make: table.size.map(|bytes| Made { bytes, keep_free }),
            encrypt: table.encrypt,
            force: table.force,
            compressed: table.compressed_writeback,
            batch_size: table.batch_size,
            limit: table.writeback_limit,
        })
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
    let texts = Vec::<String>::deserialize(deserializer)?;
    texts.iter().map(|text| text.parse().map_err(D::Error::custom)).collect()
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
    let number = u32::deserialize(deserializer)?;
    if number == 0 { Err(D::Error::custom("0 requests are none")) } else { Ok(Some(number)) }
}

fn priority<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u16>, D::Error> {
    let number = u16::deserialize(deserializer)?;
    if number > 32767 { Err(D::Error::custom("priorities end at 32767")) } else { Ok(Some(number)) }
}
