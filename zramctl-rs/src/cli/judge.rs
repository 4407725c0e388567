//! Judging a machine: what its kernel can do, and what is wrong.

use clap::Args;
use zram_host::DeviceNumber;

/// Of which device, and how.
#[derive(Debug, Args)]
pub struct Caps {
    /// Whose attributes to look at, as zram0 or /dev/zram0; by default the first device's
    #[arg(value_name = "DEVICE")]
    pub device: Option<DeviceNumber>,

    /// As JSON
    #[arg(long)]
    pub json: bool,
}
