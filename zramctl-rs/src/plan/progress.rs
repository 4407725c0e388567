//! What has been done of a plan: steps are taken, and undone.

use nix::errno::Errno;
use zram_host::{DeviceNumber, Machine, device::Algorithms, swap::SwapOptions};

use super::{
    Plan, Step,
    area::{FirstPage, header},
    before::Settings,
    mapped_name,
};
use crate::{
    backing::busy,
    shell::word,
    size::human,
    writer::{PATIENCE, PAUSE, Writer, errno},
};

/// The steps of a plan that have been taken, and what they made.
#[derive(Debug)]
pub struct Progress<'a> {
    pub(super) plan: &'a Plan,
    pub(super) taken: usize,
    pub(super) device: Option<DeviceNumber>,
    /// How the device was. `None`: there was none yet.
    pub(super) before: Option<Settings>,
    pub(super) first_page: Option<FirstPage>,
    /// The loop device that was made, and the one that encrypts.
    attached: Option<String>,
    encrypted: Option<String>,
}

impl<'a> Progress<'a> {
    /// Nothing yet.
    pub(super) fn new(plan: &'a Plan, machine: &mut dyn Machine) -> Self {
        let device = plan.device;
        let before = device.and_then(|device| Settings::of(device, machine));
        Self { plan, taken: 0, device, before, first_page: None, attached: None, encrypted: None }
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
    pub(super) fn let_go(&mut self, machine: &mut dyn Machine) -> anyhow::Result<()> {
        // The upper one first: it has the other open.
        for node in [self.encrypted.take(), self.attached.take()].into_iter().flatten() {
            let closed = machine.let_go(&node);
            closed.map_err(|errno| anyhow::anyhow!("cannot close {node}: {}", errno.desc()))?;
        }
        Ok(())
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
        Some(Errno::ENOMEM) if attribute == "disksize" => {
            let size = value.parse().map_or_else(|_| value.to_owned(), human);
            error.context(format!("there is no memory for the table of a device of {size}: give less"))
        }
        Some(Errno::EINVAL) if attribute == "comp_algorithm" => match offered(device, machine) {
            names if names.is_empty() => error,
            names => error.context(format!("this kernel has no {value}: there are {}", names.join(", "))),
        },
        Some(Errno::EBUSY) if attribute == "backing_dev" => match busy(value, machine) {
            Some(user) => error.context(format!("{value} is in use: {user}")),
            None => error,
        },
        _ => error,
    }
}

/// Algorithms that the kernel shows. Older ones take others, too, which are modules of their crypto interface.
fn offered(device: DeviceNumber, machine: &mut dyn Machine) -> Vec<String> {
    let text = machine.read_attr(device.0, "comp_algorithm").unwrap_or_default();
    Algorithms::parse(&String::from_utf8_lossy(&text)).offered
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
        Errno::EBUSY => {
            anyhow::anyhow!("{path} is a block device's already: `losetup -j {}` says which", word(path))
        }
        Errno::ELOOP => {
            anyhow::anyhow!("{path} has become a symbolic link, or is behind one, since it was looked at")
        }
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
            "cannot encrypt {below}: there is a device {name} already (`dmsetup info {name}` says whether it is open; if not, \
             `dmsetup remove {name}`)"
        ),
        Errno::EBUSY => match busy(below, machine) {
            Some(user) => anyhow::anyhow!("cannot encrypt {below}: it is in use: {user}"),
            None => anyhow::anyhow!(
                "cannot encrypt {below}: it is in use (`lsblk {}` shows by what)",
                word(below)
            ),
        },
        errno => anyhow::anyhow!("cannot encrypt {below}: {}", errno.desc()),
    })
}

fn swap_on(device: DeviceNumber, options: SwapOptions, machine: &mut dyn Machine) -> anyhow::Result<()> {
    let taken = machine.swap_on(device.0, options);
    taken.map_err(|errno| anyhow::anyhow!("cannot take {device} into use as swap: {}", errno.desc()))
}

/// Runs a program, which must end well.
pub(super) fn run(words: &[&str], machine: &mut dyn Machine) -> anyhow::Result<()> {
    let shown = words.iter().map(|text| word(text)).collect::<Vec<_>>().join(" ");
    match machine.run(words) {
        Ok(ended) if ended.well => Ok(()),
        Ok(ended) => Err(anyhow::anyhow!("`{shown}` failed: {}", ended.said.replace('\n', "; "))),
        Err(Errno::ENOENT) => {
            Err(anyhow::anyhow!("there is no program {}", words.first().copied().unwrap_or_default()))
        }
        Err(errno) => Err(anyhow::anyhow!("cannot run `{shown}`: {}", errno.desc())),
    }
}
