//! What several workers met.

use std::collections::{BTreeMap, BTreeSet};

use zram_agent::protocol::{Deed, Op};
use zram_events::Event;

use crate::observed::Origin;

type Rows = Vec<(&'static str, String)>;

/// What the workers of an operation met.
pub(super) fn see(op: &Op, events: &[Event], origins: &[Origin], rows: &mut Rows) {
    let Op::Together { workers, .. } = op else { return };
    let mut row = |name: &str| rows.push(("together", name.to_owned()));
    let slots = |deeds: &Vec<Deed>| -> BTreeSet<u64> {
        let spans = deeds.iter().filter_map(|deed| deed.touch()).map(|touch| touch.span());
        spans.flat_map(|(slot, count)| slot..slot + count).collect()
    };
    let slots: Vec<_> = workers.iter().map(slots).collect();
    let shared = (1..slots.len()).any(|one| (0..one).any(|other| !slots[one].is_disjoint(&slots[other])));
    row(if shared { "overlapping slots" } else { "disjoint slots" });
    if workers.iter().flatten().any(|deed| matches!(deed, Deed::Set { .. })) {
        row("attribute beside bios");
    }
    if interleaved(origins) {
        row("interleaved");
    }
    if several_in_a_class(events, origins) {
        row("several tasks in a size class");
    }
    if without_room_at_once(events, origins) {
        row("no room for two at the same time");
    }
}

/// Whether one task's records lie between those of another.
fn interleaved(origins: &[Origin]) -> bool {
    let mut last: BTreeMap<u32, usize> = BTreeMap::new();
    origins.iter().enumerate().any(|(at, origin)| {
        let before = last.insert(origin.tid, at);
        before.is_some_and(|before| before + 1 < at)
    })
}

fn several_in_a_class(events: &[Event], origins: &[Origin]) -> bool {
    let mut takers: BTreeMap<u16, BTreeSet<u32>> = BTreeMap::new();
    for (event, origin) in events.iter().zip(origins) {
        if let Event::ObjMalloc { class, .. } = event {
            takers.entry(class.0).or_default().insert(origin.tid);
        }
    }
    takers.values().any(|tasks| tasks.len() > 1)
}

/// Whether a task made a zspage while another had made one for the same class and not used it yet.
fn without_room_at_once(events: &[Event], origins: &[Origin]) -> bool {
    let mut unused: BTreeMap<u32, u16> = BTreeMap::new();
    events.iter().zip(origins).any(|(event, origin)| match event {
        Event::ZspageCreate { class, .. } => {
            let others = unused.iter().any(|(tid, theirs)| *tid != origin.tid && *theirs == class.0);
            unused.insert(origin.tid, class.0);
            others
        }
        Event::ObjMalloc { .. } => {
            unused.remove(&origin.tid);
            false
        }
        _ => false,
    })
}
