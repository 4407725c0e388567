//! `caps`: what this kernel can do for zram, and why it cannot.

use std::io::Write;

use zram_host::{
    Machine,
    machine::{
        Capabilities, capabilities,
        capabilities::{Ability, Feature},
    },
};

use super::{json, paragraph};
use crate::{cli::Caps, style};

/// Prints it.
///
/// # Errors
/// When there is no such device, or it cannot be printed.
pub fn run(options: &Caps, machine: &mut dyn Machine, out: &mut dyn Write) -> anyhow::Result<()> {
    let report = capabilities(machine, options.device)?;
    if options.json { json(out, &report) } else { Ok(print(out, &report)?) }
}

fn print(out: &mut dyn Write, report: &Capabilities) -> std::io::Result<()> {
    let release = report.release.as_ref().map_or("of a release that it does not say", |release| &release.0);
    let release = style::heading(format!("Linux {release}"));
    match report.device {
        Some(device) => writeln!(out, "{release}, told from {}", style::key(device.to_string()))?,
        None => writeln!(out, "{release}, without a zram device to look at")?,
    }
    group(out, report, |feature| !feature.is_for_probes())?;
    writeln!(out, "{}", style::heading("Probes"))?;
    group(out, report, Feature::is_for_probes)?;
    if report.device.is_some() {
        paragraph(
            out,
            &format!("{}  ", style::heading("Algorithms")),
            "            ",
            &report.algorithms.join(" "),
        )?;
        paragraph(
            out,
            &format!("{}  ", style::heading("Attributes")),
            "            ",
            &report.attributes.join(" "),
        )?;
    }
    match &report.options {
        Some(options) => {
            writeln!(out, "{}", style::heading(format!("Options, from {}", options.path)))?;
            let set: Vec<String> =
                options.set.iter().map(|(name, value)| format!("{name}={value}")).collect();
            paragraph(out, "  ", "  ", &set.join(" "))
        }
        None => {
            writeln!(out, "{}     no configuration of this kernel's can be read", style::heading("Options"))
        }
    }
}

fn group(out: &mut dyn Write, report: &Capabilities, is: impl Fn(Feature) -> bool) -> std::io::Result<()> {
    for Ability { feature, able, why } in &report.abilities {
        if is(*feature) {
            let able = match able {
                Some(true) => style::good("yes"),
                Some(false) => style::warning("no"),
                None => style::styled(style::PLAIN, "?"),
            };
            paragraph(out, &format!("  {able:<4} {:<27}", feature.about()), &" ".repeat(34), why)?;
        }
    }
    Ok(())
}
