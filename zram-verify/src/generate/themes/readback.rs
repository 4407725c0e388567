//! Slots that are away: read, overwritten, freed.

use zram_agent::protocol::Layout;

use crate::generate::{
    configure::{Wanted, configure},
    draft::Draft,
    layouts, passes,
};

/// Rewrites, discards and second passes between writeback and read.
pub(in crate::generate) fn crossing(draft: &mut Draft<'_>) {
    let slots = draft.dice.between(16, 48);
    let compressed = draft.dice.chance(70);
    let wanted =
        Wanted { slots: Some(slots), backing: true, compressed: Some(compressed), ..Wanted::default() };
    configure(draft, wanted);
    let fill: Vec<_> = (0..slots).map(|_| draft.content()).collect();
    draft.write_all(0, &fill);
    for _ in 0..6 {
        let (low, count) = draft.run(6);
        passes::by_run(draft, low, count);
        let slot = low + draft.dice.below(count);
        match draft.dice.below(4) {
            0 => draft.discard(slot, 1),
            1 => {
                let page = draft.compressible();
                draft.write(slot, vec![page], Layout::default());
                draft.set("writeback", format!("page_index={slot}"));
            }
            _ => {
                let page = draft.content();
                draft.write(slot, vec![page], Layout::default());
            }
        }
        draft.read(low, count, Layout::default());
        if draft.dice.chance(40) {
            draft.blocks();
        }
    }
    draft.read_back();
}

/// A call of several bios, since one holds 256 pages: while those of the first wait for read-back, the next comes.
pub(in crate::generate) fn long(draft: &mut Draft<'_>) {
    let compressed = draft.dice.chance(75);
    let wanted =
        Wanted { slots: Some(264), backing: true, compressed: Some(compressed), ..Wanted::default() };
    configure(draft, wanted);
    let fill: Vec<_> = (0..12).map(|_| draft.compressible()).collect();
    draft.write_all(250, &fill);
    let page = draft.compressible();
    draft.write(0, vec![page], Layout::default());
    draft.set("writeback", "page_index=0");
    passes::by_run(draft, 253, 6);
    let count = draft.dice.between(257, 260);
    draft.read(0, count, Layout::default());
}

/// Bios over slots in memory and away, huge and not, same-filled and empty.
pub(in crate::generate) fn mixed(draft: &mut Draft<'_>) {
    let slots = draft.dice.between(32, 64);
    let compressed = draft.dice.chance(75);
    let wanted =
        Wanted { slots: Some(slots), backing: true, compressed: Some(compressed), ..Wanted::default() };
    configure(draft, wanted);
    let fill: Vec<_> = (0..slots)
        .map(|n| match n % 4 {
            0 => draft.huge_border(),
            1 => draft.content(),
            _ => draft.compressible(),
        })
        .collect();
    draft.write_all(0, &fill);
    for _ in 0..4 {
        let (low, count) = draft.run(7);
        passes::by_run(draft, low, count);
    }
    for slot in 0..3 {
        draft.discard(slot * 5, 1);
    }
    for n in 0..9 {
        let (slot, count) = draft.run(12);
        let layout = if n < 5 { Layout::default() } else { layouts::any(draft.dice, count) };
        draft.read(slot, count, layout);
    }
    draft.blocks();
    draft.read_back();
}
