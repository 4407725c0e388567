//! `cargo xtask verify`, `mutants`, `simulate`: make ready what they need, then become `zram-verify`.
//!
//! Become, not start: the verifier takes over this process, so its exit status, its signals and its terminal are its own, and
//! nothing stands between the user's Ctrl-C and the VM.

use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context as _, anyhow};

use crate::context::Cx;
use crate::interrupt::Interrupted;
use crate::kernels::{self, Table};
use crate::qemu::Accel;
use crate::vm::{self, Choice};
use crate::{agent, child, cli, qemu};

/// `cargo xtask verify`.
pub(crate) fn verify(cx: &Cx, options: &cli::Verify) -> anyhow::Result<ExitCode> {
    if let Some(file) = &options.replay {
        readable(file)?;
    }
    let mut command = match &options.agent {
        Some(agent) => agent_command(cx, agent)?,
        None => run_command(cx, &options.targets, options.all, options.accel)?,
    };
    numbers(&mut command, options.seed, options.ops);
    for (flag, number) in [("--jobs", options.jobs.map(u64::from)), ("--patience", options.patience)] {
        if let Some(number) = number {
            command.args([flag, &number.to_string()]);
        }
    }
    for (flag, file) in [
        ("--replay", &options.replay),
        ("--json", &options.json),
        ("--html", &options.html),
        ("--trace", &options.trace),
    ] {
        if let Some(file) = file {
            command.arg(flag).arg(file);
        }
    }
    if options.keep_going {
        command.arg("--keep-going");
    }
    if let Some(name) = &options.mutant {
        command.args(["--mutant", name]);
    }
    command.args(std::iter::repeat_n("-v", options.verbose.into()));
    become_program(command)
}

/// How the model is named where a kernel could stand.
const MODEL: &str = "model:";

/// `cargo xtask diff`.
pub(crate) fn diff(cx: &Cx, options: &cli::Diff) -> anyhow::Result<ExitCode> {
    if let Some(file) = &options.replay {
        readable(file)?;
    }
    let (models, kernels): (Vec<&String>, Vec<&String>) =
        options.kernels.iter().partition(|name| name.starts_with(MODEL));
    let targets = if kernels.is_empty() {
        Vec::new()
    } else {
        let kernel = kernels.into_iter().cloned().collect();
        let kernels = cli::Targets { kernel, ..cli::Targets::default() };
        targets(cx, &kernels, false, options.accel, Probes::Attached)?
    };
    let mut command = Command::new(build(cx)?);
    command.arg("diff").args(targets);
    for name in models {
        command.args(["--profile", &name[MODEL.len()..]]);
    }
    numbers(&mut command, options.seed, options.ops);
    if let Some(findings) = options.findings {
        command.args(["--findings", &findings.to_string()]);
    }
    for (flag, file) in [("--replay", &options.replay), ("--json", &options.json)] {
        if let Some(file) = file {
            command.arg(flag).arg(file);
        }
    }
    if options.verbose {
        command.arg("--verbose");
    }
    become_program(command)
}

/// `cargo xtask attributes`.
pub(crate) fn attributes(cx: &Cx, options: &cli::Attributes) -> anyhow::Result<ExitCode> {
    let cli::OneKernel { kernel, own } = &options.kernel;
    let targets = cli::Targets { kernel: kernel.iter().cloned().collect(), own: own.clone(), tree: None };
    let live = kernel.is_some() || own.kernel_image.is_some() || options.record.is_some();
    let mut command = if live {
        let targets = self::targets(cx, &targets, false, options.accel, Probes::None)?;
        let mut command = Command::new(build(cx)?);
        command.arg("attributes").args(targets);
        command
    } else {
        let mut command = Command::new(build(cx)?);
        command.arg("attributes");
        command
    };
    let file = options.record.as_ref().or(options.with.as_ref());
    if let Some(file) = file {
        command.arg("--file").arg(std::path::absolute(file)?);
    }
    if options.record.is_some() {
        command.arg("--record");
    }
    // The records are found from the workspace's folder.
    command.current_dir(&cx.workspace);
    become_program(command)
}

/// Whether the agent attaches its probes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Probes {
    Attached,
    /// What is compared needs none, and then any kernel will do.
    None,
}

/// `cargo xtask mutants`.
pub(crate) fn mutants(cx: &Cx, options: &cli::Mutants) -> anyhow::Result<ExitCode> {
    let live = !options.targets.kernel.is_empty()
        || options.targets.own.kernel_image.is_some()
        || options.targets.tree.is_some();
    let targets = if live {
        targets(cx, &options.targets, false, options.accel, Probes::Attached)?
    } else {
        Vec::new()
    };
    let mut command = mutants_command(cx)?;
    command.args(targets);
    numbers(&mut command, options.seed, options.ops);
    if let Some(file) = &options.record {
        command.arg("--record").arg(std::path::absolute(file)?);
    }
    for name in &options.only {
        command.args(["--only", name]);
    }
    become_program(command)
}

/// `zram-verify mutants` on the recorded runs.
pub(crate) fn mutants_command(cx: &Cx) -> anyhow::Result<Command> {
    let mut command = Command::new(build(cx)?);
    // The recorded runs are found from the workspace's folder.
    command.current_dir(&cx.workspace).arg("mutants");
    Ok(command)
}

/// `cargo xtask simulate`.
pub(crate) fn simulate(cx: &Cx, file: &Path, profile: Option<&str>) -> anyhow::Result<ExitCode> {
    if file != Path::new("-") {
        readable(file)?;
    }
    let mut command = Command::new(build(cx)?);
    command.arg("simulate").arg(file);
    if let Some(profile) = profile {
        command.args(["--profile", profile]);
    }
    become_program(command)
}

/// A mistyped name is told before anything is fetched or built for it.
fn readable(file: &Path) -> anyhow::Result<()> {
    std::fs::File::open(file).with_context(|| format!("cannot read the operations in {}", file.display()))?;
    Ok(())
}

fn numbers(command: &mut Command, seed: Option<u64>, ops: Option<u64>) {
    for (flag, number) in [("--seed", seed), ("--ops", ops)] {
        if let Some(number) = number {
            command.args([flag, &number.to_string()]);
        }
    }
}

/// `zram-verify run` with a target per kernel, everything it needs being in place.
pub(crate) fn run_command(
    cx: &Cx,
    options: &cli::Targets,
    all: bool,
    accel: Accel,
) -> anyhow::Result<Command> {
    let targets = targets(cx, options, all, accel, Probes::Attached)?;
    let mut again = match (options.own.choice(), &options.tree) {
        (None, Some(tree)) => format!("--tree {}", quote(&tree.to_string_lossy())),
        (Some(Choice::Own { image, modules }), _) => {
            let modules = modules.map(|folder| format!(" --modules {}", quote(&folder.to_string_lossy())));
            format!("--kernel-image {}{}", quote(&image.to_string_lossy()), modules.unwrap_or_default())
        }
        _ => "--kernel {target}".to_owned(),
    };
    if accel != Accel::default() {
        again.push_str(&format!(" --accel {}", accel.name()));
    }
    let mut command = Command::new(build(cx)?);
    command.arg("run").args(targets).args(["--again", &format!("cargo xtask verify {again}")]);
    Ok(command)
}

/// `zram-verify run` on a machine that somebody else keeps: there is nothing to make ready.
fn agent_command(cx: &Cx, agent: &str) -> anyhow::Result<Command> {
    let mut command = Command::new(build(cx)?);
    command.args(["run", "--target", &format!("agent={agent}")]);
    command.args(["--again", &format!("cargo xtask verify --agent {}", quote(agent))]);
    Ok(command)
}

/// `--target NAME=COMMAND` for each kernel. Kernels, QEMU and the agent are made ready here, once, rather than by each VM.
///
/// Where all kernels are asked for, one that cannot be had becomes `--unavailable NAME=REASON`, a line of the report without a
/// verdict. One that was asked for by name is an error at once.
fn targets(
    cx: &Cx,
    options: &cli::Targets,
    all: bool,
    accel: Accel,
    probes: Probes,
) -> anyhow::Result<Vec<String>> {
    let table = Table::built_in()?;
    let named = |name: &str| (name.to_owned(), Choice::Named(name.to_owned()));
    let choices: Vec<(String, Choice)> = match (options.own.choice(), &options.tree) {
        (Some(own), _) => vec![("own".to_owned(), own.absolute()?)],
        (None, Some(tree)) => vec![("tree".to_owned(), kernels::build_tree(cx, &table, tree)?)],
        (None, None) if all => table.kernels.iter().map(|kernel| named(&kernel.name)).collect(),
        (None, None) if options.kernel.is_empty() => {
            table.defaults().map(|kernel| named(&kernel.name)).collect()
        }
        (None, None) => options.kernel.iter().map(|name| named(name)).collect(),
    };
    // Every name is looked up before anything is fetched for the first.
    for (_, choice) in &choices {
        if let Choice::Named(name) = choice {
            table.find(name)?;
        }
    }
    qemu::ensure(cx)?;
    let mut found = Vec::new();
    let mut arguments = Vec::new();
    for (name, choice) in &choices {
        match vm::prepare(cx, &table, choice) {
            Ok(_) => found.push((name, choice)),
            Err(error) if !all || error.chain().any(|cause| cause.is::<Interrupted>()) => return Err(error),
            Err(error) => {
                cx.progress.say(&format!("kernel {name} cannot be had: {error:#}"));
                arguments.extend(["--unavailable".to_owned(), format!("{name}={error:#}")]);
            }
        }
    }
    if found.is_empty() {
        return Ok(arguments);
    }
    let agent = agent::build(cx)?;
    for (name, choice) in found {
        let command = vm_command(&cx.program, choice, &agent, accel, probes);
        arguments.extend(["--target".to_owned(), format!("{name}={command}")]);
    }
    Ok(arguments)
}

/// The command line that boots one VM, quoted for a shell.
fn vm_command(this: &Path, choice: &Choice, agent: &Path, accel: Accel, probes: Probes) -> String {
    let mut words = vec![this.to_string_lossy().into_owned(), "vm".to_owned()];
    let mut option = |flag: &str, value: &Path| {
        words.push(flag.to_owned());
        words.push(value.to_string_lossy().into_owned());
    };
    match choice {
        Choice::Named(name) => option("--kernel", Path::new(name)),
        Choice::Own { image, modules } => {
            option("--kernel-image", image);
            if let Some(modules) = modules {
                option("--modules", modules);
            }
        }
    }
    option("--agent-binary", agent);
    if accel != Accel::default() {
        option("--accel", Path::new(accel.name()));
    }
    if probes == Probes::None {
        words.push("--no-probes".to_owned());
    }
    words.iter().map(|word| quote(word)).collect::<Vec<_>>().join(" ")
}

/// Quotes a word for a POSIX shell where it needs it.
fn quote(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+=:,@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// Builds `zram-verify` and gives its path.
fn build(cx: &Cx) -> anyhow::Result<PathBuf> {
    let mut task = cx.progress.spinner("building zram-verify");
    let mut cargo = cx.cargo();
    cargo.args(["build", "--release", "--package", "zram-verify", "--bin", "zram-verify"]);
    child::run_ok(&mut cargo, |line| task.tick(line)).context("building the verifier failed")?;
    task.done_quietly();
    Ok(cx.target().join("release/zram-verify"))
}

/// Only returns if the program could not be started.
fn become_program(mut command: Command) -> anyhow::Result<ExitCode> {
    let error = command.exec();
    Err(anyhow!(error).context(format!("cannot start {}", command.get_program().to_string_lossy())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_of_a_vm_survives_odd_paths() {
        let own = Choice::Own { image: "/my kernel/bzImage".into(), modules: Some("/it's".into()) };
        assert_eq!(
            vm_command(Path::new("/x"), &own, Path::new("/a"), Accel::Tcg, Probes::None),
            r"/x vm --kernel-image '/my kernel/bzImage' --modules '/it'\''s' --agent-binary /a --accel tcg --no-probes"
        );
        let named = Choice::Named("debian-7.2".into());
        assert_eq!(
            vm_command(Path::new("/x"), &named, Path::new("/a"), Accel::Auto, Probes::Attached),
            "/x vm --kernel debian-7.2 --agent-binary /a"
        );
    }
}
