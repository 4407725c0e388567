//! Looking at a machine: what a moment of it is made of.
//!
//! Whatever a kernel does not show becomes a sentence in the sample, and never an end of the program: a view without debugfs is still a
//! view. Only a machine whose devices cannot even be listed is an error.

use std::collections::BTreeMap;

use nix::errno::Errno;
use zram_host::{
    DeviceNumber, Machine,
    device::{SlotsError, SurveyError},
    machine::{holders, mounts, swaps},
    storage::Place,
    survey,
};

use super::{
    Attention, SourceError,
    sweep::{Budget, Sweep},
};
use crate::sample::{Attributes, Content, Known, Latency, Moment, Sample, Told, Traffic, classes};

/// What a look at all devices may cost: so many windows of `block_state`, and no further one after so long.
const USUAL: Budget = Budget { windows: 24, micros: 8_000 };

/// For a single look.
const WHOLE: Budget = Budget { windows: usize::MAX, micros: u64::MAX };

/// Slots whose contents are asked for at once, at most, where not everything is to be looked at.
const CONTENTS: u64 = 4096;

/// What is kept from look to look.
#[derive(Debug, Default)]
pub struct Looker {
    sweeps: BTreeMap<u32, Sweep>,
    /// Bytes of backing devices, by path.
    sizes: BTreeMap<String, Option<u64>>,
}

/// What a source knows of a device beside what the machine shows.
#[derive(Clone, Debug)]
pub struct Beside {
    /// How long things take.
    pub latency: Known<Latency>,
    /// What went through it, where the machine does not say.
    pub traffic: Option<Traffic>,
}

impl Looker {
    /// Looks at all devices.
    ///
    /// # Errors
    /// When they cannot be listed.
    pub fn look(
        &mut self,
        machine: &mut dyn Machine,
        attention: &Attention,
        told: Vec<Told>,
        beside: &mut dyn FnMut(u32) -> Beside,
    ) -> Result<Moment, SourceError> {
        let devices = machine.devices().map_err(|errno| {
            SourceError::Failed(format!("cannot list the devices in /sys/block: {}", errno.desc()))
        })?;
        let boot_micros = machine.boot_time() / 1000;
        self.sweeps.retain(|device, _| devices.contains(device));
        let uses = Uses::of(machine);
        let mut samples = Vec::with_capacity(devices.len());
        for device in &devices {
            let budget = if attention.everything {
                WHOLE
            } else {
                let share = |most: u64| most / devices.len().max(1) as u64;
                let windows = usize::try_from(share(USUAL.windows as u64)).unwrap_or(1).max(1);
                Budget { windows, micros: share(USUAL.micros) }
            };
            let beside = beside(*device);
            match self.one(machine, DeviceNumber(*device), attention, budget, &uses, beside) {
                Ok(sample) => samples.push(sample),
                // It went away meanwhile.
                Err(SurveyError::NoDevice { .. }) => {}
                Err(error) => return Err(SourceError::Failed(error.to_string())),
            }
        }
        let took_micros = (machine.boot_time() / 1000).saturating_sub(boot_micros);
        Ok(Moment { boot_micros, took_micros, samples, told })
    }

    fn one(
        &mut self,
        machine: &mut dyn Machine,
        device: DeviceNumber,
        attention: &Attention,
        budget: Budget,
        uses: &Uses,
        beside: Beside,
    ) -> Result<Sample, SurveyError> {
        let mut attributes = Attributes::of(survey(machine, device)?);
        attributes.uses = uses.of_device(machine, device);
        let stat = machine.read_attr(device.0, "stat").ok();
        let stat = stat.and_then(|text| Traffic::parse(&String::from_utf8_lossy(&text)));
        attributes.traffic = stat.or(beside.traffic);
        if let Some(backing) = &mut attributes.backing {
            let mut size = |path: &str| match machine.place(path) {
                Ok(Place::File { bytes, .. } | Place::Disk(bytes)) => Some(bytes),
                _ => None,
            };
            let path = backing.path.clone();
            backing.size = *self.sizes.entry(path).or_insert_with_key(|path| size(path));
        }
        let page = machine.page_size();
        let mut sample = Sample {
            device: device.0,
            attributes,
            page,
            windows: Known::Unasked,
            contents: Known::Unasked,
            classes: Known::Unasked,
            latency: beside.latency,
        };
        let slots = sample.slots();
        if !sample.attributes.initialised || slots == 0 {
            self.sweeps.remove(&device.0);
            return Ok(sample);
        }
        let shown = attention.slots.filter(|(shown, ..)| *shown == device.0);
        let shown = shown.map(|(_, first, end)| (first.min(slots), end.min(slots)));
        let sweep = self.sweeps.entry(device.0).or_default();
        sample.windows = match sweep.look(machine, device, slots, shown, budget) {
            Ok(windows) => Known::Here(windows),
            // It was reset meanwhile.
            Err(SlotsError::NotSetUp { .. }) => Known::Unasked,
            Err(error) => Known::Missing(error.to_string()),
        };
        let looked_into = if attention.everything {
            Some((0, slots))
        } else {
            shown.map(|(first, end)| (first, end.min(first.saturating_add(CONTENTS))))
        };
        if let Some((first, end)) = looked_into.filter(|_| attention.contents) {
            sample.contents = contents(machine, device, first, end, page);
        }
        sample.classes = pool_classes(machine, device);
        Ok(sample)
    }
}

/// What is in slots, by whatever looks into the kernel.
fn contents(
    machine: &mut dyn Machine,
    device: DeviceNumber,
    first: u64,
    end: u64,
    page: u64,
) -> Known<Vec<Content>> {
    let Some(probes) = machine.probes() else {
        return Known::Missing(
            "sizes and blocks of slots come from probes, which are not attached here".to_owned(),
        );
    };
    match probes.slot_table(device.0, first, end.saturating_sub(first)) {
        Ok(table) => Known::Here(
            (first..)
                .zip(table)
                .map(|(slot, words)| (slot, words.content(page)))
                .filter(|(_, content)| content.size != 0 || content.block.is_some())
                .map(|(slot, content)| Content {
                    slot,
                    size: (content.size != 0).then_some(content.size),
                    block: content.block,
                })
                .collect(),
        ),
        Err(absent) => Known::Missing(absent.to_string()),
    }
}

/// The allocator's classes of a device's pool.
fn pool_classes(machine: &mut dyn Machine, device: DeviceNumber) -> Known<Vec<crate::sample::Class>> {
    let path = format!("/sys/kernel/debug/zsmalloc/{device}/classes");
    match machine.kernel_file(&path) {
        Ok(text) => match classes::parse(&String::from_utf8_lossy(&text)) {
            Some(classes) => Known::Here(classes),
            None => Known::Missing(format!("{path} has a line that this program does not understand")),
        },
        Err(Errno::ENOENT | Errno::EACCES) => Known::Missing(format!(
            "there is no {path}: it takes root, debugfs mounted at /sys/kernel/debug, and a kernel with CONFIG_ZSMALLOC_STAT"
        )),
        Err(errno) => Known::Missing(format!("cannot read {path}: {}", errno.desc())),
    }
}

/// Who uses devices.
struct Uses {
    swaps: Vec<zram_host::machine::Swap>,
    mounts: Vec<zram_host::machine::Mount>,
}

impl Uses {
    /// What the machine says. Nothing where it does not, which is not worth an end.
    fn of(machine: &mut dyn Machine) -> Self {
        Self { swaps: swaps(machine).unwrap_or_default(), mounts: mounts(machine).unwrap_or_default() }
    }

    fn of_device(&self, machine: &mut dyn Machine, device: DeviceNumber) -> Vec<String> {
        let number = machine.read_attr(device.0, "dev").unwrap_or_default();
        let number = String::from_utf8_lossy(&number).trim().to_owned();
        let swaps = self.swaps.iter().filter(|swap| swap.device() == Some(device));
        let swaps = swaps.map(|swap| format!("swap {}", swap.usage.priority));
        let mounts = self.mounts.iter().filter(|mount| mount.is_on(device, &number));
        let mounts = mounts.map(|mount| format!("{} {}", mount.file_system, mount.target));
        let holders = holders(machine, device).unwrap_or_default().into_iter();
        swaps.chain(mounts).chain(holders.map(|holder| format!("under {holder}"))).collect()
    }
}
