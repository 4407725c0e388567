//! The outcome of a search as JSON. The fields are described in `docs/verify.md`.

use serde_json::{Value, json};

use super::{NOT_COMPARED, finding::Finding, search::Outcome};

/// Version of the form.
const SCHEMA: u32 = 1;

/// The whole outcome.
#[must_use]
pub fn to_json(outcome: &Outcome, seed: Option<u64>) -> Value {
    json!({
        "schema": SCHEMA,
        "verdict": outcome.verdict(),
        "seed": seed,
        "summary": outcome.closing_line(),
        "sides": outcome.sides,
        "operations": outcome.operations,
        "programs": outcome.programs,
        "events": outcome.events,
        "cut_short": outcome.cut_short,
        "findings": outcome.findings.iter().map(finding).collect::<Vec<_>>(),
        "unsteady": outcome.unsteady.iter().map(|once| json!({
            "signature": once.signature,
            "sides": once.sides,
            "theme": once.theme,
            "operation": once.operation,
        })).collect::<Vec<_>>(),
        "not_compared": NOT_COMPARED,
        "left_out": outcome.left_out,
        "trouble": outcome.trouble,
    })
}

fn finding(finding: &Finding) -> Value {
    json!({
        "number": finding.number,
        "signature": finding.signature,
        "weight": finding.weight(),
        "differences": finding.partings,
        "ops": finding.ops,
        "after": finding.after,
        "theme": finding.theme,
        "operation": finding.operation,
        "attempts": finding.attempts,
        "met": finding.met,
        "file": finding.file,
    })
}
