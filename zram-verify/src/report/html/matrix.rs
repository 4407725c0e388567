//! Kernel by level: what was compared, how strictly, and what not.

use maud::{Markup, html};

use super::{badge, bar, colour, grouped};
use crate::{
    compare::{Level, Strength},
    report::{KernelReport, Report, stages::tenths},
};

/// The table of all kernels.
pub(super) fn matrix(report: &Report) -> Markup {
    html! {
        section {
            header { h2 { "Kernels and levels" } }
            div.wide {
                table.matrix {
                    thead {
                        tr {
                            th { "kernel" }
                            th { "verdict" }
                            @for level in Level::ALL {
                                th.number { (format!("{level:?}")) span.about { (level.about()) } }
                            }
                            th.number { "operations" span.about { "per second" } }
                            th.number { "time" }
                        }
                    }
                    tbody {
                        @for kernel in &report.kernels {
                            tr {
                                td { a href=(format!("#{}", kernel.name)) { (kernel.name) } br; span.quiet { (kernel.release) } }
                                td { (badge(kernel.verdict())) }
                                @for level in Level::ALL { (cell(kernel, level)) }
                                @if kernel.operations == 0 { (nothing()) (nothing()) } @else {
                                    td.number {
                                        (grouped(kernel.operations as u64)) br;
                                        span.quiet { (format!("{:.0}", kernel.stages.rate(kernel.operations))) }
                                    }
                                    td.number { (tenths(kernel.stages.whole)) }
                                }
                            }
                        }
                    }
                }
            }
            (legend())
        }
    }
}

fn nothing() -> Markup {
    html! { td.number { span.quiet { "–" } } }
}

fn cell(kernel: &KernelReport, level: Level) -> Markup {
    let made: u64 = Strength::ALL.iter().map(|strength| kernel.tally.made(level, *strength)).sum();
    let skipped = kernel.tally.skipped_at(level);
    if made + skipped == 0 {
        return nothing();
    }
    let label = format!("{made} comparisons, {skipped} skipped");
    html! {
        td.number title=(label) {
            (grouped(made))
            @if skipped > 0 { br; span.quiet { (grouped(skipped)) " skipped" } }
            (strengths(kernel, level, &label))
        }
    }
}

/// A bar of how strictly a level was compared.
pub(super) fn strengths(kernel: &KernelReport, level: Level, label: &str) -> Markup {
    let mut parts: Vec<(String, f64)> = Strength::ALL
        .iter()
        .map(|strength| (colour(*strength), kernel.tally.made(level, *strength) as f64))
        .collect();
    parts.push(("skipped".to_owned(), kernel.tally.skipped_at(level) as f64));
    bar(&parts, label)
}

/// What the colours of strengths mean.
pub(super) fn legend() -> Markup {
    html! {
        ul.legend {
            @for strength in Strength::ALL { li { i class=(colour(strength)) {} (strength.name()) } }
            li { i.skipped {} "skipped, with the reason" }
        }
    }
}
