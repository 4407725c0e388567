//! Several policies on the same workload.

use std::thread;

use super::{Broken, Named, Settings, Workload, machine::Spec, outcome::equal::Curve, run};
use crate::{driver::Driver, units::Units};

/// Makes a driver for a machine and a budget of 24 hours, which is one of that machine.
pub type Make<'a> = dyn Fn(&Spec, Units) -> Box<dyn Driver> + Sync + 'a;

/// A policy.
pub struct Policy<'a> {
    /// What it is called.
    pub name: &'a str,
    /// Drivers of it.
    pub make: &'a Make<'a>,
}

/// What each comes to, with this budget of the small machine. As many at a time as there are processors.
///
/// # Errors
/// The first that went wrong.
pub fn compare(
    policies: &[Policy<'_>],
    per_day: Units,
    workload: &Workload,
    settings: &Settings,
) -> Result<Vec<Named>, Broken> {
    let runs: Vec<(&Policy<'_>, Units)> = policies.iter().map(|policy| (policy, per_day)).collect();
    let outcomes = all(&runs, workload, settings);
    outcomes.into_iter().collect()
}

/// Each with several budgets.
///
/// # Errors
/// The first that went wrong.
pub fn curves(
    policies: &[Policy<'_>],
    budgets: &[Units],
    workload: &Workload,
    settings: &Settings,
) -> Result<Vec<Curve>, Broken> {
    let mut budgets = budgets.to_vec();
    budgets.sort_unstable();
    let runs: Vec<(&Policy<'_>, Units)> =
        policies.iter().flat_map(|policy| budgets.iter().map(move |budget| (policy, *budget))).collect();
    let outcomes: Vec<Named> = all(&runs, workload, settings).into_iter().collect::<Result<_, _>>()?;
    let mut curves: Vec<Curve> = Vec::new();
    for ((_, budget), Named { name, outcome }) in runs.into_iter().zip(outcomes) {
        match curves.last_mut().filter(|last| last.name == name) {
            Some(last) => last.runs.push((budget.bytes(), outcome)),
            None => curves.push(Curve { name, runs: vec![(budget.bytes(), outcome)] }),
        }
    }
    Ok(curves)
}

fn all(
    runs: &[(&Policy<'_>, Units)],
    workload: &Workload,
    settings: &Settings,
) -> Vec<Result<Named, Broken>> {
    let at_once = thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let one = |(policy, budget): &(&Policy<'_>, Units)| {
        let mut driver = (policy.make)(workload.machine(), *budget);
        let outcome = run(driver.as_mut(), workload, settings)?;
        Ok(Named { name: policy.name.to_owned(), outcome })
    };
    let mut outcomes = Vec::new();
    for some in runs.chunks(at_once) {
        thread::scope(|scope| {
            let threads: Vec<_> = some.iter().map(|run| scope.spawn(move || one(run))).collect();
            outcomes.extend(
                threads
                    .into_iter()
                    .map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))),
            );
        });
    }
    outcomes
}
