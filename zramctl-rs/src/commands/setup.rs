//! `setup`: a device from nothing to swap, by a plan.

use std::io::Write;

use zram_host::{
    DeviceNumber, Machine, Survey,
    device::BdStat,
    machine::memory_total,
    survey,
    swap::{Discard, SwapOptions},
};

use super::change;
use crate::{
    cli::{Allowance, Setup},
    plan::{Plan, Step},
    writer::Writer,
};

/// Sets it up, and prints its path.
///
/// # Errors
/// When what was asked for makes no sense on this machine, or a step fails; then everything is as it was.
pub fn run(options: &Setup, machine: &mut dyn Machine, out: &mut dyn Write) -> anyhow::Result<()> {
    let mut writer = Writer::new(machine, out, false);
    let plan = plan(options, &mut writer)?;
    if options.dry.dry_run {
        for line in plan.lines() {
            writer.say(&line)?;
        }
        return Ok(());
    }
    let device = plan.carry_out(&mut writer)?;
    Ok(writer.say(&device.node())?)
}

/// What is to be done. Looks at the machine and changes nothing.
///
/// # Errors
/// When the device is in use or set up already, or an amount makes no sense.
pub fn plan(options: &Setup, writer: &mut Writer<'_>) -> anyhow::Result<Plan> {
    let memory = memory_total(writer.machine())?;
    let size = options.size.bytes(memory) / BdStat::UNIT * BdStat::UNIT;
    anyhow::ensure!(size > 0, "the size comes to less than a page");
    let device = match options.device {
        Some(device) => Some(change::unused(writer, device)?.survey),
        None => free(writer.machine())?,
    };
    if let Some(survey) = &device {
        anyhow::ensure!(
            !survey.initialised,
            "{device} is set up already: `zramctl-rs reset {device}` throws away what it holds",
            device = survey.device
        );
    }
    let mut steps = Steps { steps: Vec::new(), survey: device.as_ref() };
    if device.is_none() {
        steps.steps.push(Step::Add);
    }
    steps.settings(options);
    steps.set("disksize", size.to_string());
    if let Some(Allowance::Bytes(bytes)) = options.memory {
        steps.set("mem_limit", bytes.to_string());
    }
    if let Some(Allowance::Bytes(bytes)) = options.writeback_limit {
        steps.keep("writeback_limit", (bytes / BdStat::UNIT).to_string(), "0");
        steps.keep("writeback_limit_enable", "1".to_owned(), "0");
    }
    if options.swap {
        let pages = u32::try_from(size / BdStat::UNIT).unwrap_or(u32::MAX);
        steps.steps.push(Step::Header { pages });
        let discard = if options.discard { Discard::Both } else { Discard::None };
        steps.steps.push(Step::SwapOn(SwapOptions { priority: options.priority, discard }));
    }
    let steps = steps.steps;
    Ok(Plan { device: device.map(|survey| survey.device), steps })
}

/// The first device that is not set up, if there is one.
fn free(machine: &mut dyn Machine) -> anyhow::Result<Option<Survey>> {
    let numbers =
        machine.devices().map_err(|errno| anyhow::anyhow!("cannot list the devices: {}", errno.desc()))?;
    let mut surveys = numbers.into_iter().filter_map(|number| survey(machine, DeviceNumber(number)).ok());
    Ok(surveys.find(|survey| !survey.initialised && survey.disksize == 0))
}

struct Steps<'a> {
    steps: Vec<Step>,
    /// The device, if there is one already.
    survey: Option<&'a Survey>,
}

impl Steps<'_> {
    /// What must be set before the size, in the order in which one may depend on the other.
    fn settings(&mut self, options: &Setup) {
        if let Some(name) = &options.algorithm {
            self.set("comp_algorithm", name.clone());
        }
        if let Some(parameters) = &options.algorithm_params {
            self.set("algorithm_params", parameters.clone());
        }
        for (priority, name) in (1..).zip(&options.recompression) {
            self.set("recomp_algorithm", format!("algo={name} priority={priority}"));
        }
        if let Some(path) = &options.backing {
            self.set("backing_dev", path.clone());
        }
        if options.compressed_writeback {
            self.keep("compressed_writeback", "1".to_owned(), "0");
        }
        if let Some(size) = options.batch_size {
            self.keep("writeback_batch_size", size.to_string(), "32");
        }
    }

    /// An attribute that a reset takes back.
    fn set(&mut self, attribute: &'static str, value: String) {
        self.steps.push(Step::Set { attribute, value, was: None });
    }

    /// An attribute that a reset keeps. `initial`: what it is on a new device.
    fn keep(&mut self, attribute: &'static str, value: String, initial: &str) {
        let state = self.survey.and_then(|survey| survey.writeback.as_ref());
        let flag = |flag: Option<bool>| flag.map(|flag| u8::from(flag).to_string());
        let was = state.and_then(|state| match attribute {
            "compressed_writeback" => flag(state.compressed),
            "writeback_batch_size" => state.batch_size.map(|size| size.to_string()),
            "writeback_limit" => state.limit.map(|limit| limit.to_string()),
            "writeback_limit_enable" => flag(state.limit_enabled),
            _ => None,
        });
        self.steps.push(Step::Set { attribute, value, was: Some(was.unwrap_or_else(|| initial.to_owned())) });
    }
}
