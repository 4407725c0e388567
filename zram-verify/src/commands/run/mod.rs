//! `run`: hold the model against each target.

mod diverged;
mod lacks;
mod notes;

use std::{
    panic::resume_unwind,
    path::{Path, PathBuf},
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};
use zram_agent::protocol::{Hello, Op};
use zram_model::Mutation;

use self::notes::Notes;
use crate::{
    abilities::Abilities,
    agent::{Agent, Patience, Target},
    checker::Checker,
    conversation::{Stop, farewell, play},
    coverage::Coverage,
    divergence::Divergence,
    generate::{Program, operations},
    op_file, profiles,
    report::{Found, KernelReport, Progress, Report, counted, stages::tenths},
    trace::{Header, Origin, Recorder},
    trouble::Trouble,
};

/// How often a machine that died is started again, per target. A machine that dies twice does not die by accident.
const MOST_RESTARTS: u32 = 1;

/// What to run.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where.
    pub targets: Vec<Target>,
    /// Seed of the operations.
    pub seed: u64,
    /// How many.
    pub ops: usize,
    /// A file of operations in the place of generated ones.
    pub replay: Option<PathBuf>,
    /// Where to record the run.
    pub trace: Option<PathBuf>,
    /// Whether to go on after a divergence.
    pub keep_going: bool,
    /// Whether to pass on what agents say.
    pub verbose: bool,
    /// Where failing lists of operations are written.
    pub failures: PathBuf,
    /// A rule of the model to break, to see what a divergence looks like.
    pub mutant: Option<Mutation>,
    /// How long to wait for machines.
    pub patience: Patience,
    /// How many targets at a time.
    pub jobs: usize,
    /// Kernels that were asked for and cannot be had, each with the reason.
    pub unavailable: Vec<(String, String)>,
    /// The command that runs a target again, with `{target}` in the place of its name.
    pub again: Option<String>,
}

/// Runs against every target.
///
/// # Errors
/// When the options make no sense; what happens to a target stands in the report.
pub fn run(options: &Options) -> Result<Report> {
    if options.targets.is_empty() && options.unavailable.is_empty() {
        bail!("nothing to run against: give --target NAME=COMMAND (`cargo xtask verify` does)");
    }
    if options.trace.is_some() && options.targets.len() > 1 {
        bail!("--trace records one kernel, and there are {}: name one target", options.targets.len());
    }
    let programs = match &options.replay {
        Some(path) => Some(replayed(path)?),
        None => None,
    };
    let mut kernels = several(programs.as_deref(), options);
    kernels.extend(options.unavailable.iter().map(|(name, reason)| KernelReport {
        trouble: Some(format!("{name} cannot be had: {reason}")),
        ..KernelReport::new(name)
    }));
    Ok(Report { seed: options.replay.is_none().then_some(options.seed), kernels })
}

pub(super) fn replayed(path: &Path) -> Result<Vec<Program>> {
    let mut programs: Vec<Program> = Vec::new();
    for (line, op) in op_file::read(path)? {
        if matches!(op, Op::Begin(_)) {
            programs.push(Program { theme: "replay", ops: Vec::new() });
        }
        let program = programs.last_mut().with_context(|| {
            format!("{}, line {line}: the first operation must be \"begin\"", path.display())
        })?;
        program.ops.push(op);
    }
    Ok(programs)
}

/// Runs the targets, so many at a time, and gives their reports in the targets' order.
fn several(programs: Option<&[Program]>, options: &Options) -> Vec<KernelReport> {
    let next = AtomicUsize::new(0);
    let mut reports: Vec<(usize, KernelReport)> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..options.jobs.clamp(1, options.targets.len().max(1)))
            .map(|_| {
                scope.spawn(|| {
                    let mut done = Vec::new();
                    loop {
                        let at = next.fetch_add(1, Ordering::Relaxed);
                        let Some(target) = options.targets.get(at) else { return done };
                        done.push((at, one(target, programs, options)));
                    }
                })
            })
            .collect();
        workers
            .into_iter()
            .flat_map(|worker| worker.join().unwrap_or_else(|panic| resume_unwind(panic)))
            .collect()
    });
    reports.sort_by_key(|(at, _)| *at);
    reports.into_iter().map(|(_, report)| report).collect()
}

/// Runs these programs, or those that are generated for the kernel.
fn one(target: &Target, programs: Option<&[Program]>, options: &Options) -> KernelReport {
    let started = Instant::now();
    let mut run = Run {
        target,
        options,
        agent: None,
        hello: None,
        recorder: None,
        progress: Progress::new(
            &target.name,
            programs.map_or(options.ops, |programs| programs.iter().map(|program| program.ops.len()).sum())
                as u64,
            "operations",
        ),
        report: KernelReport { generated: options.replay.is_none(), ..KernelReport::new(&target.name) },
    };
    if let Err(trouble) = run.all(programs) {
        run.report.trouble = Some(trouble.in_full());
    }
    run.progress.finish();
    // Whatever is still running is ended before the clock is stopped.
    run.agent = None;
    run.report.stages.whole = started.elapsed();
    if options.targets.len() > 1 {
        let verdict = run.report.verdict().name();
        let why = run.report.trouble.as_ref().map_or_else(String::new, |trouble| format!(": {trouble}"));
        run.progress.tell(&format!("{verdict} after {}{why}", tenths(run.report.stages.whole)));
    }
    run.report
}

struct Run<'a> {
    target: &'a Target,
    options: &'a Options,
    agent: Option<Agent>,
    /// The first greeting: what is started again must greet alike.
    hello: Option<Hello>,
    recorder: Option<Recorder>,
    progress: Progress,
    report: KernelReport,
}

impl Run<'_> {
    fn all(&mut self, programs: Option<&[Program]>) -> Result<(), Trouble> {
        let mut checker = self.checker()?;
        let generated;
        let programs = match programs {
            Some(programs) => programs,
            None => {
                let hello = self.agent()?.hello();
                let profile = profiles::for_kernel(&hello.kernel, &hello.attributes).profile;
                let abilities = Abilities::new(&profile, hello);
                generated = operations(self.options.seed, self.options.ops, &abilities);
                &generated
            }
        };
        if let Some(path) = &self.options.trace {
            let Some(agent) = &self.agent else { return Ok(()) };
            let header =
                Header::new(&self.target.name, &self.report.profile, self.options.seed, agent.hello());
            let recorder = Recorder::create(path, &header).map_err(unrecorded)?;
            self.recorder = Some(recorder);
        }
        let mut result = self.programs(programs, &mut checker);
        if result.is_ok() {
            match self.farewell(&checker) {
                // A divergence is a verdict already; this is said beside it.
                Err(trouble) if !self.report.found.is_empty() => {
                    self.report.remarks.push(trouble.in_full());
                }
                ended => result = ended,
            }
        }
        self.report.stages.checked(checker.spent);
        self.report.operations = checker.operation();
        self.report.events = checker.events;
        self.report.inputs = checker.inputs();
        self.report.completions = checker.completions();
        if result.is_ok() && self.report.found.is_empty() {
            let differences = checker.finish();
            if let (false, Some(op)) =
                (differences.is_empty(), programs.last().and_then(|program| program.ops.last()))
            {
                let operation = self.report.operations.saturating_sub(1);
                let divergence =
                    Divergence { operation, theme: "whole run".to_owned(), op: op.clone(), differences };
                self.report.found.push(Found { divergence, reproduction: None });
            }
            if let Some(recorder) = self.recorder.take() {
                recorder.finish().map_err(unrecorded)?;
            }
        }
        for (reason, lines) in &checker.allowed {
            self.report.remarks.push(format!(
                "{} of the kernel's log let pass: {}",
                counted(*lines, "line"),
                reason.sentence()
            ));
        }
        self.report.tally = checker.tally;
        result
    }

    fn programs(&mut self, programs: &[Program], checker: &mut Checker) -> Result<(), Trouble> {
        for program in programs {
            let Some(stop) = self.program(program, checker)? else { continue };
            self.diverged(program, stop, checker.operation() - 1)?;
            if !self.options.keep_going {
                break;
            }
        }
        Ok(())
    }

    /// Has the machine tidy up once more, looks at what came of that, and sees it off.
    fn farewell(&mut self, checker: &Checker) -> Result<(), Trouble> {
        let Some(agent) = self.agent.take() else { return Ok(()) };
        let started = Instant::now();
        let ended = farewell(agent, checker);
        self.report.stages.ending += started.elapsed();
        ended
    }

    /// Plays a program; on a fresh machine if the one it began on died.
    fn program(&mut self, program: &Program, checker: &mut Checker) -> Result<Option<Stop>, Trouble> {
        loop {
            self.agent()?;
            let Some(agent) = &mut self.agent else { continue };
            let mut attempt = checker.clone();
            let mut notes = Notes {
                steps: self.recorder.is_some().then(Vec::new),
                progress: &mut self.progress,
                coverage: self.report.coverage.clone(),
                events: checker.events,
                calls: Duration::ZERO,
            };
            let played = play(agent, &mut attempt, &program.ops, &mut notes);
            let Notes { steps, coverage, calls, .. } = notes;
            let spent = agent.take_spent();
            self.report.stages.kernel += spent.waiting;
            self.report.stages.decoding += spent.decoding;
            self.report.stages.calls += calls;
            match played {
                Ok(stop) => {
                    *checker = attempt;
                    self.report.coverage = coverage;
                    if let Some(recorder) = &mut self.recorder {
                        for (op, answer) in steps.iter().flatten() {
                            recorder.record(op, answer).map_err(unrecorded)?;
                        }
                    }
                    return Ok(stop);
                }
                // What cannot be tried again stays in the count, so that the report says how far it came.
                Err(trouble) if !self.may_try_again(&trouble) => {
                    *checker = attempt;
                    self.report.coverage = coverage;
                    return Err(trouble);
                }
                Err(trouble) => self.survive(trouble)?,
            }
        }
    }

    fn may_try_again(&self, trouble: &Trouble) -> bool {
        trouble.is_worth_a_retry() && self.report.restarts < MOST_RESTARTS
    }

    /// Gets over the death of a machine, if it may.
    fn survive(&mut self, trouble: Trouble) -> Result<(), Trouble> {
        self.agent = None;
        if !self.may_try_again(&trouble) {
            return Err(trouble);
        }
        self.report.restarts += 1;
        self.report.remarks.push(format!("started again: {}", trouble.in_full()));
        self.progress.say("the machine died; starting it again");
        Ok(())
    }

    /// The agent, started if there is none.
    fn agent(&mut self) -> Result<&mut Agent, Trouble> {
        loop {
            // Taken out and put back: the loop would hold on to a borrow otherwise.
            if let Some(agent) = self.agent.take() {
                return Ok(self.agent.insert(agent));
            }
            self.progress.say("starting");
            let started = Instant::now();
            let agent = Agent::start(self.target, self.options.patience, self.options.verbose);
            self.report.stages.boot += started.elapsed();
            match agent {
                Ok(mut agent) => {
                    agent.take_spent();
                    self.introduce(&agent)?;
                    self.agent = Some(agent);
                }
                Err(trouble) => self.survive(trouble)?,
            }
        }
    }

    /// A checker for the agent's kernel.
    fn checker(&mut self) -> Result<Checker, Trouble> {
        let mutant = self.options.mutant;
        let hello = self.agent()?.hello();
        let profile = profiles::for_kernel(&hello.kernel, &hello.attributes).profile;
        let profile = match mutant {
            Some(mutation) => profile.with_broken(mutation),
            None => profile,
        };
        Checker::new(profile, hello)
    }

    fn introduce(&mut self, agent: &Agent) -> Result<(), Trouble> {
        let hello = agent.hello();
        if let Some(first) = &self.hello {
            let changed = |what| Err(Trouble::Changed { target: self.target.name.clone(), what });
            return match hello {
                _ if hello.kernel != first.kernel => changed("kernel"),
                _ if hello.bpf_object != first.bpf_object => changed("BPF object"),
                _ if hello.coverage != first.coverage => changed("coverage by its probes"),
                _ if hello.attributes != first.attributes => changed("set of attributes"),
                _ if hello.backing != first.backing => changed("set of backing devices"),
                _ => Ok(()),
            };
        }
        self.hello = Some(hello.clone());
        let chosen = profiles::for_kernel(&hello.kernel, &hello.attributes);
        self.report.release.clone_from(&hello.kernel);
        self.report.bpf_object.clone_from(&hello.bpf_object);
        self.report.origin = Origin::of(hello);
        self.report.profile = chosen.profile.name.to_owned();
        self.report.coverage = Coverage::new(&Abilities::new(&chosen.profile, hello));
        self.report.remarks.extend(chosen.remark);
        self.report.remarks.extend(lacks::lacks(hello, &chosen.profile));
        if let Some(mutation) = self.options.mutant {
            self.report.remarks.push(format!("the model is broken on purpose: {}", mutation.describes()));
        }
        Ok(())
    }
}

fn unrecorded(error: crate::trace::TraceError) -> Trouble {
    Trouble::Record { reason: format!("{:#}", anyhow::Error::from(error)) }
}
