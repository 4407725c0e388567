//! What util-linux' `zramctl` does: it shows, finds, sets up, and resets.
//!
//! The order of writes is its order: a device that is named is reset first, with what it holds, as `zramctl` does. What cannot be right, a size of 0
//! or an algorithm that the kernel does not have, is refused before that. What fails later leaves the device reset, or, where it was added
//! for this, removed.

use std::io::Write;

use anyhow::Context as _;
use nix::errno::Errno;
use zram_host::{DeviceNumber, Machine, survey};

use super::status;
use crate::{
    cli::UtilLinux,
    devices::unused,
    writer::{Writer, errno},
};

/// Does it.
///
/// # Errors
/// When it cannot be done.
pub fn run(options: &UtilLinux, machine: &mut dyn Machine, out: &mut dyn Write) -> anyhow::Result<()> {
    if options.reset {
        return reset(&options.devices, &mut Writer::new(machine, out, false));
    }
    if !options.find && options.size.is_none() {
        return status::run(options, machine, out);
    }
    let mut writer = Writer::new(machine, out, false);
    writer.wait_for_turn()?;
    let (device, added) = match options.devices[..] {
        [] if options.find => find(writer.machine())?,
        [device] => (device, false),
        [] => anyhow::bail!("--size takes a device, or --find"),
        [_, ..] => anyhow::bail!("one device at a time can be set up"),
    };
    if let Some(size) = options.size {
        let found = unused(writer.machine(), device)?.survey;
        anyhow::ensure!(size > 0, "a device cannot have the size 0");
        if let (Some(name), Some(algorithms)) = (&options.algorithm, &found.algorithms) {
            let offered = &algorithms.offered;
            if !offered.contains(name) {
                let error = anyhow::anyhow!("this kernel has no {name}: there are {}", offered.join(", "));
                return Err(if added { give_back(device, &mut writer, error) } else { error });
            }
        }
        // What was found has nothing in it, and may be somebody else's by now.
        if options.devices.contains(&device) {
            writer.reset(device)?;
        }
        if let Err(error) = set_up(options, device, size, &mut writer) {
            // Somebody else sets it up: what is in it is theirs.
            let is_set_up = survey(writer.machine(), device).is_ok_and(|found| found.initialised);
            if is_set_up || errno(&error) == Some(Errno::EBUSY) {
                return Err(
                    error.context(format!("somebody else is setting {device} up: it is left to them"))
                );
            }
            if added {
                return Err(give_back(device, &mut writer, error));
            }
            return Err(match writer.reset(device) {
                Ok(()) => error,
                Err(left) => error.context(format!("and {device} could not be reset: {left:#}")),
            });
        }
    }
    if options.find {
        writer.say(&device.node())?;
    }
    Ok(())
}

/// The first device that is not set up; a new one if there is none. Whether it is new.
fn find(machine: &mut dyn Machine) -> anyhow::Result<(DeviceNumber, bool)> {
    let numbers =
        machine.devices().map_err(|errno| anyhow::anyhow!("cannot list the devices: {}", errno.desc()))?;
    for device in numbers.into_iter().map(DeviceNumber) {
        if survey(machine, device).is_ok_and(|found| found.disksize == 0) {
            return Ok((device, false));
        }
    }
    match machine.hot_add() {
        Ok(number) => Ok((DeviceNumber(number), true)),
        Err(Errno::ENOENT) => anyhow::bail!(
            "there is no free zram device, and no /sys/class/zram-control/hot_add: is the module zram loaded?"
        ),
        Err(errno) => anyhow::bail!("cannot add a zram device: {}", errno.desc()),
    }
}

fn set_up(
    options: &UtilLinux,
    device: DeviceNumber,
    size: u64,
    writer: &mut Writer<'_>,
) -> anyhow::Result<()> {
    if let Some(streams) = options.streams {
        match writer.set(device, "max_comp_streams", &streams.to_string()) {
            Err(error) if errno(&error) == Some(Errno::ENOENT) => {}
            ended => ended?,
        }
    }
    if let Some(algorithm) = &options.algorithm {
        writer.set(device, "comp_algorithm", algorithm)?;
    }
    if let Some(parameters) = &options.algorithm_params {
        writer.set(device, "algorithm_params", parameters)?;
    }
    writer.set(device, "disksize", &size.to_string()).context("the device cannot be given this size")
}

/// A device that was added for this is removed again.
fn give_back(device: DeviceNumber, writer: &mut Writer<'_>, error: anyhow::Error) -> anyhow::Error {
    match writer.remove(device) {
        Ok(()) => error,
        Err(left) => error.context(format!("and {device} could not be removed: {left:#}")),
    }
}

/// As `zramctl` does, each is removed, too. A device that is in use stops neither the others nor those behind it.
fn reset(devices: &[DeviceNumber], writer: &mut Writer<'_>) -> anyhow::Result<()> {
    let mut failed = Ok(());
    for &device in devices {
        let ended = unused(writer.machine(), device)
            .and_then(|_| writer.reset(device))
            .and_then(|()| writer.remove(device));
        if let Err(error) = ended {
            failed = Err(match failed {
                Ok(()) => error,
                Err(before) => error.context(before),
            });
        }
    }
    failed
}
