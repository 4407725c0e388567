//! Showing devices and slots.

use clap::Args;
use zram_host::DeviceNumber;

use super::values::{range, seconds};
use crate::columns::{Column, Selection};

/// Show the devices, a line each
#[derive(Debug, Default, Args)]
#[command(after_help = columns_help())]
pub struct List {
    /// Also those that are not set up
    #[arg(short, long)]
    pub all: bool,

    /// Print sizes in bytes
    #[arg(short, long)]
    pub bytes: bool,

    /// Leave out the headings
    #[arg(short, long, alias = "noheadings")]
    pub no_headings: bool,

    /// Columns to print, separated by commas; `+LIST` adds them to the usual ones
    #[arg(short, long, value_name = "LIST")]
    pub output: Option<Selection>,

    /// Print all columns
    #[arg(long, conflicts_with = "output")]
    pub output_all: bool,

    /// One space between cells, spaces within as \x20
    #[arg(long)]
    pub raw: bool,

    /// As JSON: everything, whatever the columns
    #[arg(long, conflicts_with_all = ["raw", "output", "output_all", "no_headings", "bytes"])]
    pub json: bool,
}

/// Show everything about one device
#[derive(Debug, Args)]
pub struct Show {
    /// Which, as zram0 or /dev/zram0
    #[arg(value_name = "DEVICE")]
    pub device: DeviceNumber,

    /// Print sizes in bytes
    #[arg(short, long)]
    pub bytes: bool,

    /// As JSON
    #[arg(long, conflicts_with = "bytes")]
    pub json: bool,
}

/// Show the states of a device's slots: what is idle, huge, written back, and where
///
/// Read from debugfs' block_state, which takes root. Without --ranges, --list, --histogram or --json: a summary. Sizes are looked at a moment
/// after the states: of a slot that is of another kind by then, neither size nor block is shown, and such slots are counted.
#[derive(Debug, Args)]
pub struct Slots {
    /// Which, as zram0 or /dev/zram0
    #[arg(value_name = "DEVICE")]
    pub device: DeviceNumber,

    /// Which of them
    #[command(flatten)]
    pub filter: Filter,

    /// Only slots FIRST to LAST, as `page_indexes=` counts them
    #[arg(long, value_name = "FIRST-LAST", value_parser = range)]
    pub range: Option<(u64, u64)>,

    /// A line each
    #[arg(long, conflicts_with = "ranges")]
    pub list: bool,

    /// ... without the headings
    #[arg(short, long, alias = "noheadings", requires = "list", conflicts_with = "json")]
    pub no_headings: bool,

    /// Neighbours as one range
    #[arg(long)]
    pub ranges: bool,

    /// Also the bytes of each in memory, and its block on the backing device, by probes: this takes root and a kernel with BTF
    #[arg(long, conflicts_with = "ranges")]
    pub sizes: bool,

    /// How many there are of each age, and with --sizes of each size, as bars
    #[arg(long, conflicts_with_all = ["list", "ranges"])]
    pub histogram: bool,

    /// As JSON
    #[arg(long)]
    pub json: bool,
}

/// Which slots: those of which all of this is true.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Args)]
pub struct Filter {
    /// Marked as idle
    #[arg(long)]
    pub idle: bool,

    /// Stored uncompressed
    #[arg(long)]
    pub huge: bool,

    /// Of one word
    #[arg(long)]
    pub same: bool,

    /// On the backing device
    #[arg(long)]
    pub written_back: bool,

    /// In memory
    #[arg(long, conflicts_with = "written_back")]
    pub in_memory: bool,

    /// Compressed with a secondary algorithm
    #[arg(long)]
    pub recompressed: bool,

    /// That no algorithm makes smaller
    #[arg(long)]
    pub incompressible: bool,

    /// Not read or written for so long: 90, 90s, 15m, 2h, 3d
    #[arg(long, value_name = "AGE", value_parser = seconds)]
    pub older: Option<u64>,

    /// Whose object has so many bytes or more, by probes as --sizes
    #[arg(long, value_name = "BYTES", value_parser = crate::size::parse)]
    pub at_least: Option<u64>,

    /// Whose object has so many bytes or fewer, by probes as --sizes
    #[arg(long, value_name = "BYTES", value_parser = crate::size::parse)]
    pub at_most: Option<u64>,
}

impl Filter {
    /// Whether every slot is one of these.
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// Whether it asks for sizes, which only probes tell.
    #[must_use]
    pub fn is_by_size(&self) -> bool {
        self.at_least.is_some() || self.at_most.is_some()
    }
}

fn columns_help() -> String {
    const NAMES: usize = 12;
    let mut text = "Columns:".to_owned();
    for column in Column::ALL {
        text.push_str("\n  ");
        text.push_str(column.name());
        text.extend(std::iter::repeat_n(' ', NAMES.saturating_sub(column.name().len())));
        text.push_str(column.about());
    }
    text.push('\n');
    text
}
