//! The report as JSON. The fields are described in `docs/verify.md`.

use serde_json::{Value, json};

use super::{Found, KernelReport, Report};
use crate::compare::{Level, Strength};

/// Version of the form.
pub const SCHEMA: u32 = 2;

/// The whole report.
#[must_use]
pub fn to_json(report: &Report) -> Value {
    let [operations, events, comparisons, divergences, skipped] = report.totals();
    json!({
        "schema": SCHEMA,
        "verdict": report.verdict().name(),
        "seed": report.seed,
        "summary": report.closing_line(),
        "totals": {
            "kernels": report.kernels.len(),
            "operations": operations,
            "events": events,
            "comparisons": comparisons,
            "divergences": divergences,
            "checks_skipped": skipped,
        },
        "kernels": report.kernels.iter().map(kernel).collect::<Vec<_>>(),
    })
}

fn kernel(report: &KernelReport) -> Value {
    let mut comparisons = Vec::new();
    for level in Level::ALL {
        for strength in Strength::ALL {
            let count = report.tally.made(level, strength);
            if count > 0 {
                comparisons.push(json!({"level": level, "strength": strength, "count": count}));
            }
        }
    }
    let skipped: Vec<Value> = report
        .tally
        .skipped()
        .map(|(skip, count)| {
            json!({"level": skip.level, "what": skip.what, "reason": skip.reason, "count": count})
        })
        .collect();
    json!({
        "name": report.name,
        "version": report.release,
        "bpf_object": report.bpf_object,
        "profile": report.profile,
        "origin": report.origin,
        "verdict": report.verdict().name(),
        "remarks": report.remarks,
        "operations": report.operations,
        "events": report.events,
        "comparisons": comparisons,
        "skipped": skipped,
        "completions": { "in_interrupts": report.completions.0, "elsewhere": report.completions.1 },
        "inputs": report.inputs,
        "coverage": report.coverage.table(),
        "coverage_failures": report.coverage_failures(),
        "divergences": report.found.iter().map(found).collect::<Vec<_>>(),
        "trouble": report.trouble,
        "restarts": report.restarts,
        "seconds": report.stages.whole.as_secs_f64(),
        "operations_per_second": report.stages.rate(report.operations),
        "stages": stages(report),
    })
}

fn stages(report: &KernelReport) -> Value {
    let rows =
        report.stages.rows().into_iter().map(|(name, time)| (name.to_owned(), json!(time.as_secs_f64())));
    let calls = ("system_calls".to_owned(), json!(report.stages.calls.as_secs_f64()));
    Value::Object(rows.chain([calls]).collect())
}

fn found(found: &Found) -> Value {
    json!({
        "operation": found.divergence.operation,
        "theme": found.divergence.theme,
        "op": found.divergence.op,
        "differences": found.divergence.differences,
        "reproduction": found.reproduction.as_ref().map(|short| json!({
            "ops": short.ops,
            "file": short.file,
            "command": short.command,
            "attempts": short.attempts,
            "differences": short.differences,
        })),
    })
}
