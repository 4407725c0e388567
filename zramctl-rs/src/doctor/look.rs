//! Looking at a machine and its devices, without changing anything.

use std::ops::ControlFlow;

use zram_host::{
    DeviceNumber, Machine,
    device::{SlotState, each_slot},
    machine::{Capabilities, Memory, Swap, capabilities, memory, swaps},
};

use crate::devices::{Device, Devices};

/// The name of the daemon's process.
const DAEMON: &str = "zramd";

/// A page that was not touched for so long is old: nobody is going to miss it soon. In microseconds.
const OLD: u64 = 3600 * 1_000_000;

/// A machine, as it was seen.
#[derive(Debug)]
pub struct Looked {
    /// What its kernel can do.
    pub capabilities: Capabilities,
    /// Its memory.
    pub memory: Memory,
    /// All that is swapped to.
    pub swaps: Vec<Swap>,
    /// Whether this project's daemon runs.
    pub daemon: bool,
    /// Bytes of a page.
    pub page: u64,
    /// The devices that are set up.
    pub patients: Vec<Patient>,
}

/// A device, as it was seen.
#[derive(Debug)]
pub struct Patient {
    /// It and who uses it.
    pub device: Device,
    /// Its slots. `None`: they could not be looked at.
    pub slots: Option<SlotCounts>,
    /// Pages that compaction would free, as the allocator's counters have it. `None`: they could not be looked at.
    pub freeable: Option<u64>,
    /// Bytes of the backing device. `None`: there is none, or it could not be looked at.
    pub backing: Option<u64>,
}

impl Patient {
    /// Which device.
    #[must_use]
    pub fn number(&self) -> DeviceNumber {
        self.device.survey.device
    }
}

/// How many slots of each kind there are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SlotCounts {
    /// That take memory.
    pub in_memory: u64,
    /// ... and are marked as idle.
    pub idle: u64,
    /// ... and were not touched for an hour.
    pub old: u64,
    /// That a secondary algorithm was tried on: recompressed, or found to be incompressible. `None`: this kernel does not say.
    pub tried_again: Option<u64>,
    /// Slots that take memory and are not marked as idle, if they were asked for.
    pub samples: Vec<u64>,
}

impl SlotCounts {
    fn count(&mut self, slot: &SlotState, now: u64, sampling: bool) {
        if let (Some(recompressed), Some(incompressible)) = (slot.recompressed, slot.incompressible) {
            *self.tried_again.get_or_insert(0) += u64::from(recompressed || incompressible);
        }
        if slot.same || slot.written_back {
            return;
        }
        self.in_memory += 1;
        self.idle += u64::from(slot.idle);
        let age = now.saturating_sub(slot.accessed_micros);
        self.old += u64::from(slot.accessed_micros != 0 && age >= OLD);
        if sampling && !slot.idle {
            self.samples.push(slot.slot);
        }
    }
}

/// Looks at a machine and at one of its devices, or all of them.
///
/// # Errors
/// When there is no such device, or the machine does not say what it has.
pub fn look(machine: &mut dyn Machine, only: Option<DeviceNumber>, sampling: bool) -> anyhow::Result<Looked> {
    let capabilities = capabilities(machine, only)?;
    let devices = Devices::new(machine)?;
    let mut there = match only {
        Some(device) => vec![devices.one(machine, device)?],
        None => devices.all(machine, &|_| true)?,
    };
    if let Some(device) = only
        && !there.iter().any(|device| device.survey.initialised)
    {
        anyhow::bail!("{device} is not set up: `zramctl-rs setup {device} --size SIZE`");
    }
    there.retain(|device| device.survey.initialised);
    Ok(Looked {
        capabilities,
        memory: memory(machine)?,
        swaps: swaps(machine)?,
        daemon: runs(machine, DAEMON),
        page: machine.page_size(),
        patients: there.into_iter().map(|device| patient(machine, device, sampling)).collect(),
    })
}

fn patient(machine: &mut dyn Machine, device: Device, sampling: bool) -> Patient {
    let number = device.survey.device;
    let backing = device.survey.writeback.as_ref().and_then(|writeback| writeback.backing_dev.clone());
    Patient {
        slots: slots(machine, &device, sampling),
        freeable: freeable(machine, number),
        backing: backing.and_then(|path| size_of(machine, &path)),
        device,
    }
}

fn slots(machine: &mut dyn Machine, device: &Device, sampling: bool) -> Option<SlotCounts> {
    let now = machine.boot_time() / 1000;
    let end = device.survey.disksize / machine.page_size();
    let mut counts = SlotCounts::default();
    let ended = each_slot(machine, device.survey.device, 0, end, |slot| {
        counts.count(&slot, now, sampling);
        ControlFlow::Continue(())
    });
    ended.is_ok().then_some(counts)
}

/// The last number of the line of totals in `classes` (`zs_stats_size_show`).
fn freeable(machine: &mut dyn Machine, device: DeviceNumber) -> Option<u64> {
    let text = text(machine, &format!("/sys/kernel/debug/zsmalloc/{device}/classes"))?;
    let total = text.lines().find(|line| line.trim_start().starts_with("Total"))?;
    total.split_whitespace().next_back()?.parse().ok()
}

/// Of a block device in `/dev`. Files and devices with other names are not looked at.
fn size_of(machine: &mut dyn Machine, path: &str) -> Option<u64> {
    let name = path.strip_prefix("/dev/").filter(|name| !name.contains('/'))?;
    let sectors: u64 = text(machine, &format!("/sys/class/block/{name}/size"))?.trim().parse().ok()?;
    sectors.checked_mul(512)
}

/// Whether a process of this name runs.
fn runs(machine: &mut dyn Machine, name: &str) -> bool {
    let processes = machine.kernel_folder("/proc").unwrap_or_default();
    processes.iter().filter(|process| process.bytes().all(|byte| byte.is_ascii_digit())).any(|process| {
        text(machine, &format!("/proc/{process}/comm")).is_some_and(|comm| comm.trim_end() == name)
    })
}

fn text(machine: &mut dyn Machine, path: &str) -> Option<String> {
    machine.kernel_file(path).ok().map(|text| String::from_utf8_lossy(&text).into_owned())
}
