//! Reading the kernel's memory.
//!
//! Every read may fail: a pointer may be stale, a layout wrong. A failed read ends the program with
//! a [`Fault`], which is counted and logged; a record with a made-up word in it is never written.

use aya_ebpf::helpers::bpf_probe_read_kernel;
use zram_events::layout::{BitField, Field};

use crate::layout;

/// Something could not be read.
#[derive(Clone, Copy)]
pub(crate) struct Fault {
    /// Which field, as a number: a [`Field`], or one of the constants below.
    pub(crate) place: u32,
}

impl Fault {
    /// Added to the number of a [`BitField`].
    pub(crate) const BITS: usize = 0x100;
    /// The function's return value could not be had.
    pub(crate) const RETURN: usize = 0x200;
    /// A word behind a bare pointer.
    pub(crate) const WORD: usize = 0x201;
    /// The CPU's offset, or its `preempt_count`.
    pub(crate) const PREEMPT_COUNT: usize = 0x202;

    #[inline(always)]
    pub(crate) const fn at(place: usize) -> Self {
        Self { place: place as u32 }
    }
}

/// The `T` at an address.
#[inline(always)]
pub(crate) fn read<T: Copy>(address: u64, place: usize) -> Result<T, Fault> {
    // SAFETY: the helper checks the address and fails instead of faulting.
    unsafe { bpf_probe_read_kernel(address as *const T) }.map_err(|_| Fault::at(place))
}

/// The field of the structure at `base`; `T` must be of the field's size, which the loader has checked.
#[inline(always)]
pub(crate) fn field<T: Copy>(base: u64, field: Field) -> Result<T, Fault> {
    read(base.wrapping_add(layout::offset(field)?), field as usize)
}

/// A bit-field of the structure at `base`.
#[inline(always)]
pub(crate) fn bit_field(base: u64, field: BitField) -> Result<u64, Fault> {
    let bits = layout::bits(field)?;
    let word: u32 = read(base.wrapping_add(u64::from(bits.word)), Fault::BITS + field as usize)?;
    let mask = (1u64 << (bits.width & 31)) - 1;
    Ok((u64::from(word) >> (bits.shift & 31)) & mask)
}

/// The structure that has the member at `address` as its `field`.
#[inline(always)]
pub(crate) fn container(address: u64, field: Field) -> Result<u64, Fault> {
    Ok(address.wrapping_sub(layout::offset(field)?))
}
