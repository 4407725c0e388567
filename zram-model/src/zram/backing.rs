//! The backing device: which blocks are taken, and what is in them.

use std::collections::HashMap;

use zram_events::Block;

use crate::{context::Call, environment::Environment, mutation::Mutation, view::BlockContent};

/// A backing device that has been set up.
#[derive(Clone, Debug)]
pub(crate) struct Backing {
    /// As `backing_dev` shows it.
    pub(crate) path: String,
    pages: u64,
    /// One bit per block, 1 = taken. Words beyond the end are all free.
    bitmap: Vec<u64>,
    /// No block below this one is free.
    lowest: u64,
    /// For the mutation that searches onward.
    next: u64,
    contents: HashMap<u64, BlockContent>,
    /// Whether blocks were written whose content is not kept. A device of millions of blocks then costs its bitmap.
    unknown: bool,
}

impl Backing {
    pub(crate) fn new(path: String, pages: u64) -> Self {
        Self { path, pages, bitmap: Vec::new(), lowest: 0, next: 0, contents: HashMap::new(), unknown: false }
    }

    /// Takes the lowest free block (`zram_reserve_bdev_block`); none when all are taken.
    pub(crate) fn reserve(&mut self, call: &Call<'_, impl Environment + ?Sized>) -> Option<Block> {
        let block = if call.broken(Mutation::HighestFreeBlock) {
            (0..self.pages.min(1 << 24)).rev().find(|block| !self.taken(*block))
        } else if call.broken(Mutation::NextFitBlock) {
            let onward = self.next.min(self.pages)..self.pages;
            onward.chain(0..self.next.min(self.pages)).find(|block| !self.taken(*block))
        } else {
            let from_one = !call.behaviours().block_zero || call.broken(Mutation::BlockZeroUnused);
            let block = self.lowest_free(from_one)?;
            self.lowest = block + 1;
            Some(block)
        }?;
        self.next = block + 1;
        self.take(block);
        Some(Block(block))
    }

    fn take(&mut self, block: u64) {
        let word = (block / 64) as usize;
        if self.bitmap.len() <= word {
            self.bitmap.resize(word + 1, 0);
        }
        self.bitmap[word] |= 1 << (block % 64);
    }

    /// Word by word, from the first that may have a free block. `from_one`: block 0 is free and not to be had.
    fn lowest_free(&self, from_one: bool) -> Option<u64> {
        let first = self.lowest / 64;
        let words = self.bitmap.get(first as usize..).unwrap_or_default();
        let spared = |at| u64::from(from_one && at == 0);
        let mut words = (first..).zip(words).map(|(at, word)| (at, word | spared(at)));
        let block = match words.find(|(_, word)| *word != u64::MAX) {
            Some((at, word)) => at * 64 + u64::from(word.trailing_ones()),
            None => (first.max(self.bitmap.len() as u64) * 64).max(u64::from(from_one)),
        };
        (block < self.pages).then_some(block)
    }

    /// Gives a block back (`zram_release_bdev_block`). Its content stays on the device.
    pub(crate) fn release(&mut self, block: Block) {
        if let Some(word) = self.bitmap.get_mut((block.0 / 64) as usize) {
            *word &= !(1 << (block.0 % 64));
        }
        self.lowest = self.lowest.min(block.0);
    }

    pub(crate) fn taken(&self, block: u64) -> bool {
        self.bitmap.get((block / 64) as usize).is_some_and(|word| word >> (block % 64) & 1 == 1)
    }

    /// How many blocks are taken, counted.
    pub(crate) fn taken_blocks(&self) -> u64 {
        self.bitmap.iter().map(|word| u64::from(word.count_ones())).sum()
    }

    pub(crate) fn write(&mut self, block: Block, content: BlockContent) {
        if content == BlockContent::Unknown {
            self.contents.remove(&block.0);
            self.unknown = true;
        } else {
            self.contents.insert(block.0, content);
        }
    }

    pub(crate) fn content(&self, block: Block) -> BlockContent {
        let otherwise = if self.unknown { BlockContent::Unknown } else { BlockContent::Untouched };
        self.contents.get(&block.0).cloned().unwrap_or(otherwise)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Against a search of every block, with blocks given back in between.
    #[test]
    fn the_lowest_free_block_with_and_without_block_zero() {
        for from_one in [false, true] {
            let mut backing = Backing::new(String::new(), 200);
            let mut state = 1_u64;
            for _ in 0..2000 {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                let number = (state >> 33) % 300;
                if number < 90 && backing.taken(number * 2) {
                    backing.release(Block(number * 2));
                }
                let expected = (u64::from(from_one)..200).find(|block| !backing.taken(*block));
                assert_eq!(backing.lowest_free(from_one), expected);
                if let Some(block) = expected {
                    backing.take(block);
                    backing.lowest = block + 1;
                }
            }
            assert_eq!(backing.taken(0), !from_one);
        }
    }
}
