//! Contents of pages, named by a few numbers and generated alike on both sides.
//!
//! The kinds are chosen by the path they take through the driver, not by what they look like.

use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng as _, SeedableRng as _},
};
use serde::{Deserialize, Serialize};
use zram_host::swap;

use super::ext2;

const PAGE: usize = 4096;

/// What a page holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Content {
    /// Zeros: same-filled.
    Zero,
    /// One 64-bit word over and over: same-filled.
    Same {
        /// The word.
        word: u64,
    },
    /// One word over and over, but for one byte: same-filled to a careless eye.
    Nearly {
        /// The word.
        word: u64,
        /// Which byte differs, below 4096.
        at: u16,
    },
    /// Words of a small vocabulary: compresses well, to sizes that vary with the seed.
    Text {
        /// Seed.
        seed: u32,
    },
    /// Noise, then one repeated byte: compresses to about the length of the noise, so that every size class and
    /// the border of `huge_class_size` can be aimed at.
    Noisy {
        /// Seed.
        seed: u32,
        /// Bytes of noise, at most 4096.
        noise: u16,
    },
    /// Noise all through: incompressible.
    Random {
        /// Seed.
        seed: u32,
    },
    /// What `mkswap` writes to the first page: the header of a swap area.
    SwapHeader {
        /// Pages of the area, this one included.
        pages: u32,
    },
    /// A block of an empty ext2 file system.
    Ext2 {
        /// Blocks of the file system, at least 16 and at most 32768.
        blocks: u32,
        /// Which of them.
        block: u32,
    },
}

impl Content {
    /// The page's bytes.
    #[must_use]
    pub fn bytes(&self) -> Box<[u8; PAGE]> {
        let mut page = Box::new([0; PAGE]);
        match *self {
            Self::Zero => {}
            Self::Same { word } => fill(&mut page, word),
            Self::Nearly { word, at } => {
                fill(&mut page, word);
                page[at as usize % PAGE] ^= 1;
            }
            Self::Text { seed } => text(&mut page, seed),
            Self::Noisy { seed, noise } => {
                page.fill(b'z');
                noise_of(seed).fill_bytes(&mut page[..(noise as usize).min(PAGE)]);
            }
            Self::Random { seed } => noise_of(seed).fill_bytes(&mut page[..]),
            Self::SwapHeader { pages } => swap::write_header(&mut page, pages),
            Self::Ext2 { blocks, block } => ext2::block(&mut page, blocks, block),
        }
        page
    }

    /// The blocks of an empty ext2 file system of so many blocks that are not empty, from the first.
    pub fn ext2(blocks: u32) -> impl Iterator<Item = Self> {
        (0..ext2::TAKEN).map(move |block| Self::Ext2 { blocks, block })
    }

    /// The kind's name, as it stands in JSON and in the coverage table.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Zero => "zero",
            Self::Same { .. } => "same",
            Self::Nearly { .. } => "nearly",
            Self::Text { .. } => "text",
            Self::Noisy { .. } => "noisy",
            Self::Random { .. } => "random",
            Self::SwapHeader { .. } => "swap_header",
            Self::Ext2 { .. } => "ext2",
        }
    }
}

/// What memory around a buffer holds before an operation: each word names its page and place, so
/// that it is never same-filled and a stray copy of it says where it came from.
#[must_use]
pub fn guard_page(page: usize) -> Box<[u8; PAGE]> {
    let mut bytes = Box::new([0; PAGE]);
    for (n, word) in bytes.as_chunks_mut::<8>().0.iter_mut().enumerate() {
        *word = (0x5aa5_0000_0000_0000 | (page as u64) << 16 | n as u64).to_le_bytes();
    }
    bytes
}

fn noise_of(seed: u32) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(u64::from(seed))
}

fn fill(page: &mut [u8; PAGE], word: u64) {
    for chunk in page.as_chunks_mut::<8>().0 {
        *chunk = word.to_le_bytes();
    }
}

const WORDS: [&str; 16] = [
    "page ",
    "slot ",
    "block ",
    "swap ",
    "memory ",
    "the ",
    "of ",
    "compressed ",
    "handle ",
    "idle ",
    "class ",
    "writes ",
    "reads ",
    "object ",
    "zspage ",
    "device ",
];

fn text(page: &mut [u8; PAGE], seed: u32) {
    let mut noise = noise_of(seed);
    // More distinct numbers among the words: a longer compressed page.
    let digits = noise.next_u32() % 32;
    let mut at = 0;
    while at < PAGE {
        let draw = noise.next_u32();
        let word = if draw % 64 < digits {
            format!("{:x} ", draw >> 8)
        } else {
            WORDS[(draw >> 8) as usize % WORDS.len()].to_owned()
        };
        let len = word.len().min(PAGE - at);
        page[at..at + len].copy_from_slice(&word.as_bytes()[..len]);
        at += len;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_name_same_bytes() {
        for content in
            [Content::Text { seed: 7 }, Content::Noisy { seed: 7, noise: 100 }, Content::Random { seed: 7 }]
        {
            assert_eq!(content.bytes(), content.bytes());
        }
        assert_ne!(Content::Random { seed: 1 }.bytes(), Content::Random { seed: 2 }.bytes());
    }

    #[test]
    fn nearly_differs_in_one_byte() {
        let (same, nearly) =
            (Content::Same { word: 5 }.bytes(), Content::Nearly { word: 5, at: 4095 }.bytes());
        assert_eq!(same.iter().zip(nearly.iter()).filter(|(a, b)| a != b).count(), 1);
        assert_ne!(same[4095], nearly[4095]);
    }

    /// The bytes are part of the language: a recorded trace names them by seed alone.
    #[test]
    fn bytes_do_not_change_over_versions() {
        let sum =
            |content: Content| content.bytes().iter().fold(0_u64, |h, b| h.wrapping_mul(31) + u64::from(*b));
        insta::assert_debug_snapshot!([
            sum(Content::Text { seed: 1 }),
            sum(Content::Noisy { seed: 1, noise: 1000 }),
            sum(Content::Random { seed: 1 }),
            guard_page(3).iter().fold(0_u64, |h, b| h.wrapping_mul(31) + u64::from(*b)),
        ]);
    }
}
