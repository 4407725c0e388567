//! A plan: what is to be done to set a device up, in order, and how each step is undone.
//!
//! A device that is half set up is worse than none: it takes memory, or is swapped to without the limit that was meant. So the steps are known before
//! the first of them, `--dry-run` prints them, and when one fails those before it are undone, the last first.
//!
//! What undoes a step is not its opposite. Most settings are taken back together, by a reset, and only before that is anybody able to have used
//! the device; some are kept over a reset, and are put back to what they were.

use zram_host::{
    Buffer, DeviceNumber, Iovec, Machine,
    swap::{HEADER_BYTES, SwapOptions, write_header},
};

use crate::{
    commands::change,
    writer::{Writer, echo},
};

/// One step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A new device.
    Add,
    /// An attribute is written.
    Set {
        /// Which.
        attribute: &'static str,
        /// What is written.
        value: String,
        /// What it was, where a reset does not take it back.
        was: Option<String>,
    },
    /// The first page becomes the header of a swap area of so many pages.
    Header {
        /// With the header.
        pages: u32,
    },
    /// The device is swapped to.
    SwapOn(SwapOptions),
}

/// A device and the steps that set it up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The device; the first step makes one if there is none yet.
    pub device: Option<DeviceNumber>,
    /// The steps, in order.
    pub steps: Vec<Step>,
}

impl Plan {
    /// The steps as lines of a shell.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let device = self.device.map_or_else(|| "zram$N".to_owned(), |device| device.to_string());
        let line = |step: &Step| match step {
            Step::Add => "N=$(cat /sys/class/zram-control/hot_add)".to_owned(),
            Step::Set { attribute, value, .. } => echo(value, &device, attribute),
            Step::Header { .. } => format!("mkswap /dev/{device}"),
            Step::SwapOn(SwapOptions { priority, discard }) => {
                let priority = priority.map_or_else(String::new, |priority| format!("-p {priority} "));
                let discard = if *discard == zram_host::swap::Discard::None { "" } else { "-d " };
                format!("swapon {priority}{discard}/dev/{device}")
            }
        };
        self.steps.iter().map(line).collect()
    }

    /// Carries it out.
    ///
    /// # Errors
    /// When a step fails; then those before it have been undone, or the error says which could not be.
    pub fn carry_out(&self, writer: &mut Writer<'_>) -> anyhow::Result<DeviceNumber> {
        let mut device = self.device;
        for (at, step) in self.steps.iter().enumerate() {
            let done = match (step, device) {
                (Step::Add, _) => add(writer.machine()).map(|number| device = Some(number)),
                (step, Some(device)) => step.carry_out(device, writer),
                (_, None) => Err(anyhow::anyhow!("the plan names no device")),
            };
            if let Err(error) = done {
                return Err(undo(&self.steps[..at], device, writer, error));
            }
        }
        device.ok_or_else(|| anyhow::anyhow!("the plan names no device"))
    }
}

impl Step {
    fn carry_out(&self, device: DeviceNumber, writer: &mut Writer<'_>) -> anyhow::Result<()> {
        match self {
            Self::Add => Ok(()),
            Self::Set { attribute, value, .. } => {
                writer.set(device, attribute, value).map_err(|error| missing(error, attribute))
            }
            Self::Header { pages } => header(device, *pages, writer.machine()),
            Self::SwapOn(options) => writer
                .machine()
                .swap_on(device.0, *options)
                .map_err(|errno| anyhow::anyhow!("cannot take {device} into use as swap: {}", errno.desc())),
        }
    }

    fn undo(&self, device: DeviceNumber, writer: &mut Writer<'_>) -> anyhow::Result<()> {
        match self {
            Self::Add => writer.remove(device),
            Self::Set { attribute, was: Some(was), .. } => writer.set(device, attribute, was),
            Self::Set { .. } => writer.set_closed(device, "reset", "1"),
            // The reset throws it away.
            Self::Header { .. } => Ok(()),
            Self::SwapOn(_) => writer.machine().swap_off(device.0).map_err(|errno| {
                anyhow::anyhow!("cannot take {device} out of use as swap: {}", errno.desc())
            }),
        }
    }
}

/// What it means that a file is not there: the attribute's own, unless its value names one.
fn missing(error: anyhow::Error, attribute: &str) -> anyhow::Error {
    let names_a_file = matches!(attribute, "backing_dev" | "algorithm_params");
    if names_a_file || change::errno(&error) != Some(nix::errno::Errno::ENOENT) {
        return error;
    }
    error.context(format!("this kernel has no {attribute}"))
}

/// Undoes steps, the last first. One that cannot be undone keeps none of the others from it.
fn undo(
    steps: &[Step],
    device: Option<DeviceNumber>,
    writer: &mut Writer<'_>,
    error: anyhow::Error,
) -> anyhow::Error {
    let Some(device) = device else { return error };
    let mut left = Vec::new();
    let mut reset = false;
    // What a reset keeps is put back after it, since some of it can be written only while the device is not set up.
    let (resets, others): (Vec<&Step>, Vec<&Step>) =
        steps.iter().rev().partition(|step| matches!(step, Step::Set { was: None, .. } | Step::SwapOn(_)));
    for step in resets.into_iter().chain(others) {
        if matches!(step, Step::Set { was: None, .. }) && std::mem::replace(&mut reset, true) {
            continue;
        }
        if let Err(failed) = step.undo(device, writer) {
            left.push(format!("{failed:#}"));
        }
    }
    if left.is_empty() {
        error.context(format!("{device} could not be set up, and is as it was"))
    } else {
        error.context(format!("{device} could not be set up, and was not all put back ({})", left.join("; ")))
    }
}

fn add(machine: &mut dyn Machine) -> anyhow::Result<DeviceNumber> {
    machine.hot_add().map(DeviceNumber).map_err(|errno| match errno {
        nix::errno::Errno::ENOENT => {
            anyhow::anyhow!("there is no /sys/class/zram-control/hot_add: is the module zram loaded?")
        }
        errno => anyhow::anyhow!("cannot add a zram device: {}", errno.desc()),
    })
}

fn header(device: DeviceNumber, pages: u32, machine: &mut dyn Machine) -> anyhow::Result<()> {
    // Twice the size, so that there is a whole page in it that begins where a page does.
    let mut memory = vec![0_u8; 2 * HEADER_BYTES];
    let start = memory.as_ptr().align_offset(HEADER_BYTES);
    let failed = |why: &str| anyhow::anyhow!("cannot write the header of a swap area to {device}: {why}");
    let page = memory.get_mut(start..start + HEADER_BYTES).and_then(|page| page.first_chunk_mut());
    let page: &mut [u8; HEADER_BYTES] = page.ok_or_else(|| failed("there is no memory for it"))?;
    write_header(page, pages);
    let pieces = [Iovec { start: 0, len: HEADER_BYTES }];
    let written = machine.write(device.0, 0, Buffer { arena: page, pieces: &pieces });
    match written {
        Ok(HEADER_BYTES) => Ok(()),
        Ok(_) => Err(failed("it was cut short")),
        Err(errno) => Err(failed(errno.desc())),
    }
}
