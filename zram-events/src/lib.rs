//! What can happen inside zram and zsmalloc.
//!
//! Two parties speak this vocabulary: the model, which says what a kernel must do, and the BPF
//! programs, which say what a kernel did. Comparing them is only worth something when both use the
//! same words for the same things, so the words live here, below either of them.
//!
//! * [`raw`] is the record as BPF writes it: numbers and kernel addresses, fixed size, no
//!   allocation, usable in the BPF programs themselves (`no_std`).
//! * [`layout`] is what a loader tells those programs about the running kernel.
//! * [`shortage`] names what memory is asked for and can be made not to be had.
//! * [`event`] is the vocabulary proper: what happened, to which *life* of which object.
//! * [`decode`] turns the first into the second. Addresses are only names, and the slab hands a
//!   freed one out again at once; so an address is replaced by the ordinal of the life it names,
//!   counted from the birth that the event stream itself reports.
#![cfg_attr(not(feature = "std"), no_std)]

#[cfg(feature = "std")]
pub mod decode;
#[cfg(feature = "std")]
pub mod event;
pub mod layout;
pub mod raw;
pub mod shortage;

#[cfg(feature = "std")]
pub use decode::{DecodeError, Decoder};
#[cfg(feature = "std")]
pub use event::{
    BioOp, Block, ClassIndex, Context, DeviceId, Event, Fullness, HandleLife, MapMode, ObjectIndex, PoolLife,
    SlotIndex, ZspageLife,
};
pub use raw::{Kind, RawRecord};
pub use shortage::Shortage;
