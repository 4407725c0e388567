//! What the kernel was built with: the configuration beside it in `/boot` or `/lib/modules`, or `/proc/config.gz` from itself.

use std::{collections::BTreeMap, io::Read as _};

use flate2::read::GzDecoder;
use serde::Serialize;

use super::{Machine, Release};

/// From itself (`CONFIG_IKCONFIG_PROC`).
const FROM_ITSELF: &str = "/proc/config.gz";

/// More than any configuration has: what unpacks to more is none.
const MOST: u64 = 16 << 20;

/// The options that concern zram, as they are set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Options {
    /// The file that says so.
    pub path: String,
    /// Names without `CONFIG_`, and values. What is not set is `n`.
    pub set: BTreeMap<&'static str, String>,
}

/// Those that concern zram, without `CONFIG_`.
const KNOWN: &[&str] = &[
    "ZRAM",
    "ZRAM_WRITEBACK",
    "ZRAM_MULTI_COMP",
    "ZRAM_TRACK_ENTRY_ACTIME",
    "ZRAM_MEMORY_TRACKING",
    "ZRAM_DEF_COMP",
    "ZSMALLOC",
    "ZSMALLOC_STAT",
    "ZSMALLOC_CHAIN_SIZE",
    "ZSWAP",
    "PSI",
    "DEBUG_INFO_BTF",
    "KPROBES",
    "FUNCTION_TRACER",
];

impl Options {
    /// Whether an option is on, built in or as a module. `None`: this program does not look for it.
    #[must_use]
    pub fn is_on(&self, name: &str) -> Option<bool> {
        self.set.get(name).map(|value| value != "n")
    }

    fn parse(path: &str, text: &str) -> Self {
        let mut set: BTreeMap<_, _> = KNOWN.iter().map(|name| (*name, "n".to_owned())).collect();
        for line in text.lines() {
            let Some((name, value)) = line.strip_prefix("CONFIG_").and_then(|line| line.split_once('='))
            else {
                continue;
            };
            if let Some(known) = KNOWN.iter().find(|known| **known == name) {
                set.insert(known, value.trim_matches('"').to_owned());
            }
        }
        Self { path: path.to_owned(), set }
    }
}

/// As they are set; the kernel itself is believed first. `None`: nothing says.
pub(super) fn options(machine: &mut dyn Machine, release: Option<&Release>) -> Option<Options> {
    if let Ok(packed) = machine.kernel_file(FROM_ITSELF) {
        let mut text = String::new();
        if GzDecoder::new(&packed[..]).take(MOST).read_to_string(&mut text).is_ok() {
            return Some(Options::parse(FROM_ITSELF, &text));
        }
    }
    let release = &release?.0;
    [format!("/boot/config-{release}"), format!("/lib/modules/{release}/config")].iter().find_map(|path| {
        let text = machine.kernel_file(path).ok()?;
        // An empty or other file says nothing about what is not set.
        let text = String::from_utf8(text).ok().filter(|text| text.contains("\nCONFIG_"))?;
        Some(Options::parse(path, &text))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_set_is_off() {
        let text = "#\nCONFIG_ZRAM=m\n# CONFIG_ZRAM_MULTI_COMP is not set\nCONFIG_ZRAM_DEF_COMP=\"lz4\"\nCONFIG_ZRAM_WRITEBACK=y\n";
        let options = Options::parse("/boot/config-1", text);
        assert_eq!(options.is_on("ZRAM"), Some(true));
        assert_eq!(options.is_on("ZRAM_WRITEBACK"), Some(true));
        assert_eq!(options.is_on("ZRAM_MULTI_COMP"), Some(false));
        assert_eq!(options.is_on("PSI"), Some(false));
        assert_eq!(options.is_on("NONSENSE"), None);
        assert_eq!(options.set.get("ZRAM_DEF_COMP").map(String::as_str), Some("lz4"));
    }
}
