//! `limit`: how much memory a device may take, and how much may be written back.
//!
//! The writeback limit is a number that counts down, in blocks of 4 KiB, and a switch. The number is set before the switch: the other way
//! round a pass under way would meet whatever was left of the last one.

use serde::Serialize;
use zram_host::{DeviceNumber, device::BdStat, survey};

use crate::{
    cli::{Allowance, Limit},
    commands::json,
    writer::Writer,
};

/// The document of `--json`: what is so now, as in that of `show`.
#[derive(Serialize)]
struct Limits {
    device: DeviceNumber,
    mem_limit: Option<u64>,
    mem_used_max: Option<u64>,
    limit_enabled: Option<bool>,
    /// In blocks of 4 KiB.
    limit: Option<u64>,
}

/// Sets them.
///
/// # Errors
/// When Linux refuses.
pub fn run(options: &Limit, writer: &mut Writer<'_>) -> anyhow::Result<()> {
    set(options, writer)?;
    if options.told.json {
        let device = options.device;
        let now = survey(writer.machine(), device)?;
        let writeback = now.writeback.as_ref();
        let limits = Limits {
            device,
            mem_limit: now.mm_stat.map(|mm| mm.mem_limit),
            mem_used_max: now.mm_stat.map(|mm| mm.mem_used_max),
            limit_enabled: writeback.and_then(|writeback| writeback.limit_enabled),
            limit: writeback.and_then(|writeback| writeback.limit),
        };
        return json(writer.out(), &limits);
    }
    Ok(())
}

fn set(options: &Limit, writer: &mut Writer<'_>) -> anyhow::Result<()> {
    let device = options.device;
    let survey = survey(writer.machine(), device)?;
    if let Some(memory) = options.memory {
        let bytes = match memory {
            Allowance::None => 0,
            Allowance::Bytes(bytes) => bytes,
        };
        writer.set(device, "mem_limit", &bytes.to_string())?;
    }
    if let Some(writeback) = options.writeback {
        anyhow::ensure!(
            survey.writeback.is_some(),
            "this kernel has no writeback (CONFIG_ZRAM_WRITEBACK), so there is nothing to limit"
        );
        match writeback {
            Allowance::None => writer.set(device, "writeback_limit_enable", "0")?,
            Allowance::Bytes(bytes) => {
                writer.set(device, "writeback_limit", &(bytes / BdStat::UNIT).to_string())?;
                writer.set(device, "writeback_limit_enable", "1")?;
            }
        }
    }
    if options.reset_peak {
        writer.set(device, "mem_used_max", "0")?;
    }
    Ok(())
}
