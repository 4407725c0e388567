//! The command line, turned at once into what the commands want.

use std::path::PathBuf;

use anyhow::{Result, anyhow};
use clap::{Args, Parser, Subcommand};
use zram_model::{Mutation, Profile};
use zram_verify::{
    agent::{Patience, Target},
    commands::{attributes, diff, mutants, run},
    profiles,
};

#[derive(Debug, Parser)]
#[command(
    name = "zram-verify",
    version,
    about = "Holds a model of zram and zsmalloc against running kernels",
    after_help = "Exit status: 0 agreement, 1 divergence, 2 no verdict (trouble with the test bench or the command), 130 interrupted."
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Generate operations, run them on each target and on the model, and compare
    Run(Run),
    /// Run a file of operations through the model alone and print the observations
    Simulate(Simulate),
    /// Run the model with one rule broken at a time against recorded and live runs
    Mutants(Mutants),
    /// Hold the model against a recorded run again
    Trace(Trace),
    /// Play a fixed table of attribute writes, and compare with what was recorded from kernels
    Attributes(Attributes),
    /// Play the same operations to two kernels and find what differs between them
    Diff(Diff),
    /// Speak the agent's protocol with the model in the place of a machine
    ServeModel(ModelOptions),
}

#[derive(Debug, Args)]
pub(crate) struct Run {
    /// A kernel's name, and the shell command whose standard streams are its agent's; repeatable
    #[arg(long = "target", value_name = "NAME=COMMAND", value_parser = target)]
    targets: Vec<Target>,
    /// Seed of the operations; the same seed gives the same operations
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// How many operations to generate
    #[arg(long, value_name = "N", default_value_t = 2000, value_parser = clap::value_parser!(u64).range(1..))]
    ops: u64,
    /// Run the operations in this file instead of generated ones
    #[arg(long, value_name = "FILE", conflicts_with_all = ["seed", "ops"])]
    replay: Option<PathBuf>,
    /// Write the report to this file as JSON
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    /// Write the report to this file as HTML: one file that loads nothing
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,
    /// Record the run to this file (of one target only)
    #[arg(long, value_name = "FILE")]
    trace: Option<PathBuf>,
    /// Go on after a divergence
    #[arg(long)]
    keep_going: bool,
    /// Where to write the shortest failing operations
    #[arg(long, value_name = "DIR", default_value = "target/verify")]
    failures: PathBuf,
    /// Break this rule of the model, to see what a divergence looks like
    #[arg(long, value_name = "NAME", value_parser = mutation)]
    mutant: Option<Mutation>,
    /// Seconds that an answer may take before the machine counts as hung
    #[arg(long, value_name = "SECONDS", default_value_t = 90, value_parser = clap::value_parser!(u64).range(1..))]
    patience: u64,
    /// How many targets to run at a time
    #[arg(short, long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    jobs: u16,
    /// A kernel that was asked for and cannot be had, and why: no verdict; repeatable
    #[arg(long = "unavailable", value_name = "NAME=REASON", value_parser = unavailable)]
    unavailable: Vec<(String, String)>,
    /// The command that runs a target again, {target} standing for its name, for the report of a divergence
    #[arg(long, value_name = "COMMAND")]
    again: Option<String>,
    /// Show the whole coverage table, and what agents and machines say
    #[arg(short, long, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
}

impl Run {
    pub(crate) fn options(self) -> run::Options {
        run::Options {
            targets: self.targets,
            seed: self.seed,
            ops: usize::try_from(self.ops).unwrap_or(usize::MAX),
            replay: self.replay,
            trace: self.trace,
            keep_going: self.keep_going,
            verbose: self.verbose > 0,
            failures: self.failures,
            mutant: self.mutant,
            patience: Patience::for_answers(self.patience),
            jobs: self.jobs.into(),
            unavailable: self.unavailable,
            again: self.again,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct Simulate {
    /// Operations, one JSON object per line (see docs/operations.md); `-` is standard input
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) profile: ModelOptions,
}

#[derive(Debug, Args)]
pub(crate) struct ModelOptions {
    /// Which kernel the model is
    #[arg(long, value_name = "NAME", default_value = "debian-7.2")]
    profile: String,
    /// Break this rule of the model (see `zram-verify mutants`)
    #[arg(long, value_name = "NAME", value_parser = mutation)]
    mutant: Option<Mutation>,
}

impl ModelOptions {
    pub(crate) fn profile(&self) -> Result<Profile> {
        let profile = profiles::by_name(&self.profile).ok_or_else(|| {
            anyhow!("no profile is called {:?}; there are: {}", self.profile, profiles::names())
        })?;
        Ok(match self.mutant {
            Some(mutation) => profile.with_broken(mutation),
            None => profile,
        })
    }
}

#[derive(Debug, Args)]
pub(crate) struct Mutants {
    /// A recorded run; repeatable. Without any: all in tests/traces
    #[arg(long = "trace", value_name = "FILE")]
    traces: Vec<PathBuf>,
    /// A kernel to make a run on first; repeatable
    #[arg(long = "target", value_name = "NAME=COMMAND", value_parser = target)]
    targets: Vec<Target>,
    /// Seed of the operations for targets
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// How many operations to generate for targets
    #[arg(long, value_name = "N", default_value_t = 2000, value_parser = clap::value_parser!(u64).range(1..))]
    ops: u64,
    /// Only this mutant; repeatable
    #[arg(long, value_name = "NAME", value_parser = mutation)]
    only: Vec<Mutation>,
    /// Write what became of each as a page to this file
    #[arg(long, value_name = "FILE", conflicts_with_all = ["only", "allow_model"])]
    pub(crate) record: Option<PathBuf>,
    /// Accept a trace that a model made: to try the command out, not to prove anything
    #[arg(long)]
    allow_model: bool,
    /// Show what agents and machines say
    #[arg(short, long)]
    verbose: bool,
}

impl Mutants {
    pub(crate) fn options(self) -> Result<mutants::Options> {
        Ok(mutants::Options {
            traces: self.traces,
            targets: self.targets,
            seed: self.seed,
            ops: usize::try_from(self.ops)?,
            only: self.only,
            allow_model: self.allow_model,
            verbose: self.verbose,
        })
    }
}

#[derive(Debug, Args)]
pub(crate) struct Attributes {
    /// A kernel to play the table on; repeatable. Without any: the model of each recorded kernel
    #[arg(long = "target", value_name = "NAME=COMMAND", value_parser = target)]
    targets: Vec<Target>,
    /// Write what the kernel answers instead of comparing
    #[arg(long, requires = "targets")]
    record: bool,
    /// The record to write, or to compare with [default: NAME.txt in tests/attributes]
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Show what agents and machines say
    #[arg(short, long)]
    verbose: bool,
}

impl Attributes {
    pub(crate) fn options(self) -> Result<attributes::Options> {
        if self.file.is_some() && self.targets.len() > 1 {
            return Err(anyhow!("--file names the record of one kernel, and there are several"));
        }
        Ok(attributes::Options {
            targets: self.targets,
            file: self.file,
            record: self.record,
            verbose: self.verbose,
        })
    }
}

#[derive(Debug, Args)]
pub(crate) struct Diff {
    /// A kernel's name, and the shell command whose standard streams are its agent's; up to twice
    #[arg(long = "target", value_name = "NAME=COMMAND", value_parser = target)]
    targets: Vec<Target>,
    /// A profile: the model in the place of a kernel; up to twice, after the targets
    #[arg(long = "profile", value_name = "NAME")]
    profiles: Vec<String>,
    /// Seed of the operations; the same seed gives the same operations
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// How many operations to generate
    #[arg(long, value_name = "N", default_value_t = 1500, value_parser = clap::value_parser!(u64).range(1..))]
    ops: u64,
    /// Run the operations in this file instead of generated ones
    #[arg(long, value_name = "FILE", conflicts_with_all = ["seed", "ops"])]
    replay: Option<PathBuf>,
    /// How many differences to look for; what is so for as long as a kernel runs is not counted
    #[arg(long, value_name = "N", default_value_t = 12, value_parser = clap::value_parser!(u64).range(1..))]
    findings: u64,
    /// Where to write findings: in it a folder diff-A-B is made
    #[arg(long, value_name = "DIR", default_value = "target/verify")]
    folder: PathBuf,
    /// Write the report to this file as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Show what agents and machines say
    #[arg(short, long)]
    verbose: bool,
}

impl Diff {
    pub(crate) fn options(self) -> Result<diff::Options> {
        let mut targets = self.targets;
        for name in &self.profiles {
            profiles::by_name(name)
                .ok_or_else(|| anyhow!("no profile is called {name:?}; there are: {}", profiles::names()))?;
            targets.push(model(name)?);
        }
        Ok(diff::Options {
            targets,
            seed: self.seed,
            ops: usize::try_from(self.ops)?,
            replay: self.replay,
            findings: usize::try_from(self.findings)?,
            folder: self.folder,
            json: self.json,
            verbose: self.verbose,
        })
    }
}

/// This very program with the model in the place of a kernel.
fn model(profile: &str) -> Result<Target> {
    let program = std::env::current_exe()?;
    let program = program.to_string_lossy().replace('\'', r"'\''");
    let command = format!("exec '{program}' serve-model --profile {profile}");
    Ok(Target { name: format!("model-{profile}"), command })
}

#[derive(Debug, Args)]
pub(crate) struct Trace {
    /// The recorded run
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Write the report to this file as JSON
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    /// Write the report to this file as HTML
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,
    /// Show the whole coverage table
    #[arg(short, long, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
}

fn target(text: &str) -> Result<Target, String> {
    match text.split_once('=') {
        Some((name, command)) if !name.is_empty() && !command.is_empty() => {
            Ok(Target { name: name.to_owned(), command: command.to_owned() })
        }
        _ => Err("expected NAME=COMMAND, such as vm='ssh box zram-agent serve'".to_owned()),
    }
}

fn unavailable(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, reason)) if !name.is_empty() && !reason.is_empty() => {
            Ok((name.to_owned(), reason.to_owned()))
        }
        _ => Err("expected NAME=REASON".to_owned()),
    }
}

fn mutation(text: &str) -> Result<Mutation, String> {
    Mutation::from_name(text).ok_or_else(|| {
        let names: Vec<_> = Mutation::ALL.iter().map(|mutation| mutation.name()).collect();
        format!("no mutant is called so; there are: {}", names.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_definitions_agree_with_each_other() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_target_is_a_name_and_a_command() {
        assert_eq!(target("a=b c=d").unwrap(), Target { name: "a".into(), command: "b c=d".into() });
        assert!(target("a").is_err() && target("=b").is_err() && target("a=").is_err());
    }
}
