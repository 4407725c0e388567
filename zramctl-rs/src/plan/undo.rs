//! Undoing what has been done of a plan.
//!
//! The last is undone first, and what cannot be undone keeps nothing else from it. What is said in the end is what was looked at, not what was
//! meant.

use nix::errno::Errno;
use zram_host::{
    DeviceNumber, Machine,
    machine::{Mount, mounts, top},
    survey,
};

use super::{Progress, Step, area::write_first_page, before::Settings, progress::run};
use crate::{
    devices::number,
    shell::word,
    writer::{Refused, Writer},
};

impl Progress<'_> {
    /// Undoes what has been done. The error is why, and comes back with what became of it.
    pub fn undo(mut self, writer: &mut Writer<'_>, error: anyhow::Error) -> anyhow::Error {
        let Some(device) = self.device else { return error };
        let steps = &self.plan.steps[..self.taken];
        // Nobody else sets up a device that is ours: what a reset would throw away now is theirs.
        if is_refused(device, &error) || has_a_size(steps, device, writer.machine()) {
            let told = format!("somebody else is setting {device} up: it is left to them, as it is");
            return match self.let_go(writer.machine()) {
                Ok(()) => error.context(told),
                Err(left) => error.context(format!("{told} ({left:#})")),
            };
        }
        let mut left = Vec::new();
        let mut done = |ended: anyhow::Result<()>| {
            if let Err(failed) = ended {
                left.push(format!("{failed:#}"));
            }
        };
        for step in steps.iter().rev() {
            match step {
                Step::SwapOn(_) => done(swap_off(device, writer.machine())),
                Step::Mount { at, .. } => done(unmount(device, at, writer.machine())),
                _ => {}
            }
        }
        let is_reset = |step: &Step| matches!(step, Step::Set { was: None, .. } | Step::Back(_));
        if steps.iter().any(is_reset) {
            done(writer.reset(device));
        } else if let Some(page) = self.first_page.take() {
            done(write_first_page(device, &page, writer.machine()));
        }
        done(self.let_go(writer.machine()));
        // What a reset keeps is put back after it, since some of it can be written only while the device is not set up.
        for step in steps.iter().rev() {
            match step {
                Step::Add => done(writer.remove(device)),
                Step::Set { attribute, was: Some(was), .. } => done(writer.set(device, attribute, was)),
                _ => {}
            }
        }
        if let (Some(before), Some(now)) = (&self.before, Settings::of(device, writer.machine())) {
            left.extend(before.changed(&now, steps));
        }
        if left.is_empty() {
            error.context(format!("{device} could not be set up, and is as it was"))
        } else {
            error.context(format!(
                "{device} could not be set up, and was not all put back ({})",
                left.join("; ")
            ))
        }
    }
}

/// Whether the device has a size that these steps, which were to lead to one, have not given it.
fn has_a_size(steps: &[Step], device: DeviceNumber, machine: &mut dyn Machine) -> bool {
    let sets = |step: &Step| matches!(step, Step::Add | Step::Set { .. });
    let sizes = |step: &Step| matches!(step, Step::Set { attribute: "disksize", .. });
    let is_set_up = survey(machine, device).is_ok_and(|survey| survey.initialised);
    is_set_up && steps.iter().any(sets) && !steps.iter().any(sizes)
}

/// Whether this device was busy, and not another one.
fn is_refused(device: DeviceNumber, error: &anyhow::Error) -> bool {
    error.downcast_ref::<Refused>().is_some_and(|refused| {
        refused.errno == Errno::EBUSY && refused.device == device && refused.attribute != "backing_dev"
    })
}

/// Takes it out of use. Who presses Ctrl-C once more wants nothing else, so that a signal ends only one try.
fn swap_off(device: DeviceNumber, machine: &mut dyn Machine) -> anyhow::Result<()> {
    loop {
        match machine.swap_off(device.0) {
            Err(Errno::EINTR) => {}
            // Somebody has done it.
            Ok(()) | Err(Errno::EINVAL) => return Ok(()),
            Err(errno) => {
                anyhow::bail!("cannot take {device} out of use as swap: {}", errno.desc())
            }
        }
    }
}

/// Unmounts it there, and nothing else: `umount` takes what lies on top, whosever it is.
fn unmount(device: DeviceNumber, at: &str, machine: &mut dyn Machine) -> anyhow::Result<()> {
    let (mounts, number) = (mounts(machine)?, number(machine, device));
    let is_ours = |mount: &Mount| mount.is_on(device, &number);
    match top(&mounts, at) {
        Some(mount) if is_ours(mount) => run(&["umount", at], machine),
        Some(over) if mounts.iter().any(|mount| mount.target == at && is_ours(mount)) => {
            anyhow::bail!(
                "{} of {} has been mounted over {device} on {at} since, and is not this program's to unmount: `umount {}` \
                 takes it away first, and then {device}",
                over.file_system,
                over.source,
                word(at)
            )
        }
        // Somebody has done it.
        _ => Ok(()),
    }
}
