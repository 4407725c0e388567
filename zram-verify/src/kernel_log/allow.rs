//! The allow list: lines that carry a mark and mean no harm.
//!
//! An entry that nobody can explain hides whatever it happens to match. So an entry has a [`Reason`], which cannot be made
//! without a sentence: an empty or a lazy one does not compile. What the list lets pass is counted, and the report says how
//! often, with the reason.

use super::Mark;

/// Why a line means no harm: a sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reason(&'static str);

impl Reason {
    /// A reason. In a `const`, which the list is, what is no sentence does not compile.
    ///
    /// # Panics
    /// When it is shorter than a reason can be, or does not end as a sentence does.
    const fn new(sentence: &'static str) -> Self {
        let bytes = sentence.as_bytes();
        assert!(bytes.len() >= 40, "a reason says what prints the line and why it is harmless");
        assert!(bytes[bytes.len() - 1] == b'.', "a reason is a sentence");
        Self(sentence)
    }

    /// The sentence.
    #[must_use]
    pub const fn sentence(self) -> &'static str {
        self.0
    }
}

/// Lets pass the lines that contain all of its words, where a certain mark has found them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// The text of the mark.
    mark: &'static str,
    /// What else the line must contain.
    words: &'static [&'static str],
    /// Why.
    pub reason: Reason,
}

impl Allowance {
    /// Whether it lets pass this line, which this mark has found.
    pub(super) fn covers(&self, mark: Mark, line: &str) -> bool {
        self.mark == mark.text && self.words.iter().all(|word| line.contains(word))
    }
}

/// Every entry.
pub const ALLOW: &[Allowance] = &[
    Allowance {
        mark: "hogged CPU",
        words: &["workqueue:", "consider switching to WQ_UNBOUND"],
        reason: Reason::new(
            "wq_cpu_intensive_report() hints at a work item that ran for 10 ms, which under an emulated processor any does.",
        ),
    },
    Allowance {
        mark: "oom-kill:",
        words: &["constraint=CONSTRAINT_MEMCG"],
        reason: Reason::new(
            "A cgroup at its limit kills a process within it and touches nothing else; a test of swap sets such a limit, and its operation says what was killed.",
        ),
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel_log::DENY;

    #[test]
    fn each_entry_belongs_to_a_mark_and_says_more_than_the_mark() {
        for entry in ALLOW {
            assert!(DENY.iter().any(|mark| mark.text == entry.mark), "{entry:?}");
            assert!(!entry.words.is_empty(), "{entry:?} allows everything that the mark denies");
        }
    }

    #[test]
    fn a_reason_that_is_none_does_not_come_about() {
        for lazy in ["", "harmless", "a long sequence of words that never comes to a full stop"] {
            assert!(std::panic::catch_unwind(|| Reason::new(lazy)).is_err(), "{lazy:?}");
        }
    }
}
