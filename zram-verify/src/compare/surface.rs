//! L1: what system calls answer, and what every readable file says afterwards.

use zram_agent::protocol::{Data, DeviceView, Observation, Outcome, Text, WorkerDone};

use super::{Comparer, Level, Strength};
use crate::{
    kernel_log,
    observed::{Observed, memories, memory_of},
    pages::{PAGE, Pages},
};

/// Pages of an operation's memory of which the model cannot say what they hold.
pub type Undetermined = Vec<usize>;

/// Compares outcome, data and the files of every device.
pub fn compare(
    comparer: &mut Comparer,
    expected: &Observation,
    observed: &Observed,
    undetermined: &Undetermined,
) {
    let pages = observed.memory.as_ref();
    let observed = &observed.observation;
    comparer.same(Level::L1, Strength::Exact, || "outcome".to_owned(), &expected.outcome, &observed.outcome);
    if expected.failed.is_some() || observed.failed.is_some() {
        let field = || "allocations of the kind that was to fail".to_owned();
        comparer.same(Level::L1, Strength::Exact, field, &expected.failed, &observed.failed);
    }
    let complaints = |observation: &Observation| kernel_log::hear(&observation.kernel_log).complaints;
    let (ours, theirs) = (complaints(expected), complaints(observed));
    comparer.same(Level::L1, Strength::Exact, || "complaints in the kernel's log".to_owned(), &ours, &theirs);
    if let Some(Data::Bios(ours)) = &expected.data {
        let mut ours = ours.clone();
        let memory = memory_of(ours.iter_mut().map(|bio| &mut bio.memory));
        let theirs = match &observed.data {
            Some(Data::Bios(theirs)) => theirs.iter().map(|bio| &bio.outcome).collect(),
            _ => Vec::new(),
        };
        let ours = ours.iter().map(|bio| &bio.outcome).collect::<Vec<_>>();
        calls(comparer, "bio", (&ours, memory), (&theirs, pages));
    } else if let Some(Data::Together(ours)) = &expected.data {
        let mut ours = ours.clone();
        let memory = memory_of(memories(&mut ours));
        let theirs = match &observed.data {
            Some(Data::Together(theirs)) => outcomes(comparer, &ours, theirs),
            _ => Vec::new(),
        };
        let ours = ours.iter().flat_map(|worker| &worker.deeds).map(|done| &done.outcome);
        calls(comparer, "call", (&ours.collect::<Vec<_>>(), memory), (&theirs, pages));
    } else if let (Some(Data::Memory(ours)), Some(theirs)) = (&expected.data, pages) {
        memory(comparer, &ours.0, theirs, undetermined);
    } else {
        data(comparer, expected.data.as_ref(), observed.data.as_ref(), pages.is_some());
    }
    let numbers = |observation: &Observation| observation.devices.keys().copied().collect::<Vec<_>>();
    let (ours, theirs) = (numbers(expected), numbers(observed));
    comparer.same(Level::L1, Strength::AtQuiescence, || "devices".to_owned(), &ours, &theirs);
    for (dev, view) in &expected.devices {
        if let Some(other) = observed.devices.get(dev) {
            device(comparer, *dev, view, other);
        }
    }
}

fn data(comparer: &mut Comparer, expected: Option<&Data>, observed: Option<&Data>, memory: bool) {
    match (expected, observed) {
        (None, None) if !memory => {}
        // Compared elsewhere, by those who know what the bytes and numbers mean.
        (Some(Data::Blocks(_)), None | Some(Data::Blocks(_)))
        | (Some(Data::Work(_)), Some(Data::Work(_)))
        | (Some(Data::Classes(_)), Some(Data::Classes(_))) => {}
        (Some(Data::Text(ours)), Some(Data::Text(theirs))) => {
            comparer.same(Level::L1, Strength::Exact, || "text".to_owned(), ours, theirs);
        }
        _ => {
            let kind = |data: Option<&Data>| match data {
                None => "nothing",
                Some(Data::Text(_)) => "a text",
                Some(Data::Memory(_)) => "memory (of a write: changed by the kernel)",
                Some(Data::Blocks(_)) => "blocks",
                Some(Data::Classes(_)) => "classes",
                Some(Data::Bios(_)) => "bios",
                Some(Data::Together(_)) => "what workers did",
                Some(Data::Work(_)) => "what a workload says of itself",
            };
            let theirs = if memory { "memory (of a write: changed by the kernel)" } else { kind(observed) };
            comparer.same(Level::L1, Strength::Exact, || "data".to_owned(), &kind(expected), &theirs);
        }
    }
}

/// Outcomes of all workers' calls, one worker after the other.
fn outcomes<'a>(comparer: &mut Comparer, ours: &[WorkerDone], theirs: &'a [WorkerDone]) -> Vec<&'a Outcome> {
    let counts = |workers: &[WorkerDone]| workers.iter().map(|worker| worker.deeds.len()).collect::<Vec<_>>();
    comparer.same(
        Level::L1,
        Strength::Exact,
        || "calls of each worker".to_owned(),
        &counts(ours),
        &counts(theirs),
    );
    theirs.iter().flat_map(|worker| &worker.deeds).map(|done| &done.outcome).collect()
}

/// What came of several calls: outcomes one by one, and their memory as if it were one buffer.
fn calls(
    comparer: &mut Comparer,
    what: &str,
    (ours, memory_ours): (&[&Outcome], Option<Pages>),
    (theirs, pages): (&[&Outcome], Option<&Pages>),
) {
    let (wanted, found) = (ours.len(), theirs.len());
    comparer.same(Level::L1, Strength::Exact, || format!("number of {what}s"), &wanted, &found);
    for (n, (ours, theirs)) in ours.iter().zip(theirs).enumerate() {
        comparer.same(Level::L1, Strength::Exact, || format!("{what} {n}: outcome"), ours, theirs);
    }
    let nothing = Pages::Bytes(Vec::new());
    let ours = memory_ours.as_ref().and_then(|pages| match pages {
        Pages::Bytes(bytes) => Some(bytes.as_slice()),
        Pages::Digests(_) => None,
    });
    memory(comparer, ours.unwrap_or_default(), pages.unwrap_or(&nothing), &Undetermined::new());
}

/// The whole arena of a buffer, guard bytes included, page by page.
fn memory(comparer: &mut Comparer, expected: &[u8], observed: &Pages, undetermined: &Undetermined) {
    let count = expected.len() / PAGE;
    comparer.same(Level::L1, Strength::Exact, || "pages of memory".to_owned(), &count, &observed.count());
    for (page, ours) in expected.chunks(PAGE).enumerate().take(observed.count()) {
        if undetermined.contains(&page) {
            comparer.tally.skip(
                Level::L1,
                "a page of memory",
                "it holds bytes of a compressed object, which the model does not carry",
                1,
            );
            continue;
        }
        comparer.tally.count(Level::L1, Strength::Exact, 1);
        if let Some(difference) = observed.differs(page, ours) {
            comparer.differ(
                Level::L1,
                Strength::Exact,
                format!("memory, page {page}"),
                difference.expected,
                difference.observed,
                vec![difference.place],
            );
        }
    }
}

fn device(comparer: &mut Comparer, dev: u32, expected: &DeviceView, observed: &DeviceView) {
    let names = |view: &DeviceView| view.attrs.keys().cloned().collect::<Vec<_>>();
    comparer.same(
        Level::L1,
        Strength::AtQuiescence,
        || format!("zram{dev}: attributes read"),
        &names(expected),
        &names(observed),
    );
    for (name, ours) in &expected.attrs {
        if let Some(theirs) = observed.attrs.get(name) {
            comparer.same(Level::L1, Strength::AtQuiescence, || format!("zram{dev}/{name}"), ours, theirs);
        }
    }
    match (&expected.block_state, &observed.block_state) {
        (Some(ours), Some(theirs)) => block_state(comparer, dev, ours, theirs),
        (None, None) => {}
        (ours, theirs) => {
            comparer.same(
                Level::L1,
                Strength::AtQuiescence,
                || format!("zram{dev}/block_state: present"),
                &ours.is_some(),
                &theirs.is_some(),
            );
        }
    }
}

/// Byte equality of the whole text; what differs is shown by line.
fn block_state(comparer: &mut Comparer, dev: u32, expected: &Text, observed: &Text) {
    comparer.tally.count(Level::L1, Strength::AtQuiescence, 1);
    if expected == observed {
        return;
    }
    let field = format!("zram{dev}/block_state");
    let (Text::Read(ours), Text::Read(theirs)) = (expected, observed) else {
        let (expected, observed) = (format!("{expected:?}"), format!("{observed:?}"));
        comparer.differ(Level::L1, Strength::AtQuiescence, field, expected, observed, Vec::new());
        return;
    };
    let (mut ours, mut theirs) = (ours.split_inclusive('\n'), theirs.split_inclusive('\n'));
    let mut line = 0;
    loop {
        let (a, b) = (ours.next(), theirs.next());
        if a != b || (a.is_none() && b.is_none()) {
            let show =
                |text: Option<&str>| text.map_or("(no such line)".to_owned(), |text| format!("{text:?}"));
            let field = format!("{field}, line {line}");
            comparer.differ(Level::L1, Strength::AtQuiescence, field, show(a), show(b), Vec::new());
            return;
        }
        line += 1;
    }
}
