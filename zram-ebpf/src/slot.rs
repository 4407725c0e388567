//! Programs on slots: freeing, and compressing what goes in and out.

use aya_ebpf::{
    macros::{fentry, fexit},
    programs::{FEntryContext, FExitContext},
};
use zram_events::{
    Kind,
    layout::{Field, Measure},
};

use crate::{
    device::of_zram,
    layout,
    memory::{Fault, field, read},
    record::{deliver, returned_int},
};

/// `slot_free(zram, index)`
#[fentry]
pub(crate) fn slot_free(ctx: FEntryContext) -> u32 {
    let words = || {
        let (zram, slot): (u64, u32) = (ctx.arg(0), ctx.arg(1));
        let table: u64 = field(zram, Field::ZramTable)?;
        let bytes = u64::from(layout::measure(Measure::EntryBytes));
        let entry = table.wrapping_add(u64::from(slot).wrapping_mul(bytes));
        let flags = u64::from(field::<u32>(entry, Field::EntryFlags)?);
        Ok([of_zram(zram)?, u64::from(slot), flags, field(entry, Field::EntryHandle)?, 0, 0])
    };
    deliver(Kind::SlotFree, words())
}

/// `zram_slot_free_notify(bdev, index)`
#[fentry]
pub(crate) fn slot_free_notify(ctx: FEntryContext) -> u32 {
    deliver(Kind::SlotFreeNotify, Ok([ctx.arg(1), 0, 0, 0, 0, 0]))
}

/// `zcomp_compress(comp, zstrm, src, dst_len)`
#[fexit]
pub(crate) fn compress(ctx: FExitContext) -> u32 {
    let words = || {
        let length: u32 = read(ctx.arg(3), Fault::WORD)?;
        Ok([returned_int(&ctx)?, u64::from(length), 0, 0, 0, 0])
    };
    deliver(Kind::Compress, words())
}

/// `zcomp_compress(zstrm, src, dst_len)`, until 6.11
#[fexit]
pub(crate) fn compress_stream(ctx: FExitContext) -> u32 {
    let words = || {
        let length: u32 = read(ctx.arg(2), Fault::WORD)?;
        Ok([returned_int(&ctx)?, u64::from(length), 0, 0, 0, 0])
    };
    deliver(Kind::Compress, words())
}

/// `zcomp_decompress(comp, zstrm, src, src_len, dst)`
#[fexit]
pub(crate) fn decompress(ctx: FExitContext) -> u32 {
    let length: u32 = ctx.arg(3);
    deliver(Kind::Decompress, returned_int(&ctx).map(|result| [result, u64::from(length), 0, 0, 0, 0]))
}

/// `zcomp_decompress(zstrm, src, src_len, dst)`, until 6.11
#[fexit]
pub(crate) fn decompress_stream(ctx: FExitContext) -> u32 {
    let length: u32 = ctx.arg(2);
    deliver(Kind::Decompress, returned_int(&ctx).map(|result| [result, u64::from(length), 0, 0, 0, 0]))
}

/// `read_from_zspool(zram, page, index)`
#[fexit]
pub(crate) fn read_from_pool(ctx: FExitContext) -> u32 {
    let slot: u32 = ctx.arg(2);
    let words = || Ok([of_zram(ctx.arg(0))?, u64::from(slot), returned_int(&ctx)?, 0, 0, 0]);
    deliver(Kind::ReadFromPool, words())
}
