//! Looks for differences, one after the other.

use core::ops::ControlFlow;
use std::collections::{BTreeMap, BTreeSet};

use zram_agent::protocol::{Begin, Observation, Op, Text};

use super::{
    compare::{Depth, Eyes, compare},
    finding::{Finding, Unsteady},
    offers::{Lacking, of_one_only, times_decide},
    parting::{Parting, Signature, Weight, phrase},
    side::Introduction,
    stage::{Played, Stage},
    timeline::Timeline,
};
use crate::{
    abilities::Abilities,
    agent::Target,
    compare::Strength,
    divergence::Difference,
    generate::{Program, operations},
    report::Progress,
    shrink::{self, Shrunk},
    trouble::Trouble,
};

/// What to look through, and how far.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The two kernels.
    pub targets: [Target; 2],
    /// What to play.
    pub work: Work,
    /// How many findings are enough.
    pub findings: usize,
    /// Whether to pass on what agents say.
    pub verbose: bool,
}

/// Where the operations come from.
#[derive(Clone, Debug)]
pub enum Work {
    /// They are given.
    Programs(Vec<Program>),
    /// They are generated, for what both kernels have.
    Generated {
        /// From this seed.
        seed: u64,
        /// So many.
        ops: usize,
    },
}

/// What was found, and how much was looked at.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// Who answered.
    pub sides: Vec<Introduction>,
    /// What differs.
    pub findings: Vec<Finding>,
    /// What differed once and not again.
    pub unsteady: Vec<Unsteady>,
    /// Operations compared, those of shrinking not counted.
    pub operations: usize,
    /// Events on either side, in those operations.
    pub events: [u64; 2],
    /// Programs compared to their end.
    pub programs: usize,
    /// What was left out, with the reason and the count.
    pub left_out: BTreeMap<String, usize>,
    /// Whether it ended because there were findings enough.
    pub cut_short: bool,
    /// Why it ended early.
    pub trouble: Option<String>,
}

/// What is known of a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Known {
    Finding(usize),
    Unsteady,
}

/// A difference that is not known yet.
struct Met {
    at: usize,
    parting: Parting,
    signature: Signature,
    /// Whether the states differed before.
    tainted: bool,
}

struct Search {
    stage: Stage,
    eyes: Eyes,
    lacking: Lacking,
    known: BTreeMap<Signature, Known>,
    outcome: Outcome,
    progress: Progress,
    enough: usize,
}

/// Looks for differences until the programs or the findings wished for are at their end.
#[must_use]
pub fn search(plan: &Plan) -> Outcome {
    let mut search = Search {
        stage: Stage::new(plan.targets.clone(), plan.verbose),
        eyes: Eyes::default(),
        lacking: Lacking::default(),
        known: BTreeMap::new(),
        outcome: Outcome::default(),
        progress: Progress::new("diff", 0, "operations"),
        enough: plan.findings,
    };
    let result = search.all(&plan.work).and_then(|()| search.stage.end());
    search.outcome.trouble = result.err().map(Trouble::in_full);
    search.progress.finish();
    search.outcome
}

impl Search {
    fn all(&mut self, work: &Work) -> Result<(), Trouble> {
        let abilities = self.introduce()?;
        let programs = match work {
            Work::Programs(programs) => programs.clone(),
            Work::Generated { seed, ops } => operations(*seed, *ops, &abilities),
        };
        let total = programs.iter().map(|program| program.ops.len() as u64).sum();
        self.progress = Progress::new("diff", total, "operations");
        for program in &programs {
            if self.enough() {
                break;
            }
            if times_decide(&program.ops) {
                self.leave_out("programs in which the machine decides when writes complete", 1);
                continue;
            }
            self.program(program)?;
            // How often machines died is known only now.
            self.outcome.sides = self.stage.introductions()?.to_vec();
        }
        Ok(())
    }

    /// Whether there are findings enough. What is so for as long as a kernel runs does not count.
    fn enough(&mut self) -> bool {
        let counts = |finding: &&Finding| finding.weight() != Weight::Fact;
        self.outcome.cut_short = self.outcome.findings.iter().filter(counts).count() >= self.enough;
        self.outcome.cut_short
    }

    fn leave_out(&mut self, what: &str, count: usize) {
        if count > 0 {
            *self.outcome.left_out.entry(what.to_owned()).or_default() += count;
        }
    }

    /// Learns what the two have in common.
    fn introduce(&mut self) -> Result<Abilities, Trouble> {
        self.progress.say("starting");
        let [a, b] = self.stage.introductions()?;
        let (kinds, others): (BTreeSet<_>, BTreeSet<_>) =
            (a.sees.iter().copied().collect(), b.sees.iter().copied().collect());
        self.eyes.kinds = kinds.intersection(&others).copied().collect();
        self.eyes.probes = a.probes && b.probes;
        let common = a.attributes.iter().filter(|name| b.attributes.contains(name)).cloned();
        self.eyes.attributes = common.collect();
        self.lacking.attributes = of_one_only(&a.attributes, &b.attributes);
        if !self.eyes.probes {
            self.leave_out("events and slots of all operations: one side has no probes", 1);
        }
        for side in [[&a, &b], [&b, &a]] {
            for kind in side[0].sees.iter().filter(|kind| !side[1].sees.contains(kind)) {
                let what = format!("events of kind {kind:?}: only the probes on {} see them", side[0].name);
                self.leave_out(&what, 1);
            }
        }
        self.attributes(&a, &b)?;
        let abilities = a.abilities.both(&b.abilities);
        self.outcome.sides = vec![a, b];
        Ok(abilities)
    }

    /// Notes attributes that only one has, and learns the compressors: both with the list that shows them.
    fn attributes(&mut self, a: &Introduction, b: &Introduction) -> Result<(), Trouble> {
        let ops = [Op::Begin(Begin::default()), Op::Add {}];
        let (mut timeline, mut algorithms) = (Timeline::default(), Vec::new());
        let played = self.stage.play(&ops, &mut |_, op, seen| {
            timeline.note(op, seen, &[]);
            algorithms = seen.map(|seen| compressors(&seen.observed.observation)).to_vec();
            ControlFlow::Continue(())
        })?;
        if let (Played::Both, [ours, theirs]) = (played, &algorithms[..]) {
            self.lacking.algorithms = of_one_only(ours, theirs);
        }
        for name in self.lacking.attributes.clone() {
            let presence = |side: &Introduction| {
                if side.attributes.contains(&name) { "present" } else { "absent" }.to_owned()
            };
            let parting = Parting {
                level: crate::compare::Level::L0,
                what: format!("attribute {name}"),
                place: String::new(),
                sides: [presence(a), presence(b)],
                context: Vec::new(),
                weight: Weight::Fact,
            };
            let shrunk = Shrunk { ops: ops.to_vec(), differences: Vec::new(), attempts: 0 };
            let signature = parting.signature(&Op::Add {});
            self.found(signature, vec![parting], shrunk, Vec::new(), ("greeting", 0), timeline.clone());
        }
        Ok(())
    }

    /// Compares a program to its end, as often as it shows something new.
    fn program(&mut self, program: &Program) -> Result<(), Trouble> {
        let all = program.ops.len();
        let ops: Vec<Op> = program.ops.iter().filter(|op| !self.lacking.concerns(op)).cloned().collect();
        self.leave_out("operations that ask for what only one kernel has", all - ops.len());
        let begun = self.outcome.operations;
        let mut first = true;
        while let Some(met) = self.pass(&ops, first)? {
            first = false;
            let (theme, operation) = (program.theme, begun + met.at);
            self.pursue(&ops[..=met.at], met, (theme, operation))?;
            if self.enough() {
                return Ok(());
            }
        }
        self.outcome.programs += 1;
        Ok(())
    }

    /// Plays a program to its end or to the first difference that is not known. Only the first time it is counted.
    fn pass(&mut self, ops: &[Op], first: bool) -> Result<Option<Met>, Trouble> {
        let (eyes, known, outcome, progress) =
            (&self.eyes, &self.known, &mut self.outcome, &mut self.progress);
        let (mut met, mut tainted) = (None, false);
        let mut farthest = 0;
        let played = self.stage.play(ops, &mut |at, op, seen| {
            farthest = at + 1;
            if first {
                outcome.operations += 1;
                for (count, seen) in outcome.events.iter_mut().zip(seen) {
                    *count += seen.observed.events.as_ref().map_or(0, |events| events.len() as u64);
                }
                progress.step(&format!("operations, {} findings", outcome.findings.len()));
            }
            let depth = if tainted { Depth::Answers } else { Depth::Everything };
            let partings = compare(op, seen, eyes, depth);
            for parting in telling(&partings) {
                let signature = parting.signature(op);
                match known.get(&signature) {
                    Some(Known::Finding(number)) => {
                        if let Some(finding) = outcome.findings.get_mut(number - 1) {
                            finding.met += 1;
                        }
                    }
                    Some(Known::Unsteady) => {}
                    None => {
                        met = Some(Met { at, parting: parting.clone(), signature, tainted });
                        return ControlFlow::Break(());
                    }
                }
            }
            tainted |= partings.iter().any(|parting| parting.weight == Weight::State);
            ControlFlow::Continue(())
        })?;
        if played == Played::Broken {
            self.leave_out("rest of a program in which a machine died or an agent refused", 1);
            return Ok(None);
        }
        Ok(met)
    }

    /// From a difference to a finding, or to the insight that it does not come again.
    fn pursue(&mut self, ops: &[Op], met: Met, from: (&str, usize)) -> Result<(), Trouble> {
        self.progress.say(&format!("shrinking {}", met.signature));
        let again = attempt(&mut self.stage, &self.eyes, ops, &met.signature, met.tainted)?;
        let Some(again) = again else {
            self.known.insert(met.signature.clone(), Known::Unsteady);
            self.outcome.unsteady.push(Unsteady {
                signature: met.signature,
                sides: met.parting.sides,
                theme: from.0.to_owned(),
                operation: from.1,
            });
            return Ok(());
        };
        let (stage, eyes) = (&mut self.stage, &self.eyes);
        let shrunk = shrink::shrink(ops.to_vec(), again.1, &mut |ops| {
            attempt(stage, eyes, ops, &met.signature, met.tainted)
        })?;
        self.note(met.signature, shrunk, from)
    }

    /// Plays the shortest list once more, for the timelines, and notes what it shows.
    fn note(&mut self, signature: Signature, shrunk: Shrunk, from: (&str, usize)) -> Result<(), Trouble> {
        let mut timeline = Timeline::default();
        let (mut earlier, mut last) = (BTreeSet::new(), Vec::new());
        let (eyes, known, end) = (&self.eyes, &self.known, shrunk.ops.len() - 1);
        self.stage.play(&shrunk.ops, &mut |at, op, seen| {
            let partings = compare(op, seen, eyes, Depth::Everything);
            timeline.note(op, seen, &partings);
            if at == end {
                last = partings;
            } else {
                let state = partings.iter().filter(|parting| parting.weight == Weight::State);
                earlier.extend(state.filter_map(|parting| match known.get(&parting.signature(op)) {
                    Some(Known::Finding(number)) => Some(*number),
                    _ => None,
                }));
            }
            ControlFlow::Continue(())
        })?;
        let Some(op) = shrunk.ops.last().cloned() else { return Ok(()) };
        // Its own difference first; then what it brings along.
        last.sort_by_key(|parting| parting.signature(&op) != signature);
        let facts: Vec<Parting> =
            last.iter().filter(|parting| parting.weight == Weight::Fact).cloned().collect();
        if let Some(event) = one_sided(&signature) {
            self.eyes.one_sided.insert((phrase(&op), event.to_owned()));
        }
        let earlier = earlier.into_iter().collect();
        // What such events lead to is not another difference.
        let brings = telling(&last).find(|parting| parting.weight == Weight::State);
        let brings = brings.map(|parting| parting.signature(&op)).filter(|brings| *brings != signature);
        self.found(signature.clone(), last, shrunk.clone(), earlier, from, timeline.clone());
        if let Some(brings) = brings {
            self.known.entry(brings).or_insert(Known::Finding(self.outcome.findings.len()));
        }
        for fact in facts {
            let other = fact.signature(&op);
            if other != signature && !self.known.contains_key(&other) {
                self.found(other, vec![fact], shrunk.clone(), Vec::new(), from, timeline.clone());
            }
        }
        Ok(())
    }

    fn found(
        &mut self,
        signature: Signature,
        partings: Vec<Parting>,
        shrunk: Shrunk,
        after: Vec<usize>,
        (theme, operation): (&str, usize),
        timeline: Timeline,
    ) {
        let number = self.outcome.findings.len() + 1;
        self.progress.say(&format!("finding {number}: {signature}, {} operations", shrunk.ops.len()));
        self.known.insert(signature.clone(), Known::Finding(number));
        self.outcome.findings.push(Finding {
            number,
            signature,
            partings,
            ops: shrunk.ops,
            after,
            theme: theme.to_owned(),
            operation,
            attempts: shrunk.attempts,
            met: 1,
            timeline,
            file: None,
        });
    }
}

/// The differences of one operation that a finding can be called after. A fact stands for itself; of what differs in the
/// events, and of what differs in answers and state, the first is taken for the cause of the rest.
fn telling(partings: &[Parting]) -> impl Iterator<Item = &Parting> {
    let first = |weight| partings.iter().find(move |parting| parting.weight == weight);
    let facts = partings.iter().filter(|parting| parting.weight == Weight::Fact);
    facts.chain(first(Weight::Inside)).chain(first(Weight::State))
}

/// Plays a list, and says whether the wanted difference is what it comes to: without another before it, unless
/// there was one already.
fn attempt(
    stage: &mut Stage,
    eyes: &Eyes,
    ops: &[Op],
    wanted: &Signature,
    tainted: bool,
) -> Result<shrink::Outcome, Trouble> {
    let (mut result, mut differs) = (None, false);
    let played = stage.play(ops, &mut |at, op, seen| {
        let depth = if differs { Depth::Answers } else { Depth::Everything };
        let partings = compare(op, seen, eyes, depth);
        let shows = |parting: &&Parting| parting.signature(op) == *wanted;
        if let Some(parting) = telling(&partings).find(shows) {
            result = Some((at, vec![difference(wanted, parting)]));
            return ControlFlow::Break(());
        }
        differs |= partings.iter().any(|parting| parting.weight == Weight::State);
        if differs && !tainted { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    Ok(if played == Played::Both { result } else { None })
}

/// The difference as the shrinker takes it: of one kind where the signatures are the same.
fn difference(signature: &Signature, parting: &Parting) -> Difference {
    let [expected, observed] = parting.sides.clone();
    Difference {
        level: parting.level,
        strength: Strength::Exact,
        field: signature.to_string(),
        expected,
        observed,
        context: parting.context.clone(),
        timeline: None,
    }
}

/// The event that a finding says one side never shows.
fn one_sided(signature: &Signature) -> Option<&str> {
    signature.what.strip_prefix("event ")?.strip_suffix(" on one side only")
}

/// The compressors that the first device offers.
fn compressors(observation: &Observation) -> Vec<String> {
    let attribute = observation.devices.values().next().and_then(|view| view.attrs.get("comp_algorithm"));
    match attribute {
        Some(Text::Read(text)) => {
            text.split_whitespace().map(|word| word.trim_matches(['[', ']']).to_owned()).collect()
        }
        _ => Vec::new(),
    }
}
