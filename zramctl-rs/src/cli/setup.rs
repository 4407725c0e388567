//! Setting up, and swap.

use clap::{Args, Subcommand};
use zram_host::DeviceNumber;

use super::{
    change::Dry,
    values::{Allowance, absolute, file_system, memory, parameters, word, writeback},
};
use crate::{
    amount::Amount,
    wanted::{Backing, Floor, Made, Secondary, Usage, Wanted, at_most_three},
};

/// Set devices up, from nothing to swap or a file system
///
/// Finds a device that is not set up, or adds one, and prints its path. The steps are known before the first is taken (--dry-run prints
/// them), and when one fails everything is as it was.
#[derive(Debug, Args)]
pub struct Setup {
    /// Which, as zram0 or /dev/zram0; by default one that is not set up
    #[arg(value_name = "DEVICE")]
    pub device: Option<DeviceNumber>,

    /// Set up the devices that this TOML file names, all or none; an example is below
    #[arg(long, value_name = "FILE", value_parser = clap::builder::NonEmptyStringValueParser::new(), conflicts_with_all = ["device", "size", "algorithm", "recompression", "memory", "backing", "swap", "mount"])]
    pub file: Option<String>,

    /// What it offers, as if nothing were compressed
    #[arg(short, long, value_name = "SIZE", required_unless_present = "file")]
    pub size: Option<Amount>,

    /// Primary compression algorithm
    #[arg(short, long, value_name = "NAME", value_parser = word)]
    pub algorithm: Option<String>,

    /// Its parameters, as algorithm_params takes them, such as level=3
    #[arg(long, value_name = "PARAMETERS", requires = "algorithm", value_parser = parameters)]
    pub algorithm_params: Option<String>,

    /// Algorithm for recompression, with its parameters, such as zstd:level=8; repeatable, the first is tried first
    #[arg(long = "recompress", value_name = "NAME[:PARAMETERS]")]
    pub recompression: Vec<Secondary>,

    /// Memory that the pool may take: 512M, 2G, or none
    #[arg(long, value_name = "SIZE", value_parser = memory)]
    pub memory: Option<Allowance>,

    /// Say what was set up, or would be, as JSON
    #[arg(long)]
    pub json: bool,

    /// Whether to do it
    #[command(flatten)]
    pub dry: Dry,

    /// Where pages go that leave memory
    #[command(flatten)]
    pub backing: Backed,

    /// What the device is used for
    #[command(flatten)]
    pub used: Used,
}

/// Where pages go that leave memory.
#[derive(Debug, Args)]
#[command(next_help_heading = "Backing device")]
pub struct Backed {
    /// Block device or file to write pages back to. What is on it is lost; what may be somebody's is refused
    #[arg(long, value_name = "PATH", value_parser = absolute)]
    pub backing: Option<String>,

    /// Make the file, of this size. It has no name, and goes with the device
    #[arg(long, value_name = "SIZE", requires = "backing", value_parser = crate::size::parse)]
    pub backing_size: Option<u64>,

    /// ... and leave so much free on its file system: 2G, or 10% of it [default: 5%]
    #[arg(long, value_name = "SIZE", requires = "backing_size")]
    pub keep_free: Option<Floor>,

    /// Encrypt what is written (dm-crypt), with a random key that the kernel alone keeps, as long as the device is there
    #[arg(long, requires = "backing")]
    pub encrypt: bool,

    /// Take it even if there is something on it, or if it is memory
    #[arg(long, requires = "backing")]
    pub force: bool,

    /// Write pages back as they are in memory: less work, the same space (since Linux 7.0)
    #[arg(long, requires = "backing")]
    pub compressed_writeback: bool,

    /// Requests that a writeback pass has on the way at most
    #[arg(long, value_name = "N", requires = "backing", value_parser = clap::value_parser!(u32).range(1..))]
    pub batch_size: Option<u32>,

    /// What may be written back: 500M, or none
    #[arg(long, value_name = "SIZE", requires = "backing", value_parser = writeback)]
    pub writeback_limit: Option<Allowance>,
}

/// What a device is used for.
#[derive(Debug, Args)]
#[command(next_help_heading = "Use")]
pub struct Used {
    /// Take it into use as swap
    #[arg(long)]
    pub swap: bool,

    /// ... with this priority: areas of the highest are used first
    #[arg(long, value_name = "N", requires = "swap", value_parser = clap::value_parser!(u16).range(0..=32767))]
    pub priority: Option<u16>,

    /// ... and discard: zram does without, since swap tells it of each slot that is free
    #[arg(long, requires = "swap")]
    pub discard: bool,

    /// Make a file system on it and mount it there
    #[arg(long, value_name = "FOLDER", conflicts_with = "swap", value_parser = absolute)]
    pub mount: Option<String>,

    /// ... of this kind: mkfs.NAME makes it
    #[arg(long, value_name = "NAME", requires = "mount", default_value = "ext4", value_parser = file_system)]
    pub file_system: String,

    /// ... with these options of mount, such as noatime,discard
    #[arg(long, value_name = "OPTIONS", requires = "mount")]
    pub mount_options: Option<String>,
}

impl Setup {
    /// What is wanted of one device.
    ///
    /// # Errors
    /// When there is no size: the command line does not let that be.
    pub fn wanted(&self) -> anyhow::Result<Wanted> {
        at_most_three(&self.recompression).map_err(anyhow::Error::msg)?;
        let size = self.size.clone().ok_or_else(|| anyhow::anyhow!("give the size: --size"))?;
        let backed = &self.backing;
        let keep_free = backed.keep_free.clone().unwrap_or_default();
        let backing = backed.backing.clone().map(|path| Backing {
            path,
            make: backed.backing_size.map(|bytes| Made { bytes, keep_free }),
            encrypt: backed.encrypt,
            force: backed.force,
            compressed: backed.compressed_writeback,
            batch_size: backed.batch_size,
            limit: backed.writeback_limit,
        });
        let used = &self.used;
        let usage = match &used.mount {
            Some(at) => Usage::FileSystem {
                name: used.file_system.clone(),
                at: at.clone(),
                options: used.mount_options.clone(),
            },
            None if used.swap => Usage::swap(used.priority, used.discard),
            None => Usage::Nothing,
        };
        Ok(Wanted {
            device: self.device,
            size,
            algorithm: self.algorithm.clone(),
            algorithm_params: self.algorithm_params.clone(),
            recompression: self.recompression.clone(),
            memory: self.memory,
            backing,
            usage,
        })
    }
}

/// Swap on a device.
#[derive(Debug, Subcommand)]
pub enum Swap {
    /// Take a device into use as swap. What is on it is lost
    On {
        /// Which, as zram0 or /dev/zram0
        #[arg(value_name = "DEVICE")]
        device: DeviceNumber,

        /// Areas of the highest priority are used first
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(0..=32767))]
        priority: Option<u16>,

        /// Discard: zram does without
        #[arg(long)]
        discard: bool,

        /// Print what came of it as JSON
        #[arg(long)]
        json: bool,
    },
    /// Take it out of use, which reads back what is in it
    Off {
        /// Which, as zram0 or /dev/zram0
        #[arg(value_name = "DEVICE")]
        device: DeviceNumber,

        /// Print what came of it as JSON
        #[arg(long)]
        json: bool,
    },
}
