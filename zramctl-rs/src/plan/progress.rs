//! What has been done of a plan: steps are taken, and undone.

use nix::errno::Errno;
use zram_host::{DeviceNumber, Machine, survey, swap::SwapOptions};

use super::{
    Plan, Step,
    area::{FirstPage, header, write_first_page},
    mapped_name,
};
use crate::{
    backing::busy,
    writer::{PATIENCE, PAUSE, Refused, Writer, errno},
};

/// The steps of a plan that have been taken, and what they made.
#[derive(Debug)]
pub struct Progress<'a> {
    plan: &'a Plan,
    taken: usize,
    device: Option<DeviceNumber>,
    first_page: Option<FirstPage>,
    /// The loop device that was made, and the one that encrypts.
    attached: Option<String>,
    encrypted: Option<String>,
}

impl<'a> Progress<'a> {
    /// Nothing yet.
    pub(super) fn new(plan: &'a Plan) -> Self {
        Self { plan, taken: 0, device: plan.device, first_page: None, attached: None, encrypted: None }
    }

    /// The device.
    ///
    /// # Errors
    /// When the plan names none and makes none.
    pub fn device(&self) -> anyhow::Result<DeviceNumber> {
        self.device.ok_or_else(|| anyhow::anyhow!("the plan names no device"))
    }

    /// Takes the next step.
    pub(super) fn take(&mut self, step: &Step, writer: &mut Writer<'_>) -> anyhow::Result<()> {
        if *step == Step::Add {
            self.device = Some(add(writer.machine())?);
        } else {
            let device = self.device()?;
            self.step(step, device, writer)?;
        }
        self.taken += 1;
        Ok(())
    }

    fn step(&mut self, step: &Step, device: DeviceNumber, writer: &mut Writer<'_>) -> anyhow::Result<()> {
        match step {
            Step::Add => Ok(()),
            Step::Set { attribute, value, .. } => {
                let ended = writer.set(device, attribute, value);
                ended.map_err(|error| explained(error, device, attribute, value, writer.machine()))
            }
            Step::Attach { path } => {
                let node = writer.machine().attach(path);
                self.attached = Some(node.map_err(|errno| not_attached(path, errno))?);
                Ok(())
            }
            Step::AttachNew { path, bytes } => {
                let node = writer.machine().attach_new(path, *bytes);
                self.attached = Some(node.map_err(|errno| not_attached(path, errno))?);
                Ok(())
            }
            Step::Encrypt { below } => {
                let below = below.as_deref().or(self.attached.as_deref());
                let below = below.ok_or_else(|| anyhow::anyhow!("the plan encrypts no device"))?;
                self.encrypted = Some(encrypt(below, device, writer.machine())?);
                Ok(())
            }
            Step::Back(_) => {
                let node = self.encrypted.as_ref().or(self.attached.as_ref());
                let node = node.ok_or_else(|| anyhow::anyhow!("the plan makes no backing device"))?;
                let ended = writer.set(device, "backing_dev", node);
                ended.map_err(|error| explained(error, device, "backing_dev", node, writer.machine()))
            }
            Step::LetGo(_) => self.let_go(writer.machine()),
            Step::Header { pages } => {
                self.first_page = Some(header(device, *pages, writer.machine())?);
                Ok(())
            }
            Step::SwapOn(options) => swap_on(device, *options, writer.machine()),
            Step::Format { file_system } => {
                let program = format!("mkfs.{file_system}");
                run(&[&program, &device.node()], writer.machine())
            }
            Step::Mount { at, file_system, options } => {
                let node = device.node();
                let options = options.as_deref().map_or_else(Vec::new, |options| vec!["-o", options]);
                let words = [vec!["mount", "-t", file_system], options, vec![&node, at]].concat();
                run(&words, writer.machine())
            }
        }
    }

    /// Closes the devices before zram: they go now, or when zram closes them.
    fn let_go(&mut self, machine: &mut dyn Machine) -> anyhow::Result<()> {
        // The upper one first: it has the other open.
        for node in [self.encrypted.take(), self.attached.take()].into_iter().flatten() {
            let closed = machine.let_go(&node);
            closed.map_err(|errno| anyhow::anyhow!("cannot close {node}: {}", errno.desc()))?;
        }
        Ok(())
    }

    /// Undoes what has been done, the last first. What cannot be undone keeps nothing else from it. The error is what is told about it.
    pub fn undo(mut self, writer: &mut Writer<'_>, error: anyhow::Error) -> anyhow::Error {
        let Some(device) = self.device else { return error };
        let steps = &self.plan.steps[..self.taken];
        let mut left = Vec::new();
        let mut done = |ended: anyhow::Result<()>| {
            if let Err(failed) = ended {
                left.push(format!("{failed:#}"));
            }
        };
        // Nobody else sets up a device that is ours: what a reset would throw away now is theirs.
        if is_refused(device, &error) || has_a_size(steps, device, writer.machine()) {
            let told = format!("somebody else is setting {device} up: it is left to them, as it is");
            return match self.let_go(writer.machine()) {
                Ok(()) => error.context(told),
                Err(left) => error.context(format!("{told} ({left:#})")),
            };
        }
        for step in steps.iter().rev() {
            match step {
                Step::SwapOn(_) => done(swap_off(device, writer.machine())),
                Step::Mount { at, .. } => done(run(&["umount", at], writer.machine())),
                _ => {}
            }
        }
        let is_reset = |step: &Step| matches!(step, Step::Set { was: None, .. } | Step::Back(_));
        if steps.iter().any(is_reset) {
            done(writer.set_closed(device, "reset", "1"));
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

/// What the errno of a refused write means.
fn explained(
    error: anyhow::Error,
    device: DeviceNumber,
    attribute: &str,
    value: &str,
    machine: &mut dyn Machine,
) -> anyhow::Error {
    match errno(&error) {
        // One that can only be written is there, too: it is answered with another errno. Where it is there, its value names something that is not.
        Some(Errno::ENOENT) if machine.read_attr(device.0, attribute) == Err(Errno::ENOENT) => {
            error.context(format!("this kernel has no {attribute}"))
        }
        Some(Errno::EBUSY) if attribute == "backing_dev" => match busy(value, machine) {
            Some(user) => error.context(format!("{value} is in use: {user}")),
            None => error,
        },
        _ => error,
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

fn add(machine: &mut dyn Machine) -> anyhow::Result<DeviceNumber> {
    machine.hot_add().map(DeviceNumber).map_err(|errno| match errno {
        Errno::ENOENT => {
            anyhow::anyhow!(
                "there is no /sys/class/zram-control/hot_add: `modprobe zram` loads what makes it"
            )
        }
        errno => anyhow::anyhow!("cannot add a zram device: {}", errno.desc()),
    })
}

fn not_attached(path: &str, errno: Errno) -> anyhow::Error {
    match errno {
        Errno::ENODEV => anyhow::anyhow!(
            "cannot make a block device of {path}: there is no /dev/loop-control (`modprobe loop`)"
        ),
        Errno::EBUSY => anyhow::anyhow!("{path} is a block device's already: `losetup -j {path}` says which"),
        Errno::EEXIST => anyhow::anyhow!("{path} is there already: leave out the size to use it as it is"),
        Errno::ENOSPC => anyhow::anyhow!("there is no room for the file at {path}"),
        Errno::EOPNOTSUPP => {
            anyhow::anyhow!("the file system that has {path} cannot promise room for a file (fallocate)")
        }
        errno => anyhow::anyhow!("cannot make a block device of {path}: {}", errno.desc()),
    }
}

/// One of the same name may still be on its way out: a worker of the kernel's removes it.
fn encrypt(below: &str, device: DeviceNumber, machine: &mut dyn Machine) -> anyhow::Result<String> {
    let name = mapped_name(&device.to_string());
    let mut left = PATIENCE.as_millis() / PAUSE.as_millis();
    let errno = loop {
        match machine.encrypt(below, &name) {
            Ok(node) => return Ok(node),
            Err(Errno::EEXIST) if left > 0 => {
                left -= 1;
                machine.pause(PAUSE);
            }
            Err(errno) => break errno,
        }
    };
    Err(match errno {
        Errno::ENODEV => {
            anyhow::anyhow!("cannot encrypt {below}: there is no device mapper (`modprobe dm_mod`)")
        }
        Errno::EINVAL | Errno::ENOENT => anyhow::anyhow!(
            "cannot encrypt {below}: this kernel lacks dm-crypt (`modprobe dm_crypt`) or AES in XTS; its log says which"
        ),
        Errno::EEXIST => anyhow::anyhow!(
            "cannot encrypt {below}: there is a device {name} already (`dmsetup info {name}`)"
        ),
        Errno::EBUSY => match busy(below, machine) {
            Some(user) => anyhow::anyhow!("cannot encrypt {below}: it is in use: {user}"),
            None => anyhow::anyhow!("cannot encrypt {below}: it is in use (`lsblk {below}` shows by what)"),
        },
        errno => anyhow::anyhow!("cannot encrypt {below}: {}", errno.desc()),
    })
}

fn swap_on(device: DeviceNumber, options: SwapOptions, machine: &mut dyn Machine) -> anyhow::Result<()> {
    let taken = machine.swap_on(device.0, options);
    taken.map_err(|errno| anyhow::anyhow!("cannot take {device} into use as swap: {}", errno.desc()))
}

fn swap_off(device: DeviceNumber, machine: &mut dyn Machine) -> anyhow::Result<()> {
    let taken = machine.swap_off(device.0);
    taken.map_err(|errno| anyhow::anyhow!("cannot take {device} out of use as swap: {}", errno.desc()))
}

/// Runs a program, which must end well.
fn run(words: &[&str], machine: &mut dyn Machine) -> anyhow::Result<()> {
    let shown = words.join(" ");
    match machine.run(words) {
        Ok(ended) if ended.well => Ok(()),
        Ok(ended) => Err(anyhow::anyhow!("`{shown}` failed: {}", ended.said.replace('\n', "; "))),
        Err(Errno::ENOENT) => {
            Err(anyhow::anyhow!("there is no program {}", words.first().copied().unwrap_or_default()))
        }
        Err(errno) => Err(anyhow::anyhow!("cannot run `{shown}`: {}", errno.desc())),
    }
}
