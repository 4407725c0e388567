//! L2: the events of one operation, in order.

use zram_events::{Event, Kind};
use zram_probe::Coverage;

use super::{Comparer, Level, Strength};
use crate::divergence::{Difference, Timeline};

/// Events kept before and after the first that differs.
const IN_FULL: usize = 40;

/// The record from which an event is decoded.
#[must_use]
pub fn kind_of(event: &Event) -> Kind {
    match event {
        Event::PoolCreate { .. } => Kind::PoolCreate,
        Event::PoolDestroy { .. } => Kind::PoolDestroy,
        Event::ZspageCreate { .. } | Event::ZspageRechain { .. } => Kind::PageChain,
        Event::ObjMalloc { .. } => Kind::ObjMalloc,
        Event::ObjFree { .. } => Kind::ObjFree,
        Event::FixFullness { .. } => Kind::FixFullness,
        Event::Putback { .. } => Kind::Putback,
        Event::ZspageFree { .. } => Kind::ZspageFree,
        Event::Malloc { .. } | Event::MallocFailed { .. } => Kind::Malloc,
        Event::Free { .. } => Kind::Free,
        Event::ReadBegin { .. } => Kind::ReadBegin,
        Event::ReadEnd { .. } => Kind::ReadEnd,
        Event::ObjWrite { .. } => Kind::ObjWrite,
        Event::MapObject { .. } => Kind::MapObject,
        Event::UnmapObject { .. } => Kind::UnmapObject,
        Event::CompactBegin { .. } => Kind::CompactBegin,
        Event::CompactEnd { .. } => Kind::CompactEnd,
        Event::PageMigrate { .. } => Kind::PageMigrate,
        Event::ShrinkerScan => Kind::ShrinkerScan,
        Event::DeferredFree => Kind::DeferredFree,
        Event::Bio { .. } => Kind::Bio,
        Event::SlotFree { .. } => Kind::SlotFree,
        Event::Compress { .. } => Kind::Compress,
        Event::Decompress { .. } => Kind::Decompress,
        Event::ReadFromPool { .. } => Kind::ReadFromPool,
        Event::WritebackScan { .. } => Kind::WritebackScan,
        Event::WritebackBegin { .. } => Kind::WritebackBegin,
        Event::WritebackEnd { .. } => Kind::WritebackEnd,
        Event::WritebackEndio { .. } => Kind::WritebackEndio,
        Event::WritebackDone { .. } => Kind::WritebackDone,
        Event::ReleaseSlot { .. } => Kind::ReleaseSlot,
        Event::ReadBackEndio { .. } => Kind::ReadBackEndio,
        Event::ReadBackWork { .. } => Kind::ReadBackWork,
        Event::SlotFreeNotify { .. } => Kind::SlotFreeNotify,
        Event::Reset { .. } => Kind::Reset,
        Event::DeviceAdd { .. } | Event::DeviceAddFailed { .. } => Kind::DeviceAdd,
        Event::DeviceRemove { .. } => Kind::DeviceRemove,
    }
}

/// Whether this kernel's probes show events of this kind: the rest cannot be compared.
pub(crate) fn is_seen(coverage: &Coverage, event: &Event) -> bool {
    coverage.observes(kind_of(event))
}

/// Why they do not.
fn reason(coverage: &Coverage, event: &Event) -> String {
    coverage
        .unobservable
        .iter()
        .find(|gap| gap.kind == kind_of(event))
        .map_or_else(|| "no probe delivers it".to_owned(), |gap| gap.reason.clone())
}

/// Compares the sequences element by element.
pub fn compare(comparer: &mut Comparer, expected: &[Event], observed: &[Event], coverage: &Coverage) {
    let mut visible = Vec::with_capacity(expected.len());
    for event in expected {
        if is_seen(coverage, event) {
            visible.push(*event);
        } else {
            comparer.tally.skip(Level::L2, format!("event {}", event.name()), reason(coverage, event), 1);
        }
    }
    let common = visible.iter().zip(observed).take_while(|(ours, theirs)| ours == theirs).count();
    let longer = visible.len().max(observed.len());
    if common == longer {
        comparer.tally.count(Level::L2, Strength::Exact, longer as u64);
        return;
    }
    // What follows the first difference is not compared: it would only say the same again.
    comparer.tally.count(Level::L2, Strength::Exact, common as u64 + 1);
    let (ours, theirs) = (visible.get(common), observed.get(common));
    comparer.differences.push(Difference {
        level: Level::L2,
        strength: Strength::Exact,
        field: format!("event {common}{}", field(ours, theirs)),
        expected: show(ours),
        observed: show(theirs),
        context: Vec::new(),
        timeline: Some(timeline(&visible, observed, common)),
    });
}

/// The name of the first field in which two events of one kind differ.
fn field(ours: Option<&Event>, theirs: Option<&Event>) -> String {
    let (Some(ours), Some(theirs)) = (ours, theirs) else { return String::new() };
    if ours.name() != theirs.name() {
        return String::new();
    }
    let value = |event: &Event| serde_json::to_value(event).unwrap_or_default();
    let (ours_value, theirs_value) = (value(ours), value(theirs));
    let differing = ours_value
        .as_object()
        .and_then(|fields| fields.iter().find(|(name, value)| theirs_value.get(name) != Some(value)));
    differing.map_or_else(String::new, |(name, _)| format!(" ({}.{name})", ours.name()))
}

/// An event on one line.
#[must_use]
pub fn line(event: &Event) -> String {
    let Ok(serde_json::Value::Object(fields)) = serde_json::to_value(event) else {
        return event.name().to_owned();
    };
    let mut text = event.name().to_owned();
    for (name, value) in fields.iter().filter(|(name, _)| *name != "event") {
        let value = value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
        text.push_str(&format!(" {name}={value}"));
    }
    text
}

fn show(event: Option<&Event>) -> String {
    event.map_or_else(|| "(no more events)".to_owned(), line)
}

/// The two sequences, as far as a reader may want to see them.
fn timeline(ours: &[Event], theirs: &[Event], differs: usize) -> Timeline {
    let from = differs.saturating_sub(IN_FULL);
    let shown = |events: &[Event]| events.iter().skip(from).take(2 * IN_FULL).map(line).collect();
    Timeline { from, differs, expected: shown(ours), observed: shown(theirs) }
}
