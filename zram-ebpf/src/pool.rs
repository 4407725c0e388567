//! Programs on pools and zspages: how zsmalloc keeps house.

use aya_ebpf::{
    macros::{fentry, fexit},
    programs::{FEntryContext, FExitContext},
};
use zram_events::{
    Kind,
    layout::{BitField, Field},
    raw::WORDS,
};

use crate::{
    memory::{Fault, bit_field, field},
    record::{deliver, returned, returned_int},
};

/// `zs_create_pool(name)`
#[fexit]
pub(crate) fn pool_create(ctx: FExitContext) -> u32 {
    deliver(Kind::PoolCreate, returned(&ctx).map(|pool| [pool, 0, 0, 0, 0, 0]))
}

/// `zs_destroy_pool(pool)`
#[fentry]
pub(crate) fn pool_destroy(ctx: FEntryContext) -> u32 {
    deliver(Kind::PoolDestroy, Ok([ctx.arg(0), 0, 0, 0, 0, 0]))
}

/// `create_page_chain(class, zspage, zpdescs)`
#[fentry]
pub(crate) fn page_chain(ctx: FEntryContext) -> u32 {
    let words = || {
        let class: u64 = ctx.arg(0);
        let number = |which| field::<u32>(class, which).map(u64::from);
        let (index, size) = (number(Field::ClassIndex)?, number(Field::ClassSize)?);
        let (pages, objects) = (number(Field::ClassPages)?, number(Field::ClassObjects)?);
        Ok([ctx.arg(1), index, pages, objects, size, 0])
    };
    deliver(Kind::PageChain, words())
}

/// The zspage in argument 1, the group returned, and the objects in use.
#[inline(always)]
fn regrouped(ctx: &FExitContext) -> Result<[u64; WORDS], Fault> {
    let zspage: u64 = ctx.arg(1);
    let inuse = u64::from(field::<u32>(zspage, Field::ZspageInuse)?);
    Ok([zspage, returned_int(ctx)?, inuse, 0, 0, 0])
}

/// `fix_fullness_group(class, zspage)`
#[fexit]
pub(crate) fn fix_fullness(ctx: FExitContext) -> u32 {
    deliver(Kind::FixFullness, regrouped(&ctx))
}

/// `putback_zspage(class, zspage)`
#[fexit]
pub(crate) fn putback(ctx: FExitContext) -> u32 {
    deliver(Kind::Putback, regrouped(&ctx))
}

/// `__free_zspage(pool, class, zspage)`
#[fentry]
pub(crate) fn zspage_free(ctx: FEntryContext) -> u32 {
    let words = || {
        let zspage: u64 = ctx.arg(2);
        Ok([zspage, bit_field(zspage, BitField::ZspageClass)?, 0, 0, 0, 0])
    };
    deliver(Kind::ZspageFree, words())
}

/// `trylock_zspage(zspage)`, which succeeds on a zspage that is about to be given back, and on no other.
#[fexit]
pub(crate) fn zspage_taken(ctx: FExitContext) -> u32 {
    let words = |zspage: u64| Ok([zspage, bit_field(zspage, BitField::ZspageClass)?, 0, 0, 0, 0]);
    match returned_int(&ctx) {
        Ok(0) => 0,
        Ok(_) => deliver(Kind::ZspageFree, words(ctx.arg(0))),
        Err(fault) => deliver(Kind::ZspageFree, Err(fault)),
    }
}

/// `zs_compact(pool)`
#[fentry]
pub(crate) fn compact_begin(ctx: FEntryContext) -> u32 {
    deliver(Kind::CompactBegin, Ok([ctx.arg(0), 0, 0, 0, 0, 0]))
}

/// `zs_compact(pool)`
#[fexit]
pub(crate) fn compact_end(ctx: FExitContext) -> u32 {
    deliver(Kind::CompactEnd, returned(&ctx).map(|pages| [ctx.arg(0), pages, 0, 0, 0, 0]))
}

/// `zs_page_migrate(newpage, page, mode)`
#[fexit]
pub(crate) fn page_migrate(ctx: FExitContext) -> u32 {
    deliver(Kind::PageMigrate, returned_int(&ctx).map(|result| [result, 0, 0, 0, 0, 0]))
}

/// `zs_shrinker_scan(shrinker, control)`
#[fentry]
pub(crate) fn shrinker_scan(_ctx: FEntryContext) -> u32 {
    deliver(Kind::ShrinkerScan, Ok([0; WORDS]))
}

/// `async_free_zspage(work)`
#[fentry]
pub(crate) fn deferred_free(_ctx: FEntryContext) -> u32 {
    deliver(Kind::DeferredFree, Ok([0; WORDS]))
}
