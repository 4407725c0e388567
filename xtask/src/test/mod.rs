//! `cargo xtask test`: everything that must hold before a change lands, by one command, for people and machines alike.
//!
//! All steps run even if one fails, since a list of everything wrong is worth more than the first of it. What a step prints
//! is shown only if it fails; the summary, on standard output, says what each did. Its last line has the counts of tests in the
//! form that tools look for.

mod counts;
mod steps;

use std::fmt::Write as _;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use counts::Counts;
pub(crate) use steps::CONCURRENT;
use steps::STEPS;

use crate::context::Cx;
use crate::interrupt::{self, Interrupted};
use crate::progress;

/// How a step came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Passed,
    Failed,
    /// An optional tool is not there.
    Absent,
}

/// What there is to say about a step.
#[derive(Debug, PartialEq, Eq)]
struct Outcome {
    verdict: Verdict,
    note: String,
    tests: Tests,
}

/// What a step has to do with tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tests {
    /// It has none.
    None,
    /// It has some, and none came to a verdict.
    Missing,
    Ran(Counts),
}

/// A line of the summary.
struct Row {
    name: &'static str,
    outcome: Outcome,
    took: Duration,
}

/// `cargo xtask test`.
pub(crate) fn run(cx: &Cx) -> anyhow::Result<ExitCode> {
    let mut rows = Vec::new();
    for (number, (name, step)) in (1..).zip(STEPS) {
        interrupt::check()?;
        let started = Instant::now();
        let mut task = cx.progress.spinner(&format!("[{number}/{}] {name}", STEPS.len()));
        let outcome = match step(cx, &mut task) {
            Ok(outcome) => outcome,
            Err(error) if error.chain().any(|cause| cause.is::<Interrupted>()) => return Err(error),
            Err(error) => {
                cx.progress.say(&format!("{name} failed: {error:#}"));
                Verdict::Failed.into()
            }
        };
        task.done(outcome.verdict.word());
        rows.push(Row { name, outcome, took: started.elapsed() });
    }
    progress::result(&summary(&rows))?;
    let failed = rows.iter().any(|row| row.outcome.verdict == Verdict::Failed);
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

impl Verdict {
    fn word(self) -> &'static str {
        match self {
            Self::Passed => "ok",
            Self::Failed => "FAILED",
            Self::Absent => "not done",
        }
    }
}

impl Outcome {
    fn new(verdict: Verdict, note: impl Into<String>) -> Self {
        Self { verdict, note: note.into(), tests: Tests::None }
    }

    /// Of a step of tests. One in which no test ran has failed, whatever its exit status.
    fn of_tests(verdict: Verdict, counts: Option<Counts>) -> Self {
        match counts {
            Some(counts) => Self { tests: Tests::Ran(counts), ..Self::new(verdict, counts.to_string()) },
            None => Self { tests: Tests::Missing, ..Self::new(Verdict::Failed, "no test ran") },
        }
    }

    /// Of a program that tells in its last line, after `prefix`, what it did. One that does not say so has not done it.
    fn of_closing_line(verdict: Verdict, output: &str, prefix: &str) -> Self {
        match output.lines().rev().find_map(|line| line.strip_prefix(prefix)) {
            Some(line) => Self::new(verdict, line),
            None => Self::new(Verdict::Failed, "did not come to its end"),
        }
    }
}

impl From<Verdict> for Outcome {
    fn from(verdict: Verdict) -> Self {
        Self::new(verdict, "")
    }
}

fn summary(rows: &[Row]) -> String {
    let mut text = String::from("\n");
    for Row { name, outcome, took } in rows {
        let line =
            format!("{name:14} {:8} {:7.1} s   {}", outcome.verdict.word(), took.as_secs_f64(), outcome.note);
        text.push_str(line.trim_end());
        text.push('\n');
    }
    let count = |verdict| rows.iter().filter(|row| row.outcome.verdict == verdict).count();
    let steps = rows.len();
    // Writing to a string does not fail.
    let _ = match (count(Verdict::Failed), count(Verdict::Absent)) {
        (0, 0) => write!(text, "test: all {steps} steps passed"),
        (0, absent) => {
            write!(text, "test: {} of {steps} steps passed, {absent} not done, none failed", steps - absent)
        }
        (failed, _) => write!(text, "test: {failed} of {steps} steps failed"),
    };
    if let Some(counts) = total(rows) {
        let _ = write!(text, "\n{} passed, {} failed", counts.passed, counts.failed);
    }
    text
}

/// The tests of all steps; nothing if those of a step are not known: half a count would be taken for the whole.
fn total(rows: &[Row]) -> Option<Counts> {
    let mut total = None;
    for row in rows {
        match row.outcome.tests {
            Tests::None => {}
            Tests::Missing => return None,
            Tests::Ran(counts) => total = Some(total.unwrap_or_default() + counts),
        }
    }
    total
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOME: Counts = Counts { passed: 7, failed: 2, skipped: 1 };

    fn row(name: &'static str, outcome: Outcome) -> Row {
        Row { name, outcome, took: Duration::from_millis(1234) }
    }

    #[test]
    fn the_summary_says_what_was_done_and_what_was_not() {
        let rows = [
            row("format", Verdict::Passed.into()),
            row("cargo-deny", Outcome::new(Verdict::Absent, "get it")),
            row("tests", Outcome::of_tests(Verdict::Failed, Some(SOME))),
            row(
                "doc tests",
                Outcome::of_tests(Verdict::Passed, Some(Counts { passed: 3, ..Counts::default() })),
            ),
            row(
                "live run",
                Outcome::of_closing_line(Verdict::Passed, "agrees\nverify: 1 kernel\n", "verify: "),
            ),
        ];
        insta::assert_snapshot!(summary(&rows));
        assert!(summary(&rows[..2]).ends_with("1 of 2 steps passed, 1 not done, none failed"));
        assert!(summary(&rows[..1]).ends_with("all 1 steps passed"));
    }

    #[test]
    fn a_step_that_did_nothing_has_failed() {
        assert_eq!(Outcome::of_tests(Verdict::Passed, None).verdict, Verdict::Failed);
        assert_eq!(Outcome::of_closing_line(Verdict::Passed, "hello\n", "verify: ").verdict, Verdict::Failed);
    }

    #[test]
    fn half_a_count_is_none() {
        let ran = row("doc tests", Outcome::of_tests(Verdict::Passed, Some(SOME)));
        let missing = row("tests", Outcome::of_tests(Verdict::Failed, None));
        assert!(summary(std::slice::from_ref(&ran)).ends_with("\n7 passed, 2 failed"));
        assert!(summary(&[ran, missing]).ends_with("1 of 2 steps failed"));
    }
}
