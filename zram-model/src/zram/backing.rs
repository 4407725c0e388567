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
        } else if !call.behaviours().block_zero || call.broken(Mutation::BlockZeroUnused) {
            (1..self.pages).find(|block| !self.taken(*block))
        } else {
            let block = self.lowest_free()?;
            self.lowest = block + 1;
            Some(block)
        }?;
        self.next = block + 1;
        let word = (block / 64) as usize;
        if self.bitmap.len() <= word {
            self.bitmap.resize(word + 1, 0);
        }
        self.bitmap[word] |= 1 << (block % 64);
        Some(Block(block))
    }

    /// Word by word, from the first that may have a free block.
    fn lowest_free(&self) -> Option<u64> {
        let first = self.lowest / 64;
        let words = self.bitmap.get(first as usize..).unwrap_or_default();
        let found = (first..).zip(words).find(|(_, word)| **word != u64::MAX);
        let block = match found {
            Some((at, word)) => at * 64 + u64::from(word.trailing_ones()),
            None => first.max(self.bitmap.len() as u64) * 64,
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
