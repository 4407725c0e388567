//! What a write to an attribute does, and which errno it gets.
//!
//! Each function keeps the kernel's order of checks, because that order decides which of two
//! mistakes is reported.

use std::sync::Arc;

use super::{Attribute, memory::memparse, number, text::sysfs_streq};
use crate::{
    behaviours::IdleAge,
    context::Call,
    control::Claim,
    environment::{Allocation, ClockUse, Environment},
    errno::Errno,
    profile::Profile,
    site::Site,
    zram::{
        backing::Backing,
        device::{Device, NANOSECONDS},
        idle::Cutoff,
    },
    zsmalloc::ClassTable,
};

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
            Attribute::Disksize => match memparse(text, call.behaviours().size_overflow).0 {
                0 => Err(Errno::EINVAL),
                disksize => self.set_disksize(disksize, table, call),
            },
            Attribute::Reset => self.reset_store(text, call),
            Attribute::Compact => {
                self.live().ok_or(Errno::EINVAL)?.disk.pool.compact(Site::Compact, call);
                Ok(())
            }
            Attribute::MemLimit => self.mem_limit_store(text, call.profile),
            Attribute::MemUsedMax => self.mem_used_max_store(text),
            Attribute::Idle => self.idle_store(text, call),
            Attribute::CompAlgorithm => self.comp_algorithm_store(text, call),
            Attribute::AlgorithmParams => self.algorithm_params_store(text, call),
            Attribute::RecompAlgorithm => self.recomp_algorithm_store(text, call),
            Attribute::Recompress => self.recompress_store(text, call),
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
        self.claim_for_reset(text)?;
        self.reset(Site::Reset, call);
        self.claim = Claim::None;
        Ok(())
    }

    /// `mem_limit_store`: allowed at any time.
    fn mem_limit_store(&mut self, text: &[u8], profile: &Profile) -> Result<(), Errno> {
        let (limit, parsed) = memparse(text, profile.behaviours.size_overflow);
        let page_size = profile.page_size;
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

    /// `backing_dev_store`. The old device is let go only when the new one is there.
    fn backing_dev_store(
        &mut self,
        text: &[u8],
        taken: impl Fn(&str) -> bool,
        call: &mut Call<'_, impl Environment + ?Sized>,
    ) -> Result<(), Errno> {
        if !call.env.allocate(Allocation::BackingPath) {
            return Err(Errno::ENOMEM);
        }
        if self.disk.is_some() {
            return Err(Errno::EBUSY);
        }
        let path = &text[..text.len().min(PATH_MAX - 1)];
        let path = String::from_utf8_lossy(path.strip_suffix(b"\n").unwrap_or(path)).into_owned();
        let pages = call.env.open_backing(&path)?;
        let shown = call.env.backing_path(&path);
        // It is opened exclusively, and this device still has its own open, which for older kernels is one and the same claim.
        let again = call.behaviours().backing_taken_twice;
        let own = !again && self.state.backing.as_ref().is_some_and(|backing| backing.path == shown);
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
