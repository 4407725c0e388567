//! Too little memory: each allocation that can be made to fail does, once as the first of its kind and once in the middle.
//!
//! What fails leaves something behind that is as it was: the slot its old content, the pool its zspages, the backing device its
//! blocks. So each failure is followed by a look at what it was about, and by the same once more with memory enough.

use zram_agent::protocol::{Content, Fail, Layout, Op};
use zram_events::Shortage;

use crate::{
    abilities::Deadly,
    generate::{
        configure::{Wanted, configure},
        draft::Draft,
        passes, recompressions,
    },
};

/// Slots of the device.
const SLOTS: u64 = 40;

/// Requests of a pass.
const BATCH: u64 = 4;

/// Slots of a pass: more than one turn of its requests.
const COUNT: u64 = 10;

/// Each of them.
pub(in crate::generate) fn shortage(draft: &mut Draft<'_>) {
    before_the_size(draft);
    let wanted = Wanted {
        slots: Some(SLOTS),
        backing: true,
        compressed: Some(true),
        batch: Some(BATCH),
        secondaries: u64::from(draft.abilities.recompression()),
        ..Wanted::default()
    };
    configure(draft, wanted);
    let fill: Vec<_> = (0..SLOTS).map(|_| draft.compressible()).collect();
    draft.write_all(0, &fill);
    let mut turns: Vec<fn(&mut Draft<'_>)> = vec![objects, passes_and_lists, recompressed];
    draft.dice.shuffle(&mut turns);
    for turn in turns {
        turn(draft);
    }
    read_backs(draft);
    draft.blocks();
    draft.classes();
    draft.read_back();
}

/// If it can be made to fail here, the `nth` in the next operation does; whether that is so.
fn fail(draft: &mut Draft<'_>, site: Shortage, nth: u64) -> bool {
    let fails = draft.abilities.fails(site);
    if fails {
        draft.ops.push(Op::Fail(Fail { site, nth: nth as u32 }));
    }
    fails
}

fn before_the_size(draft: &mut Draft<'_>) {
    if fail(draft, Shortage::Device, 1) {
        draft.ops.push(Op::Add {});
    }
    if fail(draft, Shortage::BackingPath, 1) {
        draft.set("backing_dev", "$BACKING");
    }
    let survives = draft.abilities.survives(Deadly::SizeRefusedByCompressor);
    if survives && fail(draft, Shortage::Compressor, 1) {
        draft.set("disksize", "64K");
    }
}

/// Writes over slots that hold something. What is stored raw needs a zspage of its own, page by page.
fn objects(draft: &mut Draft<'_>) {
    for site in [Shortage::Handle, Shortage::Zspage, Shortage::ZspagePage] {
        for raw in [true, false] {
            let (slot, count) = draft.run(4);
            let nth = if raw { draft.dice.between(1, count) } else { draft.dice.between(1, 2 * count) };
            if !fail(draft, site, nth) {
                continue;
            }
            let seed = draft.dice.word();
            let pages: Vec<_> = (0..count as u32)
                .map(|n| if raw { Content::Random { seed: seed.wrapping_add(n) } } else { draft.content() })
                .collect();
            draft.write(slot, pages.clone(), Layout::default());
            draft.read(slot, count, Layout::default());
            draft.write(slot, pages, Layout::default());
        }
    }
}

fn passes_and_lists(draft: &mut Draft<'_>) {
    let mut failures = vec![
        (Shortage::Candidates, 1),
        (Shortage::WritebackControl, 1),
        (Shortage::WritebackRequest, 1),
        (Shortage::WritebackRequest, draft.dice.between(2, BATCH)),
        (Shortage::Candidate, 1),
        (Shortage::Candidate, draft.dice.between(2, COUNT)),
    ];
    draft.dice.shuffle(&mut failures);
    for (site, nth) in failures {
        let (low, count) = draft.run(COUNT);
        let pages: Vec<_> = (0..count).map(|_| draft.compressible()).collect();
        draft.write_all(low, &pages);
        if fail(draft, site, nth) {
            passes::by_run(draft, low, count);
        }
    }
}

fn recompressed(draft: &mut Draft<'_>) {
    if !draft.abilities.recompression() {
        return;
    }
    for site in [Shortage::RecompressionCandidates, Shortage::RecompressionCandidate, Shortage::Handle] {
        let (low, count) = draft.run(COUNT);
        let pages: Vec<_> = (0..count).map(|_| draft.compressible()).collect();
        draft.write_all(low, &pages);
        let nth = if site == Shortage::RecompressionCandidates { 1 } else { draft.dice.between(1, 3) };
        if fail(draft, site, nth) {
            draft.set("recompress", " ");
            draft.read(low, count, Layout::default());
            let text = recompressions::sensible(draft);
            draft.set("recompress", text);
        }
    }
}

/// Slots that are away and others beside them; the first read-back, one in the middle, and one too many.
fn read_backs(draft: &mut Draft<'_>) {
    let (low, count) = draft.run(6);
    let pages: Vec<_> = (0..count).map(|_| draft.compressible()).collect();
    draft.write_all(low, &pages);
    passes::by_run(draft, low, count);
    for nth in [1, draft.dice.between(2, count), count + 1] {
        if fail(draft, Shortage::ReadBack, nth) {
            draft.read(low, count, Layout::default());
            draft.read(low, count, Layout::default());
        }
    }
}
