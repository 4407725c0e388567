//! The track record: which mistakes in the model the comparisons have been seen to find.
//!
//! A page for people, made by a command and never by hand. The ordinary tests hold its list of mutants against the model's, so
//! that a new rule cannot come without its row.

use std::fmt::Write as _;

use zram_model::Mutation;

use super::mutants::Fate;

/// A mistake that was once in the kernel, and the mutant that makes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Bug {
    commit: &'static str,
    what: &'static str,
    mutation: Mutation,
}

/// The mistakes that the driver's history knows.
const HISTORY: &[Bug] = &[
    Bug {
        commit: "b0377ee80429",
        what: "completing a writeback frees the slot: size, priority and HUGE are lost, huge_pages counts twice",
        mutation: Mutation::MetadataLost,
    },
    Bug {
        commit: "3bf1c285dc40",
        what: "the bytes after a compressed object are not cleared: old memory reaches the disk",
        mutation: Mutation::TrailingBytesKept,
    },
    Bug {
        commit: "3e8d8eb8d7f5",
        what: "a block reserved at the end of a pass stays taken",
        mutation: Mutation::ReservedBlockLeaked,
    },
    Bug {
        commit: "bf62f69574b1",
        what: "a pass frees its control block while the last completion still wakes somebody",
        mutation: Mutation::ControlBlockFreedEarly,
    },
    Bug {
        commit: "bf989ade270d",
        what: "a read-back without memory for its request ends as a success",
        mutation: Mutation::ReadBackFailureLost,
    },
];

/// The page.
#[must_use]
pub fn page(fates: &[Fate]) -> String {
    let judged = fates.iter().filter(|fate| fate.missing.is_none()).count();
    let rejected = fates.iter().filter(|fate| fate.rejection.is_some()).count();
    let mut text = format!(
        "# Track record\n\n\
         Made by `cargo xtask mutants --record docs/track-record.md`, not by hand.\n\n\
         The model with one rule broken at a time, held against recorded runs of kernels that the sound model agrees with: how many operations\n\
         it took until a comparison told the two apart, on which kernel, and which comparison. Where several runs tell, the quickest stands here.\n\
         What no run can show is judged by leading the model through every order of steps (L5).\n\n\
         {rejected} of {judged} mutants rejected.\n\n\
         | mutant | broken rule | kernel | run | operations | told by |\n|---|---|---|---|---|---|\n"
    );
    for fate in fates {
        let (name, rule) = (fate.mutation.name(), fate.mutation.describes());
        // Writing to a string does not fail.
        let _ = match (&fate.rejection, fate.missing) {
            (Some(told), _) => writeln!(
                text,
                "| `{name}` | {rule} | {} | {}{} | {} | {} |",
                told.kernel,
                told.by,
                told.seed.map_or_else(String::new, |seed| format!(", seed {seed}")),
                told.operations,
                told.check
            ),
            (None, Some(needs)) => {
                writeln!(text, "| `{name}` | {rule} | none: needs {} | | | |", needs.describes())
            }
            (None, None) => writeln!(text, "| `{name}` | {rule} | | | | **survived** |"),
        };
    }
    text.push_str(
        "\n## Mistakes of the past\n\nWhat the driver once had wrong, by the commit that mended it.\n\n\
         | commit | mistake | found |\n|---|---|---|\n",
    );
    for bug in HISTORY {
        let _ = writeln!(text, "| {} | {} | {} |", bug.commit, bug.what, found(bug.mutation, fates));
    }
    text
}

fn found(mutation: Mutation, fates: &[Fate]) -> String {
    let told = fates.iter().find(|fate| fate.mutation == mutation);
    match told.and_then(|fate| fate.rejection.as_ref()) {
        Some(told) => {
            format!("`{}`, after {} operations on {}", mutation.name(), told.operations, told.kernel)
        }
        None => format!("`{}`: **not told**", mutation.name()),
    }
}

/// The names of the mutants in a page.
#[must_use]
pub fn mutants_of(page: &str) -> Vec<&str> {
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `"));
    rows.filter_map(|row| row.split_once("` |").map(|(name, _)| name)).collect()
}

#[cfg(test)]
mod tests {
    use zram_model::Needs;

    use super::*;
    use crate::commands::mutants::Rejection;

    #[test]
    fn a_page_says_what_became_of_each() {
        let told = Rejection {
            by: "tests/traces/k.zst".into(),
            kernel: "7.2.13".into(),
            seed: Some(3),
            operations: 12,
            check: "L2 event 4".into(),
        };
        let fate = |mutation, rejection, missing| Fate { mutation, rejection, missing };
        let fates = [
            fate(Mutation::MetadataLost, Some(told), None),
            fate(Mutation::ParamsMerged, None, Some(Needs::MultiComp)),
            fate(Mutation::BucketTail, None, None),
        ];
        let page = page(&fates);
        assert_eq!(mutants_of(&page), ["metadata-lost", "params-merged", "bucket-tail"]);
        for part in [
            "1 of 2 mutants rejected",
            "| 7.2.13 | tests/traces/k.zst, seed 3 | 12 | L2 event 4 |",
            "none: needs CONFIG_ZRAM_MULTI_COMP",
            "**survived**",
            "`metadata-lost`, after 12 operations on 7.2.13",
            "`trailing-bytes-kept`: **not told**",
        ] {
            assert!(page.contains(part), "{part}: {page}");
        }
    }
}
