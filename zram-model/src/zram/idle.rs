//! Idle marking (`mark_idle`).

use super::{
    device::Live,
    slot::flag::{IDLE, SAME, WB},
};
use crate::{context::Call, environment::Environment, mutation::Mutation};

impl Live<'_> {
    /// Marks slots last accessed before `cutoff` and unmarks the others; a cutoff of 0 marks all.
    ///
    /// Same-filled and written-back slots are left alone: nothing could be done with them.
    pub(crate) fn mark_idle(&mut self, cutoff: u32, call: &Call<'_, impl Environment + ?Sized>) {
        let inclusive = call.broken(Mutation::IdleInclusive);
        let skipped = if call.broken(Mutation::IdleMarksSame) { WB } else { WB | SAME };
        for slot in &mut self.disk.slots {
            if !slot.allocated() || slot.has(skipped) {
                continue;
            }
            let idle = !call.profile.entry_access_time
                || cutoff == 0
                || cutoff > slot.access_time
                || inclusive && cutoff == slot.access_time;
            if idle {
                slot.set(IDLE);
            } else {
                slot.clear(IDLE);
            }
        }
    }
}
