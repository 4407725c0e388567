//! What is noted while a program is played.

use std::time::Duration;

use anyhow::Result;
use zram_agent::protocol::{Boundary, Observation, Op};

use crate::{checker::Checked, conversation::Onlooker, coverage::Coverage, report::Progress};

/// Takes note of what goes by. It counts only once the program has come to its end: a machine that
/// dies takes what it did in that program with it.
pub(super) struct Notes<'a> {
    /// What is to be recorded, where a run is.
    pub(super) steps: Option<Vec<(Op, Observation)>>,
    pub(super) progress: &'a mut Progress,
    pub(super) coverage: Coverage,
    pub(super) events: u64,
    /// Within system calls, by the machine's clock.
    pub(super) calls: Duration,
}

impl Onlooker for Notes<'_> {
    fn answered(&mut self, op: &Op, answer: &Observation) -> Result<()> {
        let Boundary { before, after, .. } = answer.clock;
        self.calls += Duration::from_nanos(after.saturating_sub(before));
        if let Some(steps) = &mut self.steps {
            steps.push((op.clone(), answer.clone()));
        }
        Ok(())
    }

    fn checked(&mut self, op: &Op, checked: &Checked) {
        let events = checked.observed.events.as_ref().unwrap_or(&checked.expected_events);
        self.events += events.len() as u64;
        self.coverage.see(op, &checked.observed, events);
        self.progress.step(&format!("{} events", self.events));
    }
}
