//! What util-linux' `zramctl` takes.

use clap::Args;
use zram_host::DeviceNumber;

use super::values::word;
use crate::{columns::Selection, size::parse_decimal};

/// The options of util-linux' `zramctl`: what shows something, and what sets up and resets.
#[derive(Debug, Default, PartialEq, Eq, Args)]
pub struct UtilLinux {
    /// Only this device, set up or not; the one to set up; or those to reset
    #[arg(value_name = "DEVICE", value_parser = device_or_command)]
    pub devices: Vec<DeviceNumber>,

    /// Print sizes in bytes
    #[arg(short, long)]
    pub bytes: bool,

    /// Leave out the headings
    #[arg(short, long, visible_alias = "no-headings")]
    pub noheadings: bool,

    /// Columns to print, separated by commas; `+LIST` adds them to the usual ones. `zramctl-rs list --help` names them
    #[arg(short, long, value_name = "LIST", conflicts_with_all = ["find", "reset", "size"])]
    pub output: Option<Selection>,

    /// Print all columns that util-linux has
    #[arg(long)]
    pub output_all: bool,

    /// One space between cells, spaces within as \x20
    #[arg(long)]
    pub raw: bool,

    /// Find a device that is not set up, or add one, and print its path
    #[arg(short, long, conflicts_with_all = ["devices", "reset"])]
    pub find: bool,

    /// Set the device up with this size: 4G and 4GiB are powers of 1024, 4GB of 1000
    #[arg(short, long, value_name = "SIZE", value_parser = parse_decimal, conflicts_with = "reset")]
    pub size: Option<u64>,

    /// ... with this compression algorithm
    #[arg(short, long, value_name = "NAME", requires = "size", value_parser = word)]
    pub algorithm: Option<String>,

    /// ... with these parameters for it, as algorithm_params takes them
    #[arg(short = 'p', long, value_name = "PARAMETERS", requires = "size")]
    pub algorithm_params: Option<String>,

    /// ... with so many streams, which newer kernels do not have
    #[arg(short = 't', long, value_name = "N", requires = "size")]
    pub streams: Option<u64>,

    /// Reset the devices and remove them
    #[arg(short, long, requires = "devices")]
    pub reset: bool,
}

/// Whoever misspells a command, and gets here, did not mean a device.
fn device_or_command(text: &str) -> Result<DeviceNumber, String> {
    text.parse().map_err(|_| {
        format!(
            "{text:?} is neither a zram device, such as zram0 or /dev/zram0, nor a command: `zramctl-rs --help` names them"
        )
    })
}
