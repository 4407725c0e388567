//! Zspages on their way through the fullness groups.

use std::collections::BTreeMap;

use zram_agent::protocol::Op;
use zram_events::{ClassIndex, Event, MapMode, ZspageLife};

/// A living zspage.
#[derive(Clone, Copy, Debug)]
struct Zspage {
    class: ClassIndex,
    objects: u32,
    inuse: u32,
}

/// What is known of the pool from its events.
#[derive(Clone, Debug, Default)]
pub(super) struct Allocator {
    zspages: BTreeMap<ZspageLife, Zspage>,
}

/// Fullness group by usage (`get_fullness_group`): only to name rows, nothing is compared with it.
fn group(inuse: u32, objects: u32) -> u32 {
    if inuse == 0 {
        0
    } else if inuse == objects {
        11
    } else {
        inuse * 10 / objects.max(1) + 1
    }
}

type Rows = Vec<(&'static str, String)>;

impl Allocator {
    pub(super) fn see(&mut self, op: &Op, events: &[Event], rows: &mut Rows) {
        if matches!(op, Op::Begin(_)) {
            *self = Self::default();
        }
        let mut compacting = false;
        for event in events {
            match event {
                Event::ZspageCreate { zspage, class, objects, .. } => {
                    self.zspages.insert(*zspage, Zspage { class: *class, objects: *objects, inuse: 0 });
                    rows.push(("zspage fullness", "created".to_owned()));
                }
                Event::ObjMalloc { zspage, inuse, huge, .. } => {
                    if *huge {
                        rows.push(("allocator", "huge zspage".to_owned()));
                    }
                    self.change(*zspage, *inuse, rows);
                }
                Event::FixFullness { zspage, inuse, .. } | Event::Putback { zspage, inuse, .. } => {
                    self.change(*zspage, *inuse, rows);
                }
                Event::ZspageFree { zspage, .. } => {
                    self.zspages.remove(zspage);
                    rows.push(("zspage fullness", "freed".to_owned()));
                    if compacting {
                        rows.push(("zspage fullness", "emptied by compaction".to_owned()));
                    }
                }
                Event::CompactBegin { .. } => compacting = true,
                Event::CompactEnd { pages, .. } => {
                    compacting = false;
                    if *pages > 0 {
                        rows.push(("allocator", "compaction that frees pages".to_owned()));
                    }
                }
                _ => {}
            }
        }
        self.partly_filled(rows);
        see_spans(events, rows);
    }

    fn change(&mut self, zspage: ZspageLife, inuse: u32, rows: &mut Rows) {
        let Some(known) = self.zspages.get_mut(&zspage) else { return };
        let (from, to) = (group(known.inuse, known.objects), group(inuse, known.objects));
        known.inuse = inuse;
        if from == to {
            return;
        }
        rows.push(("zspage fullness", if to > from { "up" } else { "down" }.to_owned()));
        if to == 11 {
            rows.push(("zspage fullness", "filled".to_owned()));
        }
        rows.push(("fullness transition", format!("{from:>2} to {to:>2}")));
    }

    fn partly_filled(&self, rows: &mut Rows) {
        let mut classes: BTreeMap<ClassIndex, u32> = BTreeMap::new();
        for zspage in self.zspages.values().filter(|zspage| (1..zspage.objects).contains(&zspage.inuse)) {
            *classes.entry(zspage.class).or_default() += 1;
        }
        if classes.values().any(|count| *count >= 2) {
            rows.push(("allocator", "class with several partly filled zspages".to_owned()));
        }
    }
}

/// A spanning object read within a pass is one written back.
fn see_spans(events: &[Event], rows: &mut Rows) {
    let mut in_pass = false;
    for event in events {
        match event {
            Event::WritebackBegin { .. } => in_pass = true,
            Event::WritebackEnd { .. } => in_pass = false,
            Event::ReadBegin { span: true, .. }
            | Event::MapObject { mode: MapMode::Read, span: true, .. } => {
                let row = if in_pass { "written back" } else { "read" };
                rows.push(("spanning object", row.to_owned()));
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_named_as_the_kernel_names_them() {
        assert_eq!([group(0, 10), group(1, 100), group(9, 10), group(10, 10)], [0, 1, 10, 11]);
    }
}
