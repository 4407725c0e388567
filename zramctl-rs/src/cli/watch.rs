//! Watching what happens.

use clap::{Args, ValueEnum};
use zram_events::{BioOp, Event, Kind};
use zram_host::DeviceNumber;

use super::values::{range, seconds};

/// Show what happens in zram, as it happens
///
/// By probes, which takes root and a kernel with BTF. They are attached while it runs, and only those that are needed: --kind makes a busy
/// device slower by less. Ends at Ctrl-C, at --count or --for, and when nobody reads any more; then it says if anything was lost.
#[derive(Debug, Args)]
pub struct Watch {
    /// Only these, as zram0 or /dev/zram0. What names no device, as what the allocator does, is left out then
    #[arg(value_name = "DEVICE")]
    pub devices: Vec<DeviceNumber>,

    /// Only what is of these kinds, separated by commas; by default all but the allocator's
    #[arg(long, value_name = "KIND", value_delimiter = ',')]
    pub kind: Vec<What>,

    /// Only slots FIRST to LAST. What names no slot is left out then
    #[arg(long, value_name = "FIRST-LAST", value_parser = range)]
    pub slot: Option<(u64, u64)>,

    /// Leave out the headings
    #[arg(short, long, alias = "noheadings", conflicts_with = "json")]
    pub no_headings: bool,

    /// An object of JSON a line; the last has `end` and what was lost
    #[arg(long)]
    pub json: bool,

    /// End after so many
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub count: Option<u64>,

    /// End after this time: 90, 90s, 15m, 2h
    #[arg(long = "for", value_name = "TIME", value_parser = seconds)]
    pub time: Option<u64>,
}

/// What can be watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum What {
    /// Reads of a device
    Read,
    /// Writes to it
    Write,
    /// Discards, zeroing, flushes and whatever else is asked of it
    Discard,
    /// A slot gives up what it holds
    Free,
    /// Swap says that it does not need a slot any more
    Notify,
    /// A page is compressed: when it is written, or recompressed, of which there is no record of its own
    Compress,
    /// A page is decompressed
    Decompress,
    /// A pass of writeback, its requests, and their ends
    Writeback,
    /// A read from the backing device comes back
    Readback,
    /// Writeback or recompression is done with a slot it had chosen
    Pass,
    /// The pool is compacted
    Compact,
    /// Devices come, go, and are reset
    Device,
    /// Everything that the allocator does
    Allocator,
}

impl What {
    /// The records that tell of it.
    #[must_use]
    pub fn kinds(self) -> &'static [Kind] {
        match self {
            Self::Read | Self::Write | Self::Discard => &[Kind::Bio],
            Self::Free => &[Kind::SlotFree],
            Self::Notify => &[Kind::SlotFreeNotify],
            Self::Compress => &[Kind::Compress],
            Self::Decompress => &[Kind::Decompress, Kind::ReadFromPool],
            Self::Writeback => &[
                Kind::WritebackScan,
                Kind::WritebackBegin,
                Kind::WritebackEnd,
                Kind::WritebackEndio,
                Kind::WritebackDone,
            ],
            Self::Readback => &[Kind::ReadBackEndio, Kind::ReadBackWork],
            Self::Pass => &[Kind::ReleaseSlot],
            Self::Compact => &[Kind::CompactBegin, Kind::CompactEnd, Kind::ShrinkerScan],
            Self::Device => &[Kind::Reset, Kind::DeviceAdd, Kind::DeviceRemove],
            Self::Allocator => &[
                Kind::PoolCreate,
                Kind::PoolDestroy,
                Kind::PageChain,
                Kind::ObjMalloc,
                Kind::ObjFree,
                Kind::FixFullness,
                Kind::Putback,
                Kind::ZspageFree,
                Kind::Malloc,
                Kind::Free,
                Kind::ReadBegin,
                Kind::ReadEnd,
                Kind::ObjWrite,
                Kind::MapObject,
                Kind::UnmapObject,
                Kind::PageMigrate,
                Kind::DeferredFree,
            ],
        }
    }

    /// What an event is of.
    #[must_use]
    pub fn of(event: &Event) -> Self {
        match event {
            Event::Bio { op: BioOp::Read, .. } => Self::Read,
            Event::Bio { op: BioOp::Write, .. } => Self::Write,
            Event::Bio { .. } => Self::Discard,
            Event::SlotFree { .. } => Self::Free,
            Event::SlotFreeNotify { .. } => Self::Notify,
            Event::Compress { .. } => Self::Compress,
            Event::Decompress { .. } | Event::ReadFromPool { .. } => Self::Decompress,
            Event::WritebackScan { .. }
            | Event::WritebackBegin { .. }
            | Event::WritebackEnd { .. }
            | Event::WritebackEndio { .. }
            | Event::WritebackDone { .. } => Self::Writeback,
            Event::ReadBackEndio { .. } | Event::ReadBackWork { .. } => Self::Readback,
            Event::ReleaseSlot { .. } => Self::Pass,
            Event::CompactBegin { .. } | Event::CompactEnd { .. } | Event::ShrinkerScan => Self::Compact,
            Event::Reset { .. }
            | Event::DeviceAdd { .. }
            | Event::DeviceAddFailed { .. }
            | Event::DeviceRemove { .. } => Self::Device,
            _ => Self::Allocator,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_record_is_of_something() {
        for kind in Kind::ALL {
            let told = What::value_variants().iter().filter(|what| what.kinds().contains(kind)).count();
            assert_eq!(told, if *kind == Kind::Bio { 3 } else { 1 }, "{kind:?}");
        }
    }
}
