//! The report as one HTML file: for a browser, an attachment, a CI artefact.
//!
//! It loads nothing and runs nothing: styles stand in the file, there are no scripts, and what can be folded away is folded by
//! the browser itself. Light or dark is the reader's setting. Every text that comes from a kernel or an operation is escaped by
//! the template engine.

mod divergence;
mod kernel;
mod matrix;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::{Report, Verdict};
use crate::compare::Strength;

/// The whole file.
#[must_use]
pub fn to_html(report: &Report) -> String {
    let verdict = report.verdict();
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { "zram: model and kernel: " (spoken(verdict)) }
                style { (PreEscaped(include_str!("style.css"))) }
            }
            body {
                main {
                    h1 { "zram: the model held against the kernel" }
                    p { (badge(verdict)) " " span.quiet { (origin(report)) } }
                    p.closing { (report.closing_line()) }
                    @if report.kernels.len() > 1 {
                        (matrix::matrix(report))
                    }
                    @for kernel in &report.kernels {
                        (kernel::section(kernel))
                    }
                    footer {
                        p {
                            "A comparison is counted each time it is made, and the whole state is compared anew after every operation. "
                            "What the words mean: docs/verify.md. Made by zram-verify " (env!("CARGO_PKG_VERSION")) "."
                        }
                    }
                }
            }
        }
    };
    page.into_string()
}

fn origin(report: &Report) -> String {
    match report.seed {
        Some(seed) => format!("operations generated from seed {seed}"),
        None => "operations from a file".to_owned(),
    }
}

fn badge(verdict: Verdict) -> Markup {
    html! { span.badge.(verdict.name()) { (spoken(verdict)) } }
}

/// The verdict as it is told to people.
fn spoken(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Agreement => "agreement",
        Verdict::Trouble => "no verdict",
        Verdict::Divergence => "divergence",
    }
}

/// The class that a strength has in the style sheet.
fn colour(strength: Strength) -> String {
    strength.name().replace(' ', "-")
}

/// A number with its thousands apart, by a space that does not break.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

/// A bar of parts; those of nothing are left out.
fn bar(parts: &[(String, f64)], label: &str) -> Markup {
    let sum: f64 = parts.iter().map(|(_, part)| part).sum();
    html! {
        div.bar role="img" aria-label=(label) {
            @for (class, part) in parts.iter().filter(|(_, part)| *part > 0.0) {
                i class=(class) style=(format!("flex:{:.4}", part / sum)) {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_in_groups() {
        assert_eq!(grouped(7), "7");
        assert_eq!(grouped(1_234), "1\u{202f}234");
        assert_eq!(grouped(1_234_567), "1\u{202f}234\u{202f}567");
    }
}
