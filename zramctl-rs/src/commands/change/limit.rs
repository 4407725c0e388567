//! `limit`: how much memory a device may take, and how much may be written back.
//!
//! The writeback limit is a number that counts down, in blocks of 4 KiB, and a switch. The number is set before the switch: the other way
//! round a pass under way would meet whatever was left of the last one.

use zram_host::device::BdStat;

use crate::{
    cli::{Allowance, Limit},
    writer::Writer,
};

/// Sets them.
///
/// # Errors
/// When Linux refuses.
pub fn run(options: &Limit, writer: &mut Writer<'_>) -> anyhow::Result<()> {
    let device = options.device;
    let survey = zram_host::survey(writer.machine(), device)?;
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
