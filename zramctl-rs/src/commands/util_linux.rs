//! What util-linux' `zramctl` does: it shows, finds, sets up, and resets.
//!
//! The order of writes is its order. What it leaves half-done when one of them fails is undone here: a device that was added for it is removed
//! again, and one that was there is reset.

use std::io::Write;

use anyhow::Context as _;
use nix::errno::Errno;
use zram_host::{DeviceNumber, Machine, survey};

use super::{change, status};
use crate::{cli::UtilLinux, writer::Writer};

/// Does it.
///
/// # Errors
/// When it cannot be done; then nothing of it is.
pub fn run(options: &UtilLinux, machine: &mut dyn Machine, out: &mut dyn Write) -> anyhow::Result<()> {
    if options.reset {
        return reset(&options.devices, &mut Writer::new(machine, out, false));
    }
    if !options.find && options.size.is_none() {
        return status::run(options, machine, out);
    }
    let (device, added) = match options.devices[..] {
        [] if options.find => find(machine)?,
        [device] => (device, false),
        [] => anyhow::bail!("--size takes a device, or --find"),
        [_, ..] => anyhow::bail!("one device at a time can be set up"),
    };
    let mut writer = Writer::new(machine, out, false);
    if let Some(size) = options.size {
        change::unused(&mut writer, device)?;
        if let Err(error) = set_up(options, device, size, &mut writer) {
            return Err(match undo(device, added, &mut writer) {
                Ok(()) => error,
                Err(left) => error.context(format!("and {device} could not be put back: {left:#}")),
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
    writer.set_closed(device, "reset", "1").map_err(|error| change::reset::busy(error, device))?;
    if let Some(streams) = options.streams {
        match writer.set(device, "max_comp_streams", &streams.to_string()) {
            Err(error) if change::errno(&error) == Some(Errno::ENOENT) => {}
            ended => ended?,
        }
    }
    if let Some(algorithm) = &options.algorithm {
        writer
            .set(device, "comp_algorithm", algorithm)
            .map_err(|error| no_algorithm(error, device, writer))?;
    }
    if let Some(parameters) = &options.algorithm_params {
        writer.set(device, "algorithm_params", parameters)?;
    }
    writer.set(device, "disksize", &size.to_string()).context("the device cannot be given this size")
}

/// A name that the kernel does not know is answered with those that it knows.
fn no_algorithm(error: anyhow::Error, device: DeviceNumber, writer: &mut Writer<'_>) -> anyhow::Error {
    let offered = survey(writer.machine(), device).ok().and_then(|found| found.algorithms);
    match offered {
        Some(algorithms) => error.context(format!("this kernel has {}", algorithms.offered.join(", "))),
        None => error,
    }
}

fn undo(device: DeviceNumber, added: bool, writer: &mut Writer<'_>) -> anyhow::Result<()> {
    if added { writer.remove(device) } else { writer.set_closed(device, "reset", "1") }
}

/// As `zramctl` does, each is removed, too. A device that is in use stops neither the others nor those behind it.
fn reset(devices: &[DeviceNumber], writer: &mut Writer<'_>) -> anyhow::Result<()> {
    let mut failed = Ok(());
    for &device in devices {
        let ended = change::unused(writer, device)
            .and_then(|_| writer.set_closed(device, "reset", "1"))
            .and_then(|()| writer.remove(device))
            .map_err(|error| change::reset::busy(error, device));
        if let Err(error) = ended {
            failed = Err(match failed {
                Ok(()) => error,
                Err(before) => error.context(before),
            });
        }
    }
    failed
}
