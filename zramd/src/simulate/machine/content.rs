//! What pages hold, and what a compressor makes of it.
//!
//! A simulated week compresses millions of pages, and what a policy sees of it is one number per page. So pages say themselves how well
//! they compress: the first words of one name the class of its content and a seed, and the compressor here reads them. What is
//! stored and read back are real pages all the same, each different from every other and from its own earlier self, so that a page that
//! was lost or mixed up shows.
//!
//! Lengths are those that lz4 makes of such contents, in round figures; other algorithms make a fixed part of that. They are no
//! measurement: real ones are `zram-codecs`' business.

use nix::errno::Errno;
use serde::{Deserialize, Serialize};
use zram_host::Compressor;
use zram_model::{Codec, PageBytes};

/// Bytes of a page.
pub const PAGE: usize = 4096;

/// What kind of memory a region is: how well its pages compress.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Content {
    /// An application's heap: objects, strings, much that is zero.
    Heap,
    /// A browser's tab: scripts and layout, beside decoded pictures.
    Tab,
    /// A compiler's trees and tables.
    Compiler,
    /// Rows and indexes of a database.
    Rows,
    /// Pictures, sound, what is encrypted or compressed already.
    Media,
}

/// How a page compresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    /// One word, again and again.
    Same,
    /// To about an eighth.
    Sparse,
    /// To about a quarter, as text does.
    Text,
    /// To about a half.
    Half,
    /// To about four fifths.
    Poor,
    /// Not at all.
    Raw,
}

impl Content {
    /// Shares of the classes, in percent, as they are listed.
    const fn shares(self) -> [u32; 6] {
        match self {
            Self::Heap => [10, 22, 33, 22, 5, 8],
            Self::Tab => [6, 14, 30, 22, 8, 20],
            Self::Compiler => [8, 26, 42, 18, 3, 3],
            Self::Rows => [3, 12, 35, 32, 10, 8],
            Self::Media => [1, 2, 5, 10, 12, 70],
        }
    }

    fn class(self, seed: u32) -> Class {
        const CLASSES: [Class; 6] =
            [Class::Same, Class::Sparse, Class::Text, Class::Half, Class::Poor, Class::Raw];
        let mut rest = mixed(seed) % 100;
        for (class, share) in CLASSES.into_iter().zip(self.shares()) {
            if rest < share {
                return class;
            }
            rest -= share;
        }
        Class::Raw
    }
}

impl Class {
    /// Bytes that lz4 makes of such a page; pages of one class differ.
    fn length(self, seed: u32) -> u32 {
        let spread = mixed(seed ^ 0x5bd1_e995) % 1000;
        match self {
            Self::Same => 24,
            Self::Sparse => 250 + spread / 2,
            Self::Text => 700 + spread * 6 / 10,
            Self::Half => 1600 + spread * 9 / 10,
            Self::Poor => 2900 + spread * 6 / 10,
            Self::Raw => 4112,
        }
    }
}

/// What is in a page: its content, and which writing of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written {
    /// The kind of memory.
    pub content: Content,
    /// Which page: pages with different ones differ, but for those of one word.
    pub seed: u32,
    /// How often it was written to.
    pub version: u32,
}

const MAGIC: u32 = 0x5a52_414d;

impl Written {
    /// Fills a page.
    pub fn fill(self, page: &mut [u8]) {
        let class = self.content.class(self.seed);
        if class == Class::Same {
            // Most are zero; a word that is no byte's repetition is one word too.
            let word = if self.seed.is_multiple_of(3) { self.word() } else { 0 };
            repeat(page, word);
            return;
        }
        repeat(page, self.word());
        let header = [MAGIC, class.length(self.seed), self.seed, self.version];
        for (place, word) in page.chunks_exact_mut(4).zip(header) {
            place.copy_from_slice(&word.to_le_bytes());
        }
    }

    /// Bytes that lz4 makes of it: what it takes in memory if the device stores it compressed. None for a page of one word.
    #[must_use]
    pub fn length(self) -> Option<u32> {
        let class = self.content.class(self.seed);
        (class != Class::Same).then(|| class.length(self.seed))
    }

    fn word(self) -> u64 {
        u64::from(mixed(self.seed)) << 32 | u64::from(mixed(self.version ^ 0x9e37_79b9))
    }
}

fn repeat(page: &mut [u8], word: u64) {
    for place in page.chunks_exact_mut(8) {
        place.copy_from_slice(&word.to_le_bytes());
    }
}

/// A number that looks like no other (the finaliser of MurmurHash3).
pub(super) const fn mixed(number: u32) -> u32 {
    let mut hash = number;
    hash ^= hash >> 16;
    hash = hash.wrapping_mul(0x85eb_ca6b);
    hash ^= hash >> 13;
    hash = hash.wrapping_mul(0xc2b2_ae35);
    hash ^ hash >> 16
}

/// The compressor.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Cheap;

/// Of what lz4 makes of a page, what this algorithm makes of it, in percent.
fn percent(algorithm: &str) -> u32 {
    match algorithm {
        "zstd" => 70,
        "deflate" => 72,
        "lz4hc" => 90,
        "842" => 105,
        _ => 100,
    }
}

impl Compressor for Cheap {
    fn compress(&mut self, codec: Codec, page: &PageBytes) -> Result<Vec<u8>, zram_model::Errno> {
        let word =
            |at: usize| page.get(at..at + 4).and_then(|bytes| bytes.try_into().ok()).map(u32::from_le_bytes);
        // A page of no process: the header of the swap area.
        let length = match (word(0), word(4)) {
            (Some(MAGIC), Some(length)) => length,
            _ => 64,
        };
        // What does not compress stays so for all of them.
        let length = if length > 4096 { length } else { (length * percent(codec.name) / 100).max(24) };
        Ok(vec![0; length as usize])
    }
}

/// A page came back as something else than was written: the simulation is wrong, or the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Lost {
    /// Other bytes.
    #[error("slot {slot} of the simulated device reads back other bytes than were written to it")]
    Changed {
        /// Which.
        slot: u32,
    },
    /// None.
    #[error("slot {slot} of the simulated device cannot be read: {}", errno.desc())]
    Unreadable {
        /// Which.
        slot: u32,
        /// Why.
        errno: Errno,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(content: Content, seed: u32, version: u32) -> Vec<u8> {
        let mut page = vec![0; PAGE];
        Written { content, seed, version }.fill(&mut page);
        page
    }

    #[test]
    fn pages_differ_by_seed_and_by_version() {
        let text = (0..100).find(|seed| Content::Heap.class(*seed) == Class::Text).unwrap();
        let other = (text + 1..100).find(|seed| Content::Heap.class(*seed) == Class::Text).unwrap();
        assert_ne!(page(Content::Heap, text, 1), page(Content::Heap, other, 1));
        assert_ne!(page(Content::Heap, text, 1), page(Content::Heap, text, 2));
        assert_eq!(page(Content::Heap, text, 1), page(Content::Heap, text, 1));
    }

    #[test]
    fn a_page_compresses_to_what_it_says() {
        let lz4 = Codec::plain("lz4");
        let mut by_class = [0_u32; 2];
        for seed in 0..10_000 {
            let written = Written { content: Content::Media, seed, version: 0 };
            let bytes = page(Content::Media, seed, 0);
            match written.length() {
                Some(length) => {
                    assert_eq!(Cheap.compress(lz4, &bytes).unwrap().len(), length as usize);
                    by_class[usize::from(length > 4096)] += 1;
                }
                None => assert!(bytes.chunks(8).all(|word| word == &bytes[..8])),
            }
        }
        // 70 of 100 are incompressible, and 1 is one word.
        assert!((6800..7200).contains(&by_class[1]), "{by_class:?}");
        assert!((2700..3100).contains(&by_class[0]), "{by_class:?}");
    }

    #[test]
    fn shares_are_of_a_hundred() {
        for content in [Content::Heap, Content::Tab, Content::Compiler, Content::Rows, Content::Media] {
            assert_eq!(content.shares().iter().sum::<u32>(), 100, "{content:?}");
        }
    }
}
