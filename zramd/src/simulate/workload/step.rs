//! What happens on a machine, step by step: the vocabulary of generators and of traces.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::simulate::machine::content::Content;

/// A piece of a program's memory. No number is used twice at the same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RegionId(pub u32);

/// A program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OwnerId(pub u32);

/// What a region's pages are, when they are not in memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Backing {
    /// In swap.
    #[default]
    Anon,
    /// In a file.
    File,
}

/// Where the machine's power comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Power {
    /// From the mains.
    pub mains: bool,
    /// Percent in the battery.
    pub charge: u8,
}

/// What happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Deed {
    /// A program gets memory. It holds nothing before it is touched.
    Map {
        /// The number by which it is named from now on.
        region: RegionId,
        /// Whose it is.
        owner: OwnerId,
        /// How much.
        pages: u32,
        /// How it compresses.
        content: Content,
        /// Where it goes.
        #[serde(default)]
        backing: Backing,
    },
    /// Pages are read or written, one after the other.
    Touch {
        /// Of which region.
        region: RegionId,
        /// The first of them.
        first: u32,
        /// How many.
        pages: u32,
        /// Whether they are written.
        #[serde(default)]
        write: bool,
        /// How many milliseconds it takes, without what has to be waited for.
        #[serde(default)]
        over: u32,
    },
    /// A region is given up.
    Unmap {
        /// Which.
        region: RegionId,
    },
    /// The machine sleeps.
    Suspend {
        /// For so many milliseconds.
        time: u64,
    },
    /// The machine is plugged in or out.
    Power(Power),
}

/// A step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Milliseconds since the beginning. A machine that is not done with an earlier step is late.
    #[serde(rename = "at")]
    pub millis: u64,
    /// What.
    #[serde(flatten)]
    pub deed: Deed,
}

impl Step {
    /// When.
    #[must_use]
    pub fn at(&self) -> Duration {
        Duration::from_millis(self.millis)
    }
}
