//! `zramd simulate`.

use std::{
    fs::File,
    io::{BufWriter, Write},
};

use anyhow::Context as _;
use serde::Serialize;
use zram_host::size::human;

use super::json;
use crate::{
    cli::{Policy as Named, Simulate},
    config::load,
    driver::Driver,
    simulate::{
        self, Policy, Settings, Workload, compare, curves,
        machine::Spec,
        ours,
        outcome::{
            self,
            equal::{Curve, Point, at_equal_bytes},
        },
        plot, rivals,
        workload::trace,
    },
    units::Units,
};

#[derive(Serialize)]
struct Answer<'a> {
    workload: &'a str,
    days: u64,
    seed: u64,
    scale: u32,
    /// With the largest budget.
    policies: &'a [simulate::Named],
    #[serde(skip_serializing_if = "<[Curve]>::is_empty")]
    curves: &'a [Curve],
    #[serde(skip_serializing_if = "<[Point]>::is_empty")]
    at_equal_bytes: &'a [Point],
}

/// Carries it out.
///
/// # Errors
/// When the workload, the configuration or a file is wrong, or something cannot be written.
pub fn run(asked: &Simulate, out: &mut dyn Write) -> anyhow::Result<()> {
    let config = &load(&asked.place.root)?.config;
    let workload = Workload::find(&asked.workload)?;
    if let Some(path) = &asked.record {
        let doing = || format!("cannot write {}", path.display());
        let mut file = BufWriter::new(File::create(path).with_context(doing)?);
        let steps = workload.steps(asked.days, asked.seed);
        return trace::write(&mut file, workload.name(), workload.machine(), steps).with_context(doing);
    }
    let settings =
        Settings { days: asked.days, seed: asked.seed, pressure: config.pressure, ..Settings::default() };
    let make = |policy: Named| {
        move |spec: &Spec, per_day: Units| -> Box<dyn Driver> {
            match policy {
                Named::Ours => Box::new(ours::Ours::new(ours::scaled(config, spec, per_day))),
                Named::Mmd => Box::new(rivals::mmd(spec, per_day)),
                Named::ChromeOs => Box::new(rivals::chromeos(spec, per_day)),
                Named::Nothing => Box::new(rivals::Nothing),
                Named::Age(_) => Box::new(rivals::fixed(spec, per_day, policy.age().unwrap_or_default())),
            }
        }
    };
    let makers: Vec<_> = asked.policy.iter().map(|policy| (policy.to_string(), make(*policy))).collect();
    let policies: Vec<Policy<'_>> = makers.iter().map(|(name, make)| Policy { name, make }).collect();
    let machine = workload.machine();
    let mut budgets: Vec<Units> =
        asked.per_day.iter().map(|bytes| machine.scaled(Units::within(*bytes))).collect();
    budgets.sort_unstable();
    budgets.dedup();
    let (curves, outcomes) = if let [_, _, ..] = budgets.as_slice() {
        // With nothing to spend all are alike: where each curve begins.
        budgets.insert(0, Units(0));
        let curves = curves(&policies, &budgets, &workload, &settings)?;
        let outcomes = last_of(&curves);
        (curves, outcomes)
    } else {
        let budget = budgets.first().copied().unwrap_or_else(|| machine.scaled(config.writeback.per_day));
        (Vec::new(), compare(&policies, budget, &workload, &settings)?)
    };
    if let Some(path) = &asked.plot {
        let title = format!("{}: {} days", workload.name(), asked.days);
        let svg = plot::svg(&title, &outcomes)?;
        std::fs::write(path, svg).with_context(|| format!("cannot write {}", path.display()))?;
    }
    let points = at_equal_bytes(&curves);
    if asked.json {
        let answer = Answer {
            workload: workload.name(),
            days: asked.days,
            seed: asked.seed,
            scale: machine.scale,
            policies: &outcomes,
            curves: &curves,
            at_equal_bytes: &points,
        };
        return json(out, &answer);
    }
    if let Workload::Described(described) = &workload {
        writeln!(out, "{}.", described.about)?;
    }
    let memory = human(machine.unscaled(machine.memory.bytes()));
    writeln!(
        out,
        "{} days, seed {}; simulated with {} of memory that stand for {memory}.\n",
        asked.days,
        asked.seed,
        human(machine.memory.bytes())
    )?;
    let shown = if curves.is_empty() { 0 } else { budgets.len() };
    for (number, budget) in budgets.iter().enumerate().take(shown).skip(1) {
        let runs: Vec<simulate::Named> = curves
            .iter()
            .filter_map(|curve| {
                let (_, outcome) = curve.runs.get(number)?;
                Some(simulate::Named { name: curve.name.clone(), outcome: outcome.clone() })
            })
            .collect();
        let a_day = human(machine.unscaled(budget.bytes()));
        writeln!(out, "With {a_day} a day:\n{}", outcome::table(&runs))?;
    }
    if curves.is_empty() {
        writeln!(out, "{}", outcome::table(&outcomes))?;
    }
    if !points.is_empty() {
        writeln!(out, "{}", outcome::equal::table(&points, machine.scale))?;
    }
    out.write_all(outcome::LEGEND.as_bytes())?;
    Ok(())
}

/// Each with its largest budget.
fn last_of(curves: &[Curve]) -> Vec<simulate::Named> {
    let last = |curve: &Curve| {
        let (_, outcome) = curve.runs.last()?;
        Some(simulate::Named { name: curve.name.clone(), outcome: outcome.clone() })
    };
    curves.iter().filter_map(last).collect()
}
