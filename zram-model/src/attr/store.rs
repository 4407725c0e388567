//! What a write to an attribute does, and which errno it gets.
//!
//! Each function keeps the kernel's order of checks, because that order decides which of two
//! mistakes is reported.

use std::sync::Arc;

use super::{Attribute, args::Args, memory::memparse, number, text::sysfs_streq};
use crate::{
    behaviours::{IdleAge, ParamsTarget},
    context::Call,
    environment::{Allocation, ClockUse, Environment},
    errno::Errno,
    page::PageSize,
    site::Site,
    zram::{
        backing::Backing,
        codec::{NOT_SET, Params},
        device::{Device, NANOSECONDS},
        idle::Cutoff,
    },
    zsmalloc::ClassTable,
};

/// Longest name of an algorithm and one (`ZRAM_MAX_ALGO_NAME_SZ`).
const MAX_ALGORITHM_NAME: usize = 128;

/// Longest path and its NUL (`PATH_MAX`).
const PATH_MAX: usize = 4096;

impl Device {
    /// The store function of an attribute. `text` ends before the first NUL. `taken` says whether
    /// another device has a backing device open under this path.
    pub(crate) fn store(
        &mut self,
        attribute: Attribute,
        text: &[u8],
        table: &Arc<ClassTable>,
        taken: impl Fn(&str) -> bool,
        call: &mut Call<'_, impl Environment + ?Sized>,
    ) -> Result<(), Errno> {
        let settings = &mut self.state.writeback;
        match attribute {
            Attribute::Disksize => match memparse(text).0 {
                0 => Err(Errno::EINVAL),
                disksize => self.set_disksize(disksize, table, call),
            },
            Attribute::Reset => self.reset_store(text, call),
            Attribute::Compact => {
                self.live().ok_or(Errno::EINVAL)?.disk.pool.compact(Site::Compact, call);
                Ok(())
            }
            Attribute::MemLimit => self.mem_limit_store(text, call.profile.page_size),
            Attribute::MemUsedMax => self.mem_used_max_store(text),
            Attribute::Idle => self.idle_store(text, call),
            Attribute::CompAlgorithm => self.comp_algorithm_store(text, call),
            Attribute::AlgorithmParams => self.algorithm_params_store(text, call),
            Attribute::BackingDev => self.backing_dev_store(text, taken, call),
            Attribute::Writeback => self.live().ok_or(Errno::EINVAL)?.writeback(text, call),
            Attribute::MaxCompStreams => Ok(()),
            Attribute::WritebackLimit => {
                let limit = number::unsigned_long(text, 10).map_err(|_| Errno::EINVAL)?;
                // Whole pages, or charging one would wrap.
                settings.limit = limit - limit % call.profile.page_size.units_of_4k();
                Ok(())
            }
            Attribute::WritebackLimitEnable => {
                settings.limit_enable = number::unsigned_long(text, 10).map_err(|_| Errno::EINVAL)? != 0;
                Ok(())
            }
            Attribute::WritebackBatchSize => match number::unsigned_int(text, 10) {
                Err(_) | Ok(0) => Err(Errno::EINVAL),
                Ok(size) => {
                    settings.batch_size = size;
                    Ok(())
                }
            },
            Attribute::CompressedWriteback => {
                let on = number::boolean(text)?;
                if self.disk.is_some() {
                    return Err(Errno::EBUSY);
                }
                settings.compressed = on;
                Ok(())
            }
            Attribute::Initstate
            | Attribute::BdStat
            | Attribute::IoStat
            | Attribute::MmStat
            | Attribute::DebugStat => Err(Errno::EACCES),
        }
    }

    /// `reset_store`
    fn reset_store(
        &mut self,
        text: &[u8],
        call: &mut Call<'_, impl Environment + ?Sized>,
    ) -> Result<(), Errno> {
        if number::unsigned_short(text, 10)? == 0 {
            return Err(Errno::EINVAL);
        }
        if self.openers > 0 {
            return Err(Errno::EBUSY);
        }
        self.reset(Site::Reset, call);
        Ok(())
    }

    /// `mem_limit_store`: allowed at any time.
    fn mem_limit_store(&mut self, text: &[u8], page_size: PageSize) -> Result<(), Errno> {
        let (limit, parsed) = memparse(text);
        if parsed == 0 {
            return Err(Errno::EINVAL);
        }
        self.state.limit_pages = page_size.align(limit) >> page_size.shift();
        Ok(())
    }

    /// `mem_used_max_store`: "0" brings the maximum down to what is used now.
    fn mem_used_max_store(&mut self, text: &[u8]) -> Result<(), Errno> {
        if number::unsigned_long(text, 10) != Ok(0) {
            return Err(Errno::EINVAL);
        }
        if let Some(disk) = &self.disk {
            self.state.stats.max_used_pages = disk.pool.total_pages();
        }
        Ok(())
    }

    /// `idle_store`: "all", or an age in seconds.
    ///
    /// In 7.2 the subtraction is done in 32 bits: an age beyond the uptime wraps to a cutoff far in the
    /// future, and one that equals it gives 0, which stands for "all". Either way everything is marked.
    fn idle_store(
        &mut self,
        text: &[u8],
        call: &mut Call<'_, impl Environment + ?Sized>,
    ) -> Result<(), Errno> {
        let mut cutoff = Cutoff::All;
        if !sysfs_streq(text, b"all") {
            if !call.profile.entry_access_time {
                return Err(Errno::EINVAL);
            }
            let asked = ClockUse::Idle { dev: self.id };
            cutoff = match call.behaviours().idle_age {
                IdleAge::Nanoseconds => {
                    let age = number::unsigned_long(text, 0).map_err(|_| Errno::EINVAL)?;
                    let now = call.env.boot_nanoseconds(asked);
                    Cutoff::Nanoseconds(now.wrapping_sub(age.wrapping_mul(NANOSECONDS)).cast_signed())
                }
                IdleAge::Wrapping => {
                    let age = number::unsigned_int(text, 0).map_err(|_| Errno::EINVAL)?;
                    Cutoff::Seconds(call.env.boot_seconds(asked).wrapping_sub(age))
                }
                IdleAge::Bounded => {
                    let age = number::unsigned_int(text, 0).map_err(|_| Errno::EINVAL)?;
                    match call.env.boot_seconds(asked).checked_sub(age) {
                        Some(cutoff) if cutoff > 0 => Cutoff::Seconds(cutoff),
                        _ => return Ok(()),
                    }
                }
            };
            if matches!(cutoff, Cutoff::Seconds(0) | Cutoff::Nanoseconds(0)) {
                cutoff = Cutoff::All;
            }
        }
        self.live().ok_or(Errno::EINVAL)?.mark_idle(cutoff, call);
        Ok(())
    }

    /// `__comp_algorithm_store` for the primary algorithm: a good name first, then whether it may be set.
    fn comp_algorithm_store(
        &mut self,
        text: &[u8],
        call: &Call<'_, impl Environment + ?Sized>,
    ) -> Result<(), Errno> {
        if text.len() >= MAX_ALGORITHM_NAME {
            return Err(Errno::E2BIG);
        }
        let known = call.profile.backends.iter().find(|name| sysfs_streq(text, name.as_bytes()));
        let name = known.ok_or(Errno::EINVAL)?;
        if self.disk.is_some() {
            return Err(Errno::EBUSY);
        }
        self.state.algorithms[0] = Some(name);
        if call.behaviours().algorithm_resets_params {
            self.state.params[0] = Params::default();
        }
        Ok(())
    }

    /// `algorithm_params_store`: whatever is not given goes back to its default.
    fn algorithm_params_store(
        &mut self,
        text: &[u8],
        call: &mut Call<'_, impl Environment + ?Sized>,
    ) -> Result<(), Errno> {
        let mut params = Params::default();
        let (mut priority, mut algorithm, mut dictionary) = (None, None, None);
        for arg in Args::new(text) {
            let value = arg.value().ok_or(Errno::EINVAL)?;
            match arg.name.as_slice() {
                b"priority" => priority = Some(number::int(value, 10)?),
                b"level" => params.level = number::int(value, 10)?,
                b"algo" => algorithm = Some(value.to_vec()),
                b"dict" => dictionary = Some(value.to_vec()),
                b"deflate.winbits" if call.behaviours().params_target != ParamsTarget::Loose => {
                    params.winbits = number::int(value, 10)?;
                }
                _ => {}
            }
        }
        let max = call.profile.max_comps();
        let priority = if call.behaviours().params_target == ParamsTarget::Strict {
            if self.disk.is_some() {
                return Err(Errno::EBUSY);
            }
            self.params_priority(priority, algorithm.as_deref(), max)?
        } else {
            // A name that is found overrides the number.
            self.params_priority(priority.filter(|_| algorithm.is_none()), algorithm.as_deref(), max)?
        };
        self.state.params[priority] = Params { level: NOT_SET, ..Params::default() };
        if let Some(path) = dictionary {
            let size = call.env.read_dictionary(&String::from_utf8_lossy(&path));
            params.dictionary = size.filter(|size| *size > 0).ok_or(Errno::EINVAL)?;
        }
        self.state.params[priority] = params;
        Ok(())
    }

    /// Which algorithm parameters are for (`validate_algo_priority`, `lookup_algo_priority`).
    fn params_priority(
        &self,
        priority: Option<i32>,
        algorithm: Option<&[u8]>,
        max: usize,
    ) -> Result<usize, Errno> {
        let has =
            |at: usize, name: &[u8]| self.state.algorithms[at].is_some_and(|set| set.as_bytes() == name);
        let given = match priority {
            Some(at) => {
                let at = usize::try_from(at).ok().filter(|at| *at < max);
                Some(at.ok_or(Errno::EINVAL)?)
            }
            None => None,
        };
        match (given, algorithm) {
            (Some(at), Some(name)) if !has(at, name) => Err(Errno::EINVAL),
            (Some(at), _) => Ok(at),
            (None, Some(name)) => (0..max).find(|at| has(*at, name)).ok_or(Errno::EINVAL),
            (None, None) => Ok(0),
        }
    }

    /// `backing_dev_store`. The old device is let go only when the new one is there.
    fn backing_dev_store(
        &mut self,
        text: &[u8],
        taken: impl Fn(&str) -> bool,
        call: &mut Call<'_, impl Environment + ?Sized>,
    ) -> Result<(), Errno> {
        if self.disk.is_some() {
            return Err(Errno::EBUSY);
        }
        let path = &text[..text.len().min(PATH_MAX - 1)];
        let path = String::from_utf8_lossy(path.strip_suffix(b"\n").unwrap_or(path)).into_owned();
        let pages = call.env.open_backing(&path)?;
        let shown = call.env.backing_path(&path);
        // It is opened exclusively, and this device still has its own open.
        let own = self.state.backing.as_ref().is_some_and(|backing| backing.path == shown);
        if own || taken(&shown) {
            return Err(Errno::EBUSY);
        }
        if pages == 0 {
            return Err(Errno::EINVAL);
        }
        let bytes = pages.div_ceil(64).saturating_mul(8);
        if !call.env.allocate(Allocation::Bitmap { bytes }) {
            return Err(Errno::ENOMEM);
        }
        self.state.backing = Some(Backing::new(shown, pages));
        Ok(())
    }
}
