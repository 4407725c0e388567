//! What followed pages can be held against.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use zram_agent::protocol::{Content, Op, Report};
use zram_codecs::Codecs;
use zram_events::{DeviceId, SlotIndex};
use zram_model::{Codec, Kernel, Stored};

use super::Unknown;
use crate::{
    compare::{Comparer, Level, Strength},
    pages::Digest,
};

/// Lengths that contents compress to, worked out once.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lengths(HashMap<(Codec, Content), Option<u32>>);

impl Lengths {
    fn of(&mut self, codec: Codec, content: Content, codecs: &mut Codecs) -> Option<u32> {
        *self.0.entry((codec, content)).or_insert_with(|| {
            let exact = codecs.compress_exactly(codec, &content.bytes()[..])?;
            u32::try_from(exact.len()).ok()
        })
    }
}

/// Whether only the file system knows what a page holds, because it may be one of its own.
fn of_filesystem(op: &Op) -> bool {
    matches!(
        op,
        Op::Mount { .. }
            | Op::Unmount { .. }
            | Op::WriteFile { .. }
            | Op::ReadFile { .. }
            | Op::RemoveFile { .. }
            | Op::Trim { .. }
    )
}

/// Pages that were followed by what came of them must be pages that the workload has.
pub(crate) fn compare(
    comparer: &mut Comparer,
    op: &Op,
    unknown: &[Unknown],
    contents: &HashSet<Content>,
    kernel: &Kernel,
    (lengths, codecs): (&mut Lengths, &mut Codecs),
) {
    if of_filesystem(op) {
        let what = "what a page of a file system came to";
        let reason = "it is one of the file system's own, or was overwritten within the operation";
        comparer.tally.skip(Level::L2, what, reason, unknown.len() as u64);
        return;
    }
    let mut possible: BTreeMap<u32, Option<BTreeSet<u32>>> = BTreeMap::new();
    for page in unknown {
        let place = || format!("zram{} slot {}", page.dev, page.slot);
        match page.stored {
            Stored::Same(word) => {
                let known = contents.iter().any(|content| fill(*content) == Some(word));
                member(comparer, known, || format!("{}: followed fill word", place()), format!("{word:#x}"));
            }
            Stored::Huge => {}
            Stored::Compressed(len) => {
                let Ok(codec) = kernel.codec(DeviceId(page.dev)) else { continue };
                let lengths = possible.entry(page.dev).or_insert_with(|| {
                    contents.iter().map(|content| lengths.of(codec, *content, codecs)).collect()
                });
                match lengths {
                    Some(lengths) => {
                        let known = lengths.contains(&len);
                        let field = || format!("{}: followed compressed length ({codec})", place());
                        member(comparer, known, field, len.to_string());
                    }
                    None => comparer.tally.skip(
                        Level::L2,
                        "a followed compressed length",
                        format!("there is no exact codec for {codec}"),
                        1,
                    ),
                }
            }
        }
    }
}

fn member(comparer: &mut Comparer, known: bool, field: impl Fn() -> String, observed: String) {
    comparer.tally.count(Level::L2, Strength::SetMembership, 1);
    if !known {
        let expected = "what some page of the workload gives".to_owned();
        comparer.differ(Level::L2, Strength::SetMembership, field(), expected, observed, Vec::new());
    }
}

/// The word that fills the page, if one does.
pub(super) fn fill(content: Content) -> Option<u64> {
    let bytes = content.bytes();
    let words = bytes.as_chunks::<8>().0;
    words.iter().all(|word| *word == words[0]).then(|| u64::from_le_bytes(words[0]))
}

/// What the workload read, and that its pages are where it says.
pub(crate) fn report(comparer: &mut Comparer, dev: u32, ours: &Report, theirs: &Report, kernel: &Kernel) {
    let exact = |comparer: &mut Comparer, what: &str, ours: &String, theirs: &String| {
        comparer.same(Level::L1, Strength::Exact, || what.to_owned(), ours, theirs);
    };
    let none = || "(nothing read)".to_owned();
    let digest = |report: &Report| report.digest.clone().unwrap_or_else(none);
    exact(comparer, "digest of what was read", &digest(ours), &digest(theirs));
    exact(
        comparer,
        "pages that came back wrong",
        &format!("{:?}", ours.wrong),
        &format!("{:?}", theirs.wrong),
    );
    for place in &theirs.placed {
        // Swap takes note of zeros by itself and writes none.
        if fill(place.content) == Some(0) {
            continue;
        }
        let Ok(Some(page)) = kernel.page(DeviceId(dev), SlotIndex(place.slot)) else {
            let reason = "the model was told only its length";
            comparer.tally.skip(Level::L3, "the page in a slot of a workload", reason, 1);
            continue;
        };
        let (ours, theirs) = (Digest::of(&page), Digest::of(&place.content.bytes()[..]));
        let field = || format!("zram{dev} slot {}: page by the workload's own map", place.slot);
        comparer.same(Level::L3, Strength::AtQuiescence, field, &ours, &theirs);
    }
}
