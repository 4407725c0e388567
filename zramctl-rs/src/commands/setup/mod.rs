//! `setup`: devices from nothing to swap or a file system, by plans.
//!
//! * `steps` makes a plan of what is wanted.
//! * `place` looks at where pages are to go that leave memory.
//! * `file` reads what is wanted from a file.

mod file;
mod place;
mod steps;

use std::io::Write;

use serde::Serialize;
use zram_host::{DeviceNumber, Machine};

pub use steps::{Taken, plan};

use super::{json, paragraph};
use crate::{
    ASIDE,
    cli::Setup,
    conflicts::{Conflict, Purpose, conflicts},
    plan::{Plan, Progress, Step},
    severity::Severity,
    wanted::{Usage, Wanted},
    writer::Writer,
};

/// What was set up, or would be.
#[derive(Serialize)]
#[serde(untagged)]
enum Answer {
    Devices { devices: Vec<DeviceNumber>, conflicts: Vec<Conflict> },
    Plans { plans: Vec<Lines>, conflicts: Vec<Conflict> },
}

/// A plan, in lines of a shell.
#[derive(Serialize)]
struct Lines {
    /// `None`: a new one.
    device: Option<DeviceNumber>,
    lines: Vec<String>,
}

/// Sets devices up, and prints their paths.
///
/// # Errors
/// When what was asked for makes no sense on this machine, or a step fails; then everything is as it was, also with those devices that were set up before.
pub fn run(options: &Setup, machine: &mut dyn Machine, out: &mut dyn Write) -> anyhow::Result<()> {
    let wanted = match &options.file {
        Some(path) => file::read(path, machine)?,
        None => vec![options.wanted()?],
    };
    let mut writer = Writer::new(machine, out, false);
    if !options.dry.dry_run {
        // What is free now must still be so when it is taken.
        writer.wait_for_turn()?;
    }
    let plans = plans(&wanted, writer.machine())?;
    let conflicts = against(&wanted, &plans, writer.machine());
    if options.dry.dry_run {
        return dry(&plans, &conflicts, options.json, writer.out());
    }
    // What is printed is for scripts: the paths of the devices.
    for conflict in &conflicts {
        ASIDE.say(told(conflict));
    }
    let mut done: Vec<Progress<'_>> = Vec::new();
    for plan in &plans {
        match plan.carry_out(&mut writer) {
            Ok(progress) => done.push(progress),
            Err(error) => return Err(undone(done, &mut writer, error)),
        }
    }
    let devices = done.iter().map(Progress::device).collect::<Result<Vec<_>, _>>()?;
    if options.json {
        return json(writer.out(), &Answer::Devices { devices, conflicts });
    }
    for device in devices {
        writer.say(&device.node())?;
    }
    Ok(())
}

/// A plan for each device. None takes the device of another, or the place where that is mounted.
///
/// # Errors
/// When one cannot be planned.
fn plans(wanted: &[Wanted], machine: &mut dyn Machine) -> anyhow::Result<Vec<Plan>> {
    let devices = wanted.iter().filter_map(|wanted| wanted.device).collect();
    let mut taken = Taken { devices, room: 0 };
    let mut plans: Vec<Plan> = Vec::with_capacity(wanted.len());
    for wanted in wanted {
        let plan = plan(wanted, &taken, machine)?;
        if let Some(at) =
            mounted_at(&plan).filter(|at| plans.iter().any(|other| mounted_at(other) == Some(*at)))
        {
            anyhow::bail!("two devices are to be mounted on {at}, where one would hide the other");
        }
        taken.devices.extend(plan.device);
        taken.room += plan.steps.iter().map(Step::room).sum::<u64>();
        plans.push(plan);
    }
    Ok(plans)
}

fn mounted_at(plan: &Plan) -> Option<&str> {
    plan.steps.iter().find_map(|step| match step {
        Step::Mount { at, .. } => Some(at.as_str()),
        _ => None,
    })
}

/// What else manages these devices or works against them: more than a note, each once.
fn against(wanted: &[Wanted], plans: &[Plan], machine: &mut dyn Machine) -> Vec<Conflict> {
    let mut found: Vec<Conflict> = Vec::new();
    for (wanted, plan) in wanted.iter().zip(plans) {
        let purpose = Purpose { device: plan.device, swap: matches!(wanted.usage, Usage::Swap(_)) };
        for conflict in conflicts(machine, purpose) {
            if conflict.severity != Severity::Note && !found.contains(&conflict) {
                found.push(conflict);
            }
        }
    }
    found
}

fn told(Conflict { severity, says, way_out, .. }: &Conflict) -> String {
    format!("{severity}: {says} The way out: {way_out}")
}

fn dry(plans: &[Plan], conflicts: &[Conflict], as_json: bool, out: &mut dyn Write) -> anyhow::Result<()> {
    if as_json {
        let plans = plans.iter().map(|plan| Lines { device: plan.device, lines: plan.lines() }).collect();
        return json(out, &Answer::Plans { plans, conflicts: conflicts.to_vec() });
    }
    for conflict in conflicts {
        paragraph(out, "# ", "# ", &told(conflict))?;
    }
    for line in plans.iter().flat_map(Plan::lines) {
        writeln!(out, "{line}")?;
    }
    Ok(())
}

/// Undoes the plans before the one that failed, the last first.
fn undone(done: Vec<Progress<'_>>, writer: &mut Writer<'_>, error: anyhow::Error) -> anyhow::Error {
    done.into_iter().rev().fold(error, |error, progress| progress.undo(writer, error))
}
