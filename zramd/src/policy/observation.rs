//! What was observed.

use serde::Serialize;
use zram_host::{
    DeviceNumber,
    device::{BdStat, MmStat},
};

use super::census::Census;
use crate::units::{Permille, Units};

/// A machine, looked at once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Observation {
    /// Share of the memory that is in use. `None`: it cannot be told.
    pub utilisation: Option<Permille>,
    /// Whether this look was caused by tasks that wait for memory.
    pub pressed: bool,
    /// Whether somebody asked for it: then nothing has to wait for its time.
    pub asked: bool,
    /// For which share of the last ten seconds some task waited for I/O. `None`: the kernel does not measure it.
    pub io_waited: Option<Permille>,
    /// Whether the machine runs on battery. `None`: it has none, or does not say.
    pub on_battery: Option<bool>,
    /// The devices that are driven.
    pub devices: Vec<DeviceView>,
}

/// A device, looked at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceView {
    /// Which.
    pub device: DeviceNumber,
    /// Slots that it has.
    pub slots: u64,
    /// Bytes of a page.
    pub page: u32,
    /// What it stores.
    pub mm: MmStat,
    /// Its backing device; `None`: it has none, or the kernel has no writeback.
    pub backing: Option<Backing>,
    /// Algorithms for recompression, by name.
    pub algorithms: Vec<String>,
    /// What the kernel shows of its slots.
    pub sight: Sight,
    /// Its slots, counted. `None`: nobody has looked yet.
    pub census: Option<Census>,
}

/// A device's backing device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backing {
    /// Traffic.
    pub bd: BdStat,
    /// How large it is. `None`: it cannot be told.
    pub size: Option<Units>,
}

/// What the kernel shows of the slots, and takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Sight {
    /// The state of each.
    pub states: bool,
    /// When each was used last.
    pub times: bool,
    /// It writes ranges of them.
    pub ranges: bool,
}

impl DeviceView {
    /// Units that one page takes on the backing device.
    #[must_use]
    pub fn units_per_page(&self) -> u64 {
        (u64::from(self.page) / Units::BYTES).max(1)
    }

    /// Bytes of a page that compresses, on average: of those in memory that do.
    #[must_use]
    pub fn mean_size(&self) -> u32 {
        let page = u64::from(self.page).max(1);
        let away = self.backing.map_or(0, |backing| backing.bd.count / self.units_per_page());
        let huge = self.mm.huge_pages.unwrap_or(0);
        let stored = self.mm.orig_data_size / page;
        let pages = stored.saturating_sub(away).saturating_sub(self.mm.same_pages).saturating_sub(huge);
        let bytes = self.mm.compr_data_size.saturating_sub(huge.saturating_mul(page));
        // With few of them, or counters of slightly different moments, it is any number.
        u32::try_from(bytes.checked_div(pages).unwrap_or(page / 3).clamp(1, page)).unwrap_or(self.page)
    }
}
