//! `setup`: a device from nothing to swap, by a plan.

use std::io::Write;

use zram_host::{
    DeviceNumber, Machine, Survey,
    device::BdStat,
    machine::memory_total,
    survey,
    swap::{Discard, SwapOptions},
};

use crate::{
    cli::{Allowance, Setup},
    devices::unused,
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
        Some(device) => Some(unused(writer.machine(), device)?.survey),
        None => free(writer.machine())?,
    };
    if let Some(survey) = &device {
        anyhow::ensure!(
            !survey.initialised,
            "{device} is set up already: `zramctl-rs reset {device}` throws away what it holds",
            device = survey.device
        );
        anyhow::ensure!(
            is_untouched(survey),
            "{device} has settings of somebody's: `zramctl-rs reset {device} --settings` takes them back",
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
    match options.writeback_limit {
        Some(Allowance::Bytes(bytes)) => {
            steps.keep("writeback_limit", (bytes / BdStat::UNIT).to_string(), "0");
            steps.keep("writeback_limit_enable", "1".to_owned(), "0");
        }
        // That of whoever had the device before is none of ours.
        _ => steps.keep_off("writeback_limit_enable"),
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
    /// What must be set before the size, in the order in which one may depend on the other.
    fn settings(&mut self, options: &Setup) {
        if let Some(name) = &options.algorithm {
            // Some kernels keep it over a reset, and others have somebody's choice for a device that is not set up.
            let was = self.survey.and_then(|survey| survey.algorithms.as_ref()?.chosen.clone());
            self.steps.push(Step::Set { attribute: "comp_algorithm", value: name.clone(), was });
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
        } else {
            self.keep_off("compressed_writeback");
        }
        if let Some(size) = options.batch_size {
            self.keep("writeback_batch_size", size.to_string(), "32");
        }
    }

    /// An attribute that a reset takes back.
    fn set(&mut self, attribute: &'static str, value: String) {
        self.steps.push(Step::Set { attribute, value, was: None });
    }

    /// An attribute that a reset keeps and that is to be off: written only where it is on.
    fn keep_off(&mut self, attribute: &'static str) {
        if self.kept(attribute).is_some_and(|was| was != "0") {
            self.keep(attribute, "0".to_owned(), "0");
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
