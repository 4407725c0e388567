//! L3: what lies in the blocks of the backing device.

use std::collections::BTreeMap;

use zram_codecs::Codecs;
use zram_model::{BlockContent, Codec, PageBytes};

use super::{Comparer, Level, Strength};
use crate::pages::{PAGE, Pages};

/// What zram should have left on a backing device since it was zeroed. It outlives the device that
/// wrote it: nobody clears a block when a slot is freed or the device is reset.
#[derive(Clone, Debug, Default)]
pub struct Store {
    blocks: BTreeMap<u64, BlockContent>,
}

impl Store {
    /// Everything is zero again.
    pub fn clear(&mut self) {
        self.blocks.clear();
    }

    /// Notes what a block holds.
    pub fn note(&mut self, block: u64, content: BlockContent) {
        if content != BlockContent::Untouched {
            self.blocks.insert(block, content);
        }
    }
}

/// Compares blocks from `first` on with what should be in them.
pub fn compare(comparer: &mut Comparer, first: u64, observed: &Pages, store: &Store, codecs: &mut Codecs) {
    for n in 0..observed.count() {
        let block = first + n as u64;
        let field = |what: &str| format!("block {block}{what}");
        match store.blocks.get(&block) {
            // A page of a workload that was gone from its slot before anybody said which it was.
            Some(BlockContent::Unknown) => {
                comparer.tally.skip(
                    Level::L3,
                    "a block",
                    "the model was told only the length of its page",
                    1,
                );
            }
            None | Some(BlockContent::Untouched) => {
                whole(comparer, field(": untouched"), n, observed, &[0; PAGE]);
            }
            Some(BlockContent::Raw(page)) => whole(comparer, field(": page"), n, observed, &page[..]),
            Some(BlockContent::Compressed { len, codec, page }) => {
                let object = (*len as usize, &**page);
                compressed(comparer, &field, n, observed, object, (codecs, *codec));
            }
            Some(BlockContent::Unclean { stale, .. }) if *stale < TELLING => {
                let reason = "what the kernel's buffer held before is not known (before 3bf1c285dc40)";
                comparer.tally.skip(Level::L3, "the rest of a compressed block", reason, 1);
            }
            Some(BlockContent::Unclean { len, codec, page, .. }) => {
                let object = (*len as usize, &**page);
                unclean(comparer, &field, n, observed, object, (codecs, *codec));
            }
        }
    }
}

/// Fewest bytes of an older object behind a newer one that are not taken for zeros by chance.
const TELLING: u32 = 16;

fn whole(comparer: &mut Comparer, field: String, n: usize, observed: &Pages, expected: &[u8]) {
    comparer.tally.count(Level::L3, Strength::Exact, 1);
    if let Some(difference) = observed.differs(n, expected) {
        comparer.differ(
            Level::L3,
            Strength::Exact,
            field,
            difference.expected,
            difference.observed,
            vec![difference.place],
        );
    }
}

/// The object must decode to the page, and the rest of the block must be zero. From a trace, which
/// keeps digests, it must be what the exact codec makes of the page.
fn compressed(
    comparer: &mut Comparer,
    field: &dyn Fn(&str) -> String,
    n: usize,
    observed: &Pages,
    (len, page): (usize, &PageBytes),
    (codecs, codec): (&mut Codecs, Codec),
) {
    let Some(mut block) = codecs.compress_exactly(codec, page).map(<[u8]>::to_vec) else {
        comparer.tally.skip(Level::L3, "a compressed block", format!("no exact codec for {codec}"), 1);
        return;
    };
    let Some(bytes) = observed.bytes(n) else {
        block.resize(PAGE, 0);
        whole(comparer, field(": object and tail"), n, observed, &block);
        return;
    };
    let (object, tail) = bytes.split_at(len.min(bytes.len()));
    comparer.tally.count(Level::L3, Strength::Exact, 1);
    let mut decoded = vec![0; PAGE];
    match codecs.decompress(codec, object, &mut decoded) {
        Ok(()) => {
            if let Some(difference) = Pages::Bytes(decoded).differs(0, page) {
                comparer.differ(
                    Level::L3,
                    Strength::Exact,
                    field(": page after decompression"),
                    difference.expected,
                    difference.observed,
                    vec![difference.place],
                );
            }
        }
        Err(error) => comparer.differ(
            Level::L3,
            Strength::Exact,
            field(": object"),
            format!("{len} bytes that decompress to the slot's page"),
            error.to_string(),
            Vec::new(),
        ),
    }
    comparer.tally.count(Level::L3, Strength::Exact, 1);
    if let Some(at) = tail.iter().position(|byte| *byte != 0) {
        comparer.differ(
            Level::L3,
            Strength::Exact,
            field(": tail"),
            "zeros".to_owned(),
            crate::compare::bytes::around(bytes, len + at),
            vec![format!("the object ends at byte {len}, the byte at {} is not zero", len + at)],
        );
    }
}

/// A model that says the tail is left as it was is wrong when it is clear, although it holds the end of an object written before.
fn unclean(
    comparer: &mut Comparer,
    field: &dyn Fn(&str) -> String,
    n: usize,
    observed: &Pages,
    (len, page): (usize, &PageBytes),
    (codecs, codec): (&mut Codecs, Codec),
) {
    let exact = codecs.compress_exactly(codec, page).map(<[u8]>::to_vec);
    let clear = match (observed.bytes(n), exact) {
        (Some(bytes), _) => bytes.iter().skip(len).all(|byte| *byte == 0),
        (None, Some(mut block)) => {
            block.resize(PAGE, 0);
            observed.differs(n, &block).is_none()
        }
        (None, None) => return,
    };
    comparer.tally.count(Level::L3, Strength::Bounded, 1);
    if clear && len < PAGE {
        comparer.differ(
            Level::L3,
            Strength::Bounded,
            field(": tail"),
            "left as the buffer was".to_owned(),
            "zeros".to_owned(),
            Vec::new(),
        );
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use zram_agent::protocol::Content;

    use super::*;

    fn fields(store: &Store, block: &[u8]) -> Vec<String> {
        let pages = Pages::Bytes(block.to_vec());
        let mut found = Vec::new();
        for pages in [pages.digested(), pages] {
            let mut comparer = Comparer::default();
            compare(&mut comparer, 5, &pages, store, &mut Codecs::new());
            assert!(comparer.tally.total() > 0);
            found =
                comparer.differences.iter().map(|difference| difference.field.clone()).collect::<Vec<_>>();
            if let Pages::Digests(_) = pages {
                assert_eq!(comparer.differences.is_empty(), {
                    let mut again = Comparer::default();
                    compare(&mut again, 5, &Pages::Bytes(block.to_vec()), store, &mut Codecs::new());
                    again.differences.is_empty()
                });
            }
        }
        found
    }

    fn page() -> Arc<[u8; PAGE]> {
        Arc::from(Content::Text { seed: 4 }.bytes())
    }

    fn block() -> (u32, Vec<u8>) {
        let mut codecs = Codecs::new();
        let mut block = codecs.compress(Codec::plain("lz4"), &page()[..]).unwrap().to_vec();
        let len = block.len() as u32;
        block.resize(PAGE, 0);
        (len, block)
    }

    #[test]
    fn every_byte_of_a_compressed_block_counts() {
        let (len, good) = block();
        let mut store = Store::default();
        store.note(5, BlockContent::Compressed { len, codec: Codec::plain("lz4"), page: page() });
        assert!(fields(&store, &good).is_empty());
        for at in [PAGE - 1, len as usize] {
            let mut bad = good.clone();
            bad[at] = 1;
            assert_eq!(fields(&store, &bad), ["block 5: tail"]);
        }
        let mut bad = good.clone();
        bad[len as usize / 2] ^= 1;
        assert_eq!(fields(&store, &bad).len(), 1);
    }

    #[test]
    fn untouched_and_raw_blocks_are_compared_whole() {
        let mut store = Store::default();
        assert!(fields(&store, &[0; PAGE]).is_empty());
        let mut bad = vec![0; PAGE];
        bad[4095] = 1;
        assert_eq!(fields(&store, &bad), ["block 5: untouched"]);
        store.note(5, BlockContent::Raw(page()));
        assert!(fields(&store, &page()[..]).is_empty());
        assert_eq!(fields(&store, &[0; PAGE]), ["block 5: page"]);
    }

    #[test]
    fn a_clear_tail_contradicts_a_model_that_leaves_it() {
        let (len, good) = block();
        let mut store = Store::default();
        store.note(5, BlockContent::Unclean { len, stale: 40, codec: Codec::plain("lz4"), page: page() });
        assert_eq!(fields(&store, &good), ["block 5: tail"]);
        // A page that the kernel has just taken may be clear.
        let mut comparer = Comparer::default();
        store.note(5, BlockContent::Unclean { len, stale: 3, codec: Codec::plain("lz4"), page: page() });
        compare(&mut comparer, 5, &Pages::Bytes(good), &store, &mut Codecs::new());
        assert!(comparer.differences.is_empty() && comparer.tally.total() == 0);
    }
}
