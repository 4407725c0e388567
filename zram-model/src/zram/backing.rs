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
}

impl Backing {
    pub(crate) fn new(path: String, pages: u64) -> Self {
        Self { path, pages, bitmap: Vec::new(), lowest: 0, next: 0, contents: HashMap::new() }
    }

    /// Takes the lowest free block (`zram_reserve_bdev_block`); none when all are taken.
    pub(crate) fn reserve(&mut self, call: &Call<'_, impl Environment + ?Sized>) -> Option<Block> {
        let block = if call.broken(Mutation::HighestFreeBlock) {
            (0..self.pages.min(1 << 24)).rev().find(|block| !self.taken(*block))
        } else if call.broken(Mutation::NextFitBlock) {
            let onward = self.next.min(self.pages)..self.pages;
            onward.chain(0..self.next.min(self.pages)).find(|block| !self.taken(*block))
        } else if call.broken(Mutation::BlockZeroUnused) {
            (1..self.pages).find(|block| !self.taken(*block))
        } else {
            (self.lowest..self.pages).find(|block| !self.taken(*block))
        }?;
        if block == self.lowest {
            self.lowest += 1;
        }
        self.next = block + 1;
        let word = (block / 64) as usize;
        if self.bitmap.len() <= word {
            self.bitmap.resize(word + 1, 0);
        }
        self.bitmap[word] |= 1 << (block % 64);
        Some(Block(block))
    }

    /// Gives a block back (`zram_release_bdev_block`). Its content stays on the device.
    pub(crate) fn release(&mut self, block: Block) {
        if let Some(word) = self.bitmap.get_mut((block.0 / 64) as usize) {
            *word &= !(1 << (block.0 % 64));
        }
        self.lowest = self.lowest.min(block.0);
    }

    fn taken(&self, block: u64) -> bool {
        self.bitmap.get((block / 64) as usize).is_some_and(|word| word >> (block % 64) & 1 == 1)
    }

    /// How many blocks are taken, counted.
    pub(crate) fn taken_blocks(&self) -> u64 {
        self.bitmap.iter().map(|word| u64::from(word.count_ones())).sum()
    }

    pub(crate) fn write(&mut self, block: Block, content: BlockContent) {
        self.contents.insert(block.0, content);
    }

    pub(crate) fn content(&self, block: Block) -> BlockContent {
        self.contents.get(&block.0).cloned().unwrap_or(BlockContent::Untouched)
    }
}
