//! Writing records.
//!
//! All programs share one ring buffer and one counter. The counter is advanced only when there is
//! room for the record, so that numbers run without gaps and a hole in what arrives is a loss.
//! A number is not the position in the buffer: two CPUs may reserve in one order and number in the
//! other. The reader sorts.

use aya_ebpf::{
    helpers::{bpf_get_current_pid_tgid, bpf_get_current_task, bpf_get_smp_processor_id, bpf_ktime_get_ns},
    macros::map,
    maps::{Array, PerCpuArray, RingBuf},
    programs::FExitContext,
};
use aya_log_ebpf::error;
use zram_events::{
    Kind, RawRecord,
    layout::{Field, Measure, counter},
    raw::{WORDS, context},
};

use crate::{
    layout,
    memory::{Fault, field, read},
};

/// `PF_WQ_WORKER` of the kernel's `sched.h`: the task is a worker of a work queue.
const PF_WQ_WORKER: u32 = 0x20;

/// The stream. The loader may ask for another size.
#[map]
static EVENTS: RingBuf = RingBuf::with_byte_size(16 << 20, 0);

/// The next record's number.
#[map]
static SEQUENCE: Array<u64> = Array::with_max_entries(1, 0);

/// Losses: see [`counter`].
#[map]
static COUNTERS: PerCpuArray<u64> = PerCpuArray::with_max_entries(counter::COUNT, 0);

#[inline(always)]
fn count(which: u32) {
    if let Some(counter) = COUNTERS.get_ptr_mut(which) {
        // SAFETY: the element is this CPU's own. An interrupt between load and store can lose one
        // count of several, never make a count of some come out as none.
        unsafe { *counter += 1 };
    }
}

/// Counts and reports a fault.
///
/// One function for all programs, under a name of its own: the names the compiler makes up contain a hash
/// of where its own sources lie, and would make the object differ from machine to machine.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn report_fault(kind: u32, place: u32) {
    count(counter::FAULTS);
    error!((), "kind {}: kernel memory could not be read at place {}", kind, place);
}

/// The return value of the function that the program sits on.
#[inline(always)]
pub(crate) fn returned(ctx: &FExitContext) -> Result<u64, Fault> {
    ctx.ret::<u64>().map_err(|_| Fault::at(Fault::RETURN))
}

/// The return value of a function returning `int`, of whose register only the low half is defined.
#[inline(always)]
pub(crate) fn returned_int(ctx: &FExitContext) -> Result<u64, Fault> {
    Ok(i64::from(returned(ctx)? as u32 as i32) as u64)
}

/// Writes the record, or counts why not. Programs end with this.
#[inline(always)]
pub(crate) fn deliver(kind: Kind, words: Result<[u64; WORDS], Fault>) -> u32 {
    match words.and_then(|words| Ok((words, running_context()?))) {
        Ok((words, context)) => write(kind, context, words),
        Err(fault) => report_fault(u32::from(kind as u16), fault.place),
    }
    0
}

/// Whether the program runs on top of an interrupt. Where the kernel does not tell where the count lies, nobody knows, and
/// the loader says so in the coverage.
#[inline(always)]
pub(crate) fn interrupts() -> Result<bool, Fault> {
    let count = layout::address(Measure::PreemptCount, Measure::PreemptCountHigh);
    let offsets = layout::address(Measure::PerCpuOffset, Measure::PerCpuOffsetHigh);
    if count == 0 || offsets == 0 {
        return Ok(false);
    }
    // SAFETY: the helper has no preconditions.
    let cpu = u64::from(unsafe { bpf_get_smp_processor_id() });
    let offset: u64 = read(offsets.wrapping_add(8 * cpu), Fault::PREEMPT_COUNT)?;
    let count: u32 = read(offset.wrapping_add(count), Fault::PREEMPT_COUNT)?;
    Ok(count & layout::measure(Measure::InterruptBits) != 0)
}

#[inline(always)]
fn running_context() -> Result<u8, Fault> {
    if interrupts()? {
        return Ok(context::INTERRUPT);
    }
    // SAFETY: the helper has no preconditions.
    let task = unsafe { bpf_get_current_task() };
    let flags: u32 = field(task, Field::TaskFlags)?;
    Ok(if flags & PF_WQ_WORKER == 0 { context::TASK } else { context::WORKER })
}

#[inline(always)]
fn write(kind: Kind, context: u8, words: [u64; WORDS]) {
    let Some(sequence) = SEQUENCE.get_ptr_mut(0) else { return };
    let Some(mut entry) = EVENTS.reserve::<RawRecord>(0) else {
        count(counter::RESERVE_FAILURES);
        return;
    };
    // SAFETY: the map's element lives as long as the program; all access to it is atomic.
    let seq = unsafe {
        core::intrinsics::atomic_xadd::<u64, u64, { core::intrinsics::AtomicOrdering::SeqCst }>(sequence, 1)
    };
    entry.write(RawRecord {
        seq,
        // SAFETY: the helper has no preconditions.
        time_ns: unsafe { bpf_ktime_get_ns() },
        tid: bpf_get_current_pid_tgid() as u32,
        kind: kind as u16,
        context,
        // SAFETY: the helper has no preconditions.
        cpu: unsafe { bpf_get_smp_processor_id() } as u8,
        args: words,
    });
    entry.submit(0);
}
