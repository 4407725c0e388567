//! From what is wanted to the steps that lead there.

use zram_host::{DeviceNumber, Machine, Survey, device::BdStat, machine::memory_total, survey};

use super::place;
use crate::{
    cli::Allowance,
    devices::unused,
    plan::{Chain, Plan, Step},
    wanted::{Backing, Secondary, Usage, Wanted},
};

/// What plans before this one take.
#[derive(Clone, Debug, Default)]
pub struct Taken {
    /// Devices.
    pub devices: Vec<DeviceNumber>,
    /// Room for files, in bytes. All are counted as if they were on one file system.
    pub room: u64,
}

/// What is to be done. Looks at the machine and changes nothing.
///
/// # Errors
/// When the device is in use or set up already, an amount makes no sense, or what is on the place for pages may not be lost.
pub fn plan(wanted: &Wanted, taken: &Taken, machine: &mut dyn Machine) -> anyhow::Result<Plan> {
    let memory = memory_total(machine)?;
    let size = wanted.size.bytes(memory) / BdStat::UNIT * BdStat::UNIT;
    anyhow::ensure!(size > 0, "the size comes to less than a page");
    let device = match wanted.device {
        Some(device) => Some(untouched(device, machine)?),
        None => free(&taken.devices, machine)?,
    };
    let mut steps = Steps { steps: Vec::new(), survey: device.as_ref() };
    if device.is_none() {
        steps.steps.push(Step::Add);
    }
    steps.algorithms(wanted);
    match &wanted.backing {
        Some(backing) => {
            let place = place::look(backing, taken.room, machine)?;
            steps.backing(backing, place);
        }
        // That of whoever had the device before is none of ours.
        None => steps.keep_at("compressed_writeback", "0"),
    }
    steps.set("disksize", size.to_string());
    if let Some(Allowance::Bytes(bytes)) = wanted.memory {
        steps.set("mem_limit", bytes.to_string());
    }
    match wanted.backing.as_ref().and_then(|backing| backing.limit) {
        Some(Allowance::Bytes(bytes)) => {
            steps.keep("writeback_limit", (bytes / BdStat::UNIT).to_string(), "0");
            steps.keep("writeback_limit_enable", "1".to_owned(), "0");
        }
        _ => steps.keep_at("writeback_limit_enable", "0"),
    }
    steps.usage(&wanted.usage, size, machine)?;
    let steps = steps.steps;
    Ok(Plan { device: device.map(|survey| survey.device), steps })
}

/// The device, which nobody uses and nobody has begun to set up.
fn untouched(device: DeviceNumber, machine: &mut dyn Machine) -> anyhow::Result<Survey> {
    let survey = unused(machine, device)?.survey;
    anyhow::ensure!(
        !survey.initialised,
        "{device} is set up already: `zramctl-rs reset {device}` throws away what it holds"
    );
    anyhow::ensure!(
        is_untouched(&survey),
        "{device} has settings of somebody's: `zramctl-rs reset {device} --settings` takes them back"
    );
    Ok(survey)
}

/// The first device that is not set up, if there is one.
fn free(taken: &[DeviceNumber], machine: &mut dyn Machine) -> anyhow::Result<Option<Survey>> {
    let numbers =
        machine.devices().map_err(|errno| anyhow::anyhow!("cannot list the devices: {}", errno.desc()))?;
    let others = numbers.into_iter().map(DeviceNumber).filter(|number| !taken.contains(number));
    let mut surveys = others.filter_map(|number| survey(machine, number).ok());
    Ok(surveys.find(|survey| !survey.initialised && survey.disksize == 0 && is_untouched(survey)))
}

/// Whether nobody has begun to set it up: what a failure would have to put back can all be read.
fn is_untouched(survey: &Survey) -> bool {
    let backing = survey.writeback.as_ref().and_then(|writeback| writeback.backing_dev.as_ref());
    backing.is_none() && survey.recompression.is_empty() && survey.mm_stat.is_none_or(|mm| mm.mem_limit == 0)
}

struct Steps<'a> {
    steps: Vec<Step>,
    /// The device, if there is one already.
    survey: Option<&'a Survey>,
}

impl Steps<'_> {
    /// Algorithms, and what depends on them.
    fn algorithms(&mut self, wanted: &Wanted) {
        if let Some(name) = &wanted.algorithm {
            // Some kernels keep it over a reset, and others have somebody's choice for a device that is not set up.
            let was = self.survey.and_then(|survey| survey.algorithms.as_ref()?.chosen.clone());
            self.steps.push(Step::Set { attribute: "comp_algorithm", value: name.clone(), was });
        }
        if let Some(parameters) = &wanted.algorithm_params {
            self.set("algorithm_params", parameters.clone());
        }
        for (priority, Secondary { name, parameters }) in (1..).zip(&wanted.recompression) {
            self.set("recomp_algorithm", format!("algo={name} priority={priority}"));
            if let Some(parameters) = parameters {
                self.set("algorithm_params", format!("priority={priority} {parameters}"));
            }
        }
    }

    /// The backing device, and how pages go there.
    fn backing(&mut self, backing: &Backing, place: place::Found) {
        let path = &backing.path;
        let chain = Chain { attached: place != place::Found::Disk, encrypted: backing.encrypt };
        match place {
            place::Found::Disk => {}
            place::Found::File { path } => self.steps.push(Step::Attach { path }),
            place::Found::Nothing { path, bytes } => self.steps.push(Step::AttachNew { path, bytes }),
        }
        if chain.encrypted {
            let below = (!chain.attached).then(|| path.clone());
            self.steps.push(Step::Encrypt { below });
        }
        if chain.attached || chain.encrypted {
            self.steps.push(Step::Back(chain));
            self.steps.push(Step::LetGo(chain));
        } else {
            self.set("backing_dev", path.clone());
        }
        if backing.compressed {
            self.keep("compressed_writeback", "1".to_owned(), "0");
        } else {
            self.keep_at("compressed_writeback", "0");
        }
        match backing.batch_size {
            Some(size) => self.keep("writeback_batch_size", size.to_string(), "32"),
            None => self.keep_at("writeback_batch_size", "32"),
        }
    }

    /// What the device is used for.
    fn usage(&mut self, usage: &Usage, size: u64, machine: &mut dyn Machine) -> anyhow::Result<()> {
        match usage {
            Usage::Nothing => {}
            Usage::Swap(options) => {
                let page = machine.page_size();
                anyhow::ensure!(
                    page == BdStat::UNIT,
                    "the pages of this machine have {page} bytes, for which this program makes no swap area: mkswap does"
                );
                let pages = u32::try_from(size / BdStat::UNIT).unwrap_or(u32::MAX);
                self.steps.push(Step::Header { pages });
                self.steps.push(Step::SwapOn(*options));
            }
            Usage::FileSystem { name, at, options } => {
                let at = place::can_mount(at, machine)?;
                self.steps.push(Step::Format { file_system: name.clone() });
                let (file_system, options) = (name.clone(), options.clone());
                self.steps.push(Step::Mount { at, file_system, options });
            }
        }
        Ok(())
    }

    /// An attribute that a reset takes back.
    fn set(&mut self, attribute: &'static str, value: String) {
        self.steps.push(Step::Set { attribute, value, was: None });
    }

    /// An attribute that a reset keeps and that is to be as on a new device: written only where it is not.
    fn keep_at(&mut self, attribute: &'static str, initial: &str) {
        if self.kept(attribute).is_some_and(|was| was != initial) {
            self.keep(attribute, initial.to_owned(), initial);
        }
    }

    /// An attribute that a reset keeps. `initial`: what it is on a new device.
    fn keep(&mut self, attribute: &'static str, value: String, initial: &str) {
        let was = self.kept(attribute).unwrap_or_else(|| initial.to_owned());
        self.steps.push(Step::Set { attribute, value, was: Some(was) });
    }

    /// What it is now, if the device is there.
    fn kept(&self, attribute: &str) -> Option<String> {
        let state = self.survey?.writeback.as_ref()?;
        let flag = |flag: Option<bool>| flag.map(|flag| u8::from(flag).to_string());
        match attribute {
            "compressed_writeback" => flag(state.compressed),
            "writeback_batch_size" => state.batch_size.map(|size| size.to_string()),
            "writeback_limit" => state.limit.map(|limit| limit.to_string()),
            "writeback_limit_enable" => flag(state.limit_enabled),
            _ => None,
        }
    }
}
