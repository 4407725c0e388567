//! sysfs attributes: the kernel's text interface over the typed core.
//!
//! Reading the text exactly as the kernel does matters, because its parsers are lenient in places
//! and strict in others, and tools depend on both: [`number`] and [`memory`] for numbers, [`args`]
//! for `key=value` lists, [`text`] for words. [`show`] prints, [`store`] obeys.

pub(crate) mod args;
pub(crate) mod memory;
pub(crate) mod number;
mod show;
mod store;
pub(crate) mod text;

use crate::profile::Profile;

/// An attribute of a device (`zram_disk_attrs`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Attribute {
    Disksize,
    Initstate,
    Reset,
    Compact,
    MemLimit,
    MemUsedMax,
    Idle,
    CompAlgorithm,
    BdStat,
    BackingDev,
    Writeback,
    WritebackLimit,
    WritebackLimitEnable,
    WritebackBatchSize,
    CompressedWriteback,
    IoStat,
    MmStat,
    DebugStat,
    AlgorithmParams,
    MaxCompStreams,
}

/// Which way an attribute goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Access {
    Read,
    Write,
    Both,
}

use Access::{Both, Read, Write};
use Attribute::*;

/// Name, access, and whether it needs `CONFIG_ZRAM_WRITEBACK`, in the kernel's order.
const TABLE: &[(&str, Attribute, Access, bool)] = &[
    ("disksize", Disksize, Both, false),
    ("initstate", Initstate, Read, false),
    ("reset", Reset, Write, false),
    ("compact", Compact, Write, false),
    ("mem_limit", MemLimit, Write, false),
    ("mem_used_max", MemUsedMax, Write, false),
    ("idle", Idle, Write, false),
    ("comp_algorithm", CompAlgorithm, Both, false),
    ("bd_stat", BdStat, Read, true),
    ("backing_dev", BackingDev, Both, true),
    ("writeback", Writeback, Write, true),
    ("writeback_limit", WritebackLimit, Both, true),
    ("writeback_limit_enable", WritebackLimitEnable, Both, true),
    ("writeback_batch_size", WritebackBatchSize, Both, true),
    ("compressed_writeback", CompressedWriteback, Both, true),
    ("writeback_compressed", CompressedWriteback, Both, true),
    ("io_stat", IoStat, Read, false),
    ("mm_stat", MmStat, Read, false),
    ("debug_stat", DebugStat, Read, false),
    ("algorithm_params", AlgorithmParams, Write, false),
    ("max_comp_streams", MaxCompStreams, Both, false),
];

/// The rows that a kernel has.
fn present(
    profile: &Profile,
) -> impl Iterator<Item = &'static (&'static str, Attribute, Access, bool)> + use<> {
    let (writeback, behaviours) = (profile.writeback, profile.behaviours);
    TABLE.iter().filter(move |row| {
        let version = match row.1 {
            WritebackBatchSize => behaviours.writeback_batches,
            CompressedWriteback => behaviours.compressed_writeback_attribute() == Some(row.0),
            MaxCompStreams => behaviours.max_comp_streams,
            _ => true,
        };
        version && (writeback || !row.3)
    })
}

impl Attribute {
    /// The attribute of this name, on a kernel of this configuration.
    pub(crate) fn named(name: &str, profile: &Profile) -> Option<Self> {
        present(profile).find(|row| row.0 == name).map(|row| row.1)
    }

    /// Names, and whether each can be read and written.
    pub(crate) fn all(profile: &Profile) -> impl Iterator<Item = (&'static str, bool, bool)> + use<> {
        present(profile).map(|row| (row.0, row.2 != Write, row.2 != Read))
    }

    fn access(self) -> Access {
        TABLE.iter().find(|row| row.1 == self).map_or(Both, |row| row.2)
    }

    pub(crate) fn readable(self) -> bool {
        self.access() != Write
    }

    pub(crate) fn writable(self) -> bool {
        self.access() != Read
    }
}
