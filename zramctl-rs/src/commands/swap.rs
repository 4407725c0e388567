//! `swap on` and `swap off`.

use std::io::Write;

use zram_host::{
    Machine,
    device::BdStat,
    swap::{Discard, SwapOptions},
};

use crate::{
    cli::Swap,
    devices::unused,
    plan::{Plan, Step},
    writer::Writer,
};

/// Does it.
///
/// # Errors
/// When the device is in use otherwise, or Linux refuses.
pub fn run(command: &Swap, machine: &mut dyn Machine, out: &mut dyn Write) -> anyhow::Result<()> {
    let mut writer = Writer::new(machine, out, false);
    match command {
        Swap::On { device, priority, discard } => {
            let survey = unused(writer.machine(), *device)?.survey;
            anyhow::ensure!(survey.initialised, "{device} is not set up: `zramctl-rs setup` does that");
            let pages = u32::try_from(survey.disksize / BdStat::UNIT).unwrap_or(u32::MAX);
            let discard = if *discard { Discard::Both } else { Discard::None };
            let on = Step::SwapOn(SwapOptions { priority: *priority, discard });
            Plan { device: Some(*device), steps: vec![Step::Header { pages }, on] }.carry_out(&mut writer)?;
            Ok(())
        }
        Swap::Off { device } => writer.machine().swap_off(device.0).map_err(|errno| match errno {
            nix::errno::Errno::EINVAL => anyhow::anyhow!("{device} is not swapped to"),
            nix::errno::Errno::ENOMEM => {
                anyhow::anyhow!("there is not enough memory for what is in {device}, so it stays in use")
            }
            errno => anyhow::anyhow!("cannot take {device} out of use as swap: {}", errno.desc()),
        }),
    }
}
