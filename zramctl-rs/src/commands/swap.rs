//! `swap on` and `swap off`.

use std::io::Write;

use serde::Serialize;
use zram_host::{
    DeviceNumber, Machine,
    device::BdStat,
    machine::{SwapUse, swaps},
    swap::{Discard, SwapOptions},
};

use super::json;
use crate::{
    cli::Swap,
    devices::unused,
    plan::{Plan, Step},
    writer::Writer,
};

/// The document of `--json`: what is so now, `None` where it is not swapped to.
#[derive(Serialize)]
struct Swapped {
    device: DeviceNumber,
    swap: Option<SwapUse>,
}

/// Does it.
///
/// # Errors
/// When the device is in use otherwise, or Linux refuses.
pub fn run(command: &Swap, machine: &mut dyn Machine, out: &mut dyn Write) -> anyhow::Result<()> {
    let mut writer = Writer::new(machine, out, false);
    change(command, &mut writer)?;
    let (Swap::On { device, json: is_asked, .. } | Swap::Off { device, json: is_asked }) = command;
    if *is_asked {
        let areas = swaps(writer.machine())?;
        let swap = areas.into_iter().find(|area| area.device() == Some(*device)).map(|area| area.usage);
        json(writer.out(), &Swapped { device: *device, swap })?;
    }
    Ok(())
}

fn change(command: &Swap, writer: &mut Writer<'_>) -> anyhow::Result<()> {
    match command {
        Swap::On { device, priority, discard, .. } => {
            let survey = unused(writer.machine(), *device)?.survey;
            anyhow::ensure!(survey.initialised, "{device} is not set up: `zramctl-rs setup` does that");
            let pages = u32::try_from(survey.disksize / BdStat::UNIT).unwrap_or(u32::MAX);
            let discard = if *discard { Discard::Both } else { Discard::None };
            let on = Step::SwapOn(SwapOptions { priority: *priority, discard });
            Plan { device: Some(*device), steps: vec![Step::Header { pages }, on] }.carry_out(writer)?;
            Ok(())
        }
        Swap::Off { device, .. } => writer.machine().swap_off(device.0).map_err(|errno| match errno {
            nix::errno::Errno::ENOENT => anyhow::anyhow!("there is no {device}"),
            nix::errno::Errno::EINVAL => anyhow::anyhow!("{device} is not swapped to"),
            nix::errno::Errno::ENOMEM => {
                anyhow::anyhow!("there is not enough memory for what is in {device}, so it stays in use")
            }
            errno => anyhow::anyhow!("cannot take {device} out of use as swap: {}", errno.desc()),
        }),
    }
}
