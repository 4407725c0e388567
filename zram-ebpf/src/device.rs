//! Programs on whole devices, and how a device's number is found.

use aya_ebpf::{
    macros::{fentry, fexit},
    programs::{FEntryContext, FExitContext},
};
use zram_events::{Kind, layout::Field};

use crate::{
    memory::{Fault, field},
    record::{deliver, returned_int},
};

/// The N of zramN, from its `struct zram`.
#[inline(always)]
pub(crate) fn of_zram(zram: u64) -> Result<u64, Fault> {
    of_disk(field(zram, Field::ZramDisk)?)
}

/// The N of zramN, from a bio sent to it.
#[inline(always)]
fn of_bio(bio: u64) -> Result<u64, Fault> {
    let bdev: u64 = field(bio, Field::BioBdev)?;
    of_disk(field(bdev, Field::BdevDisk)?)
}

#[inline(always)]
pub(crate) fn of_disk(disk: u64) -> Result<u64, Fault> {
    Ok(u64::from(field::<u32>(disk, Field::DiskFirstMinor)?))
}

/// `zram_submit_bio(bio)`
#[fentry]
pub(crate) fn bio(ctx: FEntryContext) -> u32 {
    let words = || {
        let bio: u64 = ctx.arg(0);
        let operation = u64::from(field::<u32>(bio, Field::BioOpf)? & 0xff);
        let bytes = u64::from(field::<u32>(bio, Field::BioSize)?);
        Ok([of_bio(bio)?, operation, field(bio, Field::BioSector)?, bytes, 0, 0])
    };
    deliver(Kind::Bio, words())
}

/// `zram_reset_device(zram)`
#[fentry]
pub(crate) fn reset(ctx: FEntryContext) -> u32 {
    deliver(Kind::Reset, of_zram(ctx.arg(0)).map(|dev| [dev, 0, 0, 0, 0, 0]))
}

/// `zram_add()`
#[fexit]
pub(crate) fn device_add(ctx: FExitContext) -> u32 {
    deliver(Kind::DeviceAdd, returned_int(&ctx).map(|result| [result, 0, 0, 0, 0, 0]))
}

/// `zram_remove(zram)`
#[fexit]
pub(crate) fn device_remove(ctx: FExitContext) -> u32 {
    deliver(Kind::DeviceRemove, returned_int(&ctx).map(|result| [result, 0, 0, 0, 0, 0]))
}
