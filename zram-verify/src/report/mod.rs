//! What a run found out, for people and for programs.

mod html;
mod json;
mod paint;
mod progress;
pub mod stages;
mod terminal;
mod timeline;

use std::path::PathBuf;

pub use html::to_html;
pub use json::{SCHEMA, to_json};
pub use paint::Paint;
pub use progress::Progress;
pub(crate) use progress::say;
pub use stages::Stages;
pub use terminal::{divergence as print_divergence, kernel as print_kernel, matrix as print_matrix};
use zram_agent::protocol::Op;

use crate::{
    compare::Tally,
    coverage::{Coverage, ENOUGH_OPERATIONS},
    divergence::Divergence,
    ledger::Inputs,
    trace::Origin,
};

/// The end of the story of one kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// Model and kernel agree, and the run went where it should.
    Agreement,
    /// There is no verdict: the test bench failed.
    Trouble,
    /// They differ, or the run did not reach what it must.
    Divergence,
}

impl Verdict {
    /// In a word.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Agreement => "agreement",
            Self::Trouble => "trouble",
            Self::Divergence => "divergence",
        }
    }

    /// The exit status that says so.
    #[must_use]
    pub fn exit_status(self) -> u8 {
        match self {
            Self::Agreement => 0,
            Self::Divergence => 1,
            Self::Trouble => 2,
        }
    }
}

/// The shortest list of operations that shows a divergence.
#[derive(Clone, Debug, PartialEq)]
pub struct Reproduction {
    /// The operations.
    pub ops: Vec<Op>,
    /// The file in which they stand.
    pub file: Option<PathBuf>,
    /// The command that plays them again on the same kernel.
    pub command: Option<String>,
    /// Attempts that shrinking took.
    pub attempts: usize,
    /// What differs after the last of them.
    pub differences: Vec<crate::divergence::Difference>,
}

/// A divergence, and what became of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// As it was met.
    pub divergence: Divergence,
    /// The shortest way to it, if one was looked for.
    pub reproduction: Option<Reproduction>,
}

/// Everything about one kernel.
#[derive(Clone, Debug)]
pub struct KernelReport {
    /// The target's name.
    pub name: String,
    /// `uname -r`; empty if it never spoke.
    pub release: String,
    /// SHA-256 of the BPF object.
    pub bpf_object: Option<String>,
    /// The model's profile.
    pub profile: String,
    /// Who answered.
    pub origin: Origin,
    /// Things to be said about the run.
    pub remarks: Vec<String>,
    /// Operations checked.
    pub operations: usize,
    /// Whether they came from the generator, so that coverage is part of the verdict.
    pub generated: bool,
    /// Events observed.
    pub events: u64,
    /// Comparisons.
    pub tally: Tally,
    /// Completions of backing devices: in interrupts, and otherwise.
    pub completions: (u64, u64),
    /// Inputs given to the model.
    pub inputs: Inputs,
    /// What was reached.
    pub coverage: Coverage,
    /// What differs.
    pub found: Vec<Found>,
    /// Why there is no verdict.
    pub trouble: Option<String>,
    /// How often the machine had to be started again.
    pub restarts: u32,
    /// How long it took, by stage.
    pub stages: Stages,
}

impl KernelReport {
    /// Of a kernel of which nothing is known yet.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            release: String::new(),
            bpf_object: None,
            profile: String::new(),
            origin: Origin::Recorded,
            remarks: Vec::new(),
            operations: 0,
            generated: false,
            events: 0,
            tally: Tally::default(),
            completions: (0, 0),
            inputs: Inputs::default(),
            coverage: Coverage::default(),
            found: Vec::new(),
            trouble: None,
            restarts: 0,
            stages: Stages::default(),
        }
    }

    /// Required rows that were not reached, if that counts.
    #[must_use]
    pub fn coverage_failures(&self) -> Vec<String> {
        let complete = self.trouble.is_none() && self.found.is_empty();
        if self.generated && complete && self.operations >= ENOUGH_OPERATIONS {
            self.coverage.missing()
        } else {
            Vec::new()
        }
    }

    /// The verdict.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        if !self.found.is_empty() {
            Verdict::Divergence
        } else if self.trouble.is_some() {
            Verdict::Trouble
        } else if !self.coverage_failures().is_empty() {
            Verdict::Divergence
        } else {
            Verdict::Agreement
        }
    }
}

/// A whole run.
#[derive(Clone, Debug)]
pub struct Report {
    /// Seed of the operations; none for a replay.
    pub seed: Option<u64>,
    /// Each kernel.
    pub kernels: Vec<KernelReport>,
}

impl Report {
    /// The verdict over all kernels. A divergence outweighs trouble elsewhere; no kernel at all is trouble.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        self.kernels.iter().map(KernelReport::verdict).max().unwrap_or(Verdict::Trouble)
    }

    /// Sums over all kernels: operations, events, comparisons, divergences, skipped.
    #[must_use]
    pub fn totals(&self) -> [u64; 5] {
        let sum = |of: fn(&KernelReport) -> u64| self.kernels.iter().map(of).sum();
        [
            sum(|kernel| kernel.operations as u64),
            sum(|kernel| kernel.events),
            sum(|kernel| kernel.tally.total()),
            sum(|kernel| kernel.found.len() as u64),
            sum(|kernel| kernel.tally.total_skipped()),
        ]
    }

    /// The last line of the output.
    #[must_use]
    pub fn closing_line(&self) -> String {
        let [operations, events, comparisons, divergences, skipped] = self.totals();
        let counts = [
            counted(self.kernels.len() as u64, "kernel"),
            counted(operations, "operation"),
            counted(events, "event"),
            counted(comparisons, "comparison"),
            counted(divergences, "divergence"),
            format!("{} skipped", counted(skipped, "check")),
        ];
        format!("verify: {}", counts.join(", "))
    }
}

/// What is known of a kernel's release.
pub(crate) fn about_release(kernel: &KernelReport) -> String {
    match (kernel.release.as_str(), kernel.origin) {
        ("", _) => "did not start".to_owned(),
        (release, Origin::Recorded) => format!("Linux {release}"),
        (release, Origin::Model) => format!("{release} (a model in the place of a kernel)"),
    }
}

/// A number and what it is of: 1 kernel, 2 kernels.
pub(crate) fn counted(number: u64, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

#[cfg(test)]
mod tests {
    use zram_model::Profile;

    use super::*;
    use crate::{abilities::Abilities, compare::Level, compare::Strength, divergence::Difference};

    fn kernel(operations: usize) -> KernelReport {
        KernelReport {
            operations,
            generated: true,
            coverage: Coverage::new(&Abilities::of_profile(&Profile::debian_7_2())),
            ..KernelReport::new("k")
        }
    }

    fn found() -> Found {
        let difference = Difference {
            level: Level::L1,
            strength: Strength::Exact,
            field: "f".into(),
            expected: "a".into(),
            observed: "b".into(),
            context: Vec::new(),
            timeline: None,
        };
        let op = Op::Add {};
        let differences = vec![difference];
        let divergence = Divergence { operation: 0, theme: "t".into(), op, differences };
        Found { divergence, reproduction: None }
    }

    #[test]
    fn what_was_not_reached_fails_a_long_generated_run() {
        assert_eq!(kernel(ENOUGH_OPERATIONS - 1).verdict(), Verdict::Agreement);
        assert_eq!(kernel(ENOUGH_OPERATIONS).verdict(), Verdict::Divergence);
        let replay = KernelReport { generated: false, ..kernel(ENOUGH_OPERATIONS) };
        assert_eq!(replay.verdict(), Verdict::Agreement);
    }

    #[test]
    fn trouble_is_never_agreement_and_a_divergence_outweighs_it() {
        let troubled = KernelReport { trouble: Some("t".into()), ..kernel(5) };
        let differing = KernelReport { found: vec![found()], trouble: Some("t".into()), ..kernel(5) };
        assert_eq!(troubled.verdict(), Verdict::Trouble);
        assert_eq!(differing.verdict(), Verdict::Divergence);
        let report = |kernels| Report { seed: Some(1), kernels };
        assert_eq!(report(vec![kernel(5), troubled.clone()]).verdict().exit_status(), 2);
        assert_eq!(report(vec![troubled, differing, kernel(5)]).verdict().exit_status(), 1);
        assert_eq!(report(Vec::new()).verdict().exit_status(), 2);
    }
}
