//! Having the N-th allocation of a kind fail.
//!
//! The allocators ask two functions that exist for nothing else whether to fail, `should_failslab` and
//! `should_fail_alloc_page`, and the kernel lets programs answer in their place (`fmod_ret`; both are marked
//! `ALLOW_ERROR_INJECTION`). What is left is to know which allocation is asked about: only those of one process count, made while it is
//! in a certain function of zram's or zsmalloc's, not in an interrupt that came upon it, and of a certain size. An allocator
//! allocates for itself, too (a slab's pages, and in newer kernels the arrays that it hands objects out of). None of that is taken for
//! what was asked for: a `kmalloc` is announced by its own entry, of a fixed size that goes through one function which the allocator does
//! not use for itself; the caches of zsmalloc have objects of a size of their own; and a zspage's pages may lie in high memory.
//!
//! These programs are attached only around an operation for which that was asked.

use core::ffi::c_void;

use aya_ebpf::{
    helpers::bpf_get_current_pid_tgid,
    macros::{fentry, fexit, map},
    maps::Array,
    programs::{FEntryContext, FExitContext},
};
use zram_events::layout::{FailureRequest, Field, failure};

use crate::{memory::field, record::interrupts};

/// `-ENOMEM`. Of a function that returns a truth value, it is that.
const OUT_OF_MEMORY: i32 = -12;

/// `___GFP_HIGHMEM`
const HIGH_MEMORY: u32 = 0x02;

#[map]
static FAILURE: Array<FailureRequest> = Array::with_max_entries(1, 0);

/// The request, if the running process is the one that it is about.
#[inline(always)]
fn of_this_process() -> Option<(&'static mut FailureRequest, u32)> {
    // SAFETY: the element lives as long as the program. User space writes it only while none of these programs is
    // attached, and one thread at a time is inside.
    let request = unsafe { &mut *FAILURE.get_ptr_mut(0)? };
    let ids = bpf_get_current_pid_tgid();
    (request.process != 0 && (ids >> 32) as u32 == request.process).then_some((request, ids as u32))
}

/// The request, if the running thread is in the function, and not on top of it an interrupt.
#[inline(always)]
fn inside() -> Option<&'static mut FailureRequest> {
    let (request, thread) = of_this_process()?;
    let interrupt = interrupts().unwrap_or(true);
    (request.inside == thread && !interrupt).then_some(request)
}

/// The function under which allocations count is entered.
#[fentry]
pub(crate) fn failing_begin(_ctx: FEntryContext) -> u32 {
    if let Some((request, thread)) = of_this_process()
        && request.inside == 0
    {
        request.inside = thread;
    }
    0
}

/// The function returns.
#[fexit]
pub(crate) fn failing_end(_ctx: FExitContext) -> u32 {
    if let Some((request, thread)) = of_this_process()
        && request.inside == thread
    {
        request.inside = 0;
        request.announced = 0;
    }
    0
}

/// `__kmalloc_cache_noprof(cache, flags, size)`: the first thing that it does is to ask `should_failslab`.
#[fentry]
pub(crate) fn failing_kmalloc(ctx: FEntryContext) -> u32 {
    if let Some(request) = inside()
        && request.by == failure::KMALLOC
    {
        request.announced = u32::from(ctx.arg::<u64>(2) == u64::from(request.size));
    }
    0
}

/// One more; the answer to whether it fails.
#[inline(always)]
fn count(request: &mut FailureRequest) -> i32 {
    request.asked += 1;
    if request.asked != request.nth {
        return 0;
    }
    request.failed += 1;
    OUT_OF_MEMORY
}

/// `should_failslab(cache, flags)`, answered. The section is that of the programs on entries, which is a matter between this object and
/// its loader.
#[unsafe(no_mangle)]
#[unsafe(link_section = "fentry")]
extern "C" fn fail_slab(ctx: *mut c_void) -> i32 {
    let Some(request) = inside() else { return 0 };
    let meant = match request.by {
        failure::KMALLOC => core::mem::take(&mut request.announced) != 0,
        failure::CACHE => {
            let size: u32 = field(FEntryContext::new(ctx).arg(0), Field::CacheObjectSize).unwrap_or(0);
            size.next_multiple_of(8) == request.size.next_multiple_of(8)
        }
        _ => false,
    };
    if meant { count(request) } else { 0 }
}

/// `should_fail_alloc_page(flags, order)`, answered.
#[unsafe(no_mangle)]
#[unsafe(link_section = "fentry")]
extern "C" fn fail_page(ctx: *mut c_void) -> i32 {
    let Some(request) = inside() else { return 0 };
    let flags: u32 = FEntryContext::new(ctx).arg(0);
    if request.by == failure::PAGE && flags & HIGH_MEMORY != 0 { count(request) } else { 0 }
}
