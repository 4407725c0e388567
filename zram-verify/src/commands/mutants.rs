//! `mutants`: would the comparison notice if the model were wrong?
//!
//! The model is run with one rule broken at a time against runs that the sound model agrees with:
//! recorded ones, and live ones if there are targets. A mutant that agrees, too, survives: a hole in
//! the checks, or in what the generator reaches. What no run can show is judged by a walk through every order of steps instead
//! ([`explore`]).

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::atomic::{AtomicUsize, Ordering},
    sync::mpsc,
};

use anyhow::{Context as _, Result, bail};
use zram_agent::protocol::{Observation, Op};
use zram_model::{Mutation, Needs, Profile};

use crate::{
    abilities::Abilities,
    agent::{Agent, Patience, Target},
    checker::Checker,
    commands::trace::check,
    conversation::{Onlooker, farewell, play},
    explore,
    generate::operations,
    interrupt, profiles,
    report::Progress,
    trace::{Header, Step, Trace},
};

/// Where recorded traces are kept.
pub const TRACES: &str = "tests/traces";

/// What to run the mutants against.
#[derive(Clone, Debug)]
pub struct Options {
    /// Recorded traces; if there are none, those in [`TRACES`].
    pub traces: Vec<PathBuf>,
    /// Kernels to make a run on first.
    pub targets: Vec<Target>,
    /// Seed of the operations for targets.
    pub seed: u64,
    /// How many.
    pub ops: usize,
    /// Only these mutants; all if empty.
    pub only: Vec<Mutation>,
    /// Whether a run of a model may stand in for one of a kernel: to try the command out.
    pub allow_model: bool,
    /// Whether to pass on what agents say.
    pub verbose: bool,
}

/// How a mutant was told from the kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    /// By which run.
    pub by: String,
    /// On which kernel.
    pub kernel: String,
    /// With operations from which seed; none: of a scenario that is always the same.
    pub seed: Option<u64>,
    /// After how many operations.
    pub operations: usize,
    /// By which comparison.
    pub check: String,
}

/// A mutant and its fate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fate {
    /// The mutant.
    pub mutation: Mutation,
    /// The quickest rejection; none: it survived.
    pub rejection: Option<Rejection>,
    /// What none of the kernels had for the broken rule to matter; none: one had it.
    pub missing: Option<Needs>,
}

impl Fate {
    /// Whether no run told it from the kernel, although one could have.
    #[must_use]
    pub fn survived(&self) -> bool {
        self.rejection.is_none() && self.missing.is_none()
    }
}

/// Runs every mutant.
///
/// # Errors
/// When there is no run to hold them against, or the sound model does not agree with it.
pub fn mutants(options: &Options) -> Result<Vec<Fate>> {
    let mut runs = Vec::new();
    for path in traces(options)? {
        let trace = if options.allow_model { Trace::read(&path)? } else { Trace::recorded(&path)? };
        runs.push((path.display().to_string(), trace));
    }
    for target in &options.targets {
        runs.push((target.name.clone(), live(target, options)?));
    }
    if runs.is_empty() {
        bail!(
            "no run to hold the mutants against: there are no traces in {TRACES}; record one with \
             `cargo xtask verify --trace {TRACES}/NAME.zst`, or give --trace FILE or --target NAME=COMMAND"
        );
    }
    for (name, trace) in &runs {
        sound(name, trace)?;
    }
    let all = if options.only.is_empty() { Mutation::ALL } else { &options.only };
    let walk = explore::writeback(Profile::debian_7_3()).context("no order of a pass could be taken")?;
    if let Some((order, hazard)) = walk.hazard {
        bail!(
            "the sound model comes to {hazard:?} in order {order} of {}: no mutant can be judged by it",
            walk.orders
        );
    }
    Ok(fates(all, &runs))
}

fn traces(options: &Options) -> Result<Vec<PathBuf>> {
    if !options.traces.is_empty() {
        return Ok(options.traces.clone());
    }
    let folder = Path::new(TRACES);
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(|| format!("cannot list {TRACES}"))? {
        let path = entry.with_context(|| format!("cannot list {TRACES}"))?.path();
        if path.extension().is_some_and(|extension| extension == "zst") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// The steps of a run, kept in memory.
#[derive(Debug, Default)]
struct Kept(Vec<Step>);

impl Onlooker for Kept {
    fn answered(&mut self, op: &Op, answer: &Observation) -> Result<()> {
        let step = Step { op: op.clone(), answer: answer.clone(), memory: None, blocks: None };
        self.0.push(step);
        Ok(())
    }
}

/// Makes a run on a kernel.
fn live(target: &Target, options: &Options) -> Result<Trace> {
    let mut agent = Agent::start(target, Patience::default(), options.verbose)?;
    let chosen = profiles::for_kernel(&agent.hello().kernel, &agent.hello().attributes);
    let programs = operations(options.seed, options.ops, &Abilities::new(&chosen.profile, agent.hello()));
    let header = Header::new(&target.name, chosen.profile.name, options.seed, agent.hello());
    let mut checker = Checker::new(chosen.profile, agent.hello())?;
    let mut kept = Kept::default();
    let mut progress = Progress::new(&target.name, programs.len() as u64, "programs");
    for program in &programs {
        if let Some(stop) = play(&mut agent, &mut checker, &program.ops, &mut kept)? {
            bail!(
                "{}: the sound model already differs at operation {} of program \"{}\": {:?}; run `verify` first",
                target.name,
                stop.at,
                program.theme,
                stop.differences.first().map(|difference| &difference.field)
            );
        }
        progress.step("programs");
    }
    farewell(agent, &checker)?;
    Ok(Trace { path: PathBuf::from(&target.name), header, steps: kept.0 })
}

/// The sound model must agree, or a rejection would mean nothing.
fn sound(name: &str, trace: &Trace) -> Result<()> {
    let profile = profiles::for_kernel(&trace.header.kernel, &trace.header.hello.attributes).profile;
    let replayed = check(trace, profile).with_context(|| format!("{name} cannot be used"))?;
    if let Some(divergence) = replayed.divergence {
        let first = divergence.differences.first().map(|difference| difference.field.clone());
        bail!(
            "the sound model differs from {name} at operation {} ({}): no mutant can be judged by it",
            divergence.operation,
            first.unwrap_or_default()
        );
    }
    Ok(())
}

/// Judges the mutants, as many at a time as there are processors.
fn fates(all: &[Mutation], runs: &[(String, Trace)]) -> Vec<Fate> {
    let next = AtomicUsize::new(0);
    let (sender, receiver) = mpsc::channel();
    let mut fates: Vec<Option<Fate>> = vec![None; all.len()];
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            let (next, sender) = (&next, sender.clone());
            scope.spawn(move || {
                while let Some(mutation) = all.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if interrupt::is_asked_for() {
                        return;
                    }
                    let needs = mutation.needs();
                    let any_order = needs == Needs::AnyOrder;
                    let met = any_order
                        || runs.iter().any(|(_, trace)| {
                            needs.met_by(
                                &profiles::for_kernel(&trace.header.kernel, &trace.header.hello.attributes)
                                    .profile,
                            )
                        });
                    let rejection = match met {
                        true if any_order => judge_in_any_order(*mutation),
                        true => judge(*mutation, runs),
                        false => None,
                    };
                    let fate = Fate { mutation: *mutation, rejection, missing: (!met).then_some(needs) };
                    if sender.send(fate).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        let mut progress = Progress::new("mutants", all.len() as u64, "mutants");
        for fate in receiver {
            progress.step(fate.mutation.name());
            if let Some(at) = all.iter().position(|mutation| *mutation == fate.mutation) {
                fates[at] = Some(fate);
            }
        }
    });
    fates.into_iter().flatten().collect()
}

fn judge(mutation: Mutation, runs: &[(String, Trace)]) -> Option<Rejection> {
    let mut quickest: Option<Rejection> = None;
    for (name, trace) in runs {
        let profile = profiles::for_kernel(&trace.header.kernel, &trace.header.hello.attributes)
            .profile
            .with_broken(mutation);
        let rejection = match check(trace, profile) {
            Ok(replayed) => replayed.divergence.map(|divergence| Rejection {
                by: name.clone(),
                kernel: trace.header.kernel.clone(),
                seed: Some(trace.header.seed),
                operations: divergence.operation + 1,
                check: divergence
                    .differences
                    .first()
                    .map_or_else(String::new, |first| format!("{:?} {}", first.level, first.field)),
            }),
            // The answers are those of a kernel with which the sound model agrees: whatever stops the
            // mutant is its own doing, but no comparison found it out.
            Err(_) => None,
        };
        if let Some(rejection) = rejection
            && quickest.as_ref().is_none_or(|known| rejection.operations < known.operations)
        {
            quickest = Some(rejection);
        }
    }
    quickest
}

/// Whether one of all orders of steps leads to what must not be.
fn judge_in_any_order(mutation: Mutation) -> Option<Rejection> {
    let profile = Profile::debian_7_3();
    let kernel = profile.name.to_owned();
    let walk = explore::writeback(profile.with_broken(mutation)).ok()?;
    let (order, hazard) = walk.hazard?;
    Some(Rejection {
        by: "every order of a pass and its completions".to_owned(),
        kernel: format!("{kernel} (the model alone)"),
        seed: None,
        operations: walk.operations,
        check: format!("L5 order {order} of {}: {hazard:?}", walk.orders),
    })
}

/// The table: mutant, operations until it was told from the kernel, by which comparison (and on which
/// run, where there are several), and below, what is broken.
#[must_use]
pub fn table(fates: &[Fate]) -> String {
    let mut rows =
        vec![["mutant".to_owned(), "ops".to_owned(), "told by".to_owned(), "broken rule".to_owned()]];
    let runs: BTreeSet<&str> = fates
        .iter()
        .filter_map(|fate| fate.rejection.as_ref())
        .map(|rejection| rejection.by.as_str())
        .collect();
    let (judged, unjudged): (Vec<_>, Vec<_>) = fates.iter().partition(|fate| fate.missing.is_none());
    for fate in &judged {
        let (operations, check) = match &fate.rejection {
            Some(rejection) if runs.len() > 1 => {
                (rejection.operations.to_string(), format!("{} ({})", rejection.check, rejection.by))
            }
            Some(rejection) => (rejection.operations.to_string(), rejection.check.clone()),
            None => ("-".to_owned(), "SURVIVED".to_owned()),
        };
        let rule = fate.mutation.describes().to_owned();
        rows.push([fate.mutation.name().to_owned(), operations, check, rule]);
    }
    let width = |column: usize| rows.iter().map(|row| row[column].len()).max().unwrap_or(0);
    let (names, numbers) = (width(0), width(1));
    let indented = textwrap::Options::new(80).initial_indent("    ").subsequent_indent("    ");
    let mut text = String::new();
    for [name, operations, check, rule] in &rows {
        text.push_str(&format!("{name:<names$}  {operations:>numbers$}  {check}\n"));
        text.push_str(&textwrap::fill(rule, &indented));
        text.push('\n');
    }
    if !unjudged.is_empty() {
        text.push_str("not judged, since the rule does not matter on these kernels:\n");
        for fate in &unjudged {
            let needs = fate.missing.unwrap_or(Needs::Nothing).describes();
            let (name, rule) = (fate.mutation.name(), fate.mutation.describes());
            text.push_str(&format!("{name:<names$}  needs {needs}: {rule}\n"));
        }
    }
    let survived = judged.iter().filter(|fate| fate.survived()).count();
    let rejected = judged.len() - survived;
    text.push_str(&format!("mutants: {rejected} rejected, {survived} survived, of {}", judged.len()));
    if !unjudged.is_empty() {
        text.push_str(&format!("; {} not judged", unjudged.len()));
    }
    text.push('\n');
    text
}
