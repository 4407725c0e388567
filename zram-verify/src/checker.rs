//! Holds the model against a kernel, operation by operation.
//!
//! The kernel goes first; its answer feeds the model's ledger; the model carries the same operation
//! out; then the two answers are compared. The checker knows nothing of where answers come from: a
//! live machine, a recorded trace and a model that plays the kernel are the same to it.

use std::{
    collections::{BTreeMap, HashSet},
    time::{Duration, Instant},
};

use zram_agent::protocol::{Content, Data, Hello, Observation, Op, Text};
use zram_events::{Decoder, DeviceId, Event};
use zram_model::{Profile, behaviours::IdleAge};
use zram_probe::Coverage;

use crate::{
    compare::{
        Comparer, Level, Strength, Tally,
        blocks::{self, Store},
        causes::Causes,
        classes, events, slots, surface,
    },
    divergence::Difference,
    facts::{self, HugeBorder},
    follow::{self, Lengths},
    kernel_log::{self, Reason},
    ledger::{Inputs, Ledger},
    model::Model,
    moments,
    observed::Observed,
    pages::{PAGE, Pages},
    together::{self, Witness},
    trace::Step,
    trouble::Trouble,
};

/// The model, and what is needed to compare it with a kernel.
#[derive(Clone, Debug)]
pub struct Checker {
    model: Model,
    decoder: Decoder,
    coverage: Coverage,
    store: Store,
    attributes: Vec<String>,
    attributes_compared: bool,
    operation: usize,
    border: HugeBorder,
    causes: Causes,
    lengths: Lengths,
    /// Why the model no longer knows what the kernel's state is, until the next `begin`.
    adrift: Option<String>,
    /// Misses of probes on this machine that are accounted for.
    forgiven: u64,
    /// Why records cannot be decoded, until the next `begin`.
    unseen: Option<String>,
    /// What was compared so far.
    pub tally: Tally,
    /// Events observed so far.
    pub events: u64,
    /// Lines of the kernel's log that were let pass, by the reason.
    pub allowed: BTreeMap<Reason, u64>,
    /// Where its time went.
    pub spent: Spent,
}

/// Where a checker's time goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// Making events of records.
    pub decoding: Duration,
    /// Carrying operations out on the model.
    pub model: Duration,
    /// Holding the answers against each other.
    pub comparison: Duration,
}

/// What came of one operation.
#[derive(Clone, Debug, PartialEq)]
pub struct Checked {
    /// What differs; empty when the two agree.
    pub differences: Vec<Difference>,
    /// What was observed, decoded.
    pub observed: Observed,
    /// What the model emitted.
    pub expected_events: Vec<Event>,
}

impl Checker {
    /// A checker for the kernel that greets so.
    ///
    /// # Errors
    /// When the agent runs without probes: a run that sees nothing inside would agree with anything.
    pub fn new(profile: Profile, hello: &Hello) -> Result<Self, Trouble> {
        let Some(coverage) = hello.coverage.clone() else {
            return Err(Trouble::Blind { operation: 0, what: "the agent runs without probes".to_owned() });
        };
        let ledger = Ledger::new(coverage.clone(), &profile.behaviours);
        Ok(Self {
            model: Model::new(profile, ledger),
            decoder: Decoder::new(),
            coverage,
            store: Store::default(),
            attributes: hello.attributes.clone(),
            attributes_compared: false,
            operation: 0,
            border: HugeBorder::default(),
            causes: Causes::default(),
            lengths: Lengths::default(),
            adrift: None,
            forgiven: 0,
            unseen: None,
            tally: Tally::default(),
            events: 0,
            allowed: BTreeMap::new(),
            spent: Spent::default(),
        })
    }

    /// The inputs that the model was given.
    #[must_use]
    pub fn inputs(&self) -> Inputs {
        self.model.inputs()
    }

    /// Completions of the backing devices: those that came in an interrupt, and the others.
    #[must_use]
    pub fn completions(&self) -> (u64, u64) {
        (self.causes.interrupts, self.causes.elsewhere)
    }

    /// Operations checked so far.
    #[must_use]
    pub fn operation(&self) -> usize {
        self.operation
    }

    /// Starts counting operations from here: used when several runs share a checker's tally.
    pub fn continue_from(&mut self, operation: usize) {
        self.operation = operation;
    }

    /// Checks one operation and the kernel's answer to it.
    ///
    /// # Errors
    /// When the answer cannot be used: something was lost, the kernel complained, or the model's side
    /// cannot carry the operation out.
    pub fn check(&mut self, op: &Op, observation: Observation) -> Result<Checked, Trouble> {
        let operation = self.operation;
        let started = Instant::now();
        self.forgive(op, &observation);
        let observed = match &self.unseen {
            Some(why) => Observed::unseen(op, observation, why),
            None => Observed::new(op, observation, &mut self.decoder),
        };
        let observed = observed.map_err(|reason| Trouble::Unusable { operation, reason })?;
        self.spent.decoding += started.elapsed();
        self.check_observed(op, observed)
    }

    /// Checks a step of a trace.
    ///
    /// # Errors
    /// As [`Checker::check`].
    pub fn check_step(&mut self, step: &Step) -> Result<Checked, Trouble> {
        let operation = self.operation;
        let started = Instant::now();
        self.forgive(&step.op, &step.answer);
        let observed = match &self.unseen {
            Some(why) => step.unseen(why),
            None => step.observed(&mut self.decoder),
        };
        let observed = observed.map_err(|reason| Trouble::Unusable { operation, reason })?;
        self.spent.decoding += started.elapsed();
        self.check_observed(&step.op, observed)
    }

    /// Says how much the probes of the machine had missed before what is checked next: they count from when they were attached.
    pub fn go_on_from(&mut self, misses: u64) {
        self.forgiven = misses;
    }

    /// Where several tasks are at work, a probe can miss one of them (`docs/probes.md`): the rest of the program goes without events.
    fn forgive(&mut self, op: &Op, observation: &Observation) {
        let misses = observation.health.map_or(0, |health| health.recursion_misses);
        if matches!(op, Op::Begin(_)) {
            self.unseen = None;
            // Fewer than before: another machine took over, as recorded runs can have it.
            self.forgiven = self.forgiven.min(misses);
        }
        if matches!(op, Op::Together { .. }) && misses > self.forgiven {
            self.forgiven = misses;
            self.unseen = Some("a probe missed one of several tasks at work".to_owned());
        }
    }

    fn check_observed(&mut self, op: &Op, mut observed: Observed) -> Result<Checked, Trouble> {
        let operation = self.operation;
        self.sighted(&observed, operation)?;
        for reason in fit(&observed.observation, operation, self.forgiven)? {
            *self.allowed.entry(reason).or_default() += 1;
        }
        self.operation += 1;
        self.events += observed.events.as_ref().map_or(0, |events| events.len() as u64);
        if self.is_adrift(op, &observed) {
            return Ok(Checked { differences: Vec::new(), observed, expected_events: Vec::new() });
        }
        let fine = self.model.kernel().profile().behaviours.idle_age == IdleAge::Nanoseconds;
        let candidates = moments::idle(op, &observed, fine);
        let before = (candidates.len() > 1).then(|| self.state());
        let mut first: Option<(State, Comparer)> = None;
        for moment in candidates {
            if let (Some(state), Some(_)) = (&before, &first) {
                self.resume(state.clone());
            }
            let comparer = self.compare(op, &observed, moment, operation)?;
            let agrees = comparer.differences.is_empty();
            if agrees || first.is_none() {
                first = Some((self.state(), comparer));
            }
            if agrees {
                break;
            }
        }
        let Some((state, mut comparer)) = first else {
            return Err(Trouble::Model { operation, reason: "no moment to try".to_owned() });
        };
        self.resume(state);
        if let Some(order) = self.order(&observed) {
            observed.reorder(&order);
        }
        self.causes.compare(&mut comparer, op, &observed, &self.coverage);
        self.tally.absorb(&comparer.tally);
        let expected_events = self.model.ledger().emitted.clone();
        Ok(Checked { differences: comparer.differences, observed, expected_events })
    }

    fn state(&self) -> State {
        (self.model.clone(), self.store.clone(), self.decoder.clone())
    }

    fn resume(&mut self, (model, store, decoder): State) {
        (self.model, self.store, self.decoder) = (model, store, decoder);
    }

    /// Of several tasks, the order of the model's steps.
    fn order(&self, observed: &Observed) -> Option<Vec<usize>> {
        let count = observed.events.as_ref()?.len();
        Some(self.model.ledger().witness.as_ref()?.order(count))
    }

    /// Whether the model cannot come along: not with this operation, or not with one before it in the same program.
    fn is_adrift(&mut self, op: &Op, observed: &Observed) -> bool {
        if matches!(op, Op::Begin { .. }) {
            self.adrift = None;
        }
        if op.work().is_some() && self.adrift.is_none() {
            self.adrift = self.cannot_follow(observed);
        }
        if let (Op::Together { dev, .. }, None) = (op, &self.adrift) {
            self.adrift = self.cannot_tell_apart(*dev, observed);
        }
        if let Some(reason) = &self.adrift {
            self.tally.skip(
                Level::L1,
                "an operation with all that follows in its program",
                reason.clone(),
                1,
            );
        }
        self.adrift.is_some()
    }

    /// A model that plays the kernel takes turns, and needs no witness to do it again.
    fn cannot_tell_apart(&self, dev: u32, observed: &Observed) -> Option<String> {
        if observed.unseen.is_none() && observed.origins.is_empty() {
            return None;
        }
        let apart = self.model.kernel().can_interleave(DeviceId(dev)).err().map(ToOwned::to_owned);
        apart.or_else(|| together::no_witness(observed, |kind| self.coverage.observes(kind)))
    }

    fn cannot_follow(&self, observed: &Observed) -> Option<String> {
        if let Some(kind) = follow::NEEDED.iter().find(|kind| !self.coverage.observes(**kind)) {
            return Some(format!("a workload cannot be followed where no probe sees {kind:?}"));
        }
        follow::interleaved(observed.events.as_deref().unwrap_or_default(), &observed.origins)
    }

    /// Whether everything was looked at that an agent with probes looks at.
    fn sighted(&self, observed: &Observed, operation: usize) -> Result<(), Trouble> {
        let blind = |what: String| Err(Trouble::Blind { operation, what });
        if observed.events.is_none() {
            return blind("the answer has no records".to_owned());
        }
        let observation = &observed.observation;
        if observation.health.is_none() {
            return blind("the answer does not have the probes' own counters".to_owned());
        }
        let initialised =
            |text: Option<&Text>| matches!(text, Some(Text::Read(state)) if state.trim_end() == "1");
        let unseen = observation
            .devices
            .iter()
            .find(|(_, view)| view.slots.is_none() && initialised(view.attrs.get("initstate")));
        match unseen {
            Some((dev, _)) => blind(format!("the answer does not have the slot table of zram{dev}")),
            None => Ok(()),
        }
    }

    /// Looks at the answer to a `begin` that nothing follows: what the last teardown left in the
    /// kernel's log, and whether the probes saw it all. It is not counted as an operation.
    ///
    /// # Errors
    /// As [`Checker::check`].
    pub fn check_farewell(&self, op: &Op, observation: Observation) -> Result<(), Trouble> {
        let operation = self.operation;
        let observed = Observed::new(op, observation, &mut self.decoder.clone())
            .map_err(|reason| Trouble::Unusable { operation, reason })?;
        self.sighted(&observed, operation)?;
        fit(&observed.observation, operation, self.forgiven).map(drop)
    }

    /// Comparisons that can be made only when everything has been seen.
    pub fn finish(&mut self) -> Vec<Difference> {
        let mut comparer = Comparer::default();
        self.border.compare(&mut comparer, self.model.huge_class_size());
        self.tally.absorb(&comparer.tally);
        comparer.differences
    }

    fn compare(
        &mut self,
        op: &Op,
        observed: &Observed,
        idle_now: u64,
        operation: usize,
    ) -> Result<Comparer, Trouble> {
        if matches!(op, Op::Begin(_)) {
            self.store.clear();
        }
        let mut contents: HashSet<Content> = op.dev().map_or_else(HashSet::new, |dev| self.contents(dev));
        self.model.ledger_mut().open(observed, idle_now);
        if let (Some(dev), Some(workers)) = (op.dev(), together::of(op, observed)) {
            let witness = || Witness::new(dev, workers, observed);
            let witness = (!observed.origins.is_empty()).then(witness);
            self.model.ledger_mut().witness = witness;
        }
        let started = Instant::now();
        let expected =
            self.model.execute(operation, op).map_err(|reason| Trouble::Model { operation, reason })?;
        let executed = Instant::now();
        self.spent.model += executed - started;
        let mut comparer = Comparer::default();
        surface::compare(&mut comparer, &expected, observed, &self.model.ledger().undetermined);
        self.compare_events(&mut comparer, op, observed);
        self.compare_inputs(&mut comparer);
        self.compare_slots(&mut comparer, &expected, observed);
        self.compare_blocks(&mut comparer, op, &expected, observed);
        if let (Some(Data::Classes(ours)), Some(Data::Classes(theirs))) =
            (&expected.data, &observed.observation.data)
        {
            classes::compare(&mut comparer, ours, theirs);
        }
        if let Some(dev) = op.dev().filter(|_| op.work().is_some()) {
            contents.extend(self.contents(dev));
            self.compare_followed(&mut comparer, op, &contents);
            if let (Some(Data::Work(ours)), Some(Data::Work(theirs))) =
                (&expected.data, &observed.observation.data)
            {
                follow::report(&mut comparer, dev, ours, theirs, self.model.kernel());
            }
        }
        self.compare_attributes(&mut comparer, &expected);
        self.spent.comparison += executed.elapsed();
        Ok(comparer)
    }

    /// Every page that a workload on this device may write.
    fn contents(&self, dev: u32) -> HashSet<Content> {
        self.model.holdings().pages(dev).collect()
    }

    fn compare_followed(&mut self, comparer: &mut Comparer, op: &Op, contents: &HashSet<Content>) {
        let ledger = self.model.ledger();
        let mut codecs = ledger.codecs();
        let unknown = &ledger.follower.unknown;
        let lengths = (&mut self.lengths, &mut codecs);
        follow::compare(comparer, op, unknown, contents, self.model.kernel(), lengths);
    }

    fn compare_events(&mut self, comparer: &mut Comparer, op: &Op, observed: &Observed) {
        let reordered = self.in_the_models_order(observed);
        let theirs = reordered.as_deref().or(observed.events.as_deref()).unwrap_or_default();
        events::compare(comparer, &self.model.ledger().emitted, theirs, &self.coverage);
        // Of several tasks, the object that follows a compression may be another's. Recompression compares classes, not lengths, and keeps what
        // is above the border where `zs_lookup_class_index` forgets the header.
        let recompresses = matches!(op, Op::Set { attr, .. } if attr == "recompress");
        if observed.replay.is_none() && !recompresses {
            self.border.see(theirs);
        }
    }

    /// The events of several tasks in the order of the model's steps. Where that makes no sense of the records, they
    /// stay as they came, and differ.
    fn in_the_models_order(&mut self, observed: &Observed) -> Option<Vec<Event>> {
        let order = self.order(observed)?;
        let (events, decoder) = observed.replay.as_ref()?.in_order(&order).ok()?;
        self.decoder = decoder;
        Some(events)
    }

    /// The inputs taken in this operation, each held against what it can be.
    fn compare_inputs(&self, comparer: &mut Comparer) {
        let ledger = self.model.ledger();
        for length in &ledger.lengths {
            match length.predicted {
                Some(predicted) => {
                    let field = || format!("compressed length ({})", length.algorithm);
                    comparer.same(Level::L2, Strength::Exact, field, &predicted, &length.observed);
                }
                None => comparer.tally.skip(
                    Level::L2,
                    "a compressed length",
                    format!("there is no exact codec for {}", length.algorithm),
                    1,
                ),
            }
        }
        for answer in &ledger.answers {
            let field = || format!("status of a request to the backing device ({:?})", answer.request);
            comparer.same(Level::L2, Strength::Exact, field, &answer.predicted, &answer.observed);
        }
        comparer.tally.count(Level::L1, Strength::SetMembership, ledger.seconds_checked);
        comparer.tally.count(Level::L1, Strength::Bounded, ledger.peaks);
        for second in &ledger.impossible {
            let [low, high] = &second.possible;
            comparer.differ(
                Level::L1,
                Strength::SetMembership,
                format!("zram{} slot {}: second of access", second.dev, second.slot),
                format!("{low} to {high}, by the clocks around the operation"),
                second.shown.clone(),
                Vec::new(),
            );
        }
    }

    fn compare_slots(&self, comparer: &mut Comparer, expected: &Observation, observed: &Observed) {
        let ours = |word: u64| u32::try_from(word).ok();
        let theirs = |address: u64| self.decoder.handle(address).map(|life| life.0);
        for (dev, view) in &expected.devices {
            let Some(other) = observed.observation.devices.get(dev) else { continue };
            match (&view.slots, &other.slots) {
                (Some(rows), Some(other_rows)) => {
                    slots::compare(comparer, *dev, (rows, &ours), (other_rows, &theirs));
                }
                (Some(rows), None) => comparer.tally.skip(
                    Level::L3,
                    "a row of the slot table",
                    "there is no snapshot of the slot table",
                    rows.len() as u64,
                ),
                (None, Some(rows)) if !rows.is_empty() => {
                    let rows = rows.len();
                    comparer.same(
                        Level::L3,
                        Strength::AtQuiescence,
                        || format!("zram{dev}: rows of the slot table"),
                        &0,
                        &rows,
                    );
                }
                _ => {}
            }
        }
    }

    fn compare_blocks(
        &mut self,
        comparer: &mut Comparer,
        op: &Op,
        expected: &Observation,
        observed: &Observed,
    ) {
        let pass_on = match op {
            Op::Set { dev, attr, .. } if attr == "writeback" => Some(dev),
            Op::During { dev, .. } => Some(dev),
            _ => None,
        };
        if let Some(dev) = pass_on {
            for (block, content) in self.model.blocks(*dev) {
                self.store.note(block, content);
            }
        }
        if let Op::Blocks { first, .. } = op {
            let ours = match &expected.data {
                Some(Data::Blocks(bytes)) => bytes.0.len() / PAGE,
                _ => 0,
            };
            let theirs = observed.blocks.as_ref().map_or(0, Pages::count);
            comparer.same(Level::L3, Strength::Exact, || "blocks read".to_owned(), &ours, &theirs);
            if let Some(pages) = &observed.blocks {
                let mut codecs = self.model.ledger().codecs();
                blocks::compare(comparer, *first, pages, &self.store, &mut codecs);
            }
        }
    }

    /// Once: the names in a device's folder.
    fn compare_attributes(&mut self, comparer: &mut Comparer, expected: &Observation) {
        if self.attributes_compared {
            return;
        }
        if let Some(dev) = expected.devices.keys().next() {
            self.attributes_compared = true;
            facts::compare_attributes(comparer, &self.model, *dev, &self.attributes);
        }
    }
}

/// What changes in the course of an operation.
type State = (Model, Store, Decoder);

/// Whether an answer can be trusted at all; and why lines of the kernel's log that look bad do not speak against it.
fn fit(observation: &Observation, operation: usize, forgiven: u64) -> Result<Vec<Reason>, Trouble> {
    let heard = kernel_log::hear(&observation.kernel_log);
    if let Some(splat) = heard.splat {
        return Err(Trouble::Splat { operation, kind: splat.mark.kind, line: splat.line });
    }
    lost(observation, operation, forgiven)?;
    Ok(heard.allowed)
}

/// Whether something was lost on the way, but for so many misses of probes.
pub(crate) fn lost(observation: &Observation, operation: usize, forgiven: u64) -> Result<(), Trouble> {
    if let Some(line) = kernel_log::first_loss(&observation.kernel_log) {
        return Err(Trouble::LogLost { operation, line: line.to_owned() });
    }
    match &observation.health {
        Some(health) if !health.is_clean_but_for(forgiven) => Err(Trouble::Lost {
            operation,
            counters: format!(
                "reserve failures {}, recursion misses {}, missed {}, faults {}",
                health.reserve_failures, health.recursion_misses, health.missed, health.faults
            ),
        }),
        _ => Ok(()),
    }
}
