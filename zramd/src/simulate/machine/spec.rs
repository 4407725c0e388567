//! What a simulated computer consists of.
//!
//! It is small: 64 to 256 MiB that stand for gigabytes, since every page is simulated. What is said in bytes about the large machine
//! (a budget of a gigabyte a day, a round of 300 MiB) is divided by the same factor ([`Spec::scaled`]). A page stands for as many, which are all waited
//! for, so that what is done to one takes as many times as long ([`Times::of_each`]); the times of a workload, ages and shares stay what they are.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zram_host::size;

use crate::units::Units;

use super::content::PAGE;

/// An amount of memory: whole pages. In a file it is a size such as `"128M"`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pages(pub u32);

impl Pages {
    /// Bytes of them.
    #[must_use]
    pub fn bytes(self) -> u64 {
        u64::from(self.0) * PAGE as u64
    }
}

impl<'de> Deserialize<'de> for Pages {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = size::parse(&text).map_err(serde::de::Error::custom)?;
        let pages = u32::try_from(bytes / PAGE as u64).ok().filter(|pages| *pages <= MOST);
        let pages = pages.ok_or_else(|| {
            serde::de::Error::custom(format!(
                "\"{text}\" is more than a simulated machine can have: at most 4G"
            ))
        })?;
        Ok(Self(pages))
    }
}

impl Serialize for Pages {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&format!("{}K", self.bytes() / 1024))
    }
}

/// 4 GiB.
const MOST: u32 = 1 << 20;

/// The computer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Spec {
    /// Its memory.
    pub memory: Pages,
    /// How many times as much the machine has that it stands for.
    pub scale: u32,
    /// Memory that the kernel and what cannot be swapped take.
    pub pinned: Pages,
    /// `disksize` of the zram device, all of it swap.
    pub swap: Pages,
    /// The backing device. Zero: there is none.
    pub backing: Pages,
    /// `comp_algorithm`.
    #[serde(default = "lz4")]
    pub algorithm: String,
    /// Of `recomp_algorithm`, by priority from 1. None: the kernel is built without recompression.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recompression: Vec<String>,
    /// `compressed_writeback`.
    #[serde(default)]
    pub compressed_writeback: bool,
    /// `vm.swappiness`, 0 to 200.
    #[serde(default = "hundred")]
    pub swappiness: u32,
    /// How long things take.
    #[serde(default)]
    pub times: Times,
}

fn lz4() -> String {
    "lz4".to_owned()
}

fn hundred() -> u32 {
    100
}

/// How long things take, in nanoseconds. The defaults are round figures of a laptop of these years; what comes out of a run depends
/// on their proportions: a page from flash takes thirty times as long as one from zram.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Times {
    /// A fault, apart from where the page comes from.
    pub fault: u64,
    /// Compressing a page, and putting it there (lz4: 1.5 to 5 µs).
    pub compress: u64,
    /// Getting one out of zram (lz4: 1 to 2 µs, and the way through the block layer).
    pub decompress: u64,
    /// Reading 4 KiB from the flash device, at random: 80 µs (NVMe) to 250 µs (eMMC).
    pub read: u64,
    /// Writing 4 KiB there among others: 160 MB/s.
    pub write: u64,
    /// Looking at a page in reclaim.
    pub scan: u64,
    /// Looking at a slot in a pass over the device's table.
    pub slot: u64,
    /// A line of `block_state`.
    pub line: u64,
}

impl Default for Times {
    fn default() -> Self {
        Self {
            fault: 500,
            compress: 4_000,
            decompress: 3_000,
            read: 120_000,
            write: 25_000,
            scan: 200,
            slot: 10,
            line: 150,
        }
    }
}

impl Times {
    /// Of a page that stands for so many.
    #[must_use]
    pub fn of_each(self, pages: u32) -> Self {
        let all = |time: u64| time.saturating_mul(pages.into());
        Self {
            fault: all(self.fault),
            compress: all(self.compress),
            decompress: all(self.decompress),
            read: all(self.read),
            write: all(self.write),
            scan: all(self.scan),
            slot: all(self.slot),
            line: all(self.line),
        }
    }
}

/// A machine that cannot be simulated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadSpec {
    /// The figures do not go together.
    #[error(
        "the machine has {memory} KiB of memory, of which {pinned} KiB are pinned: leave at least 8 MiB, and half of it"
    )]
    NoRoom {
        /// KiB.
        memory: u64,
        /// KiB.
        pinned: u64,
    },
    /// No swap.
    #[error("the machine has no swap: give its zram device a size")]
    NoSwap,
    /// Zero times.
    #[error("the machine stands for one of 0 times its size: scale is at least 1")]
    NoScale,
    /// More than all.
    #[error("a swappiness of {0} is too much: 0 to 200")]
    Swappiness(u32),
}

impl Spec {
    /// Says whether it can be simulated.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check(&self) -> Result<(), BadSpec> {
        let room = self.memory.0.saturating_sub(self.pinned.0);
        if room < 2048 || room < self.memory.0 / 2 {
            let kib = |pages: Pages| pages.bytes() / 1024;
            return Err(BadSpec::NoRoom { memory: kib(self.memory), pinned: kib(self.pinned) });
        }
        if self.swap.0 < 2 {
            return Err(BadSpec::NoSwap);
        }
        if self.scale == 0 {
            return Err(BadSpec::NoScale);
        }
        if self.swappiness > 200 {
            return Err(BadSpec::Swappiness(self.swappiness));
        }
        Ok(())
    }

    /// What so much on the machine that it stands for is on this one; something is not nothing.
    #[must_use]
    pub fn scaled(&self, amount: Units) -> Units {
        Units((amount.0 / u64::from(self.scale.max(1))).max(u64::from(amount.0 > 0)))
    }

    /// Bytes on the machine that it stands for.
    #[must_use]
    pub fn unscaled(&self, bytes: u64) -> u64 {
        bytes.saturating_mul(u64::from(self.scale))
    }
}

#[cfg(test)]
impl Spec {
    /// 32 MiB, with a backing device.
    pub(crate) fn small() -> Self {
        Self {
            memory: Pages(8192),
            scale: 64,
            pinned: Pages(1024),
            swap: Pages(16_384),
            backing: Pages(8192),
            algorithm: lz4(),
            recompression: Vec::new(),
            compressed_writeback: false,
            swappiness: 100,
            times: Times::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_simulated_is_said() {
        let spec = Spec::small();
        assert_eq!(spec.check(), Ok(()));
        let bad = |change: fn(&mut Spec)| {
            let mut spec = Spec::small();
            change(&mut spec);
            spec.check().unwrap_err().to_string()
        };
        assert!(bad(|spec| spec.pinned = Pages(5000)).contains("20000 KiB are pinned"));
        assert!(bad(|spec| spec.swap = Pages(0)).contains("no swap"));
        assert!(bad(|spec| spec.scale = 0).contains("scale"));
        assert!(bad(|spec| spec.swappiness = 201).contains("201"));
    }

    #[test]
    fn budgets_shrink_with_the_machine() {
        let spec = Spec::small();
        assert_eq!(spec.scaled(Units::within(1 << 30)).bytes(), 16 << 20);
        assert_eq!(spec.scaled(Units(1)), Units(1));
        assert_eq!(spec.scaled(Units(0)), Units(0));
    }
}
