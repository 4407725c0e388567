//! What the daemon is asked.

use std::{path::PathBuf, time::Duration};

use clap::Args;
use zram_host::DeviceNumber;

use super::Place;

/// Where the daemon is.
#[derive(Clone, Debug, Args)]
pub struct Socket {
    /// Ask by this socket, and not by the one that the configuration names
    #[arg(long, value_name = "PATH")]
    pub socket: Option<PathBuf>,

    /// Where the configuration is
    #[command(flatten)]
    pub place: Place,
}

/// How to show how things are.
#[derive(Clone, Debug, Args)]
pub struct StatusOf {
    /// Whom to ask
    #[command(flatten)]
    pub socket: Socket,

    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Which decisions.
#[derive(Clone, Debug, Args)]
pub struct Why {
    /// So many, the latest last; up to 1000
    #[arg(long, short = 'n', value_name = "N", default_value_t = 20)]
    pub last: usize,

    /// Of those only what is about this device
    #[arg(long, value_name = "DEVICE")]
    pub device: Option<DeviceNumber>,

    /// Whom to ask
    #[command(flatten)]
    pub socket: Socket,

    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// For how long.
#[derive(Clone, Debug, Args)]
pub struct Pause {
    /// Go on by itself after this time: 90s, 15min, 2h
    #[arg(long = "for", value_name = "TIME", value_parser = time)]
    pub time: Option<Duration>,

    /// Whom to tell
    #[command(flatten)]
    pub socket: Socket,

    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Whom to tell.
#[derive(Clone, Debug, Args)]
pub struct Resume {
    /// Whom to tell
    #[command(flatten)]
    pub socket: Socket,

    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// How to run now.
#[derive(Clone, Debug, Args)]
pub struct RunNow {
    /// Decide only, and change nothing
    #[arg(long)]
    pub dry_run: bool,

    /// Whom to tell
    #[command(flatten)]
    pub socket: Socket,

    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// A time of at least a second.
fn time(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text) {
        Ok(time) if time >= Duration::from_secs(1) => Ok(time),
        Ok(_) => Err("less than a second is no pause".to_owned()),
        Err(_) => Err(format!("{text:?} is no time: give one such as 90s, 15min or 2h")),
    }
}
