//! `doctor`: what is wrong or wasteful about zram here, and what mends it.

use std::io::Write;

use serde::Serialize;
use zram_host::Machine;

use super::{json, paragraph};
#[cfg(feature = "sample")]
use crate::doctor::sample;
use crate::{
    cli::Doctor,
    doctor::{Finding, examine, look},
    severity::Severity,
};

/// The document of `--json`.
#[derive(Serialize)]
struct Document<'a> {
    findings: &'a [Finding],
    #[cfg(feature = "sample")]
    samples: &'a [sample::Sample],
}

/// What was asked for with `--check`, and is so. Not a failure of this program, which is why it has an exit status of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} found", number(*problems, "problem"))]
pub struct Unwell {
    /// How many problems there are.
    pub problems: usize,
}

/// Says it.
///
/// # Errors
/// When the machine cannot be looked at; and, if it was asked for, [`Unwell`] when there is a problem.
pub fn run(options: &Doctor, machine: &mut dyn Machine, out: &mut dyn Write) -> anyhow::Result<()> {
    let looked = look(machine, options.device, options.samples().is_some())?;
    #[cfg_attr(not(feature = "sample"), expect(unused_mut, reason = "only a sample adds findings"))]
    let mut findings = examine(machine, &looked);
    #[cfg(feature = "sample")]
    let samples = {
        let samples = sampled(options, machine, &looked)?;
        findings.extend(samples.iter().filter_map(sample::finding));
        crate::doctor::sort(&mut findings);
        samples
    };
    if options.json {
        json(
            out,
            &Document {
                findings: &findings,
                #[cfg(feature = "sample")]
                samples: &samples,
            },
        )?;
    } else {
        for finding in &findings {
            print(out, finding)?;
        }
        let devices = looked.patients.len();
        let devices = match devices {
            0 => "No device is set up".to_owned(),
            devices => format!("{} looked at", number(devices, "device")),
        };
        writeln!(out, "{devices}: {}.", counted(&findings))?;
        #[cfg(feature = "sample")]
        for sample in &samples {
            table(out, sample)?;
        }
    }
    let problems = findings.iter().filter(|finding| finding.severity == Severity::Problem).count();
    anyhow::ensure!(!options.check || problems == 0, Unwell { problems });
    Ok(())
}

fn print(out: &mut dyn Write, finding: &Finding) -> std::io::Result<()> {
    let indent = " ".repeat(9);
    paragraph(out, &format!("{:<8} ", finding.severity.styled()), &indent, &finding.seen)?;
    paragraph(out, &indent, &indent, &finding.why)?;
    paragraph(out, "      -> ", &indent, &finding.mend)
}

fn counted(findings: &[Finding]) -> String {
    let kinds = [Severity::Problem, Severity::Waste, Severity::Note].map(|severity| {
        let count = findings.iter().filter(|finding| finding.severity == severity).count();
        (count > 0).then(|| match severity {
            Severity::Waste => format!("{count} wasteful"),
            severity => number(count, &severity.to_string()),
        })
    });
    let kinds: Vec<String> = kinds.into_iter().flatten().collect();
    if kinds.is_empty() { "nothing was found".to_owned() } else { kinds.join(", ") }
}

fn number(count: usize, of: &str) -> String {
    if count == 1 { format!("1 {of}") } else { format!("{count} {of}s") }
}

#[cfg(feature = "sample")]
fn sampled(
    options: &Doctor,
    machine: &mut dyn Machine,
    looked: &crate::doctor::Looked,
) -> anyhow::Result<Vec<sample::Sample>> {
    let Some(wanted) = options.samples() else { return Ok(Vec::new()) };
    let has_pages = |patient: &&crate::doctor::Patient| {
        // An empty device is no failure unless it is the one that was asked for.
        options.device.is_some() || patient.slots.as_ref().is_none_or(|slots| !slots.samples.is_empty())
    };
    looked
        .patients
        .iter()
        .filter(has_pages)
        .map(|patient| sample::sample(machine, looked, patient, wanted))
        .collect()
}

#[cfg(feature = "sample")]
fn table(out: &mut dyn Write, sample: &sample::Sample) -> std::io::Result<()> {
    use crate::{size::human, style};
    writeln!(
        out,
        "\n{}: a sample of {} of {} pages in memory, none of them marked as idle",
        style::key(sample.device.to_string()),
        sample.pages,
        sample.in_memory
    )?;
    let heading = "  ALGORITHM   RATIO  AS THEY ARE  A PAGE TAKES  ALL TAKE";
    writeln!(out, "{}", style::heading(heading))?;
    for outcome in &sample.algorithms {
        let mark = if outcome.primary { "*" } else { " " };
        writeln!(
            out,
            "{mark} {:<9} {:>7.2} {:>11}% {:>13} {:>9}",
            outcome.algorithm,
            outcome.ratio,
            outcome.incompressible,
            human(outcome.memory_per_page),
            human(outcome.memory)
        )?;
    }
    let legend = "  * is in use; each with its default parameters; memory by size classes";
    writeln!(out, "{}", style::dim(legend))?;
    if !sample.not_tried.is_empty() {
        writeln!(out, "  not tried, since this program does not have them: {}", sample.not_tried.join(", "))?;
    }
    Ok(())
}
