//! Setting up, and swap.

use clap::{Args, Subcommand};
use zram_host::DeviceNumber;

use super::{
    change::Dry,
    values::{Allowance, memory, word, writeback},
};
use crate::amount::Amount;

/// How to set a device up.
#[derive(Debug, Args)]
pub struct Setup {
    /// Which, as zram0 or /dev/zram0; by default one that is not set up
    #[arg(value_name = "DEVICE")]
    pub device: Option<DeviceNumber>,

    /// What it offers, as if nothing were compressed
    #[arg(short, long, value_name = "SIZE")]
    pub size: Amount,

    /// Primary compression algorithm
    #[arg(short, long, value_name = "NAME", value_parser = word)]
    pub algorithm: Option<String>,

    /// Its parameters, as algorithm_params takes them, such as level=3
    #[arg(long, value_name = "PARAMETERS", requires = "algorithm")]
    pub algorithm_params: Option<String>,

    /// Algorithm for recompression; repeatable, the first is tried first
    #[arg(long = "recompress", value_name = "NAME", value_parser = word)]
    pub recompression: Vec<String>,

    /// Memory that the pool may take: 512M, 2G, or none
    #[arg(long, value_name = "SIZE", value_parser = memory)]
    pub memory: Option<Allowance>,

    /// Block device to write pages back to. What is on it is lost
    #[arg(long, value_name = "PATH")]
    pub backing: Option<String>,

    /// Write pages back as they are in memory: less work, the same space
    #[arg(long, requires = "backing")]
    pub compressed_writeback: bool,

    /// Requests that a writeback pass has on the way at most
    #[arg(long, value_name = "N", requires = "backing", value_parser = clap::value_parser!(u32).range(1..))]
    pub batch_size: Option<u32>,

    /// What may be written back: 500M, or none
    #[arg(long, value_name = "SIZE", requires = "backing", value_parser = writeback)]
    pub writeback_limit: Option<Allowance>,

    /// Take it into use as swap
    #[arg(long)]
    pub swap: bool,

    /// ... with this priority: areas of the highest are used first
    #[arg(long, value_name = "N", requires = "swap", value_parser = clap::value_parser!(u16).range(0..=32767))]
    pub priority: Option<u16>,

    /// ... and discard: zram does without, since swap tells it of each slot that is free
    #[arg(long, requires = "swap")]
    pub discard: bool,

    /// Whether to do it
    #[command(flatten)]
    pub dry: Dry,
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
