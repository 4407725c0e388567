//! `cargo xtask test`: everything that must hold before a change lands, by one command, for people and machines alike.
//!
//! All steps run even if one fails, since a list of everything wrong is worth more than the first of it. What a step prints
//! is shown only if it fails.

use std::fmt::Write as _;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

use crate::context::Cx;
use crate::interrupt::{self, Interrupted};
use crate::progress::Task;
use crate::qemu::Accel;
use crate::toolchain::in_path;
use crate::{child, cli, verify};

/// Operations of the live run: enough to come past every kind of operation once.
const SMOKE_OPERATIONS: u32 = 300;

/// How a step came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Passed,
    Failed,
    /// An optional tool is not there.
    Absent(&'static str),
}

/// A line of the summary.
struct Row {
    name: &'static str,
    verdict: Verdict,
    took: Duration,
}

type Step = fn(&Cx, &mut Task) -> anyhow::Result<Verdict>;

/// In the order of how soon they tell something.
const STEPS: [(&str, Step); 8] = [
    ("format", format),
    ("clippy", clippy),
    ("cargo-deny", deny),
    ("tests", tests),
    ("doc tests", doc_tests),
    ("documentation", documentation),
    ("BPF object", bpf_object),
    ("live run", live_run),
];

/// `cargo xtask test`.
pub(crate) fn run(cx: &Cx) -> anyhow::Result<ExitCode> {
    let mut rows = Vec::new();
    for (number, (name, step)) in (1..).zip(STEPS) {
        interrupt::check()?;
        let started = Instant::now();
        let mut task = cx.progress.spinner(&format!("[{number}/{}] {name}", STEPS.len()));
        let verdict = match step(cx, &mut task) {
            Ok(verdict) => verdict,
            Err(error) if error.chain().any(|cause| cause.is::<Interrupted>()) => return Err(error),
            Err(error) => {
                cx.progress.say(&format!("{name} failed: {error:#}"));
                Verdict::Failed
            }
        };
        task.done(verdict.word());
        rows.push(Row { name, verdict, took: started.elapsed() });
    }
    cx.progress.say(&summary(&rows));
    let failed = rows.iter().any(|row| row.verdict == Verdict::Failed);
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

impl Verdict {
    fn word(self) -> &'static str {
        match self {
            Self::Passed => "ok",
            Self::Failed => "FAILED",
            Self::Absent(_) => "not done",
        }
    }
}

fn summary(rows: &[Row]) -> String {
    let mut text = String::from("\n");
    for row in rows {
        let note = match row.verdict {
            Verdict::Absent(note) => format!("   {note}"),
            Verdict::Passed | Verdict::Failed => String::new(),
        };
        // Writing to a string does not fail.
        let _ =
            writeln!(text, "{:14} {:8} {:7.1} s{note}", row.name, row.verdict.word(), row.took.as_secs_f64());
    }
    let failed = rows.iter().filter(|row| row.verdict == Verdict::Failed).count();
    let _ = match failed {
        0 => write!(text, "test: all {} steps done, none failed", rows.len()),
        failed => write!(text, "test: {failed} of {} steps failed", rows.len()),
    };
    text
}

fn format(cx: &Cx, task: &mut Task) -> anyhow::Result<Verdict> {
    require_component(cx, "fmt", "rustfmt")?;
    cargo(cx, task, &["fmt", "--all", "--check"])
}

fn clippy(cx: &Cx, task: &mut Task) -> anyhow::Result<Verdict> {
    require_component(cx, "clippy", "clippy")?;
    cargo(cx, task, &["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"])
}

fn deny(cx: &Cx, task: &mut Task) -> anyhow::Result<Verdict> {
    if in_path("cargo-deny").is_none() {
        return Ok(Verdict::Absent("no cargo-deny here: cargo install --locked cargo-deny"));
    }
    let here = cargo(cx, task, &["deny", "check", "bans", "licenses", "sources"])?;
    if here == Verdict::Failed {
        return Ok(here);
    }
    // Advisories come from a repository of their own, which not every machine can reach.
    let mut advisories = cx.cargo();
    let output = child::run(advisories.args(["deny", "check", "advisories"]), |line| task.tick(line))?;
    if output.success {
        return Ok(Verdict::Passed);
    }
    if output.all.contains("failed to fetch advisory database") {
        return Ok(Verdict::Absent(
            "licences, bans and sources are fine; the advisory database is out of reach",
        ));
    }
    cx.progress.say(&format!("\n`{}` failed:\n{}", child::shown(&advisories), output.all));
    Ok(Verdict::Failed)
}

fn tests(cx: &Cx, task: &mut Task) -> anyhow::Result<Verdict> {
    if in_path("cargo-nextest").is_some() {
        cargo(cx, task, &["nextest", "run", "--workspace", "--no-fail-fast"])
    } else {
        cargo(cx, task, &["test", "--workspace", "--all-targets", "--no-fail-fast"])
    }
}

fn doc_tests(cx: &Cx, task: &mut Task) -> anyhow::Result<Verdict> {
    cargo(cx, task, &["test", "--workspace", "--doc", "--no-fail-fast"])
}

fn documentation(cx: &Cx, task: &mut Task) -> anyhow::Result<Verdict> {
    let mut command = cx.cargo();
    command.args(["doc", "--workspace", "--no-deps"]).env("RUSTDOCFLAGS", "-D warnings");
    passed(cx, task, &mut command)
}

fn bpf_object(cx: &Cx, _: &mut Task) -> anyhow::Result<Verdict> {
    crate::bpf::build(cx, true)?;
    Ok(Verdict::Passed)
}

fn live_run(cx: &Cx, task: &mut Task) -> anyhow::Result<Verdict> {
    let mut command = verify::run_command(cx, &cli::Targets::default(), Accel::default())
        .context("the live run could not take place")?;
    command.args(["--ops", &SMOKE_OPERATIONS.to_string()]);
    passed(cx, task, &mut command)
}

fn cargo(cx: &Cx, task: &mut Task, arguments: &[&str]) -> anyhow::Result<Verdict> {
    passed(cx, task, cx.cargo().args(arguments))
}

/// Runs a step's command; what it printed is shown if it failed.
fn passed(cx: &Cx, task: &mut Task, command: &mut Command) -> anyhow::Result<Verdict> {
    let output = child::run(command, |line| task.tick(line))?;
    if output.success {
        return Ok(Verdict::Passed);
    }
    cx.progress.say(&format!("\n`{}` failed:\n{}", child::shown(command), output.all));
    Ok(Verdict::Failed)
}

fn require_component(cx: &Cx, subcommand: &str, component: &str) -> anyhow::Result<()> {
    let output = child::run(cx.cargo().args([subcommand, "--version"]), |_| {})?;
    if !output.success {
        bail!("this Rust toolchain has no {component}; get it with: rustup component add {component}");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_counts_failures_and_names_what_was_not_done() {
        let row = |name, verdict| Row { name, verdict, took: Duration::from_millis(1234) };
        let rows = [
            row("format", Verdict::Passed),
            row("cargo-deny", Verdict::Absent("get it")),
            row("tests", Verdict::Failed),
        ];
        insta::assert_snapshot!(summary(&rows));
        assert!(summary(&rows[..2]).ends_with("all 2 steps done, none failed"));
    }
}
