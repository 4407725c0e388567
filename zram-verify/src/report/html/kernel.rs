//! Everything about one kernel.

use maud::{Markup, html};

use super::{badge, bar, divergence, grouped, matrix};
use crate::{
    compare::{Level, Strength},
    report::{KernelReport, about_release, stages::tenths},
};

/// The kernel's section.
pub(super) fn section(kernel: &KernelReport) -> Markup {
    html! {
        section id=(kernel.name) {
            header {
                h2 { (kernel.name) " " span.quiet { (about_release(kernel)) } }
                (badge(kernel.verdict()))
            }
            p.quiet {
                (grouped(kernel.operations as u64)) " operations, " (grouped(kernel.events)) " events"
                @if !kernel.profile.is_empty() { "; profile " (kernel.profile) }
                @if let Some(sum) = &kernel.bpf_object { "; BPF object " code { (sum.chars().take(12).collect::<String>()) "…" } }
            }
            @if !kernel.remarks.is_empty() {
                ul.remarks { @for remark in &kernel.remarks { li { (remark) } } }
            }
            @if let Some(trouble) = &kernel.trouble {
                h3 { "Why there is no verdict" }
                pre { (trouble) }
            }
            @for found in &kernel.found { (divergence::found(found)) }
            @if kernel.operations > 0 {
                (comparisons(kernel))
                (skipped(kernel))
                (inputs(kernel))
                (coverage(kernel))
            }
            @if !kernel.stages.whole.is_zero() { (stages(kernel)) }
        }
    }
}

fn comparisons(kernel: &KernelReport) -> Markup {
    html! {
        h3 { "Comparisons by level and strength" }
        div.wide {
            table {
                thead {
                    tr {
                        th { "level" }
                        @for strength in Strength::ALL { th.number { (strength.name()) } }
                        th.number { "skipped" }
                    }
                }
                tbody {
                    @for level in Level::ALL {
                        tr {
                            td { (format!("{level:?} ")) (level.about()) (matrix::strengths(kernel, level, level.about())) }
                            @for strength in Strength::ALL { (count(kernel.tally.made(level, strength))) }
                            (count(kernel.tally.skipped_at(level)))
                        }
                    }
                }
            }
        }
        (matrix::legend())
    }
}

fn count(number: u64) -> Markup {
    html! { td.number { @if number == 0 { span.quiet { "·" } } @else { (grouped(number)) } } }
}

fn skipped(kernel: &KernelReport) -> Markup {
    let rows: Vec<_> = kernel.tally.skipped().collect();
    html! {
        @if !rows.is_empty() {
            h3 { "Not compared" }
            div.wide {
                table {
                    thead { tr { th { "level" } th { "what" } th { "why not" } th.number { "times" } } }
                    tbody {
                        @for (skip, times) in rows {
                            tr {
                                td { (format!("{:?}", skip.level)) }
                                td { (skip.what) }
                                td { (skip.reason) }
                                td.number { (grouped(times)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn inputs(kernel: &KernelReport) -> Markup {
    let rows: Vec<_> = kernel.inputs.rows().into_iter().filter(|(_, count)| *count > 0).collect();
    html! {
        h3 { "Taken from observation" }
        p.quiet { "What the kernel's code does not determine, and the model is therefore told." }
        @if rows.is_empty() { p { "Nothing." } } @else {
            div.wide {
                table {
                    tbody { @for (name, times) in rows { tr { td { (name) } td.number { (grouped(times)) } } } }
                }
            }
        }
    }
}

fn coverage(kernel: &KernelReport) -> Markup {
    let table = kernel.coverage.table();
    let required: Vec<_> = table.iter().filter(|line| line.required).collect();
    let reached = required.iter().filter(|line| line.count > 0).count();
    let failures = kernel.coverage_failures();
    html! {
        h3 { "Coverage" }
        p { (reached) " of " (required.len()) " required corners reached." }
        @if !failures.is_empty() {
            p.zero { "Not reached, which fails the run: " (failures.join(", ")) "." }
        }
        details {
            summary { "Every corner, and how often" }
            div.wide {
                table {
                    thead { tr { th { "group" } th { "corner" } th.number { "times" } } }
                    tbody {
                        @for line in &table {
                            tr {
                                td { (line.group) }
                                td { (line.row) @if !line.required { span.quiet { " (not required)" } } }
                                td.number.zero[line.required && line.count == 0] { (grouped(line.count)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn stages(kernel: &KernelReport) -> Markup {
    let rows = kernel.stages.rows();
    let parts: Vec<(String, f64)> =
        rows.iter().enumerate().map(|(at, (_, time))| (format!("s{at}"), time.as_secs_f64())).collect();
    html! {
        h3 { "Time by stage" }
        p {
            (tenths(kernel.stages.whole)) " in all; "
            (format!("{:.0}", kernel.stages.rate(kernel.operations))) " operations per second. "
            span.quiet { "Within the operations' own system calls: " (tenths(kernel.stages.calls)) "." }
        }
        (bar(&parts, "time by stage"))
        ul.legend {
            @for (at, (name, time)) in rows.iter().enumerate().filter(|(_, (_, time))| time.as_millis() >= 50) {
                li { i class=(format!("s{at}")) {} (name) " " (tenths(*time)) }
            }
        }
    }
}
