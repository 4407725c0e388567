//! Copying a slot table, or a pool's classes, out of the kernel.
//!
//! BPF cannot be called; it can only be met. This program sits on a cheap attribute of the device,
//! `initstate`, and does nothing unless user space has armed the request for that very device.
//! User space then reads the attribute, and finds the copy in the buffer when the read returns.

use aya_ebpf::{
    helpers::generated::bpf_probe_read_kernel,
    macros::{fentry, map},
    maps::Array,
    programs::FEntryContext,
};
use zram_events::layout::{
    CLASS_FEW_STATS, CLASS_STATS, ClassRecord, Field, Measure, SnapshotRequest,
    snapshot::{ARMED, BUFFER_BYTES, CLASSES, DONE, FAULT, MAX_CLASSES, NO_TABLE, RANGE, SLOTS},
};

use crate::{
    device, layout,
    memory::{Fault, container, field, read},
};

#[map]
static SNAPSHOT_REQUEST: Array<SnapshotRequest> = Array::with_max_entries(1, 0);

#[map]
static SNAPSHOT_BUFFER: Array<[u8; BUFFER_BYTES]> = Array::with_max_entries(1, 0);

/// `initstate_show(dev, attr, buf)`
#[fentry]
pub(crate) fn snapshot(ctx: FEntryContext) -> u32 {
    let Some(request) = SNAPSHOT_REQUEST.get_ptr_mut(0) else { return 0 };
    let Some(buffer) = SNAPSHOT_BUFFER.get_ptr_mut(0) else { return 0 };
    // SAFETY: the element lives as long as the program. User space writes it only while it is not armed,
    // and one thread at a time reads the attribute on its behalf.
    let request = unsafe { &mut *request };
    if request.state == ARMED
        && let Err(fault) = answer(ctx.arg(0), request, buffer)
    {
        request.state = FAULT;
        request.detail = fault.place;
    }
    0
}

#[inline(always)]
fn answer(dev: u64, request: &mut SnapshotRequest, buffer: *mut [u8; BUFFER_BYTES]) -> Result<(), Fault> {
    let bdev = container(dev, Field::BdevDevice)?;
    let disk: u64 = field(bdev, Field::BdevDisk)?;
    if device::of_disk(disk)? != u64::from(request.device) {
        return Ok(());
    }
    let zram: u64 = field(disk, Field::DiskPrivate)?;
    let table: u64 = field(zram, Field::ZramTable)?;
    let disksize: u64 = field(zram, Field::ZramDisksize)?;
    if table == 0 || disksize == 0 {
        request.state = NO_TABLE;
    } else if request.what == SLOTS {
        slots(table, disksize, request, buffer)?;
    } else if request.what == CLASSES {
        classes(field(zram, Field::ZramPool)?, request, buffer.cast())?;
    }
    Ok(())
}

/// The pages of a device are its slots; the page size comes with the table's measures.
#[inline(always)]
fn slots(
    table: u64,
    disksize: u64,
    request: &mut SnapshotRequest,
    buffer: *mut [u8; BUFFER_BYTES],
) -> Result<(), Fault> {
    let entry = u64::from(layout::measure(Measure::EntryBytes));
    let page = u64::from(layout::measure(Measure::PageBytes));
    let (first, count) = (u64::from(request.first), u64::from(request.count));
    let bytes = count.wrapping_mul(entry);
    if (first + count).wrapping_mul(page) > disksize || bytes == 0 || bytes > BUFFER_BYTES as u64 {
        request.state = RANGE;
        return Ok(());
    }
    let from = table.wrapping_add(first.wrapping_mul(entry));
    // SAFETY: at most `BUFFER_BYTES` are written to a buffer of that size; the helper checks the source.
    let status = unsafe { bpf_probe_read_kernel(buffer.cast(), bytes as u32, from as *const _) };
    if status != 0 {
        return Err(Fault::at(Field::EntryHandle as usize));
    }
    request.state = DONE;
    Ok(())
}

#[inline(always)]
fn classes(
    pool: u64,
    request: &mut SnapshotRequest,
    buffer: *mut [ClassRecord; MAX_CLASSES],
) -> Result<(), Fault> {
    let array = pool.wrapping_add(layout::offset(Field::PoolClasses)?);
    let nominal = layout::measure(Measure::NominalClasses) as usize;
    let mut n = 0;
    while n < MAX_CLASSES && n < nominal {
        let class: u64 = read(array.wrapping_add(8 * n as u64), Field::PoolClasses as usize)?;
        // SAFETY: `n` is below the array's length.
        let record = unsafe { &mut (*buffer)[n] };
        record.index = field(class, Field::ClassIndex)?;
        record.size = field(class, Field::ClassSize)?;
        record.objects = field(class, Field::ClassObjects)?;
        record.pages = field(class, Field::ClassPages)?;
        if layout::offset(Field::ClassFewStats).is_ok() {
            let few = field::<[u64; CLASS_FEW_STATS]>(class, Field::ClassFewStats)?;
            record.stats = [0; CLASS_STATS];
            record.stats[..CLASS_FEW_STATS].copy_from_slice(&few);
        } else {
            record.stats = field::<[u64; CLASS_STATS]>(class, Field::ClassStats)?;
        }
        n += 1;
    }
    request.count = n as u32;
    request.state = DONE;
    Ok(())
}
