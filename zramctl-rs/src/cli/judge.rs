//! Judging a machine: what its kernel can do, and what is wrong.

use clap::Args;
use zram_host::DeviceNumber;

/// Show what this kernel can do for zram, and why it cannot
///
/// By the attributes of a device, by the configuration that the kernel was built with, by its release. Nothing is loaded or added to find out.
/// "?" means that it cannot be told, which is not the same as no.
#[derive(Debug, Args)]
pub struct Caps {
    /// Whose attributes to look at, as zram0 or /dev/zram0; by default the first device's
    #[arg(value_name = "DEVICE")]
    pub device: Option<DeviceNumber>,

    /// As JSON
    #[arg(long)]
    pub json: bool,
}

/// Say what is wrong or wasteful about zram here, and what mends it
///
/// The kernel, what else manages zram, the order of swap areas, limits, memory that compaction would free, pages that do not compress,
/// writeback and recompression that nobody drives. Nothing is changed.
#[derive(Debug, Args)]
pub struct Doctor {
    /// Which, as zram0 or /dev/zram0; by default all that are set up
    #[arg(value_name = "DEVICE")]
    pub device: Option<DeviceNumber>,

    /// As JSON
    #[arg(long)]
    pub json: bool,

    /// Exit with 3 if there is a problem; waste and notes are none
    #[arg(long)]
    pub check: bool,

    /// Also read so many pages of each device, and say what other algorithms would make of them
    ///
    /// Reading a page is an access. Only pages in memory are read that are not marked as idle, so that no mark is lost, and only their ages are
    /// renewed. What is in them is compressed here and forgotten.
    #[cfg(feature = "sample")]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub sample: Option<u64>,
}

impl Doctor {
    /// How many pages to read, if any.
    #[must_use]
    pub fn samples(&self) -> Option<u64> {
        #[cfg(feature = "sample")]
        return self.sample;
        #[cfg(not(feature = "sample"))]
        None
    }
}
