//! What the steps do. Each says, in the summary, what it did: a step that did nothing must not look like one that found
//! nothing.

use std::process::Command;

use anyhow::{Context as _, bail};

use super::{Counts, Outcome, Verdict};
use crate::context::Cx;
use crate::progress::Task;
use crate::qemu::Accel;
use crate::toolchain::in_path;
use crate::{child, cli, programs, verify};

/// Operations of the live run: as many as it takes for the verifier to insist that every required corner was reached.
const LIVE_OPERATIONS: u32 = 1000;

/// With the model's locks as real ones, for the test that runs them in threads.
pub(crate) const CONCURRENT: &str = "zram-model/concurrent";

/// A step's work.
pub(super) type Step = fn(&Cx, &mut Task) -> anyhow::Result<Outcome>;

/// In the order of how soon they tell something.
pub(super) const STEPS: [(&str, Step); 11] = [
    ("format", format),
    ("clippy", clippy),
    ("cargo-deny", deny),
    ("tests", tests),
    ("doc tests", doc_tests),
    ("interleavings", interleavings),
    ("documentation", documentation),
    ("BPF object", bpf_object),
    ("mutants", mutants),
    ("programs", live_programs),
    ("live run", live_run),
];

fn format(cx: &Cx, task: &mut Task) -> anyhow::Result<Outcome> {
    require_component(cx, "fmt", "rustfmt")?;
    cargo(cx, task, &["fmt", "--all", "--check"])
}

fn clippy(cx: &Cx, task: &mut Task) -> anyhow::Result<Outcome> {
    require_component(cx, "clippy", "clippy")?;
    cargo(
        cx,
        task,
        &["clippy", "--workspace", "--all-targets", "--features", CONCURRENT, "--", "-D", "warnings"],
    )
}

fn deny(cx: &Cx, task: &mut Task) -> anyhow::Result<Outcome> {
    if in_path("cargo-deny").is_none() {
        return Ok(Outcome::new(Verdict::Absent, "no cargo-deny here: cargo install --locked cargo-deny"));
    }
    let here = cargo(cx, task, &["deny", "check", "bans", "licenses", "sources"])?;
    if here.verdict == Verdict::Failed {
        return Ok(here);
    }
    // Advisories come from a repository of their own, which not every machine can reach.
    let mut advisories = cx.cargo();
    let output = child::run(advisories.args(["deny", "check", "advisories"]), |line| task.tick(line))?;
    if !output.success && output.all.contains("failed to fetch advisory database") {
        return Ok(Outcome::new(
            Verdict::Absent,
            "licences, bans and sources are fine; the advisory database is out of reach",
        ));
    }
    Ok(judged(cx, &advisories, &output).into())
}

fn tests(cx: &Cx, task: &mut Task) -> anyhow::Result<Outcome> {
    if in_path("cargo-nextest").is_some() {
        counted(
            cx,
            task,
            &["nextest", "run", "--workspace", "--features", CONCURRENT, "--no-fail-fast"],
            Counts::of_nextest,
        )
    } else {
        counted(
            cx,
            task,
            &["test", "--workspace", "--all-targets", "--features", CONCURRENT, "--no-fail-fast"],
            Counts::of_libtest,
        )
    }
}

fn doc_tests(cx: &Cx, task: &mut Task) -> anyhow::Result<Outcome> {
    counted(
        cx,
        task,
        &["test", "--workspace", "--doc", "--features", CONCURRENT, "--no-fail-fast"],
        Counts::of_libtest,
    )
}

/// The lock protocols in every interleaving. `--cfg loom` changes what is compiled, so it gets a target folder of its own.
fn interleavings(cx: &Cx, task: &mut Task) -> anyhow::Result<Outcome> {
    let mut command = cx.cargo();
    command
        .args([
            "test",
            "--package",
            "zram-model",
            "--test",
            "loom",
            "--release",
            "--no-fail-fast",
            "--target-dir",
        ])
        .arg(cx.target().join("loom"))
        .env("RUSTFLAGS", "--cfg loom");
    counted_command(cx, task, &mut command, Counts::of_libtest)
}

fn documentation(cx: &Cx, task: &mut Task) -> anyhow::Result<Outcome> {
    let mut command = cx.cargo();
    command
        .args(["doc", "--workspace", "--no-deps", "--features", CONCURRENT])
        .env("RUSTDOCFLAGS", "-D warnings");
    passed(cx, task, &mut command)
}

fn bpf_object(cx: &Cx, _: &mut Task) -> anyhow::Result<Outcome> {
    crate::bpf::build(cx, true)?;
    Ok(Verdict::Passed.into())
}

fn mutants(cx: &Cx, task: &mut Task) -> anyhow::Result<Outcome> {
    closing(cx, task, &mut verify::mutants_command(cx)?, "mutants: ")
}

fn live_programs(cx: &Cx, task: &mut Task) -> anyhow::Result<Outcome> {
    let mut command = programs::tests(cx, &[], Accel::default()).context("no program could be run")?;
    counted_command(cx, task, &mut command, Counts::of_libtest)
}

fn live_run(cx: &Cx, task: &mut Task) -> anyhow::Result<Outcome> {
    let mut command = verify::run_command(cx, &cli::Targets::default(), false, Accel::default())
        .context("the live run could not take place")?;
    command.args(["--ops", &LIVE_OPERATIONS.to_string()]);
    closing(cx, task, &mut command, "verify: ")
}

fn cargo(cx: &Cx, task: &mut Task, arguments: &[&str]) -> anyhow::Result<Outcome> {
    passed(cx, task, cx.cargo().args(arguments))
}

/// A step that passes by its command's exit status.
fn passed(cx: &Cx, task: &mut Task, command: &mut Command) -> anyhow::Result<Outcome> {
    let output = child::run(command, |line| task.tick(line))?;
    Ok(judged(cx, command, &output).into())
}

/// A step of tests, which passes only if some ran.
fn counted(
    cx: &Cx,
    task: &mut Task,
    arguments: &[&str],
    read: fn(&str) -> Option<Counts>,
) -> anyhow::Result<Outcome> {
    counted_command(cx, task, cx.cargo().args(arguments), read)
}

fn counted_command(
    cx: &Cx,
    task: &mut Task,
    command: &mut Command,
    read: fn(&str) -> Option<Counts>,
) -> anyhow::Result<Outcome> {
    // Colours that CI asks for would be in the way of reading.
    command.env("CARGO_TERM_COLOR", "never");
    let output = child::run(command, |line| task.tick(line))?;
    let verdict = judged(cx, command, &output);
    let counts = read(&output.all).filter(|counts| counts.ran());
    Ok(Outcome::of_tests(verdict, counts))
}

/// A step of the verifier, which passes only if it came to its closing line.
fn closing(cx: &Cx, task: &mut Task, command: &mut Command, prefix: &str) -> anyhow::Result<Outcome> {
    let output = child::run(command, |line| task.tick(line))?;
    let verdict = judged(cx, command, &output);
    Ok(Outcome::of_closing_line(verdict, &output.stdout, prefix))
}

/// What a failed command printed is shown.
fn judged(cx: &Cx, command: &Command, output: &child::Output) -> Verdict {
    if output.success {
        return Verdict::Passed;
    }
    cx.progress.say(&format!("\n`{}` failed:\n{}", child::shown(command), output.all));
    Verdict::Failed
}

fn require_component(cx: &Cx, subcommand: &str, component: &str) -> anyhow::Result<()> {
    let output = child::run(cx.cargo().args([subcommand, "--version"]), |_| {})?;
    if !output.success {
        bail!("this Rust toolchain has no {component}; get it with: rustup component add {component}");
    }
    Ok(())
}
