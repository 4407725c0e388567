//! The table played, on a machine or on the model.

use std::collections::BTreeMap;

use zram_agent::{
    SimWorld, execute,
    protocol::{Data, DeviceView, Hello, Observation, Op, Outcome, Text},
};
use zram_host::Surroundings;

use super::{
    rows::{Case, Step},
    spell::spell,
    state::{DEV, State},
};
use crate::{
    abilities::Abilities,
    agent::Agent,
    facts,
    kernel_log::{first_loss, hear},
    profiles,
    trouble::Trouble,
};

/// Let pass before anything else, so that an age of five seconds is less than the time since boot.
const HEAD_START: u32 = 6_000;

/// Something that carries operations out.
pub trait Machine {
    /// Carries one out.
    ///
    /// # Errors
    /// When there is no answer.
    fn answer(&mut self, op: &Op) -> Result<Observation, Trouble>;
}

impl Machine for Agent {
    fn answer(&mut self, op: &Op) -> Result<Observation, Trouble> {
        self.send(op)?;
        let observation = self.receive()?;
        let splat = hear(&observation.kernel_log).splat.map(|splat| splat.line);
        match splat.as_deref().or(first_loss(&observation.kernel_log)) {
            None => Ok(observation),
            Some(line) => Err(Trouble::Table { what: format!("the kernel log says: {line}") }),
        }
    }
}

/// The model in the place of a machine.
#[derive(Debug)]
pub struct OnModel<E> {
    world: SimWorld<E>,
    answered: u64,
}

impl<E> OnModel<E> {
    /// With this world.
    pub fn new(world: SimWorld<E>) -> Self {
        Self { world, answered: 0 }
    }
}

impl<E: Surroundings> Machine for OnModel<E> {
    fn answer(&mut self, op: &Op) -> Result<Observation, Trouble> {
        self.answered += 1;
        execute(self.answered - 1, op, &mut self.world)
            .map_err(|trouble| Trouble::Table { what: trouble.to_string() })
    }
}

/// One row: a write and what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The state in which the case began; `None` in the rows that follow its first.
    pub state: Option<State>,
    /// What was written to, or read.
    pub target: String,
    /// The text, spelt out; empty for a read.
    pub text: String,
    /// Bytes taken, the number of the device, or the errno's name.
    pub outcome: String,
    /// What can be read afterwards and could not before, `name=text`.
    pub changes: Vec<String>,
}

/// What came of the table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Played {
    /// What every state looks like when it is reached.
    pub states: Vec<(State, Vec<String>)>,
    /// The rows.
    pub rows: Vec<Row>,
    /// Attributes that the kernel does not have; each has one row.
    pub missing: Vec<String>,
}

/// Everything that can be read of every device, by a name for it.
type View = BTreeMap<String, String>;

/// Plays the table to its end.
///
/// # Errors
/// When an operation has no answer, a preparation fails, or a state is not always the same.
pub fn play(cases: &[Case], hello: &Hello, machine: &mut dyn Machine) -> Result<Played, Trouble> {
    let mut played = Played { missing: missing(hello), ..Played::default() };
    let profile = profiles::for_kernel(&hello.kernel, &hello.attributes).profile;
    let abilities = Abilities::new(&profile, hello);
    machine.answer(&Op::Sleep { millis: HEAD_START })?;
    for attr in played.missing.clone() {
        let case =
            Case { state: State::New, steps: vec![Step::Row(super::state::set(&attr, "1"))], deadly: None };
        self::case(&case, machine, &mut played)?;
    }
    for case in cases.iter().filter(|case| possible(case, hello)) {
        if case.deadly.is_some_and(|deed| !abilities.survives(deed)) {
            leave_out(case, &mut played);
        } else {
            self::case(case, machine, &mut played)?;
        }
    }
    played.states.sort_by_key(|(state, _)| *state);
    Ok(played)
}

/// Attributes of other kernels, sorted.
fn missing(hello: &Hello) -> Vec<String> {
    let known = facts::ATTRIBUTES.iter().map(|name| (*name).to_owned());
    known.filter(|name| !hello.attributes.contains(name)).collect()
}

/// Whether the kernel has every attribute that the case is about. A name that no kernel has is about that.
fn possible(case: &Case, hello: &Hello) -> bool {
    let there =
        |name: &str| !facts::ATTRIBUTES.contains(&name) || hello.attributes.iter().any(|other| other == name);
    case.state.needs().is_none_or(there)
        && case.steps.iter().all(|step| match step {
            Step::Row(op) | Step::Quiet(op) => match op {
                Op::Set { attr, .. } | Op::Get { attr, .. } => there(attr),
                _ => true,
            },
        })
}

/// The rows of a case that cannot be tried.
fn leave_out(case: &Case, played: &mut Played) {
    let mut state = Some(case.state);
    for step in &case.steps {
        if let Step::Row(op) = step {
            let (target, text) = target(op);
            let outcome = "deadly".to_owned();
            played.rows.push(Row { state: state.take(), target, text, outcome, changes: Vec::new() });
        }
    }
}

fn case(case: &Case, machine: &mut dyn Machine, played: &mut Played) -> Result<(), Trouble> {
    let mut view = View::new();
    for op in case.state.way() {
        view = prepare(&op, machine)?;
    }
    let text: Vec<String> = view.iter().map(|(name, text)| format!("{name}={text}")).collect();
    match played.states.iter().find(|(state, _)| *state == case.state) {
        None => played.states.push((case.state, text)),
        Some((_, first)) if *first == text => {}
        Some((_, first)) => {
            let what = format!(
                "the state {} is not always the same: {first:?} at first, {text:?} now",
                case.state.name()
            );
            return Err(Trouble::Table { what });
        }
    }
    let mut state = Some(case.state);
    for step in &case.steps {
        match step {
            Step::Quiet(op) => view = prepare(op, machine)?,
            Step::Row(op) => {
                let answer = machine.answer(op)?;
                let after = views(&answer);
                let (target, text) = target(op);
                let outcome = outcome(&answer);
                played.rows.push(Row {
                    state: state.take(),
                    target,
                    text,
                    outcome,
                    changes: changes(&view, &after),
                });
                view = after;
            }
        }
    }
    Ok(())
}

fn prepare(op: &Op, machine: &mut dyn Machine) -> Result<View, Trouble> {
    let answer = machine.answer(op)?;
    match &answer.outcome {
        Outcome::Ok(_) => Ok(views(&answer)),
        Outcome::Errno(errno) => {
            Err(Trouble::Table { what: format!("a preparation, {op:?}, failed with {errno}") })
        }
    }
}

fn target(op: &Op) -> (String, String) {
    match op {
        Op::Set { attr, value, .. } => (attr.clone(), spell(value.as_bytes())),
        Op::Remove { text } => ("hot_remove".to_owned(), spell(text.as_bytes())),
        Op::Add {} => ("read hot_add".to_owned(), String::new()),
        Op::Get { attr, .. } => (format!("read {attr}"), String::new()),
        op => (op.name().to_owned(), String::new()),
    }
}

fn outcome(answer: &Observation) -> String {
    match (&answer.outcome, &answer.data) {
        (Outcome::Ok(_), Some(Data::Text(text))) => spell(text.as_bytes()),
        (Outcome::Ok(value), _) => value.to_string(),
        (Outcome::Errno(errno), _) => errno.clone(),
    }
}

fn views(answer: &Observation) -> View {
    let mut view = View::new();
    for (dev, device) in &answer.devices {
        let prefix = if *dev == DEV { String::new() } else { format!("zram{dev}/") };
        for (name, text) in &device.attrs {
            view.insert(format!("{prefix}{name}"), shown(text));
        }
        if let Some(slots) = slots(device) {
            view.insert(format!("{prefix}block_state"), slots);
        }
    }
    view
}

fn shown(text: &Text) -> String {
    match text {
        Text::Read(text) => spell(text.as_bytes()),
        Text::Failed { errno } => errno.clone(),
    }
}

/// `block_state` without the times, which are the machine's: for each string of letters the slots that have it.
fn slots(device: &DeviceView) -> Option<String> {
    let text = match device.block_state.as_ref()? {
        Text::Read(text) => text,
        Text::Failed { errno } => return Some(errno.clone()),
    };
    let mut groups: Vec<(&str, Vec<u64>)> = Vec::new();
    for line in text.lines() {
        let mut words = line.split_whitespace();
        let (slot, letters) = (words.next()?.parse().ok()?, words.nth(1)?);
        match groups.iter_mut().find(|(other, _)| *other == letters) {
            Some((_, slots)) => slots.push(slot),
            None => groups.push((letters, vec![slot])),
        }
    }
    groups.sort_unstable();
    let groups = groups.iter().map(|(letters, slots)| format!("{letters}:{}", ranges(slots)));
    Some(format!("({})", groups.collect::<Vec<_>>().join(" ")))
}

/// Ascending numbers, those in a row as `first-last`.
fn ranges(numbers: &[u64]) -> String {
    let mut runs: Vec<(u64, u64)> = Vec::new();
    for number in numbers {
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == *number => *last = *number,
            _ => runs.push((*number, *number)),
        }
    }
    let runs = runs.iter().map(|(first, last)| match last - first {
        0 => first.to_string(),
        _ => format!("{first}-{last}"),
    });
    runs.collect::<Vec<_>>().join(",")
}

fn changes(before: &View, after: &View) -> Vec<String> {
    let changed = after.iter().filter(|(name, text)| before.get(*name) != Some(text));
    let mut changes: Vec<String> = changed.map(|(name, text)| format!("{name}={text}")).collect();
    let devices = |view: &View| {
        let initstates = view.keys().filter(|name| name.ends_with("initstate"));
        initstates.map(|name| name.replace("initstate", "")).collect::<Vec<_>>()
    };
    let (there, left) = (devices(before), devices(after));
    // A device that comes or goes would fill the line with what is the same each time.
    for new in left.iter().filter(|dev| !there.contains(dev)) {
        let own = |change: &String| {
            new.is_empty() != change.starts_with("zram") && change.starts_with(new.as_str())
        };
        changes.retain(|change| !own(change));
        changes.push(format!("+{}", name_of(new)));
    }
    changes.extend(there.iter().filter(|dev| !left.contains(dev)).map(|dev| format!("-{}", name_of(dev))));
    changes
}

fn name_of(prefix: &str) -> String {
    if prefix.is_empty() { format!("zram{DEV}") } else { prefix.trim_end_matches('/').to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_grouped_by_their_letters_and_times_left_out() {
        let line = |slot: u32, letters: &str| format!("{slot:>12} {:>12}.000000 {letters}\n", 7 + slot);
        let text = [line(0, "s....."), line(2, "......"), line(3, "......"), line(5, "......")].concat();
        let device = DeviceView { block_state: Some(Text::Read(text)), ..DeviceView::default() };
        assert_eq!(slots(&device).as_deref(), Some("(......:2-3,5 s.....:0)"));
    }

    #[test]
    fn only_what_changed_is_shown() {
        let view = |pairs: &[(&str, &str)]| -> View {
            pairs.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
        };
        let one = view(&[("initstate", "0"), ("disksize", "0")]);
        let sized = view(&[("initstate", "1"), ("disksize", "0")]);
        assert_eq!(changes(&one, &sized), ["initstate=1"]);
        let two = view(&[("initstate", "0"), ("disksize", "0"), ("zram1/initstate", "0")]);
        assert_eq!(changes(&one, &two), ["+zram1"]);
        assert_eq!(changes(&two, &one), ["-zram1"]);
        assert_eq!(changes(&View::new(), &one), ["+zram0"]);
        assert_eq!(changes(&one, &View::new()), ["-zram0"]);
    }
}
