//! How a buffer lies in memory.

use zram_agent::protocol::{Layout, Piece};

use super::dice::Dice;

const PAGE: u64 = 4096;
/// Memory alignment that direct I/O on a zram device asks for (`dma_alignment` + 1).
const SECTOR: u64 = 512;

/// Mostly plain; else one piece at an offset, or several unequal ones.
pub(super) fn any(dice: &mut Dice, slots: u64) -> Layout {
    match dice.below(10) {
        0..6 => Layout::default(),
        6 => Layout(vec![piece(0, slots * PAGE)]),
        7 => shifted(dice, slots),
        8 => pages(dice, slots),
        _ => split(dice, slots),
    }
}

/// One piece that starts inside a page.
pub(super) fn shifted(dice: &mut Dice, slots: u64) -> Layout {
    let offset = dice.between(1, PAGE / SECTOR - 1) * SECTOR;
    Layout(vec![piece(offset, slots * PAGE)])
}

/// Several pieces of whole pages, each page-aligned or all but.
fn pages(dice: &mut Dice, slots: u64) -> Layout {
    let (mut left, mut pieces) = (slots, Vec::new());
    while left > 0 {
        let take = dice.between(1, left.min(3));
        let offset = if dice.chance(30) { dice.below(PAGE / SECTOR) * SECTOR } else { 0 };
        pieces.push(piece(offset, take * PAGE));
        left -= take;
    }
    Layout(pieces)
}

/// Several pieces whose lengths are not whole pages.
pub(super) fn split(dice: &mut Dice, slots: u64) -> Layout {
    let (mut left, mut pieces) = (slots * PAGE / SECTOR, Vec::new());
    while left > 0 {
        let take = if pieces.len() == 7 { left } else { dice.between(1, left.min(20)) };
        let offset = dice.below(PAGE / SECTOR) * SECTOR;
        pieces.push(piece(offset, take * SECTOR));
        left -= take;
    }
    Layout(pieces)
}

fn piece(offset: u64, len: u64) -> Piece {
    Piece { offset: offset as u32, len: len as u32 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_layout_holds_the_bytes_of_its_operation() {
        let mut dice = Dice::new(9);
        for _ in 0..2000 {
            let slots = dice.between(1, 16);
            any(&mut dice, slots).place(slots as usize).unwrap();
        }
    }
}
