//! The report as it stands on a terminal.

use std::io::{self, Write};

use super::{Found, KernelReport, Paint, Report, Verdict, about_release, counted, stages::tenths, timeline};
use crate::{
    compare::{Level, Strength},
    coverage::{ENOUGH_OPERATIONS, Line},
    divergence::Difference,
};

/// Operations of a reproduction that are printed; the file has them all.
const SHOWN_OPS: usize = 24;

/// Prints what was found out about a kernel.
///
/// # Errors
/// When nobody reads any more.
pub fn kernel(out: &mut impl Write, report: &KernelReport, paint: Paint, verbose: bool) -> io::Result<()> {
    headline(out, report, paint)?;
    for remark in &report.remarks {
        // What a machine said last comes in lines of its own.
        let mut lines = remark.lines();
        paragraph(out, paint, &paint.odd(lines.next().unwrap_or_default()))?;
        for line in lines {
            writeln!(out, "  {line}")?;
        }
    }
    if report.operations > 0 {
        comparisons(out, report, paint)?;
        inputs(out, report, paint)?;
        completions(out, report, paint)?;
        skipped(out, report, paint)?;
        coverage(out, report, paint, verbose)?;
    }
    for found in &report.found {
        writeln!(out)?;
        divergence(out, found, paint)?;
    }
    if let Some(trouble) = &report.trouble {
        writeln!(out, "\n{} {trouble}", paint.bad("no verdict:"))?;
    }
    writeln!(out)
}

fn headline(out: &mut impl Write, report: &KernelReport, paint: Paint) -> io::Result<()> {
    let verdict = verdict(report, paint, 0);
    writeln!(out, "{}  {}  {verdict}", paint.bold(&report.name), about_release(report))?;
    let restarts = match report.restarts {
        0 => String::new(),
        1 => ", machine started again once".to_owned(),
        n => format!(", machine started again {n} times"),
    };
    if report.release.is_empty() {
        return Ok(());
    }
    let object = report.bpf_object.as_ref().map_or_else(String::new, |sum| {
        format!(", BPF object {}…", sum.chars().take(12).collect::<String>())
    });
    let text = format!(
        "{} operations, {} events in {}{restarts}; profile {}{object}",
        report.operations,
        report.events,
        tenths(report.stages.whole),
        report.profile,
    );
    paragraph(out, paint, &text)?;
    let rate = report.stages.rate(report.operations);
    paragraph(out, paint, &format!("{rate:.0} operations per second; {}", report.stages.line()))
}

/// A verdict in a word, filled up to a width.
fn verdict(report: &KernelReport, paint: Paint, width: usize) -> String {
    match report.verdict() {
        Verdict::Agreement => paint.good(&format!("{:width$}", "agrees")),
        Verdict::Trouble => paint.bad(&format!("{:width$}", "no verdict")),
        Verdict::Divergence if report.found.is_empty() => paint.bad(&format!("{:width$}", "incomplete")),
        Verdict::Divergence => paint.bad(&format!("{:width$}", "differs")),
    }
}

/// All kernels at a glance, where there are several.
///
/// # Errors
/// When nobody reads any more.
pub fn matrix(out: &mut impl Write, report: &Report, paint: Paint) -> io::Result<()> {
    if report.kernels.len() < 2 {
        return Ok(());
    }
    let names = report.kernels.iter().map(|kernel| kernel.name.len()).max().unwrap_or(0).max("kernel".len());
    let header = format!(
        "{:names$}  {:10}  {:>10}  {:>11}  {:>7}  {:>5}  {:>8}",
        "kernel", "verdict", "operations", "comparisons", "skipped", "per s", "time"
    );
    writeln!(out, "{}", paint.bold(&header))?;
    for kernel in &report.kernels {
        writeln!(
            out,
            "{:names$}  {}  {:>10}  {:>11}  {:>7}  {:>5.0}  {:>8}",
            kernel.name,
            verdict(kernel, paint, 10),
            kernel.operations,
            kernel.tally.total(),
            kernel.tally.total_skipped(),
            kernel.stages.rate(kernel.operations),
            tenths(kernel.stages.whole)
        )?;
    }
    writeln!(out)
}

/// A sentence that may be long, in lines of 80 columns or as many as there are; those after the first stand further in.
fn paragraph(out: &mut impl Write, paint: Paint, text: &str) -> io::Result<()> {
    let shape = textwrap::Options::new(paint.paragraph())
        .initial_indent("  ")
        .subsequent_indent("      ")
        .break_words(false)
        .word_splitter(textwrap::WordSplitter::NoHyphenation);
    writeln!(out, "{}", textwrap::fill(text, shape))
}

fn comparisons(out: &mut impl Write, report: &KernelReport, paint: Paint) -> io::Result<()> {
    let mut header = format!("  {:<26}", "comparisons");
    for strength in Strength::ALL {
        header.push_str(&format!("{:>11}", last_word(strength.name())));
    }
    header.push_str(&format!("{:>8}", "skipped"));
    writeln!(out, "\n{}", paint.bold(&header))?;
    for level in Level::ALL {
        write!(out, "  {:<26}", format!("{level:?} {}", level.about()))?;
        for strength in Strength::ALL {
            let made = report.tally.made(level, strength);
            let cell = if made == 0 { "·".to_owned() } else { made.to_string() };
            write!(out, "{cell:>11}")?;
        }
        let skipped = report.tally.skipped_at(level);
        let cell = if skipped == 0 { "·".to_owned() } else { skipped.to_string() };
        writeln!(out, "{cell:>8}")?;
    }
    Ok(())
}

/// The table is to fit 80 columns: "at quiescence" is headed "quiescence".
fn last_word(name: &str) -> &str {
    name.rsplit(' ').next().unwrap_or(name)
}

fn inputs(out: &mut impl Write, report: &KernelReport, paint: Paint) -> io::Result<()> {
    let rows = report.inputs.rows();
    let taken: Vec<_> =
        rows.iter().filter(|(_, count)| *count > 0).map(|(name, count)| format!("{count} {name}")).collect();
    let taken = if taken.is_empty() { "nothing".to_owned() } else { taken.join(", ") };
    writeln!(out)?;
    paragraph(out, paint, &format!("{} {taken}", paint.bold("taken from observation:")))
}

/// How much of L4's claim about interrupts was tried.
fn completions(out: &mut impl Write, report: &KernelReport, paint: Paint) -> io::Result<()> {
    let (interrupts, elsewhere) = report.completions;
    if interrupts + elsewhere == 0 {
        return Ok(());
    }
    let text = format!(
        "{} {interrupts} in interrupts, {elsewhere} elsewhere",
        paint.bold("completions of backing devices:")
    );
    paragraph(out, paint, &text)
}

fn skipped(out: &mut impl Write, report: &KernelReport, paint: Paint) -> io::Result<()> {
    for (skip, count) in report.tally.skipped() {
        let text = format!("{:?} {}: {}", skip.level, skip.what, skip.reason);
        paragraph(out, paint, &format!("{} {count} × {text}", paint.odd("skipped:")))?;
    }
    Ok(())
}

fn coverage(out: &mut impl Write, report: &KernelReport, paint: Paint, verbose: bool) -> io::Result<()> {
    let table = report.coverage.table();
    let required: Vec<&Line> = table.iter().filter(|line| line.required).collect();
    let reached = required.iter().filter(|line| line.count > 0).count();
    let groups = groups(&required);
    let summary = format!(
        "{} {reached} of {} required rows reached ({})",
        paint.bold("coverage:"),
        required.len(),
        groups.join(", ")
    );
    paragraph(out, paint, &summary)?;
    missing(out, report, paint)?;
    if verbose {
        for line in &table {
            writeln!(out, "    {:<22}{:<48}{:>8}", line.group, line.row, line.count)?;
            if let Some(reason) = line.waived {
                writeln!(out, "      {}", paint.dim(&format!("not required: {reason}")))?;
            }
        }
    }
    Ok(())
}

/// Rows at zero, where that means something: a run that was cut short reaches little.
fn missing(out: &mut impl Write, report: &KernelReport, paint: Paint) -> io::Result<()> {
    for row in report.coverage_failures() {
        writeln!(out, "  {} {row}", paint.bad("not reached:"))?;
    }
    if report.generated && report.operations < ENOUGH_OPERATIONS {
        let note =
            format!("(coverage is part of the verdict from {ENOUGH_OPERATIONS} operations on; -v shows it)");
        paragraph(out, paint, &paint.dim(&note))?;
    }
    Ok(())
}

fn groups(required: &[&Line]) -> Vec<String> {
    let mut names: Vec<&str> = Vec::new();
    for line in required {
        if !names.contains(&line.group) {
            names.push(line.group);
        }
    }
    names
        .iter()
        .map(|name| {
            let of = required.iter().filter(|line| line.group == *name);
            let reached = of.clone().filter(|line| line.count > 0).count();
            format!("{name} {reached}/{}", of.count())
        })
        .collect()
}

/// Prints a divergence and the shortest way to it.
///
/// # Errors
/// When nobody reads any more.
pub fn divergence(out: &mut impl Write, found: &Found, paint: Paint) -> io::Result<()> {
    let divergence = &found.divergence;
    let op = serde_json::to_string(&divergence.op).unwrap_or_else(|_| divergence.op.name().to_owned());
    writeln!(
        out,
        "{} at operation {} (program \"{}\"): {}",
        paint.bad("DIVERGENCE"),
        divergence.operation,
        divergence.theme,
        cut(&op, 300)
    )?;
    let shown = found.reproduction.as_ref().map_or(&divergence.differences, |short| &short.differences);
    for each in shown.iter().take(4) {
        difference(out, each, paint)?;
    }
    if shown.len() > 4 {
        writeln!(out, "  … and {} more differences after the same operation", shown.len() - 4)?;
    }
    let Some(short) = &found.reproduction else { return Ok(()) };
    writeln!(
        out,
        "  {} {}, after {}:",
        paint.bold("shortest failing list:"),
        counted(short.ops.len() as u64, "operation"),
        counted(short.attempts as u64, "attempt")
    )?;
    for op in short.ops.iter().take(SHOWN_OPS) {
        let text = serde_json::to_string(op).unwrap_or_else(|_| op.name().to_owned());
        writeln!(out, "    {}", cut(&text, 200))?;
    }
    if short.ops.len() > SHOWN_OPS {
        writeln!(out, "    … and {} more", short.ops.len() - SHOWN_OPS)?;
    }
    if let Some(command) = &short.command {
        writeln!(out, "  {}\n    {command}", paint.bold("repeat it with:"))?;
    }
    Ok(())
}

fn difference(out: &mut impl Write, difference: &Difference, paint: Paint) -> io::Result<()> {
    let what = format!("{:?} {} ({})", difference.level, difference.field, difference.strength.name());
    writeln!(out, "  {}", paint.bold(&what))?;
    writeln!(out, "    expected  {}", cut(&difference.expected, 400))?;
    writeln!(out, "    observed  {}", cut(&difference.observed, 400))?;
    let events = difference.timeline.iter().flat_map(|timeline| timeline::lines(timeline, paint));
    for line in events.chain(difference.context.iter().cloned()) {
        writeln!(out, "    {}", paint.dim(&line))?;
    }
    Ok(())
}

fn cut(text: &str, most: usize) -> String {
    let mut short: String = text.chars().take(most).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}
