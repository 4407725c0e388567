//! Disks that complete elsewhere: in an interrupt, or in a worker; after a while, or as soon as they can. What completions do there, and
//! what they leave to workers.

use zram_agent::protocol::{Begin, Below, Layout, Op};

use crate::generate::{
    configure::{Wanted, configure},
    draft::Draft,
    passes::{self, Mark},
};

/// In the interrupt of a timer, when a pass has submitted what it can.
pub(in crate::generate) fn interrupts(draft: &mut Draft<'_>) {
    if let Some(Op::Begin(Begin { backing_interrupts, .. })) = draft.ops.first_mut() {
        *backing_interrupts = true;
    }
    there_and_back(draft);
}

/// In a worker, at any moment.
pub(in crate::generate) fn over_a_file(draft: &mut Draft<'_>) {
    below(draft, Below::Loop);
}

/// In an interrupt, at any moment.
pub(in crate::generate) fn virtual_disk(draft: &mut Draft<'_>) {
    below(draft, Below::Virtio);
}

fn below(draft: &mut Draft<'_>, disk: Below) {
    if let Some(Op::Begin(Begin { backing_below, .. })) = draft.ops.first_mut() {
        *backing_below = Some(disk);
    }
    there_and_back(draft);
}

/// Writeback and read-back, of huge slots and others, in bios that hold several.
fn there_and_back(draft: &mut Draft<'_>) {
    let slots = draft.dice.between(16, 32);
    let compressed = draft.dice.chance(75);
    let batch = draft.dice.pick(&[1, 3, 8, 32]);
    let wanted = Wanted {
        slots: Some(slots),
        backing: true,
        compressed: Some(compressed),
        batch: Some(batch),
        ..Wanted::default()
    };
    configure(draft, wanted);
    let pages: Vec<_> = (0..slots)
        .map(|n| match n % 4 {
            0 => draft.huge_border(),
            1 => draft.content(),
            _ => draft.compressible(),
        })
        .collect();
    draft.write_all(0, &pages);
    for _ in 0..2 {
        let (low, count) = draft.run(9);
        passes::by_run(draft, low, count);
        draft.read(low, count, Layout::default());
        draft.read_any();
    }
    draft.write_any();
    draft.discard_any();
    draft.idle_all();
    passes::by_mark(draft, Mark::Idle);
    draft.blocks();
    draft.read_back();
}
