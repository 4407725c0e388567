//! Memory, positions and windows.

use zram_agent::protocol::{Layout, Op};

use crate::generate::{
    configure::{Wanted, configure},
    draft::Draft,
    layouts, passes,
};

/// A bit of everything.
pub(in crate::generate) fn churn(draft: &mut Draft<'_>) {
    configure(draft, Wanted { backing: draft.backing > 0, ..Wanted::default() });
    draft.churn(14);
    draft.idle_all();
    draft.churn(4);
    let text = passes::sensible(draft);
    draft.set("writeback", text);
    draft.churn(12);
    draft.set("compact", "1");
    draft.read_back();
}

/// Buffers that start inside a page and come in pieces, over slots of every kind.
pub(in crate::generate) fn layouts(draft: &mut Draft<'_>) {
    let compressed = draft.dice.chance(70);
    let slots = draft.dice.between(32, 80);
    let wanted =
        Wanted { slots: Some(slots), backing: true, compressed: Some(compressed), ..Wanted::default() };
    configure(draft, wanted);
    let fill: Vec<_> = (0..slots).map(|_| draft.content()).collect();
    draft.write_all(0, &fill);
    passes::by_any_run(draft);
    for _ in 0..14 {
        let (slot, count) = draft.span(6);
        let layout = match draft.dice.below(3) {
            0 => layouts::shifted(draft.dice, count),
            1 => layouts::split(draft.dice, count),
            _ => layouts::any(draft.dice, count),
        };
        if draft.dice.chance(35) {
            let pages = (0..count).map(|_| draft.content()).collect();
            draft.write(slot, pages, layout);
        } else {
            draft.read(slot, count, layout);
        }
    }
    draft.blocks();
    draft.read_back();
}

/// Tiny devices, first and last slots, and positions at and past the end.
pub(in crate::generate) fn edges(draft: &mut Draft<'_>) {
    let slots = draft.dice.pick(&[1, 1, 2, 3, 16, 17]);
    configure(draft, Wanted { slots: Some(slots), backing: draft.backing > 0, ..Wanted::default() });
    for _ in 0..12 {
        let slot = draft.dice.pick(&[0, slots - 1, slots, slots + 1, slots * 2]);
        let count = draft.dice.pick(&[1, 1, 2, 16]);
        let layout = layouts::any(draft.dice, count);
        match draft.dice.below(8) {
            0..3 => {
                let pages = (0..count).map(|_| draft.content()).collect();
                draft.write(slot, pages, layout);
            }
            3..6 => draft.read(slot, count, layout),
            6 => draft.discard(slot, count),
            _ => draft.ops.push(Op::ZeroOut { dev: draft.dev, slot, count }),
        }
    }
    draft.discard(0, slots);
    draft.read(0, slots, Layout::default());
}

/// `block_state` through windows of every size.
pub(in crate::generate) fn windows(draft: &mut Draft<'_>) {
    configure(draft, Wanted { backing: true, ..Wanted::default() });
    draft.churn(8);
    draft.idle_all();
    draft.churn(3);
    let text = passes::sensible(draft);
    draft.set("writeback", text);
    let slots = draft.slots;
    for _ in 0..12 {
        let position = match draft.dice.below(5) {
            0 => 0,
            1 => slots - 1,
            2 => draft.dice.pick(&[slots, slots + 1, 1 << 33]),
            _ => draft.dice.below(slots),
        };
        // A line is 41 bytes long.
        let bytes = match draft.dice.below(4) {
            0 => draft.dice.pick(&[0, 1, 40, 41, 42, 43, 81, 82, 83, 84]),
            1 => 4096,
            _ => draft.dice.below(200),
        };
        draft.ops.push(Op::State { dev: draft.dev, position, bytes: bytes as u32 });
    }
}
