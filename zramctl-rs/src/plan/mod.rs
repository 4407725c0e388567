//! A plan: what is to be done to set a device up, in order, and how each step is undone.
//!
//! A device that is half set up is worse than none: it takes memory, or is swapped to without the limit that was meant. So the steps are known before
//! the first of them, `--dry-run` prints them, and when one fails those before it are undone, the last first.
//!
//! A device that somebody else sets up at the same time is theirs: who is refused as busy, or finds a size that is not his own, touches it no more.
//!
//! What undoes a step is not its opposite. Most settings are taken back together, by a reset, and only before that is anybody able to have used
//! the device; some are kept over a reset, and are put back to what they were.

use nix::errno::Errno;
use zram_host::{
    Buffer, DeviceNumber, Iovec, Machine, survey,
    swap::{HEADER_BYTES, SwapOptions, write_header},
};

use crate::writer::{Refused, Writer, echo, errno};

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
        let mut first_page = None;
        for (at, step) in self.steps.iter().enumerate() {
            let done = match (step, device) {
                (Step::Add, _) => add(writer.machine()).map(|number| device = Some(number)),
                (Step::Header { pages }, Some(device)) => {
                    header(device, *pages, writer.machine()).map(|page| first_page = Some(page))
                }
                (step, Some(device)) => step.carry_out(device, writer),
                (_, None) => Err(anyhow::anyhow!("the plan names no device")),
            };
            if let Err(error) = done {
                return Err(undo(&self.steps[..at], device, first_page, writer, error));
            }
        }
        device.ok_or_else(|| anyhow::anyhow!("the plan names no device"))
    }
}

impl Step {
    fn carry_out(&self, device: DeviceNumber, writer: &mut Writer<'_>) -> anyhow::Result<()> {
        match self {
            Self::Add | Self::Header { .. } => Ok(()),
            Self::Set { attribute, value, .. } => {
                let ended = writer.set(device, attribute, value);
                ended.map_err(|error| missing(error, device, attribute, writer.machine()))
            }
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
            // Put back by whoever has the page that was there.
            Self::Header { .. } => Ok(()),
            Self::SwapOn(_) => writer.machine().swap_off(device.0).map_err(|errno| {
                anyhow::anyhow!("cannot take {device} out of use as swap: {}", errno.desc())
            }),
        }
    }
}

/// What it means that a file is not there: the attribute's own, unless that is there and its value names another.
fn missing(
    error: anyhow::Error,
    device: DeviceNumber,
    attribute: &str,
    machine: &mut dyn Machine,
) -> anyhow::Error {
    if errno(&error) != Some(Errno::ENOENT) {
        return error;
    }
    // One that can only be written is there, too: it is answered with another errno.
    match machine.read_attr(device.0, attribute) {
        Err(Errno::ENOENT) => error.context(format!("this kernel has no {attribute}")),
        _ => error,
    }
}

/// Undoes steps, the last first. One that cannot be undone keeps none of the others from it.
fn undo(
    steps: &[Step],
    device: Option<DeviceNumber>,
    first_page: Option<FirstPage>,
    writer: &mut Writer<'_>,
    error: anyhow::Error,
) -> anyhow::Error {
    let Some(device) = device else { return error };
    // Nobody else sets up a device that is ours: what a reset would throw away now is theirs.
    let refused = errno(&error) == Some(Errno::EBUSY) && !opens_another(&error);
    if refused || has_a_size(steps, device, writer.machine()) {
        return error.context(format!("somebody else is setting {device} up: it is left to them, as it is"));
    }
    let mut left = Vec::new();
    let mut done = |ended: anyhow::Result<()>| {
        if let Err(failed) = ended {
            left.push(format!("{failed:#}"));
        }
    };
    for step in steps.iter().rev().filter(|step| matches!(step, Step::SwapOn(_))) {
        done(step.undo(device, writer));
    }
    let reset = steps.iter().find(|step| matches!(step, Step::Set { was: None, .. }));
    match (reset, first_page) {
        (Some(step), _) => done(step.undo(device, writer)),
        (None, Some(page)) => done(write_first_page(device, &page, writer.machine())),
        (None, None) => {}
    }
    // What a reset keeps is put back after it, since some of it can be written only while the device is not set up.
    let kept = |step: &&Step| matches!(step, Step::Add | Step::Set { was: Some(_), .. });
    for step in steps.iter().rev().filter(kept) {
        done(step.undo(device, writer));
    }
    if left.is_empty() {
        error.context(format!("{device} could not be set up, and is as it was"))
    } else {
        error.context(format!("{device} could not be set up, and was not all put back ({})", left.join("; ")))
    }
}

/// Whether the device has a size that these steps, which were to lead to one, have not given it.
fn has_a_size(steps: &[Step], device: DeviceNumber, machine: &mut dyn Machine) -> bool {
    let sets = |step: &Step| matches!(step, Step::Add | Step::Set { .. });
    let sizes = |step: &Step| matches!(step, Step::Set { attribute: "disksize", .. });
    let is_set_up = survey(machine, device).is_ok_and(|survey| survey.initialised);
    is_set_up && steps.iter().any(sets) && !steps.iter().any(sizes)
}

/// Whether what was busy is another device than the one to set up.
fn opens_another(error: &anyhow::Error) -> bool {
    error.downcast_ref::<Refused>().is_some_and(|refused| refused.attribute == "backing_dev")
}

fn add(machine: &mut dyn Machine) -> anyhow::Result<DeviceNumber> {
    machine.hot_add().map(DeviceNumber).map_err(|errno| match errno {
        Errno::ENOENT => {
            anyhow::anyhow!("there is no /sys/class/zram-control/hot_add: is the module zram loaded?")
        }
        errno => anyhow::anyhow!("cannot add a zram device: {}", errno.desc()),
    })
}

/// The first page of a device.
type FirstPage = Box<[u8; HEADER_BYTES]>;

/// Writes the header of a swap area; what was there before.
fn header(device: DeviceNumber, pages: u32, machine: &mut dyn Machine) -> anyhow::Result<FirstPage> {
    anyhow::ensure!(
        machine.page_size() == HEADER_BYTES as u64,
        "the pages of this machine have {} bytes, for which this program makes no swap area: mkswap does",
        machine.page_size()
    );
    let before = first_page(device, machine)?;
    let mut page = Box::new([0; HEADER_BYTES]);
    write_header(&mut page, pages);
    write_first_page(device, &page, machine)?;
    Ok(before)
}

fn write_first_page(
    device: DeviceNumber,
    page: &[u8; HEADER_BYTES],
    machine: &mut dyn Machine,
) -> anyhow::Result<()> {
    machine.write_first_page(device.0, page).map_err(|errno| match errno {
        Errno::EBUSY => {
            anyhow::anyhow!("{device} is in use: `lsblk {0}` and `fuser -v {0}` say by whom", device.node())
        }
        errno => anyhow::anyhow!("cannot write the first page of {device}: {}", errno.desc()),
    })
}

fn first_page(device: DeviceNumber, machine: &mut dyn Machine) -> anyhow::Result<FirstPage> {
    // Twice the size, so that there is a whole page in it that begins where a page does.
    let mut memory = vec![0_u8; 2 * HEADER_BYTES];
    let start = memory.as_ptr().align_offset(HEADER_BYTES);
    let failed = |why: &str| anyhow::anyhow!("cannot read the first page of {device}: {why}");
    let page = memory.get_mut(start..).and_then(|memory| memory.first_chunk_mut::<HEADER_BYTES>());
    let page = page.ok_or_else(|| failed("there is no memory for it"))?;
    let pieces = [Iovec { start: 0, len: HEADER_BYTES }];
    match machine.read(device.0, 0, Buffer { arena: page, pieces: &pieces }) {
        Ok(HEADER_BYTES) => Ok(Box::new(*page)),
        Ok(_) => Err(failed("it was cut short")),
        Err(errno) => Err(failed(errno.desc())),
    }
}
