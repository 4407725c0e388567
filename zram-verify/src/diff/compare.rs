//! One answer beside the other's.
//!
//! The order in which differences are pushed is the order of causes: an answer that differs comes before the events that
//! differ, these before the slots, and attributes, which only sum up, come last. The first is what the difference is
//! called after.

use std::collections::BTreeSet;

use zram_agent::protocol::{Data, Observation, Op, Outcome};
use zram_events::{Context, Event, Kind};

use super::{
    parting::{Parting, Weight},
    side::Seen,
    surface,
};
use crate::{
    compare::{
        Level,
        bytes::{around, parting},
        events::{kind_of, line},
    },
    kernel_log,
    pages::{PAGE, Pages},
};

/// Events shown before and after the first that differs.
const AROUND: usize = 6;

/// How much of two answers is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Depth {
    /// All of it.
    Everything,
    /// What the caller of a system call gets, errno and bytes read from the device: the states differ already.
    Answers,
}

/// What can be compared at all, and what is known not to match.
#[derive(Clone, Debug, Default)]
pub(super) struct Eyes {
    /// Kinds of events that both sides' probes see.
    pub(super) kinds: BTreeSet<Kind>,
    /// Whether both sides have probes.
    pub(super) probes: bool,
    /// Attributes that both have.
    pub(super) attributes: BTreeSet<String>,
    /// Events that one side never shows on an operation, by the operation's phrase: known, and left out.
    pub(super) one_sided: BTreeSet<(String, String)>,
}

impl Eyes {
    /// The events of an answer that count, a task's or a worker's.
    fn visible(&self, phrase: &str, events: &[Event], worker: bool) -> Vec<Event> {
        let counts = |event: &&Event| {
            self.kinds.contains(&kind_of(event))
                && by_worker(event) == worker
                && !self.one_sided.iter().any(|(op, name)| op == phrase && name == event.name())
        };
        events.iter().filter(counts).copied().collect()
    }
}

/// Whether a worker ran it.
fn by_worker(event: &Event) -> bool {
    matches!(
        event,
        Event::Decompress { context: Context::Worker, .. }
            | Event::ReadBackWork { context: Context::Worker, .. }
    )
}

/// Collects what differs.
#[derive(Debug, Default)]
pub(super) struct Partings(pub(super) Vec<Parting>);

impl Partings {
    /// Compares two values that stand for themselves.
    pub(super) fn same<T: PartialEq + core::fmt::Debug>(
        &mut self,
        (level, weight): (Level, Weight),
        what: &str,
        place: &str,
        [a, b]: [&T; 2],
    ) {
        if a != b {
            self.push((level, weight), what, place, [format!("{a:?}"), format!("{b:?}")], Vec::new());
        }
    }

    pub(super) fn push(
        &mut self,
        (level, weight): (Level, Weight),
        what: &str,
        place: &str,
        sides: [String; 2],
        context: Vec<String>,
    ) {
        let (what, place) = (what.to_owned(), place.to_owned());
        self.0.push(Parting { level, what, place, sides, context, weight });
    }
}

/// Compares two answers to one operation.
pub(super) fn compare(op: &Op, [a, b]: [&Seen; 2], eyes: &Eyes, depth: Depth) -> Vec<Parting> {
    let mut partings = Partings::default();
    let observations = [&a.observed.observation, &b.observed.observation];
    outcome(&mut partings, op, observations);
    complaints(&mut partings, observations);
    if depth == Depth::Everything {
        events(&mut partings, op, [a, b], eyes);
        data(&mut partings, op, observations);
    }
    let observed = [&a.observed, &b.observed];
    pages(&mut partings, Level::L1, "memory", observed.map(|observed| observed.memory.as_ref()));
    if depth == Depth::Everything {
        pages(&mut partings, Level::L3, "block", observed.map(|observed| observed.blocks.as_ref()));
        rows(&mut partings, [a, b]);
        surface::devices(&mut partings, observations, eyes);
    }
    partings.0
}

/// Of a text that was read, the length is a matter of its form, which is compared elsewhere.
fn outcome(partings: &mut Partings, op: &Op, [a, b]: [&Observation; 2]) {
    let shown = |outcome: &Outcome| match (op, outcome) {
        (Op::Get { .. } | Op::State { .. }, Outcome::Ok(bytes)) => {
            if *bytes == 0 {
                "ok, nothing".to_owned()
            } else {
                "ok, a text".to_owned()
            }
        }
        (_, Outcome::Ok(number)) => format!("ok {number}"),
        (_, Outcome::Errno(name)) => name.clone(),
    };
    let sides = [shown(&a.outcome), shown(&b.outcome)];
    if sides[0] != sides[1] {
        partings.push((Level::L1, Weight::State), "outcome", "", sides, Vec::new());
    }
}

fn complaints(partings: &mut Partings, observations: [&Observation; 2]) {
    let [a, b] = observations.map(|observation| {
        let heard = kernel_log::hear(&observation.kernel_log);
        let mut said: Vec<String> =
            heard.complaints.iter().map(|complaint| format!("{complaint:?}")).collect();
        said.extend(heard.splat.map(|splat| splat.mark.kind.to_owned()));
        said
    });
    partings.same((Level::L1, Weight::State), "complaint in the kernel's log", "", [&a, &b]);
}

fn events(partings: &mut Partings, op: &Op, seen: [&Seen; 2], eyes: &Eyes) {
    let [Some(a), Some(b)] = seen.map(|seen| seen.observed.events.as_deref()) else { return };
    let phrase = super::parting::phrase(op);
    for (worker, who) in [(false, "task"), (true, "worker")] {
        let [a, b] = [a, b].map(|events| eyes.visible(&phrase, events, worker));
        let only_one = only_on_one_side(&a, &b);
        for (name, counts) in &only_one {
            let sides = counts.map(|count| if count == 0 { "none".to_owned() } else { format!("{count}") });
            let what = format!("event {name} on one side only");
            partings.push((Level::L2, Weight::Inside), &what, who, sides, Vec::new());
        }
        if !only_one.is_empty() {
            // The sequences can be compared once these are known and left out.
            continue;
        }
        let common = a.iter().zip(&b).take_while(|(a, b)| a == b).count();
        if common == a.len().max(b.len()) {
            continue;
        }
        let what = format!("events{}", field([a.get(common), b.get(common)]));
        let sides = [&a, &b].map(|events| events.get(common).map_or("(no more events)".to_owned(), line));
        let context = side_by_side([&a, &b], common);
        partings.push((Level::L2, Weight::Inside), &what, &format!("{who}, event {common}"), sides, context);
    }
}

/// Kinds of events that one side has and the other has not, with the counts.
fn only_on_one_side(a: &[Event], b: &[Event]) -> Vec<(&'static str, [usize; 2])> {
    let names: BTreeSet<&str> = a.iter().chain(b).map(Event::name).collect();
    let count = |events: &[Event], name: &str| events.iter().filter(|event| event.name() == name).count();
    let known = a.iter().chain(b).map(Event::name);
    let mut found: Vec<(&'static str, [usize; 2])> = known
        .filter(|name| names.contains(name))
        .map(|name| (name, [count(a, name), count(b, name)]))
        .filter(|(_, counts)| counts.contains(&0))
        .collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// Which field of which event differs, or which two events stand beside each other.
fn field(events: [Option<&Event>; 2]) -> String {
    let name = |event: Option<&Event>| event.map_or("end", Event::name);
    let [Some(a), Some(b)] = events else {
        return format!(": {} or {}", name(events[0]), name(events[1]));
    };
    if a.name() != b.name() {
        return format!(": {} or {}", a.name(), b.name());
    }
    let [a_fields, b_fields] = [a, b].map(|event| serde_json::to_value(event).unwrap_or_default());
    let differing = a_fields
        .as_object()
        .and_then(|fields| fields.iter().find(|(name, value)| b_fields.get(name) != Some(value)));
    differing.map_or_else(String::new, |(field, _)| format!(": {}.{field}", a.name()))
}

fn side_by_side([a, b]: [&[Event]; 2], at: usize) -> Vec<String> {
    let (from, to) = (at.saturating_sub(AROUND), (at + AROUND).min(a.len().max(b.len())));
    let cell = |events: &[Event], n: usize| events.get(n).map(line).unwrap_or_default();
    let width = (from..to).map(|n| cell(a, n).len()).max().unwrap_or(0);
    (from..to)
        .map(|n| {
            let mark = if n == at { '>' } else { ' ' };
            format!("{mark}{n:>4} {:<width$} | {}", cell(a, n), cell(b, n))
        })
        .collect()
}

fn data(partings: &mut Partings, op: &Op, [a, b]: [&Observation; 2]) {
    match (&a.data, &b.data) {
        (Some(Data::Text(a)), Some(Data::Text(b))) => surface::text_read(partings, op, [a, b]),
        (Some(Data::Bios(a)), Some(Data::Bios(b))) => {
            for (n, (a, b)) in a.iter().zip(b).enumerate() {
                let place = format!("bio {n}");
                let outcomes = [&a.outcome, &b.outcome];
                partings.same((Level::L1, Weight::State), "outcome of a bio beside a pass", &place, outcomes);
            }
        }
        (Some(Data::Classes(a)), Some(Data::Classes(b))) => surface::classes(partings, [a, b]),
        _ => {}
    }
}

fn pages(partings: &mut Partings, level: Level, what: &str, [a, b]: [Option<&Pages>; 2]) {
    let (Some(a), Some(b)) = (a, b) else {
        let there = [a.is_some(), b.is_some()];
        partings.same((level, Weight::State), &format!("{what}: there"), "", [&there[0], &there[1]]);
        return;
    };
    partings.same((level, Weight::State), &format!("{what}: pages"), "", [&a.count(), &b.count()]);
    for page in 0..a.count().min(b.count()) {
        let (ours, theirs) = (a.bytes(page).unwrap_or_default(), b.bytes(page).unwrap_or_default());
        let Some(found) = parting(ours, theirs) else { continue };
        let place = format!("page {page}, byte {}", found.at);
        let sides = [around(ours, found.at), around(theirs, found.at)];
        let context = vec![format!("{} of {PAGE} bytes differ", found.bytes)];
        partings.push((level, Weight::State), &format!("{what}: bytes"), &place, sides, context);
        return;
    }
}

fn rows(partings: &mut Partings, seen: [&Seen; 2]) {
    let [Some(a), Some(b)] = seen.map(|seen| seen.rows.as_ref()) else { return };
    let slots: BTreeSet<&(u32, u32)> = a.keys().chain(b.keys()).collect();
    let weight = (Level::L3, Weight::State);
    let shown = |row: Option<&super::side::Row>, of: fn(&super::side::Row) -> &str| {
        row.map_or("(empty)", of).to_owned()
    };
    let (mut flags, mut words, mut times) = (false, false, false);
    for key in slots {
        let place = format!("zram{} slot {}", key.0, key.1);
        let rows = [a.get(key), b.get(key)];
        let of_flags = rows.map(|row| shown(row, |row| &row.flags));
        if of_flags[0] != of_flags[1] && !core::mem::replace(&mut flags, true) {
            partings.push(weight, "slot: size and flags", &place, of_flags, Vec::new());
        }
        let of_words = rows.map(|row| shown(row, |row| &row.word));
        if of_words[0] != of_words[1] && !core::mem::replace(&mut words, true) {
            partings.push(weight, "slot: what it leads to", &place, of_words, Vec::new());
        }
        let accessed = rows.map(|row| row.is_some_and(|row| row.accessed));
        if accessed[0] != accessed[1] && !core::mem::replace(&mut times, true) {
            partings.same(weight, "slot: access time other than 0", &place, [&accessed[0], &accessed[1]]);
        }
    }
}
