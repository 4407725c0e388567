//! Size classes, fullness groups, free lists, compaction.

use zram_agent::protocol::Content;

use crate::generate::{
    configure::{Wanted, configure},
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
        let pages: Vec<_> =
            (0..count).map(|_| if huge { draft.huge_border() } else { draft.class_border() }).collect();
        draft.write(slot, pages, zram_agent::protocol::Layout::default());
        if draft.dice.chance(30) {
            draft.discard_any();
        }
    }
    draft.classes();
    draft.read_back();
}

/// Two classes filled, then thinned out at random, so that they have several zspages of several
/// fullness groups; refilled, so that the choice among them shows; then compacted, both in one go.
pub(in crate::generate) fn fragmentation(draft: &mut Draft<'_>) {
    let slots = draft.dice.between(160, 256);
    let wanted = Wanted { slots: Some(slots), backing: true, algorithm: Some("lz4"), ..Wanted::default() };
    configure(draft, wanted);
    let small = draft.dice.between(80, 500);
    let large = match draft.dice.below(3) {
        0 => draft.dice.between(600, 1400),
        1 => draft.dice.between(1400, 2000),
        _ => draft.dice.between(2060, 2600),
    };
    let half = slots / 2;
    for (slot, length, count) in [(0, small, half), (half, large, slots - half)] {
        let same_class = one_length(draft, length, count);
        draft.write_all(slot, &same_class);
    }
    scatter(draft, 55);
    thin_out(draft, 25);
    for round in 0..3 {
        let (slot, count) = draft.run(12);
        let length = if slot < half { small } else { large };
        let again = one_length(draft, length, count);
        draft.write_all(slot, &again);
        if round == 1 {
            draft.classes();
            draft.set("compact", "1");
        }
        scatter(draft, 15);
    }
    thin_out(draft, 15);
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
    passes::by_any_run(draft);
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

/// Takes slots here and there out of memory, about this share of them, with one operation: objects
/// that were allocated side by side are not freed side by side.
fn scatter(draft: &mut Draft<'_>, percent: u64) {
    if !draft.abilities.arguments() {
        return scatter_one_by_one(draft, percent);
    }
    let words: Vec<String> = (0..draft.slots)
        .filter(|_| draft.dice.chance(percent))
        .map(|slot| format!("page_index={slot}"))
        .collect();
    draft.set("writeback", words.join(" "));
}

/// The same where a pass takes one slot or everything marked: as many operations as it frees slots, and so only a few.
fn scatter_one_by_one(draft: &mut Draft<'_>, percent: u64) {
    for _ in 0..percent / 2 {
        let slot = draft.slot();
        draft.set("writeback", format!("page_index={slot}"));
    }
}

/// Discards runs of slots all over the device: about this share of them, in at most eight operations.
fn thin_out(draft: &mut Draft<'_>, percent: u64) {
    let longest = (draft.slots / 10).max(2);
    let (mut slot, mut left) = (0, 8);
    while slot < draft.slots && left > 0 {
        let count = draft.dice.between(1, longest).min(draft.slots - slot);
        if draft.dice.chance(percent) {
            draft.discard(slot, count);
            left -= 1;
        }
        slot += count;
    }
}
