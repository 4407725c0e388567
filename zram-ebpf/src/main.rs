//! The BPF programs that watch zram and zsmalloc.
//!
//! One program per [`zram_events::Kind`], on the entry or the return of one kernel function
//! (fentry, fexit), plus one that copies memory when asked (`snapshot`). A program reads
//! arguments, the return value and a few fields, writes one record, and is done; it decides nothing. Those in `failure` do: they have an
//! allocation fail, and are in place only around an operation for which that was asked.
//!
//! * Where fields lie is not known here: `layout`.
//! * What cannot be read is counted and logged, and no record is written: `memory`.
//! * Records are numbered in one order across all CPUs: `record`.
//!
//! On any other target this is an empty program, so that the workspace builds without BPF tools.
#![cfg_attr(target_arch = "bpf", no_std, no_main)]
#![cfg_attr(target_arch = "bpf", feature(core_intrinsics))]
#![cfg_attr(
    target_arch = "bpf",
    expect(
        internal_features,
        reason = "core's stable atomics need compare-and-swap, which this target lacks"
    )
)]

#[cfg(target_arch = "bpf")]
mod backing;
#[cfg(target_arch = "bpf")]
mod device;
#[cfg(target_arch = "bpf")]
mod failure;
#[cfg(target_arch = "bpf")]
mod layout;
#[cfg(target_arch = "bpf")]
mod memory;
#[cfg(target_arch = "bpf")]
mod object;
#[cfg(target_arch = "bpf")]
mod pool;
#[cfg(target_arch = "bpf")]
mod record;
#[cfg(target_arch = "bpf")]
mod slot;
#[cfg(target_arch = "bpf")]
mod snapshot;

/// On a host there is nothing to run.
#[cfg(not(target_arch = "bpf"))]
fn main() {}

/// Never reached: no program panics, and the verifier would not accept one that might.
#[cfg(target_arch = "bpf")]
#[panic_handler]
fn panic(_info: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}

/// The kernel lends some helpers only to programs under a licence compatible with its own.
#[cfg(target_arch = "bpf")]
#[unsafe(link_section = "license")]
#[unsafe(no_mangle)]
static LICENSE: [u8; 13] = *b"Dual MIT/GPL\0";
