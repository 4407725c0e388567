//! Programs on zsmalloc's objects: what a user of the allocator asks for.

use aya_ebpf::{
    macros::{fentry, fexit},
    programs::{FEntryContext, FExitContext},
};
use zram_events::{
    Kind,
    layout::{BitField, Field, Measure, OBJECT_LOW_BITS},
};

use crate::{
    layout,
    memory::{Fault, bit_field, field, read},
    record::{deliver, returned},
};

/// What an object word says besides the page: where it lies is no event's business. Nor is the tag below the index, which older kernels
/// have made room for and do not use in the word.
#[inline(always)]
fn low(object: u64) -> u64 {
    (object & ((1 << OBJECT_LOW_BITS) - 1)) >> (layout::measure(Measure::ObjectTagBits) & 1)
}

/// `obj_malloc(pool, zspage, handle)`
#[fexit]
pub(crate) fn obj_malloc(ctx: FExitContext) -> u32 {
    let words = || {
        let zspage: u64 = ctx.arg(1);
        let class = bit_field(zspage, BitField::ZspageClass)?;
        let inuse = u64::from(field::<u32>(zspage, Field::ZspageInuse)?);
        let huge = bit_field(zspage, BitField::ZspageHuge)?;
        Ok([zspage, ctx.arg(2), low(returned(&ctx)?), class, inuse, huge])
    };
    deliver(Kind::ObjMalloc, words())
}

/// `obj_free(class_size, object)`
#[fexit]
pub(crate) fn obj_free(ctx: FExitContext) -> u32 {
    let size: u32 = ctx.arg(0);
    deliver(Kind::ObjFree, Ok([low(ctx.arg(1)), u64::from(size), 0, 0, 0, 0]))
}

/// `zs_malloc(pool, size, …)`
#[fexit]
pub(crate) fn malloc(ctx: FExitContext) -> u32 {
    deliver(Kind::Malloc, returned(&ctx).map(|handle| [ctx.arg(0), ctx.arg(1), handle, 0, 0, 0]))
}

/// `zs_free(pool, handle)`
#[fentry]
pub(crate) fn free(ctx: FEntryContext) -> u32 {
    deliver(Kind::Free, Ok([ctx.arg(0), ctx.arg(1), 0, 0, 0, 0]))
}

/// `zs_obj_read_begin(pool, handle, length, local_copy)`
#[fexit]
pub(crate) fn read_begin(ctx: FExitContext) -> u32 {
    let words = || {
        let (address, local): (u64, u64) = (returned(&ctx)?, ctx.arg(3));
        Ok([ctx.arg(1), ctx.arg(2), u64::from(local != 0 && address == local), 0, 0, 0])
    };
    deliver(Kind::ReadBegin, words())
}

/// `zs_obj_read_end(pool, handle, length, address)`
#[fentry]
pub(crate) fn read_end(ctx: FEntryContext) -> u32 {
    deliver(Kind::ReadEnd, Ok([ctx.arg(1), ctx.arg(2), 0, 0, 0, 0]))
}

/// Bytes of an object's header (`ZS_HANDLE_SIZE`), which the readers until 6.19 copy as well.
const HEADER: u64 = 8;

/// `zs_obj_read_begin(pool, handle, local_copy)`, until 6.19: always the whole object, header and all. One that has no header lies on
/// one page.
#[fexit]
pub(crate) fn read_begin_whole(ctx: FExitContext) -> u32 {
    let words = || {
        let (address, local): (u64, u64) = (returned(&ctx)?, ctx.arg(2));
        Ok([ctx.arg(1), 0, u64::from(local != 0 && address == local + HEADER), 0, 0, 0])
    };
    deliver(Kind::ReadBegin, words())
}

/// `zs_obj_read_end(pool, handle, address)`, until 6.19
#[fentry]
pub(crate) fn read_end_whole(ctx: FEntryContext) -> u32 {
    deliver(Kind::ReadEnd, Ok([ctx.arg(1), 0, 0, 0, 0, 0]))
}

/// Bits of a page's number that its address shows wherever the kernel has put its view of all memory, which begins at a multiple
/// of a gigabyte (`page_offset_base`).
const PAGE_BITS: u64 = (1 << (30 - 12)) - 1;

/// `zs_map_object(pool, handle, mode)`: into the object's own page, or a copy of both.
#[fexit]
pub(crate) fn map_object(ctx: FExitContext) -> u32 {
    let words = || {
        let (handle, mode): (u64, u32) = (ctx.arg(1), ctx.arg(2));
        let page = read::<u64>(handle, Fault::WORD)? >> OBJECT_LOW_BITS;
        let mapped = returned(&ctx)? >> 12;
        Ok([handle, u64::from(mode), u64::from((page ^ mapped) & PAGE_BITS != 0), 0, 0, 0])
    };
    deliver(Kind::MapObject, words())
}

/// `zs_unmap_object(pool, handle)`
#[fentry]
pub(crate) fn unmap_object(ctx: FEntryContext) -> u32 {
    deliver(Kind::UnmapObject, Ok([ctx.arg(1), 0, 0, 0, 0, 0]))
}

/// `zs_obj_write(pool, handle, source, length)`
#[fentry]
pub(crate) fn obj_write(ctx: FEntryContext) -> u32 {
    deliver(Kind::ObjWrite, Ok([ctx.arg(1), ctx.arg(3), 0, 0, 0, 0]))
}
