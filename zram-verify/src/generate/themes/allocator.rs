//! Size classes, fullness groups, free lists, compaction.

use zram_agent::protocol::Content;

use crate::generate::{
    configure::{Wanted, configure},
    contents,
    draft::Draft,
    passes,
};

/// Lengths at the borders of size classes and of `huge_class_size`.
pub(in crate::generate) fn borders(draft: &mut Draft<'_>) {
    let slots = draft.dice.between(48, 128);
    configure(draft, Wanted { slots: Some(slots), algorithm: Some("lz4"), ..Wanted::default() });
    for _ in 0..12 {
        let (slot, count) = draft.span(12);
        let huge = draft.dice.chance(30);
        let pages: Vec<_> = (0..count)
            .map(|_| if huge { contents::huge_border(draft.dice) } else { contents::class_border(draft.dice) })
            .collect();
        draft.write(slot, pages, zram_agent::protocol::Layout::default());
        if draft.dice.chance(30) {
            draft.discard_any();
        }
    }
    draft.classes();
    draft.read_back();
}

/// One class filled, then thinned out at random, so that it has several zspages of several fullness
/// groups; refilled, so that the choice among them shows; then compacted.
pub(in crate::generate) fn fragmentation(draft: &mut Draft<'_>) {
    let slots = draft.dice.between(140, 256);
    configure(draft, Wanted { slots: Some(slots), algorithm: Some("lz4"), ..Wanted::default() });
    let lengths = [
        draft.dice.between(60, 400),
        draft.dice.between(400, 1400),
        draft.dice.between(1400, 2400),
        draft.dice.between(2400, 3500),
    ];
    let length = draft.dice.pick(&lengths);
    let same_class = one_length(draft, length, slots);
    draft.write_all(0, &same_class);
    thin_out(draft, 55);
    for round in 0..3 {
        let (slot, count) = draft.run(5);
        let again = one_length(draft, length, count);
        draft.write_all(slot, &again);
        if round == 1 {
            draft.classes();
            draft.set("compact", "1");
        }
        thin_out(draft, 15);
    }
    draft.set("compact", "1");
    draft.classes();
    draft.read_back();
    draft.set("mem_used_max", "0");
    draft.discard(0, slots);
    draft.classes();
}

/// Objects of classes in which many span two pages, written back and read in both ways.
pub(in crate::generate) fn spanning(draft: &mut Draft<'_>) {
    let slots = draft.dice.between(48, 96);
    let compressed = draft.dice.chance(50);
    let wanted = Wanted {
        slots: Some(slots),
        backing: true,
        compressed: Some(compressed),
        algorithm: Some("lz4"),
        ..Wanted::default()
    };
    configure(draft, wanted);
    let length = draft.dice.between(1000, 3400);
    let pages = one_length(draft, length, slots);
    draft.write_all(0, &pages);
    draft.read_back();
    let text = passes::range(draft);
    draft.set("writeback", text);
    draft.blocks();
    draft.read_back();
    draft.churn(4);
}

/// Pages of noise of about one length.
fn one_length(draft: &mut Draft<'_>, length: u64, count: u64) -> Vec<Content> {
    (0..count)
        .map(|_| {
            let seed = draft.dice.word();
            Content::Noisy { seed, noise: length.saturating_sub(30 + draft.dice.below(4)) as u16 }
        })
        .collect()
}

/// Discards about this share of the written slots, each run with one operation, at most twenty of them.
fn thin_out(draft: &mut Draft<'_>, percent: u64) {
    let (mut slot, mut left) = (0, 12);
    while slot < draft.slots && left > 0 {
        let count = draft.dice.between(1, 14);
        if draft.dice.chance(percent) {
            let count = count.min(draft.slots - slot);
            draft.discard(slot, count);
            left -= 1;
        }
        slot += count;
    }
}
