//! Swap under memory pressure, and a file system with discard.
//!
//! What goes where is the kernel's choice, so these programs aim at little: they let pages go out and come
//! back, from memory and from the backing device, and let slots be freed in both of the ways that zram offers.

use zram_agent::protocol::{Content, Layout, Op, SwapDiscard};

use crate::generate::{
    configure::{Wanted, configure},
    draft::Draft,
};

/// Pages of the occupant at least, and more: several times what its cgroup has room for.
const PAGES: (u64, u64) = (200, 320);
const ROOM: (u64, u64) = (40, 90);

/// Slots beyond the occupant's pages. An area that is full would have it killed. Where clusters of slots are discarded, one that was freed whole is
/// not given out again before a worker has done that (`swap_do_scheduled_discard`), which on a busy machine takes its time: two of 512 slots may be
/// waiting.
const SPARE: u64 = 200 + 2 * 512;

/// Blocks of a file system: twice what all of its files can hold.
const BLOCKS: (u64, u64) = (500, 700);
const FILES: [&str; 4] = ["a", "b", "c", "d"];
/// Pages of a file at most: where it begins, and how many are written.
const BEGIN: u64 = 20;
const LENGTH: u64 = 40;

const EXACT: &[&str] = &["lz4", "lz4hc", "zstd", "deflate"];

/// A device of so many slots, its algorithm one of which the lengths are known.
fn device(draft: &mut Draft<'_>, slots: u64, compressed: Option<bool>) {
    let known = draft.abilities.algorithms_of(EXACT);
    let algorithm = draft.dice.pick(&known);
    let backing = draft.abilities.writeback();
    let wanted =
        Wanted { slots: Some(slots), backing, compressed, algorithm: Some(algorithm), ..Wanted::default() };
    configure(draft, wanted);
    // Swap that cannot write has its occupant killed, and a file system loses pages that nobody waits for.
    if draft.ops.iter().any(|op| matches!(op, Op::Set { attr, .. } if attr == "mem_limit")) {
        draft.set("mem_limit", "0");
    }
}

/// Everything there is goes to the backing device, until that is full.
fn send_away(draft: &mut Draft<'_>) {
    if draft.abilities.writeback() {
        draft.idle_all();
        draft.set("writeback", if draft.abilities.arguments() { "type=idle" } else { "idle" });
    }
}

fn contents(draft: &mut Draft<'_>, count: u64) -> Vec<Content> {
    (0..count).map(|_| draft.content()).collect()
}

/// A process with more pages than its memory cgroup has room for.
pub(in crate::generate) fn swap(draft: &mut Draft<'_>) {
    let pages = draft.dice.between(PAGES.0, PAGES.1);
    device(draft, pages + SPARE, None);
    let (dev, slots) = (draft.dev, draft.slots as u32);
    draft.write(0, vec![Content::SwapHeader { pages: slots }], Layout::default());
    let discard =
        draft.dice.pick(&[SwapDiscard::None, SwapDiscard::Once, SwapDiscard::Pages, SwapDiscard::Both]);
    let priority = draft.dice.chance(50).then(|| draft.dice.below(1 << 15) as u16);
    draft.ops.push(Op::SwapOn { dev, priority, discard });
    let limit = draft.dice.between(ROOM.0, ROOM.1) as u32;
    let held = contents(draft, pages);
    draft.ops.push(Op::Pressure { dev, limit, pages: held });
    for round in 0..3 {
        visit(draft, 0, pages, 0);
        let (first, count) = (draft.dice.below(pages / 2), draft.dice.between(20, pages / 2));
        let rewritten = draft.dice.between(1, count);
        visit(draft, first, count, rewritten);
        match round {
            0 => send_away(draft),
            1 => draft.set("compact", "1"),
            _ => {}
        }
        // Past swap: what lies in the slots now.
        let (slot, count) = draft.run(12);
        draft.read(slot, count, Layout::default());
    }
    draft.blocks();
    draft.set("reset", "1");
    draft.ops.push(Op::Relieve { dev });
    draft.ops.push(Op::SwapOff { dev });
    draft.set("reset", "1");
}

fn visit(draft: &mut Draft<'_>, first: u64, count: u64, rewritten: u64) {
    let pages = contents(draft, rewritten);
    draft.ops.push(Op::Revisit { dev: draft.dev, first: first as u32, count: count as u32, pages });
}

/// Files written, overwritten, read and deleted.
pub(in crate::generate) fn filesystem(draft: &mut Draft<'_>) {
    let blocks = draft.dice.between(BLOCKS.0, BLOCKS.1);
    // A file is read by several bios, and with compressed writeback a worker would be at the first ones meanwhile.
    device(draft, blocks, Some(false));
    let dev = draft.dev;
    draft.write(0, Content::ext2(blocks as u32).collect(), Layout::default());
    for discard in [true, draft.dice.chance(50)] {
        draft.ops.push(Op::Mount { dev, discard });
        for round in 0..3 {
            for _ in 0..2 {
                write_file(draft);
            }
            if round == 1 {
                send_away(draft);
            }
            let name = draft.dice.pick(&FILES).to_owned();
            draft.ops.push(Op::ReadFile { dev, name });
        }
        let name = draft.dice.pick(&FILES).to_owned();
        draft.ops.push(Op::RemoveFile { dev, name });
        draft.ops.push(Op::Trim { dev });
        draft.ops.push(Op::Unmount { dev });
        // Past the file system: its own blocks, and the files'.
        draft.read(0, 16, Layout::default());
        draft.read_any();
    }
    draft.blocks();
}

fn write_file(draft: &mut Draft<'_>) {
    let name = draft.dice.pick(&FILES).to_owned();
    let (at, count) = (draft.dice.below(BEGIN) as u32, draft.dice.between(1, LENGTH));
    let pages = contents(draft, count);
    draft.ops.push(Op::WriteFile { dev: draft.dev, name, at, pages });
}

#[cfg(test)]
mod tests {
    use zram_model::Profile;

    use super::*;
    use crate::{abilities::Abilities, generate::dice::Dice};

    #[test]
    fn a_swap_area_has_room_for_every_page() {
        let abilities = Abilities::of_profile(&Profile::debian_7_2());
        for seed in 0..50 {
            let mut dice = Dice::new(seed);
            let mut draft = Draft::new(&mut dice, &abilities, 150);
            swap(&mut draft);
            let held = draft.ops.iter().find_map(|op| match op {
                Op::Pressure { pages, limit, .. } => Some((pages.len() as u64, *limit)),
                _ => None,
            });
            let (pages, limit) = held.unwrap();
            assert!(pages + SPARE <= draft.slots && u64::from(limit) * 2 < pages, "seed {seed}");
        }
    }
}
