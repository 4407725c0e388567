//! What the administrator wants.
//!
//! These are the values after everything was read, merged and checked: the policy does not look at a text again. Defaults are those of a machine of which
//! nothing is known, and so cautious towards its disk.
//!
//! * [`keys`] are all keys, `setting` is what may stand behind them, and `tiers` a list of tables.
//! * `folders` says which files are read, [`load`] merges them, `rules` is what values must be to each other.
//! * `handover` are devices that `zramctl-rs` sets up.
//! * `wrong` is what is wrong, with its place; `unknown` is a key that nobody knows.

mod folders;
mod handover;
pub mod keys;
mod load;
mod rules;
mod setting;
mod tiers;
mod unknown;
mod wrong;

use std::{path::PathBuf, time::Duration};

use zram_host::DeviceNumber;

pub use folders::{DROP_INS, FOLDERS, MAIN};
pub use handover::Handed;
pub use load::{Given, Loaded, load};
pub use setting::share;
pub use wrong::{Line, Place, Wrong, Wrongs};

use crate::units::{Permille, Units};

/// All of it.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Config {
    /// Which devices are driven.
    pub devices: Devices,
    /// When a page counts as idle.
    pub idle: IdleAge,
    /// What goes to the backing device.
    pub writeback: Writeback,
    /// How what comes back changes that.
    pub regret: Regret,
    /// Recompression, in this order.
    pub recompression: Vec<Tier>,
    /// Compaction.
    pub compaction: Compaction,
    /// What pressure does.
    pub pressure: Pressure,
    /// `mem_limit` of each device, in bytes, if zramd is to set it. 0 is no limit.
    pub memory_limit: Option<u64>,
    /// Where things are.
    pub paths: Paths,
}

/// Which devices are driven.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum Devices {
    /// Every one that is set up, and has a backing device or an algorithm for recompression.
    #[default]
    All,
    /// These.
    Named(Vec<DeviceNumber>),
    /// Those that `zramctl-rs` sets up.
    From(HandOver),
}

/// Devices in a file of `zramctl-rs`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandOver {
    /// The file.
    pub path: PathBuf,
    /// The devices in it: at least one.
    pub devices: Vec<Handed>,
}

/// When a page counts as idle: between these, the shorter the more memory is in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdleAge {
    /// With all of the memory in use.
    pub min: Duration,
    /// With none.
    pub max: Duration,
}

impl Default for IdleAge {
    fn default() -> Self {
        Self { min: minutes(20), max: hours(25) }
    }
}

/// What goes to the backing device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Writeback {
    /// Anything at all.
    pub enabled: bool,
    /// Pages that do not compress go before others of their age.
    pub huge: bool,
    /// Pages of which recompression found that no algorithm makes them smaller go before others of their age.
    pub incompressible: bool,
    /// Pages that compress go.
    pub compressible: bool,
    /// At most so much in any 24 hours, all devices together.
    pub per_day: Units,
    /// A round with less to write than this writes nothing.
    pub round_min: Units,
    /// A round writes no more than this.
    pub round_max: Units,
    /// Rounds are at least so far apart.
    pub every: Duration,
    /// This share of the backing device stays free.
    pub reserve: Permille,
    /// Whether it goes on while the machine runs on battery.
    pub on_battery: bool,
    /// How long whoever reads a device's statistics may have to wait.
    pub lock_hold: Duration,
}

impl Default for Writeback {
    fn default() -> Self {
        Self {
            enabled: true,
            huge: true,
            incompressible: true,
            compressible: true,
            per_day: Units::within(1 << 30),
            round_min: Units::within(5 << 20),
            round_max: Units::within(100 << 20),
            every: minutes(10),
            reserve: Permille(50),
            on_battery: true,
            lock_hold: Duration::from_millis(50),
        }
    }
}

/// How pages that come back soon change the idle age.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Regret {
    /// Whether they do.
    pub enabled: bool,
    /// Pages that may come back for each that was written, within [`Regret::horizon`].
    pub target: Permille,
    /// Pages that come back within this time count.
    pub horizon: Duration,
    /// The idle age is multiplied by no less than this.
    pub least: Permille,
    /// And by no more than this.
    pub most: Permille,
}

impl Default for Regret {
    fn default() -> Self {
        Self {
            enabled: true,
            target: Permille(50),
            horizon: hours(6),
            least: Permille(250),
            most: Permille(8000),
        }
    }
}

/// A tier of recompression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tier {
    /// The algorithm's name; it is one of the device's `recomp_algorithm`.
    pub algorithm: String,
    /// Which pages.
    pub pages: Pages,
    /// Pages that were not accessed for so long. It has no meaning for [`Pages::Huge`].
    pub older: Duration,
    /// Objects smaller than so many bytes are not tried. The kernel also flags as incompressible what does not get below it.
    pub threshold: Option<u32>,
    /// At most so many pages are tried in one pass. `None`: as many as the time that a pass may take allows.
    pub max_pages: Option<u32>,
    /// Passes are at least so far apart.
    pub every: Duration,
}

/// Which pages a tier of recompression takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pages {
    /// Those that are idle.
    Idle,
    /// Those that are stored uncompressed.
    Huge,
    /// Those that are both.
    HugeIdle,
}

/// When the pool is compacted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compaction {
    /// Whether it is.
    pub enabled: bool,
    /// If this share of the pool is not objects, ...
    pub waste: Permille,
    /// ... and that is at least so many bytes.
    pub least: u64,
    /// At least so far apart.
    pub every: Duration,
}

impl Default for Compaction {
    fn default() -> Self {
        Self { enabled: true, waste: Permille(250), least: 16 << 20, every: hours(1) }
    }
}

/// What pressure does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pressure {
    /// Tasks that wait for memory for so long ...
    pub memory_stall: Duration,
    /// ... within this time wake the daemon.
    pub memory_window: Duration,
    /// After that it is not woken again for so long.
    pub cool_down: Duration,
    /// If some task waited for I/O for this share of the last ten seconds, nothing is written, ...
    pub io_busy: Permille,
    /// ... until it is below this share.
    pub io_calm: Permille,
}

impl Default for Pressure {
    fn default() -> Self {
        Self {
            memory_stall: Duration::from_millis(150),
            memory_window: Duration::from_secs(2),
            cool_down: Duration::from_secs(60),
            io_busy: Permille(200),
            io_calm: Permille(100),
        }
    }
}

/// Where things are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paths {
    /// The folder of what is remembered.
    pub state: PathBuf,
    /// The socket by which it is controlled.
    pub control: PathBuf,
    /// The file that has the metrics. `None`: there is none.
    pub metrics: Option<PathBuf>,
    /// The socket that answers HTTP with them. `None`: there is none.
    pub metrics_socket: Option<PathBuf>,
}

impl Default for Paths {
    fn default() -> Self {
        Self {
            state: "/var/lib/zramd".into(),
            control: "/run/zramd/control".into(),
            metrics: None,
            metrics_socket: None,
        }
    }
}

const fn minutes(minutes: u64) -> Duration {
    Duration::from_secs(60 * minutes)
}

const fn hours(hours: u64) -> Duration {
    minutes(60 * hours)
}
