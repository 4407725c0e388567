//! zswap, the other way to compress swap: `/sys/module/zswap/parameters`.
//!
//! It keeps compressed pages in front of a swap area. In front of one on zram it compresses what zram would compress, and hands on what it
//! has no room for decompressed, for zram to compress again.

use nix::errno::Errno;
use serde::Serialize;

use super::{Machine, MachineError, read};

const ENABLED: &str = "/sys/module/zswap/parameters/enabled";

/// How zswap is set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Zswap {
    /// Whether it takes pages. What it holds from before stays until it is read back.
    pub enabled: bool,
    /// What it compresses with.
    pub compressor: Option<String>,
    /// Most of the memory that it takes, in percent.
    pub max_pool_percent: Option<u64>,
}

/// How zswap is set. `None`: this kernel is built without.
///
/// # Errors
/// When its parameters cannot be read or understood.
pub fn zswap(machine: &mut (impl Machine + ?Sized)) -> Result<Option<Zswap>, MachineError> {
    let text = match read(machine, ENABLED) {
        Err(MachineError::Unreadable { errno: Errno::ENOENT, .. }) => return Ok(None),
        text => text?,
    };
    let enabled = match text.trim() {
        "Y" | "1" => true,
        "N" | "0" => false,
        _ => return Err(MachineError::Strange { path: ENABLED, line: text }),
    };
    // Parameters come and go with releases.
    let compressor = read(machine, "/sys/module/zswap/parameters/compressor").ok();
    let percent = read(machine, "/sys/module/zswap/parameters/max_pool_percent").ok();
    Ok(Some(Zswap {
        enabled,
        compressor: compressor.map(|text| text.trim().to_owned()),
        max_pool_percent: percent.and_then(|text| text.trim().parse().ok()),
    }))
}
