//! What attributes print, padding included.

use super::Attribute;
use crate::{errno::Errno, page::PageSize, profile::Profile, zram::device::Device};

impl Device {
    /// The text of a readable attribute.
    pub(crate) fn show(&self, attribute: Attribute, profile: &Profile) -> Result<String, Errno> {
        let state = &self.state;
        let stats = &state.stats;
        Ok(match attribute {
            Attribute::Disksize => format!("{}\n", self.disk.as_ref().map_or(0, |disk| disk.disksize)),
            Attribute::Initstate => format!("{}\n", u32::from(self.disk.is_some())),
            Attribute::CompAlgorithm => state.comp_algorithm_show(profile),
            Attribute::RecompAlgorithm => state.recomp_algorithm_show(profile),
            Attribute::BdStat => {
                let [count, reads, writes] = [stats.bd_count, stats.bd_reads, stats.bd_writes]
                    .map(|pages| pages.wrapping_mul(profile.page_size.units_of_4k()));
                format!("{count:>8} {reads:>8} {writes:>8}\n")
            }
            Attribute::BackingDev => {
                let path = state.backing.as_ref().map_or("none", |backing| backing.path.as_str());
                // file_path() is given a page less one byte, for the path and its NUL.
                if path.len() + 2 > profile.page_size.as_usize() {
                    return Err(Errno::ENAMETOOLONG);
                }
                format!("{path}\n")
            }
            Attribute::WritebackLimit => format!("{}\n", state.writeback.limit),
            Attribute::WritebackLimitEnable => format!("{}\n", u32::from(state.writeback.limit_enable)),
            Attribute::WritebackBatchSize => format!("{}\n", state.writeback.batch_size),
            Attribute::CompressedWriteback => format!("{}\n", u32::from(state.writeback.compressed)),
            Attribute::IoStat if profile.behaviours.counts_invalid_io => {
                let [reads, writes] = [stats.failed_reads, stats.failed_writes];
                format!("{reads:>8} {writes:>8} {:>8} {:>8}\n", stats.invalid_io, stats.notify_free)
            }
            Attribute::IoStat => {
                format!("{:>8} {:>8} 0 {:>8}\n", stats.failed_reads, stats.failed_writes, stats.notify_free)
            }
            Attribute::MmStat => self.mm_stat(profile.page_size),
            Attribute::DebugStat if profile.behaviours.write_stalls => {
                format!("version: 1\n{:>8} {:>8}\n", stats.write_stalls, stats.miss_free)
            }
            Attribute::DebugStat => format!("version: 1\n0 {:>8}\n", stats.miss_free),
            Attribute::MaxCompStreams => format!("{}\n", profile.processors),
            Attribute::Reset
            | Attribute::Compact
            | Attribute::MemLimit
            | Attribute::MemUsedMax
            | Attribute::Idle
            | Attribute::Writeback
            | Attribute::Recompress
            | Attribute::AlgorithmParams => return Err(Errno::EACCES),
        })
    }

    /// `mm_stat_show`
    fn mm_stat(&self, page_size: PageSize) -> String {
        let shift = page_size.shift();
        let stats = &self.state.stats;
        let pool = self.disk.as_ref().map(|disk| &disk.pool);
        let used = pool.map_or(0, |pool| pool.total_pages());
        format!(
            "{:>8} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8}\n",
            stats.pages_stored << shift,
            stats.compr_data_size,
            used << shift,
            self.state.limit_pages << shift,
            (stats.max_used_pages << shift).cast_signed(),
            stats.same_pages,
            pool.map_or(0, |pool| pool.pages_compacted()),
            stats.huge_pages,
            stats.huge_pages_since,
        )
    }
}
