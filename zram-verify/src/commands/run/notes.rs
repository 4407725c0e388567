//! What is noted while a program is played.

use anyhow::Result;
use zram_agent::protocol::{Observation, Op};

use crate::{checker::Checked, conversation::Onlooker, coverage::Coverage, report::Progress};

/// Takes note of what goes by. It counts only once the program has come to its end: a machine that
/// dies takes what it did in that program with it.
pub(super) struct Notes<'a> {
    /// What is to be recorded, where a run is.
    pub(super) steps: Option<Vec<(Op, Observation)>>,
    pub(super) progress: &'a mut Progress,
    pub(super) coverage: Coverage,
    pub(super) events: u64,
}

impl Onlooker for Notes<'_> {
    fn answered(&mut self, op: &Op, answer: &Observation) -> Result<()> {
        if let Some(steps) = &mut self.steps {
            steps.push((op.clone(), answer.clone()));
        }
        Ok(())
    }

    fn checked(&mut self, op: &Op, checked: &Checked) {
        let events = checked.observed.events.as_ref().unwrap_or(&checked.expected_events);
        self.events += events.len() as u64;
        self.coverage.see(op, &checked.observed, events);
        self.progress.step(&format!("operations, {} events", self.events));
    }
}
