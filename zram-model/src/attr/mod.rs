//! sysfs attributes: the kernel's text interface over the typed core.
//!
//! Reading the text exactly as the kernel does matters, because its parsers are lenient in places
//! and strict in others, and tools depend on both: [`number`] and [`memory`] for numbers, [`args`]
//! for `key=value` lists, [`text`] for words. [`show`] prints, [`store`] obeys, [`algorithms`] does both for
//! what a device compresses with.

mod algorithms;
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
    RecompAlgorithm,
    Recompress,
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

/// What a kernel must have been built with for an attribute to be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Config {
    /// Nothing in particular.
    Any,
    /// `CONFIG_ZRAM_WRITEBACK`
    Backing,
    /// `CONFIG_ZRAM_MULTI_COMP`
    MultiComp,
}

use Config::{Any, Backing, MultiComp};

impl Config {
    fn of(self, profile: &Profile) -> bool {
        match self {
            Any => true,
            Backing => profile.writeback,
            MultiComp => profile.multi_comp,
        }
    }
}

/// Name, access, and what the kernel must have, in the kernel's order.
const TABLE: &[(&str, Attribute, Access, Config)] = &[
    ("disksize", Disksize, Both, Any),
    ("initstate", Initstate, Read, Any),
    ("reset", Reset, Write, Any),
    ("compact", Compact, Write, Any),
    ("mem_limit", MemLimit, Write, Any),
    ("mem_used_max", MemUsedMax, Write, Any),
    ("idle", Idle, Write, Any),
    ("comp_algorithm", CompAlgorithm, Both, Any),
    ("bd_stat", BdStat, Read, Backing),
    ("backing_dev", BackingDev, Both, Backing),
    ("writeback", Writeback, Write, Backing),
    ("writeback_limit", WritebackLimit, Both, Backing),
    ("writeback_limit_enable", WritebackLimitEnable, Both, Backing),
    ("writeback_batch_size", WritebackBatchSize, Both, Backing),
    ("compressed_writeback", CompressedWriteback, Both, Backing),
    ("writeback_compressed", CompressedWriteback, Both, Backing),
    ("io_stat", IoStat, Read, Any),
    ("mm_stat", MmStat, Read, Any),
    ("debug_stat", DebugStat, Read, Any),
    ("recomp_algorithm", RecompAlgorithm, Both, MultiComp),
    ("recompress", Recompress, Write, MultiComp),
    ("algorithm_params", AlgorithmParams, Write, Any),
    ("max_comp_streams", MaxCompStreams, Both, Any),
];

/// The rows that a kernel has.
fn present(profile: &Profile) -> impl Iterator<Item = &'static (&'static str, Attribute, Access, Config)> {
    let behaviours = profile.behaviours;
    TABLE.iter().filter(move |row| {
        let version = match row.1 {
            WritebackBatchSize => behaviours.writeback_batches,
            CompressedWriteback => behaviours.compressed_writeback_attribute() == Some(row.0),
            MaxCompStreams => behaviours.max_comp_streams,
            AlgorithmParams => behaviours.algorithm_params,
            _ => true,
        };
        version && row.3.of(profile)
    })
}

impl Attribute {
    /// The attribute of this name, on a kernel of this configuration.
    pub(crate) fn named(name: &str, profile: &Profile) -> Option<Self> {
        present(profile).find(|row| row.0 == name).map(|row| row.1)
    }

    /// Names, and whether each can be read and written.
    pub(crate) fn all(profile: &Profile) -> impl Iterator<Item = (&'static str, bool, bool)> {
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
