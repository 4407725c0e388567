//! Programs on writeback to the backing device, and on reading back from it.

use aya_ebpf::{
    macros::{fentry, fexit},
    programs::{FEntryContext, FExitContext},
};
use zram_events::{Kind, layout::Field};

use crate::{
    device::of_zram,
    layout,
    memory::{Fault, container, field},
    record::{deliver, returned_int},
};

/// `scan_slots_for_writeback(zram, mode, low, high, ctl)`
#[fentry]
pub(crate) fn writeback_scan(ctx: FEntryContext) -> u32 {
    let mode: u32 = ctx.arg(1);
    let words = of_zram(ctx.arg(0)).map(|dev| [dev, u64::from(mode), ctx.arg(2), ctx.arg(3), 0, 0]);
    deliver(Kind::WritebackScan, words)
}

/// `zram_writeback_slots(zram, ctl, wb_ctl)`
#[fentry]
pub(crate) fn writeback_begin(ctx: FEntryContext) -> u32 {
    deliver(Kind::WritebackBegin, of_zram(ctx.arg(0)).map(|dev| [dev, 0, 0, 0, 0, 0]))
}

/// `zram_writeback_slots(zram, ctl, wb_ctl)`
#[fexit]
pub(crate) fn writeback_end(ctx: FExitContext) -> u32 {
    let words = || Ok([of_zram(ctx.arg(0))?, returned_int(&ctx)?, 0, 0, 0, 0]);
    deliver(Kind::WritebackEnd, words())
}

/// `zram_writeback_endio(bio)`
#[fentry]
pub(crate) fn writeback_endio(ctx: FEntryContext) -> u32 {
    let words = || {
        let bio: u64 = ctx.arg(0);
        let request = container(bio, Field::WbBio)?;
        let slot = field(field(request, Field::WbSlot)?, Field::PpIndex)?;
        let status = u64::from(field::<u8>(bio, Field::BioStatus)?);
        Ok([slot, field(request, Field::WbBlock)?, status, 0, 0, 0])
    };
    deliver(Kind::WritebackEndio, words())
}

/// `zram_complete_done_reqs(zram, wb_ctl)`
#[fexit]
pub(crate) fn writeback_done(ctx: FExitContext) -> u32 {
    let words = || Ok([of_zram(ctx.arg(0))?, returned_int(&ctx)?, 0, 0, 0, 0]);
    deliver(Kind::WritebackDone, words())
}

/// `release_pp_slot(zram, pps)`
#[fentry]
pub(crate) fn release_slot(ctx: FEntryContext) -> u32 {
    let words = || Ok([of_zram(ctx.arg(0))?, field(ctx.arg(1), Field::PpIndex)?, 0, 0, 0, 0]);
    deliver(Kind::ReleaseSlot, words())
}

/// `req->index` of a read-back.
#[inline(always)]
fn slot_of(request: u64) -> Result<u64, Fault> {
    if layout::offset(Field::RbLongIndex).is_ok() {
        field(request, Field::RbLongIndex)
    } else {
        field::<u32>(request, Field::RbIndex).map(u64::from)
    }
}

/// `zram_async_read_endio(bio)`
#[fentry]
pub(crate) fn read_back_endio(ctx: FEntryContext) -> u32 {
    let words = || {
        let bio: u64 = ctx.arg(0);
        let request: u64 = field(bio, Field::BioPrivate)?;
        let slot = slot_of(request)?;
        let status = u64::from(field::<u8>(bio, Field::BioStatus)?);
        Ok([slot, field(request, Field::RbBlock)?, status, 0, 0, 0])
    };
    deliver(Kind::ReadBackEndio, words())
}

/// `zram_deferred_decompress(work)`
#[fentry]
pub(crate) fn read_back_work(ctx: FEntryContext) -> u32 {
    let words = || {
        let request = container(ctx.arg(0), Field::RbWork)?;
        let slot = slot_of(request)?;
        Ok([slot, field(request, Field::RbBlock)?, 0, 0, 0, 0])
    };
    deliver(Kind::ReadBackWork, words())
}
