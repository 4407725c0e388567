//! The running kernel's layout, as the loader wrote it.

use zram_events::layout::{ABSENT, BitField, Bits, Field, Layout, Measure};

use crate::memory::Fault;

/// Patched by the loader. Before that nothing is present, so a program loaded without a layout faults at its first hit.
#[unsafe(no_mangle)]
static LAYOUT: Layout = Layout::ABSENT;

/// Byte offset of `field`.
#[inline(always)]
pub(crate) fn offset(field: Field) -> Result<u64, Fault> {
    // SAFETY: a field of a static; volatile, because the compiler must not assume the value it sees here.
    let offset = unsafe { core::ptr::read_volatile(&raw const LAYOUT.fields[field as usize]) };
    if offset == ABSENT { Err(Fault::at(field as usize)) } else { Ok(u64::from(offset)) }
}

/// Where `field` lies.
#[inline(always)]
pub(crate) fn bits(field: BitField) -> Result<Bits, Fault> {
    // SAFETY: as in `offset`.
    let bits = unsafe { core::ptr::read_volatile(&raw const LAYOUT.bits[field as usize]) };
    if bits.word == ABSENT { Err(Fault::at(Fault::BITS + field as usize)) } else { Ok(bits) }
}

/// An address in two halves; 0 where unknown.
#[inline(always)]
pub(crate) fn address(low: Measure, high: Measure) -> u64 {
    u64::from(measure(high)) << 32 | u64::from(measure(low))
}

/// A size or count; 0 where unknown.
#[inline(always)]
pub(crate) fn measure(measure: Measure) -> u32 {
    // SAFETY: as in `offset`.
    unsafe { core::ptr::read_volatile(&raw const LAYOUT.measures[measure as usize]) }
}
