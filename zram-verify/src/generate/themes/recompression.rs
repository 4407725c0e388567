//! Slots compressed once more, by algorithms of their own priorities and parameters.

use crate::generate::{
    configure::{Wanted, configure},
    draft::Draft,
    passes::{self, Mark},
    recompressions,
};

/// What the first algorithm of a device is here: fast ones, so that others have something to improve.
const PRIMARIES: &[&str] = &["lz4", "lzo-rle", "lzo", "lz4"];

/// Pages of all sizes, many of them stored raw or nearly so: that is what the later algorithms are for.
fn fill(draft: &mut Draft<'_>) {
    let pages: Vec<_> = (0..draft.slots)
        .map(|n| match n % 4 {
            0 => draft.huge_border(),
            1 => draft.class_border(),
            2 => draft.compressible(),
            _ => draft.content(),
        })
        .collect();
    draft.write_all(0, &pages);
}

fn set_up(draft: &mut Draft<'_>, secondaries: (u64, u64), backing: bool) {
    let primary = draft.abilities.algorithms_of(PRIMARIES);
    let wanted = Wanted {
        slots: Some(draft.dice.between(24, 56)),
        backing,
        compressed: Some(draft.dice.chance(70)),
        algorithm: (!primary.is_empty()).then(|| draft.dice.pick(&primary)),
        secondaries: draft.dice.between(secondaries.0, secondaries.1),
        ..Wanted::default()
    };
    configure(draft, wanted);
    fill(draft);
}

/// Which slots, with which algorithm, and what the result must be worth.
pub(in crate::generate) fn recompression(draft: &mut Draft<'_>) {
    set_up(draft, (2, 3), false);
    // As long as there is something to try.
    draft.set("recompress", "max_pages=2");
    // What the last algorithm cannot improve is known as incompressible from here on.
    draft.set("recompress", "priority=1 type=huge");
    for round in 0..12 {
        if draft.dice.chance(40) {
            draft.idle_all();
        }
        let text = if round % 4 == 3 { recompressions::odd(draft) } else { recompressions::sensible(draft) };
        draft.set("recompress", text);
        if draft.dice.chance(60) {
            draft.churn(1);
        }
    }
    draft.idle_all();
    draft.set_one_of("recompress", &["type=idle", "type=idle max_pages=3", "type=huge_idle"]);
    draft.classes();
    draft.set("compact", "1");
    draft.read_back();
}

/// Recompressed slots on their way out and back: they are decompressed by the algorithm that made them.
pub(in crate::generate) fn recompressed_and_away(draft: &mut Draft<'_>) {
    set_up(draft, (1, 3), true);
    for round in 0..5 {
        draft.idle_all();
        if round % 2 == 0 {
            draft.read_any();
        }
        let text = recompressions::sensible(draft);
        draft.set("recompress", text);
        match draft.dice.below(4) {
            // Recompression has taken the idle mark from what it touched.
            0 => passes::by_mark(draft, Mark::Idle),
            1 => draft.set("writeback", "type=incompressible"),
            2 => passes::by_mark(draft, Mark::Huge),
            _ => {}
        }
        passes::by_any_run(draft);
        draft.blocks();
        // What is rewritten is of the first algorithm again; what is away is passed over.
        draft.write_any();
        draft.set("recompress", "priority=1");
        draft.read_any();
    }
    draft.read_back();
    draft.discard_any();
    draft.read_back();
}
