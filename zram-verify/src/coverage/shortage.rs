//! What failed for want of memory, and what came of it.

use zram_agent::protocol::{Op, Outcome};
use zram_events::Shortage;

use crate::observed::Observed;

/// The group of its rows.
pub(super) const GROUP: &str = "shortage";

/// What a kind of allocation leads to when it fails. Of a pass's requests and lists it depends on which one fails.
pub(super) fn outcomes(shortage: Shortage) -> &'static [&'static str] {
    match shortage {
        Shortage::Device
        | Shortage::Compressor
        | Shortage::BackingPath
        | Shortage::Candidates
        | Shortage::WritebackControl
        | Shortage::RecompressionCandidates => &["ENOMEM"],
        Shortage::Handle | Shortage::Zspage | Shortage::ZspagePage | Shortage::ReadBack => &["EIO"],
        Shortage::WritebackRequest => &["ENOMEM", "ok"],
        Shortage::Candidate | Shortage::RecompressionCandidate => &["ok"],
    }
}

/// The row of a failure and its outcome.
pub(super) fn row(shortage: Shortage, outcome: &str) -> String {
    format!("{}: {outcome}", shortage.name())
}

/// Remembers what is to fail from one operation to the next.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Shortages {
    asked: Option<Shortage>,
}

impl Shortages {
    pub(super) fn see(&mut self, op: &Op, observed: &Observed, rows: &mut Vec<(&'static str, String)>) {
        let asked = self.asked.take();
        if let Op::Fail(fail) = op {
            self.asked = Some(fail.site);
        }
        let Some((shortage, failed)) = asked.zip(observed.observation.failed) else { return };
        let outcome = match &observed.observation.outcome {
            _ if failed.failed == 0 => "not so many",
            Outcome::Ok(_) => "ok",
            Outcome::Errno(errno) => errno,
        };
        rows.push((GROUP, row(shortage, outcome)));
    }
}
