//! A divergence: what the model expected beside what the kernel did, and the shortest way there.

use maud::{Markup, html};
use zram_agent::protocol::Op;

use crate::{
    divergence::{Difference, Timeline},
    report::{Found, Reproduction, counted},
};

/// Differences of an operation that are shown unfolded.
const UNFOLDED: usize = 4;

/// A divergence.
pub(super) fn found(found: &Found) -> Markup {
    let divergence = &found.divergence;
    let short = found.reproduction.as_ref();
    let differences = short.map_or(&divergence.differences, |short| &short.differences);
    let (first, rest) = differences.split_at(differences.len().min(UNFOLDED));
    html! {
        div.fault {
            h3 { "Divergence at operation " (divergence.operation) " (program “" (divergence.theme) "”)" }
            @if short.is_none() { p { code { (text(&divergence.op)) } } }
            @for each in first { (difference(each)) }
            @if !rest.is_empty() {
                details {
                    summary { (counted(rest.len() as u64, "more difference")) " after the same operation" }
                    @for each in rest { (difference(each)) }
                }
            }
            @if let Some(short) = short { (reproduction(short)) }
        }
    }
}

fn difference(difference: &Difference) -> Markup {
    html! {
        h4 {
            (format!("{:?} ", difference.level)) (difference.field)
            span.quiet { " (" (difference.strength.name()) ")" }
        }
        @match &difference.timeline {
            Some(timeline) => (events(timeline)),
            None => (values(&difference.expected, &difference.observed)),
        }
    }
}

/// Two values, from the first character that differs.
fn values(expected: &str, observed: &str) -> Markup {
    let common: usize = expected
        .chars()
        .zip(observed.chars())
        .take_while(|(ours, theirs)| ours == theirs)
        .map(|(ours, _)| ours.len_utf8())
        .sum();
    let side = |name: &str, value: &str| {
        let (same, different) = value.split_at(common);
        html! { div { h4 { (name) } p.value { (same) mark { (different) } } } }
    };
    html! {
        div.sides { (side("expected: the model", expected)) (side("observed: the kernel", observed)) }
    }
}

/// Two sequences of events, row by row.
fn events(timeline: &Timeline) -> Markup {
    let rows = timeline.expected.len().max(timeline.observed.len());
    let event = |events: &[String], row: usize| events.get(row).cloned().unwrap_or_else(|| "·".to_owned());
    html! {
        div.wide {
            table.events {
                thead { tr { th.n { "#" } th { "expected: the model" } th { "observed: the kernel" } } }
                tbody {
                    @for row in 0..rows {
                        @let number = timeline.from + row;
                        tr.first[number == timeline.differs].after[number > timeline.differs] {
                            td.n { (number) }
                            td { (event(&timeline.expected, row)) }
                            td { (event(&timeline.observed, row)) }
                        }
                    }
                }
            }
        }
    }
}

fn reproduction(short: &Reproduction) -> Markup {
    let last = short.ops.len().saturating_sub(1);
    html! {
        h4 {
            "Shortest failing list: " (counted(short.ops.len() as u64, "operation"))
            span.quiet { ", after " (counted(short.attempts as u64, "attempt")) }
        }
        ol.ops {
            @for (at, op) in short.ops.iter().enumerate() { li.last[at == last] { code { (text(op)) } } }
        }
        @if let Some(command) = &short.command {
            p { "Repeat it with:" }
            pre { (command) }
        }
    }
}

fn text(op: &Op) -> String {
    serde_json::to_string(op).unwrap_or_else(|_| op.name().to_owned())
}
