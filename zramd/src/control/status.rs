//! How things are, as it is told to people, to programs, and to Prometheus.
//!
//! Field names end in their units. What the kernel counts has the kernel's name, and the kernel's unit: `bd_stat` and the limit of writeback are in blocks of
//! 4096 bytes. `null` is what this machine does not have, which is not 0.

use serde::{Deserialize, Serialize};
use zram_host::device;

/// How things are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// Of this program.
    pub release: String,
    /// Since it was started.
    pub running_seconds: u64,
    /// What it does.
    pub doing: Doing,
    /// When it decides next, if nothing happens. `null`: never.
    pub next_seconds: Option<u64>,
    /// What may be written.
    pub budget: Budget,
    /// Of the memory, what is in use.
    pub memory_used_permille: Option<u32>,
    /// Of the last ten seconds, for how much some task waited for I/O.
    pub io_waited_permille: Option<u32>,
    /// Whether the machine runs on battery.
    pub on_battery: Option<bool>,
    /// What is wrong, as long as it is: sentences.
    pub faults: Vec<String>,
    /// The files of the configuration that is in force.
    pub configuration: Vec<String>,
    /// The devices that are driven.
    pub devices: Vec<DeviceStatus>,
}

/// What the daemon does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum Doing {
    /// It drives the devices.
    Driving,
    /// It was told to do nothing.
    Paused {
        /// For how long still. `null`: until it is told to go on.
        seconds: Option<u64>,
    },
    /// There is nothing that it could do here.
    Nothing {
        /// Why: a sentence.
        why: String,
    },
}

/// What may be written to backing devices.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Budget {
    /// In any 24 hours.
    pub per_day_bytes: u64,
    /// In the last 24 hours, what is granted included.
    pub spent_bytes: u64,
    /// Granted to the kernel, and not known to be written yet.
    pub granted_bytes: u64,
    /// What may still be.
    pub left_bytes: u64,
    /// When some of what was spent is forgotten. `null`: nothing is spent.
    pub frees_in_seconds: Option<u64>,
}

/// A device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceStatus {
    /// Its name, as `zram0`.
    pub device: String,
    /// Bytes that it offers.
    pub disksize_bytes: u64,
    /// What it stores.
    pub mm_stat: MmStat,
    /// Where its pages go. `null`: nowhere.
    pub backing: Option<Backing>,
    /// Its slots, counted. `null`: nobody has looked, or the kernel does not show them.
    pub slots: Option<Slots>,
    /// Pages that were not used for so long are idle now.
    pub idle_age_seconds: u64,
    /// What comes back.
    pub regret: Regret,
    /// How often something ended how, since the daemon was started.
    pub outcomes: Vec<Outcome>,
    /// What is left alone for now.
    pub waiting: Vec<Waiting>,
}

/// `mm_stat`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MmStat {
    /// Bytes of pages.
    pub orig_data_size: u64,
    /// Bytes of what they are compressed to.
    pub compr_data_size: u64,
    /// Bytes of memory.
    pub mem_used_total: u64,
    /// Bytes of memory, at most. 0: no limit.
    pub mem_limit: u64,
    /// Bytes of memory, once.
    pub mem_used_max: u64,
    /// Pages of one word.
    pub same_pages: u64,
    /// Pages that compaction gave back.
    pub pages_compacted: u64,
    /// Pages that do not compress.
    pub huge_pages: Option<u64>,
}

impl From<device::MmStat> for MmStat {
    fn from(stat: device::MmStat) -> Self {
        Self {
            orig_data_size: stat.orig_data_size,
            compr_data_size: stat.compr_data_size,
            mem_used_total: stat.mem_used_total,
            mem_limit: stat.mem_limit,
            mem_used_max: stat.mem_used_max,
            same_pages: stat.same_pages,
            pages_compacted: stat.pages_compacted,
            huge_pages: stat.huge_pages,
        }
    }
}

/// A backing device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Backing {
    /// Its path, as the kernel knows it.
    pub path: String,
    /// How large it is.
    pub size_bytes: Option<u64>,
    /// Traffic.
    pub bd_stat: BdStat,
    /// `writeback_limit`, in blocks of 4096 bytes, if it counts.
    pub writeback_limit: Option<u64>,
}

/// `bd_stat`, in blocks of 4096 bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BdStat {
    /// There now.
    pub count: u64,
    /// Read, ever.
    pub reads: u64,
    /// Written, ever.
    pub writes: u64,
}

impl From<device::BdStat> for BdStat {
    fn from(stat: device::BdStat) -> Self {
        Self { count: stat.count, reads: stat.reads, writes: stat.writes }
    }
}

/// Slots, counted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slots {
    /// So long ago.
    pub seconds_ago: u64,
    /// With anything in them.
    pub stored: u64,
    /// ... of one word.
    pub same: u64,
    /// ... stored uncompressed.
    pub huge: u64,
    /// ... which no algorithm makes smaller.
    pub incompressible: u64,
    /// ... marked as idle.
    pub idle: u64,
    /// ... on the backing device.
    pub written_back: u64,
    /// In memory, by how long ago they were used. Empty: the kernel does not say.
    pub ages: Vec<Age>,
}

/// Slots that were used at least so long ago, and not as long as those of the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Age {
    /// From this.
    pub from_seconds: u64,
    /// So many.
    pub slots: u64,
}

/// What comes back, within the horizon.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Regret {
    /// What the idle age is multiplied by.
    pub factor_permille: u32,
    /// Pages that were written.
    pub written_pages: u64,
    /// Pages that came back.
    pub returned_pages: u64,
    /// The latter of the former. `null`: too few to say.
    pub share_permille: Option<u32>,
}

/// How often something ended how.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// What: a word such as `writeback`.
    pub task: String,
    /// How: a word such as `done` or `limit-reached`.
    pub outcome: String,
    /// How often.
    pub times: u64,
    /// The last time was so long ago.
    pub seconds_ago: u64,
}

/// Something that is left alone for now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    /// What: a word such as `writeback`.
    pub task: String,
    /// Why, in a sentence.
    pub why: String,
    /// For how long still.
    pub seconds: u64,
}
