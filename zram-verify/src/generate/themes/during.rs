//! Slots touched while a pass has them selected or on their way.
//!
//! The backing device takes its time to write, so that a pass with fewer requests than slots sleeps in
//! the middle: some slots are in flight, the others are still queued. Sizes fall from slot to slot, each in
//! a bucket of its own, so that it is known which are which; the I/O comes well before the
//! first write is done. Nothing depends on that: what came when is seen in the events.

use zram_agent::protocol::{Begin, Content, Layout, Op, Touch};

use crate::generate::{
    configure::{Wanted, configure},
    draft::Draft,
};

/// How long a write takes: long beside the noise of an emulated machine.
const DELAY_MS: u32 = 80;

/// When the I/O comes: while the first requests are under way, or the second ones.
const FIRST_MS: u32 = 30;
const SECOND_MS: u32 = DELAY_MS + FIRST_MS;

/// Requests of a pass.
const BATCH: u64 = 4;

/// Slots of a pass: two turns of the batch.
const COUNT: u64 = 2 * BATCH;

/// What is done to a slot.
#[derive(Clone, Copy)]
enum Deed {
    Read,
    Write,
    Discard,
}

const DEEDS: [Deed; 3] = [Deed::Read, Deed::Write, Deed::Discard];

/// Each deed on a slot in flight and on one that is queued, then whatever comes.
pub(in crate::generate) fn during(draft: &mut Draft<'_>) {
    if let Some(Op::Begin(Begin { backing_delay_ms, .. })) = draft.ops.first_mut() {
        *backing_delay_ms = DELAY_MS;
    }
    let slots = draft.dice.between(2 * COUNT, 4 * COUNT);
    let compressed = draft.dice.chance(60);
    let wanted = Wanted {
        slots: Some(slots),
        backing: true,
        compressed: Some(compressed),
        batch: Some(BATCH),
        algorithm: Some("lz4"),
        ..Wanted::default()
    };
    configure(draft, wanted);
    let mut deeds = DEEDS;
    draft.dice.shuffle(&mut deeds);
    for (turn, deed) in deeds.into_iter().enumerate() {
        let low = filled_run(draft);
        let (flying, queued) = (low + draft.dice.below(BATCH), low + BATCH + draft.dice.below(BATCH));
        let other = deeds[(turn + 1) % deeds.len()];
        let mut bios = vec![touch(draft, deed, flying, 1), touch(draft, other, queued, 1)];
        draft.dice.shuffle(&mut bios);
        pass(draft, low, FIRST_MS, bios);
    }
    for _ in 0..2 {
        let low = filled_run(draft);
        let mut bios = Vec::new();
        for _ in 0..draft.dice.between(2, 6) {
            let deed = draft.dice.pick(&DEEDS);
            // Mostly among the slots of the pass, now and then anywhere.
            let (slot, count) = if draft.dice.chance(80) {
                let at = draft.dice.below(COUNT);
                (low + at, draft.dice.between(1, (COUNT - at).min(3)))
            } else {
                draft.span(4)
            };
            bios.push(touch(draft, deed, slot, count));
        }
        let after = draft.dice.pick(&[FIRST_MS, FIRST_MS, SECOND_MS]);
        pass(draft, low, after, bios);
    }
    draft.read_back();
}

/// Fills the slots of the next pass, each smaller than the one before; where they begin.
fn filled_run(draft: &mut Draft<'_>) -> u64 {
    let (low, count) = draft.run(COUNT);
    let mut noise = 3900;
    let pages = (0..count).map(|_| {
        noise -= draft.dice.between(200, 400);
        Content::Noisy { seed: draft.dice.word(), noise: noise as u16 }
    });
    let mut pages: Vec<_> = pages.collect();
    if draft.dice.chance(50) {
        pages[0] = Content::Random { seed: draft.dice.word() };
    }
    draft.write_all(low, &pages);
    low
}

fn touch(draft: &mut Draft<'_>, deed: Deed, slot: u64, count: u64) -> Touch {
    match deed {
        Deed::Read => Touch::Read { slot, count: count as u32 },
        Deed::Write => Touch::Write { slot, pages: (0..count).map(|_| draft.content()).collect() },
        Deed::Discard => Touch::Discard { slot, count: count as u32 },
    }
}

fn pass(draft: &mut Draft<'_>, low: u64, after_ms: u32, bios: Vec<Touch>) {
    let pass = format!("page_indexes={low}-{}", low + COUNT - 1);
    draft.ops.push(Op::During { dev: draft.dev, pass, after_ms, bios });
    draft.read(low, COUNT, Layout::default());
    draft.blocks();
}

#[cfg(test)]
mod tests {
    use zram_model::Profile;

    use super::*;
    use crate::{abilities::Abilities, generate::Programs};

    /// Waiting is what this theme costs.
    #[test]
    fn programs_wait_for_less_than_two_seconds() {
        let kernel = Abilities::of_profile(&Profile::debian_7_2());
        for program in Programs::new(3, &kernel).take(80).filter(|program| program.theme == "during") {
            let passes = program.ops.iter().filter(|op| {
                matches!(op, Op::During { .. }) || matches!(op, Op::Set { attr, .. } if attr == "writeback")
            });
            assert!(passes.count() as u32 * (COUNT.div_ceil(BATCH) as u32 + 1) * DELAY_MS < 2000);
            let delayed = matches!(program.ops[0], Op::Begin(Begin { backing_delay_ms, .. }) if backing_delay_ms == DELAY_MS);
            assert!(delayed);
        }
    }
}
