//! Passes over the device: which slots, in which order, to which blocks.

use crate::generate::{
    configure::{Wanted, configure},
    draft::Draft,
    passes::{self, Mark},
};

fn fill(draft: &mut Draft<'_>) {
    let pages: Vec<_> = (0..draft.slots).map(|_| draft.content()).collect();
    draft.write_all(0, &pages);
}

fn passes_over(draft: &mut Draft<'_>, rounds: u64) {
    for _ in 0..rounds {
        if draft.dice.chance(70) {
            draft.idle_all();
        }
        if draft.dice.chance(50) {
            draft.churn(2);
        }
        let text = passes::sensible(draft);
        draft.set("writeback", text);
        if draft.dice.chance(40) {
            draft.blocks();
        }
        draft.churn(2);
    }
}

/// Uncompressed to the backing device.
pub(in crate::generate) fn raw(draft: &mut Draft<'_>) {
    whole(draft, false);
}

/// Compressed to the backing device.
pub(in crate::generate) fn compressed(draft: &mut Draft<'_>) {
    whole(draft, true);
}

fn whole(draft: &mut Draft<'_>, compressed: bool) {
    let (slots, batch) = (draft.dice.between(40, 120), draft.dice.pick(&[1, 2, 3, 5, 32]));
    let wanted = Wanted {
        slots: Some(slots),
        backing: true,
        compressed: Some(compressed),
        batch: Some(batch),
        ..Wanted::default()
    };
    configure(draft, wanted);
    fill(draft);
    passes_over(draft, 4);
    draft.set_one_of("writeback_batch_size", &["1", "2", "3", "7"]);
    draft.idle_all();
    passes::by_mark(draft, Mark::Idle);
    draft.blocks();
    draft.read_back();
}

/// Pages stored raw, and those just not.
pub(in crate::generate) fn huge(draft: &mut Draft<'_>) {
    let slots = draft.dice.between(24, 64);
    let compressed = draft.dice.chance(60);
    let wanted = Wanted {
        slots: Some(slots),
        backing: true,
        compressed: Some(compressed),
        algorithm: Some("lz4"),
        ..Wanted::default()
    };
    configure(draft, wanted);
    let pages: Vec<_> =
        (0..slots).map(|n| if n % 3 == 0 { draft.content() } else { draft.huge_border() }).collect();
    draft.write_all(0, &pages);
    let (slot, count) = draft.run(8);
    draft.idle_all();
    draft.read(slot, count, zram_agent::protocol::Layout::default());
    passes::by_mark(draft, Mark::HugeIdle);
    draft.blocks();
    draft.read_back();
    passes::by_mark(draft, Mark::Huge);
    draft.read_back();
    // Huge slots that are away are freed: they must not be counted down twice.
    draft.discard(slot, count);
    draft.churn(6);
    draft.set("writeback", "type=incompressible");
    passes::by_mark(draft, Mark::Huge);
}

/// Ranges, one by one and several, overlapping, and everything that is no range.
pub(in crate::generate) fn ranges(draft: &mut Draft<'_>) {
    let slots = draft.dice.between(24, 64);
    configure(draft, Wanted { slots: Some(slots), backing: true, ..Wanted::default() });
    fill(draft);
    for round in 0..12 {
        let text = match round % 3 {
            0 => passes::overlapping(draft),
            1 => passes::odd(draft),
            _ => passes::sensible(draft),
        };
        draft.set("writeback", text);
        let (slot, count) = draft.span(8);
        let pages: Vec<_> = (0..count).map(|_| draft.content()).collect();
        draft.write_all(slot, &pages);
    }
    draft.set("writeback", format!("page_index=0 page_index={slots}"));
    // The second time round it is gone already, and the block reserved for it is given back.
    draft.set("writeback_batch_size", "1");
    let page = draft.compressible();
    draft.write_all(slots / 2, &[page]);
    draft.set("writeback", format!("page_index={} page_index={}", slots / 2, slots / 2));
    draft.blocks();
    draft.read_back();
}

/// Idle by age, with time going by.
pub(in crate::generate) fn ages(draft: &mut Draft<'_>) {
    let slots = draft.dice.between(16, 40);
    configure(draft, Wanted { slots: Some(slots), backing: true, ..Wanted::default() });
    let half: Vec<_> = (0..slots / 2).map(|_| draft.compressible()).collect();
    draft.write_all(0, &half);
    draft.sleep(1100);
    let rest: Vec<_> = (slots / 2..slots).map(|_| draft.content()).collect();
    draft.write_all(slots / 2, &rest);
    draft.read_any();
    draft.set("idle", "1");
    passes::by_mark(draft, Mark::Idle);
    draft.read_any();
    draft.sleep(1100);
    draft.set("idle", "2");
    draft.write_any();
    draft.set("idle", "0");
    draft.set("idle", "all of them");
    for _ in 0..4 {
        let text = passes::age(draft);
        draft.set("idle", text);
        draft.churn(1);
    }
    passes::by_mark(draft, Mark::Idle);
    draft.read_back();
}

/// The other compressors.
pub(in crate::generate) fn algorithms(draft: &mut Draft<'_>) {
    // The others are there on few kernels, and their lengths cannot be predicted.
    let mut others = draft.abilities.algorithms_of(&["lzo-rle", "lzo", "842"]);
    let exact = draft.abilities.algorithms_of(&["zstd", "lz4hc", "deflate"]);
    if others.is_empty() || (draft.dice.chance(60) && !exact.is_empty()) {
        others = exact;
    }
    let algorithm = draft.dice.pick(&others);
    let leveled = ["zstd", "lz4hc", "deflate"].contains(&algorithm);
    let compressed = draft.dice.chance(75);
    let slots = draft.dice.between(24, 64);
    let wanted = Wanted {
        slots: Some(slots),
        backing: true,
        compressed: Some(compressed),
        algorithm: Some(algorithm),
        level: leveled.then(|| draft.dice.pick(&[1, 3, 9])),
        ..Wanted::default()
    };
    configure(draft, wanted);
    fill(draft);
    passes_over(draft, 2);
    draft.blocks();
    draft.read_back();
    if draft.dice.chance(50) {
        // A second life of the same device with another one.
        draft.set("reset", "1");
        draft.filled.clear();
        draft.set_one_of("comp_algorithm", &["deflate", "zstd", "lz4", "lzo"]);
        draft.size(24);
        fill(draft);
        draft.read_back();
    }
}
