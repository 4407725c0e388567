//! The outcome of a search as it stands on a terminal.

use std::io::{self, Write};

use super::{NOT_COMPARED, Weight, finding::Finding, search::Outcome};
use crate::report::Paint;

/// Most lines of timelines that are printed for a finding; the file has them all.
const SHOWN: usize = 60;

/// Longest value in the table.
const CELL: usize = 60;

impl Outcome {
    /// In a word: `same`, `different` or `trouble`.
    #[must_use]
    pub fn verdict(&self) -> &'static str {
        match (self.findings.is_empty(), &self.trouble) {
            (false, _) => "different",
            (true, Some(_)) => "trouble",
            (true, None) => "same",
        }
    }

    /// The exit status that says so.
    #[must_use]
    pub fn exit_status(&self) -> u8 {
        match self.verdict() {
            "same" => 0,
            "different" => 1,
            _ => 2,
        }
    }

    /// The last line.
    #[must_use]
    pub fn closing_line(&self) -> String {
        let facts = self.of(Weight::Fact).count();
        let after = self.findings.iter().filter(|finding| !finding.after.is_empty()).count();
        format!(
            "diff: {} operations on each, {} + {} events, {} findings ({facts} of them facts, {after} after another), {} unsteady",
            self.operations,
            self.events[0],
            self.events[1],
            self.findings.len(),
            self.unsteady.len()
        )
    }

    fn of(&self, weight: Weight) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(move |finding| finding.weight() == weight)
    }
}

/// Prints the timelines of what was found, a table of it, and what was not compared.
///
/// # Errors
/// When nobody reads any more.
pub fn print(out: &mut impl Write, outcome: &Outcome, paint: Paint) -> io::Result<()> {
    let names: Vec<&str> = outcome.sides.iter().map(|side| side.name.as_str()).collect();
    let [a, b] = [names.first().unwrap_or(&"a"), names.get(1).unwrap_or(&"b")];
    let behaviours = outcome.findings.iter().filter(|finding| finding.weight() != Weight::Fact);
    for finding in behaviours {
        writeln!(
            out,
            "{} {}",
            paint.bad(&format!("{}.", finding.number)),
            paint.bold(&finding.signature.to_string())
        )?;
        if !finding.after.is_empty() {
            let numbers: Vec<String> = finding.after.iter().map(ToString::to_string).collect();
            writeln!(out, "   after {}, and perhaps because of it", numbers.join(", "))?;
        }
        let text = finding.timeline.text([a, b]);
        let lines: Vec<&str> = text.lines().collect();
        let from = lines.len().saturating_sub(SHOWN);
        if from > 0 {
            writeln!(out, "{}", paint.dim(&format!("      ({from} lines before these are in the file)")))?;
        }
        for line in &lines[from..] {
            writeln!(out, "{line}")?;
        }
        writeln!(out)?;
    }
    for side in &outcome.sides {
        let restarts = match side.restarts {
            0 => String::new(),
            n => format!(", started again {n} times"),
        };
        let probes = if side.probes { "" } else { ", no probes" };
        writeln!(out, "{}  {}{probes}{restarts}", paint.bold(&side.name), side.release)?;
    }
    table(out, outcome, [a, b], paint)?;
    for once in &outcome.unsteady {
        let text = format!(
            "{} {}: {} | {}; played again, it did not come again (theme {}, operation {})",
            paint.odd("unsteady:"),
            once.signature,
            cut(&once.sides[0]),
            cut(&once.sides[1]),
            once.theme,
            once.operation
        );
        paragraph(out, &text)?;
    }
    for text in NOT_COMPARED {
        paragraph(out, &format!("{} {text}", paint.odd("not compared:")))?;
    }
    for (what, count) in &outcome.left_out {
        paragraph(out, &format!("{} {count} × {what}", paint.odd("left out:")))?;
    }
    if outcome.cut_short {
        paragraph(
            out,
            &paint.odd("ended because there were findings enough (--findings); there may be more"),
        )?;
    }
    if let Some(trouble) = &outcome.trouble {
        writeln!(out, "{} {trouble}", paint.bad("trouble:"))?;
    }
    writeln!(out, "{}", outcome.closing_line())
}

fn table(out: &mut impl Write, outcome: &Outcome, [a, b]: [&str; 2], paint: Paint) -> io::Result<()> {
    if outcome.findings.is_empty() {
        return writeln!(out, "  {}", paint.good("no difference"));
    }
    let header = format!("   #  ops   met  difference: {a} | {b}");
    writeln!(out, "\n{}", paint.bold(&header))?;
    for finding in &outcome.findings {
        let after = match &finding.after[..] {
            [] => String::new(),
            numbers => {
                let numbers: Vec<String> = numbers.iter().map(ToString::to_string).collect();
                format!(" (after {})", numbers.join(", "))
            }
        };
        let [ours, theirs] = finding.sides();
        writeln!(
            out,
            "{:>4} {:>4} {:>5}  {}{after}: {} | {}",
            finding.number,
            finding.ops.len(),
            finding.met,
            finding.signature,
            cut(ours),
            cut(theirs)
        )?;
        if let Some(file) = &finding.file {
            writeln!(out, "{}", paint.dim(&format!("                 {}", file.display())))?;
        }
    }
    writeln!(out)
}

fn cut(text: &str) -> String {
    let short: String = text.chars().take(CELL).collect();
    if short.len() < text.len() { short + "…" } else { short }
}

fn paragraph(out: &mut impl Write, text: &str) -> io::Result<()> {
    let shape = textwrap::Options::new(100)
        .initial_indent("  ")
        .subsequent_indent("      ")
        .break_words(false)
        .word_splitter(textwrap::WordSplitter::NoHyphenation);
    writeln!(out, "{}", textwrap::fill(text, shape))
}
