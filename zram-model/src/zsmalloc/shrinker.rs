//! The shrinker: memory pressure starts a compaction (`zs_shrinker_count`, `zs_shrinker_scan`).
//!
//! It is registered last when a pool is made, and a pool does without if that fails.

use zram_events::Event;

use super::pool::Pool;
use crate::{context::Call, environment::Environment, site::Site};

impl Pool {
    /// `zs_shrinker_count`: pages that a compaction would free; none if there is no shrinker.
    pub(crate) fn shrinker_count(&self) -> u64 {
        if !self.shrinker {
            return 0;
        }
        self.classes.iter().map(|class| class.can_compact()).sum()
    }

    /// `zs_shrinker_scan`: the pages it freed; `None` stands for `SHRINK_STOP`, for when it freed none.
    ///
    /// How many pages it was asked for makes no difference: it compacts the whole pool.
    pub(crate) fn shrinker_scan(&mut self, call: &mut Call<'_, impl Environment + ?Sized>) -> Option<u64> {
        if !self.shrinker {
            return None;
        }
        call.emit(Site::ShrinkerScan, Event::ShrinkerScan);
        let freed = self.compact(Site::CompactShrinker, call);
        (freed != 0).then_some(freed)
    }
}
