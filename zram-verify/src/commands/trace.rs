//! `trace`: look into a recorded run, and hold the model against it again.

use std::path::Path;

use anyhow::Result;
use zram_model::Profile;

use crate::{
    abilities::Abilities,
    checker::Checker,
    coverage::Coverage,
    divergence::Divergence,
    report::{Found, KernelReport, Report},
    trace::Trace,
    trouble::Trouble,
};

/// What came of holding a model against a trace.
#[derive(Clone, Debug)]
pub struct Replayed {
    /// Operations checked.
    pub operations: usize,
    /// The first divergence.
    pub divergence: Option<Divergence>,
    /// The checker, with its counts.
    pub checker: Checker,
    /// What the trace reached.
    pub coverage: Coverage,
}

/// Holds a model against a trace, up to the first divergence.
///
/// # Errors
/// When an answer in the trace cannot be used.
pub fn check(trace: &Trace, profile: Profile) -> Result<Replayed, Trouble> {
    let abilities = Abilities::new(&profile, &trace.header.hello);
    let mut checker = Checker::new(profile, &trace.header.hello)?;
    let mut coverage = Coverage::new(&abilities);
    let mut divergence = None;
    for step in &trace.steps {
        let checked = checker.check_step(step)?;
        let events = checked.observed.events.as_ref().unwrap_or(&checked.expected_events);
        coverage.see(&step.op, &checked.observed, events);
        if !checked.differences.is_empty() {
            let operation = checker.operation() - 1;
            let differences = checked.differences;
            let theme = "trace".to_owned();
            divergence = Some(Divergence { operation, theme, op: step.op.clone(), differences });
            break;
        }
    }
    if let (None, Some(last)) = (&divergence, trace.steps.last()) {
        let differences = checker.finish();
        if !differences.is_empty() {
            divergence = Some(Divergence {
                operation: trace.steps.len() - 1,
                theme: "whole run".to_owned(),
                op: last.op.clone(),
                differences,
            });
        }
    }
    Ok(Replayed { operations: checker.operation(), divergence, checker, coverage })
}

/// Checks a trace of a kernel and reports as a live run does.
///
/// # Errors
/// When the file is no trace of a kernel.
pub fn report(path: &Path) -> Result<Report> {
    let started = std::time::Instant::now();
    let trace = Trace::recorded(path)?;
    let chosen = crate::profiles::for_kernel(&trace.header.kernel, &trace.header.hello.attributes);
    let mut kernel = KernelReport {
        release: trace.header.kernel.clone(),
        bpf_object: trace.header.bpf_object.clone(),
        profile: chosen.profile.name.to_owned(),
        origin: trace.header.origin,
        remarks: chosen.remark.into_iter().collect(),
        ..KernelReport::new(&trace.header.target)
    };
    match check(&trace, chosen.profile) {
        Ok(replayed) => {
            kernel.operations = replayed.operations;
            kernel.events = replayed.checker.events;
            kernel.inputs = replayed.checker.inputs();
            kernel.stages.checked(replayed.checker.spent);
            kernel.completions = replayed.checker.completions();
            kernel.tally = replayed.checker.tally;
            kernel.coverage = replayed.coverage;
            kernel.found = replayed
                .divergence
                .map(|divergence| Found { divergence, reproduction: None })
                .into_iter()
                .collect();
        }
        Err(trouble) => kernel.trouble = Some(trouble.in_full()),
    }
    kernel.stages.whole = started.elapsed();
    Ok(Report { seed: Some(trace.header.seed), kernels: vec![kernel] })
}
