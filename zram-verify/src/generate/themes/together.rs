//! Several workers at once, on slots of their own and on each other's.
//!
//! On slots of their own the workers meet in the allocator only: size classes, zspages, counters. On the same slots they
//! meet at the slot as well, and an order is to be found in which everything that each of them saw makes sense. One of them
//! also writes attributes.

use zram_agent::protocol::{Content, Deed, Op};

use crate::generate::{
    configure::{Wanted, configure},
    draft::Draft,
};

/// Concurrent operations of a program.
const TURNS: u64 = 8;

/// Those of one that is about a single size class.
const CROWDED_TURNS: u64 = 4;

/// Calls of a worker there.
const CALLS: u64 = 16;

/// Bytes of noise of a page of which many fit into a zspage.
const SMALL: u16 = 200;

/// Most slots of one call.
const MOST: u64 = 3;

pub(in crate::generate) fn disjoint(draft: &mut Draft<'_>) {
    together(draft, false);
}

pub(in crate::generate) fn overlapping(draft: &mut Draft<'_>) {
    together(draft, true);
}

fn together(draft: &mut Draft<'_>, overlapping: bool) {
    let slots = if overlapping { draft.dice.between(3, 8) } else { draft.dice.between(16, 40) };
    let algorithm = Some("lz4");
    configure(draft, Wanted { slots: Some(slots), algorithm, backing: false, ..Wanted::default() });
    let filled: Vec<_> = (0..slots).map(|_| draft.content()).collect();
    draft.write_all(0, &filled);
    for _ in 0..TURNS {
        turn(draft, overlapping);
        match draft.dice.below(6) {
            0 => draft.set("compact", "1"),
            1 => draft.classes(),
            2 => draft.churn(1),
            _ => {}
        }
    }
    draft.read_back();
}

/// Workers in one size class. By turns they all need a zspage every second or third page, so that some find no room at the same time and
/// each makes a zspage of its own; or all their objects fit into one zspage, and each takes the places that others give up.
pub(in crate::generate) fn crowded(draft: &mut Draft<'_>) {
    let slots = draft.dice.between(48, 96);
    configure(
        draft,
        Wanted { slots: Some(slots), algorithm: Some("lz4"), backing: false, ..Wanted::default() },
    );
    for turn in 0..CROWDED_TURNS {
        let count = draft.dice.between(2, 3);
        let (noise, share) = if turn % 2 == 0 {
            ([1300, 1980, 2680][draft.dice.below(3) as usize], draft.slots / count)
        } else {
            (SMALL, MOST)
        };
        let workers = (0..count).map(|worker| crowd(draft, (worker * share, share), noise)).collect();
        draft.filled.extend(0..count * share);
        draft.ops.push(Op::Together { dev: draft.dev, workers });
        // Emptied: the next ones find no zspage again.
        draft.discard(0, draft.slots);
    }
}

/// A worker's pages, all of about one compressed size, over and over its slots.
fn crowd(draft: &mut Draft<'_>, (low, share): (u64, u64), noise: u16) -> Vec<Deed> {
    let page = |draft: &mut Draft<'_>| Content::Noisy { seed: draft.dice.below(1 << 30) as u32, noise };
    let call = |at| {
        let slot = low + at % (share / MOST) * MOST;
        Deed::Write { slot, pages: (0..MOST).map(|_| page(draft)).collect() }
    };
    (0..CALLS).map(call).collect()
}

/// One concurrent operation, and a look at some of what it left.
fn turn(draft: &mut Draft<'_>, overlapping: bool) {
    let count = draft.dice.between(2, 4);
    let setter = draft.dice.chance(60).then(|| draft.dice.below(count));
    let share = draft.slots / count;
    let workers = (0..count).map(|worker| {
        let (low, room) = if overlapping { (0, draft.slots) } else { (worker * share, share) };
        let deeds = draft.dice.between(1, 5);
        let sets = setter == Some(worker);
        (0..deeds).map(|_| deed(draft, (low, room), sets)).collect()
    });
    let workers = workers.collect();
    draft.filled.extend(0..draft.slots);
    draft.ops.push(Op::Together { dev: draft.dev, workers });
}

fn deed(draft: &mut Draft<'_>, (low, room): (u64, u64), sets: bool) -> Deed {
    if sets && draft.dice.chance(50) {
        return attribute(draft);
    }
    let count = draft.dice.between(1, room.min(MOST));
    let slot = low + draft.dice.below(room - count + 1);
    match draft.dice.below(10) {
        0..5 => Deed::Write { slot, pages: (0..count).map(|_| draft.content()).collect() },
        5..8 => Deed::Read { slot, count: count as u32 },
        _ => Deed::Discard { slot, count: count as u32 },
    }
}

fn attribute(draft: &mut Draft<'_>) -> Deed {
    let (attr, value) = match draft.dice.below(8) {
        0..4 => ("writeback_limit", "7"),
        4..6 => ("writeback_batch_size", "0"),
        _ => ("writeback_limit_enable", "x"),
    };
    Deed::Set { attr: attr.to_owned(), value: value.to_owned() }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use zram_model::Profile;

    use super::*;
    use crate::{abilities::Abilities, generate::dice::Dice};

    /// The slots of each worker's calls.
    fn slots(workers: &[Vec<Deed>]) -> Vec<BTreeSet<u64>> {
        let of =
            |deed: &Deed| deed.touch().map_or(0..0, |touch| touch.span().0..touch.span().0 + touch.span().1);
        workers.iter().map(|deeds| deeds.iter().flat_map(of).collect()).collect()
    }

    #[test]
    fn workers_keep_to_their_slots_or_do_not() {
        let abilities = Abilities::of_profile(&Profile::debian_7_2());
        for (overlapping, seed) in [(false, 1), (true, 2), (false, 3), (true, 4)] {
            let mut dice = Dice::new(seed);
            let mut draft = Draft::new(&mut dice, &abilities, 0);
            together(&mut draft, overlapping);
            let shared = draft.ops.iter().filter(|op| {
                let Op::Together { workers, .. } = op else { return false };
                let slots = slots(workers);
                (1..slots.len()).any(|one| (0..one).any(|other| !slots[one].is_disjoint(&slots[other])))
            });
            assert_eq!(shared.count() > 0, overlapping, "seed {seed}");
        }
    }
}
