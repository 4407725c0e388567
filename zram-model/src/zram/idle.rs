//! Idle marking (`mark_idle`).

use super::{
    device::{Live, NANOSECONDS},
    slot::flag::{IDLE, SAME, UNDER_WB, WB},
};
use crate::{behaviours::IdleMarking, context::Call, environment::Environment, mutation::Mutation};

/// Which slots are idle: those last accessed before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cutoff {
    /// All are.
    All,
    /// Seconds since boot.
    Seconds(u32),
    /// Nanoseconds since boot, on kernels that keep them; may lie before the boot.
    Nanoseconds(i64),
}

impl Live<'_> {
    /// Marks slots last accessed before `cutoff` and unmarks the others, if the kernel does that.
    ///
    /// Same-filled and written-back slots are left alone, but for older kernels: nothing could be done with them. So is, before
    /// 330edc2bc059, what a pass has.
    pub(crate) fn mark_idle(&mut self, cutoff: Cutoff, call: &Call<'_, impl Environment + ?Sized>) {
        let inclusive = call.broken(Mutation::IdleInclusive);
        let unmarks = call.behaviours().idle_marking == IdleMarking::Unmarks;
        let skipped = match (unmarks, call.broken(Mutation::IdleMarksSame)) {
            (true, false) => WB | SAME | UNDER_WB,
            (true, true) => WB | UNDER_WB,
            (false, _) => UNDER_WB,
        };
        for (index, slot) in self.disk.slots.iter_mut().enumerate() {
            if !slot.allocated() || slot.has(skipped) {
                continue;
            }
            let accessed = slot.access_time;
            let idle = !call.profile.entry_access_time
                || match cutoff {
                    Cutoff::All => true,
                    Cutoff::Seconds(cutoff) => cutoff > accessed || inclusive && cutoff == accessed,
                    Cutoff::Nanoseconds(cutoff) => {
                        let rest = self.disk.nanoseconds.get(index).copied().unwrap_or(0);
                        cutoff > (u64::from(accessed) * NANOSECONDS + u64::from(rest)).cast_signed()
                    }
                };
            if idle {
                slot.set(IDLE);
            } else if unmarks {
                slot.clear(IDLE);
            }
        }
    }
}
