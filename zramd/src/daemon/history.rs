//! What was decided lately, and how it ended.
//!
//! A refusal is kept when it is new: that nothing is done is decided again and again, and the reason is what somebody wants to know.

use std::{
    collections::{BTreeMap, VecDeque},
    mem::{Discriminant, discriminant},
    time::Duration,
};

use zram_host::DeviceNumber;

use super::{Acted, Report, told::word};
use crate::{
    control::{Decided, decided},
    policy::{Refusal, Task, backoff::Outcome},
};

/// Decisions that are kept.
const KEPT: usize = 500;

/// How often something ended how, and when last since boot.
type Counts = BTreeMap<(DeviceNumber, &'static str, Outcome), (u64, Duration)>;

/// What was decided lately.
#[derive(Debug, Default)]
pub(super) struct History {
    decided: VecDeque<Decided>,
    refused: BTreeMap<(DeviceNumber, Task), Discriminant<Refusal>>,
    counts: Counts,
    /// When the next decision is due, since boot.
    pub(super) next: Option<Duration>,
    /// Rounds so far.
    pub(super) rounds: u64,
    /// The last of them.
    pub(super) report: Option<Report>,
}

impl History {
    /// Takes note of a round.
    pub(super) fn note(&mut self, report: &Report) {
        let at = report.at.wall.as_secs();
        for acted in &report.acted {
            self.refused.remove(&(acted.device, acted.task));
            let (times, last) =
                self.counts.entry((acted.device, acted.task.word(), acted.outcome)).or_default();
            *times += 1;
            *last = report.at.boot;
            self.push(done(at, acted));
        }
        for refused in &report.refused {
            let kind = discriminant(&refused.why);
            if self.refused.insert((refused.device, refused.task), kind) != Some(kind) {
                self.push(not_done(at, refused.device, refused.task, refused.why));
            }
        }
        self.next = Some(report.at.boot + report.again);
        self.rounds += 1;
        self.report = Some(report.clone());
    }

    fn push(&mut self, decided: Decided) {
        if self.decided.len() == KEPT {
            self.decided.pop_front();
        }
        self.decided.push_back(decided);
    }

    /// The last so many, the latest last.
    pub(super) fn last(&self, most: usize) -> Vec<Decided> {
        self.decided.iter().skip(self.decided.len().saturating_sub(most)).cloned().collect()
    }

    /// How often something ended how, on this device.
    pub(super) fn counts(
        &self,
        device: DeviceNumber,
    ) -> impl Iterator<Item = (&'static str, Outcome, u64, Duration)> {
        self.counts
            .iter()
            .filter(move |((of, ..), _)| *of == device)
            .map(|((_, task, outcome), (times, last))| (*task, *outcome, *times, *last))
    }
}

/// Something that was done, as it is told.
pub(super) fn done(at: u64, acted: &Acted) -> Decided {
    let mut numbers = BTreeMap::new();
    let mut number = |name: &str, value: u64| {
        numbers.insert(name.to_owned(), i64::try_from(value).unwrap_or(i64::MAX));
    };
    if acted.task == Task::WriteBack {
        number("written_bytes", acted.written.bytes());
    }
    if acted.freed > 0 {
        number("memory_freed_bytes", acted.freed);
    }
    number("passes", acted.passes);
    number("overrun_passes", acted.overruns);
    if let Some(pages) = acted.slice {
        number("next_pass_pages", u64::from(pages));
    }
    number("longest_pass_microseconds", u64::try_from(acted.longest.as_micros()).unwrap_or(u64::MAX));
    let says = match acted.outcome {
        Outcome::Done => acted.what.clone(),
        other => format!("{}: {}", acted.what, other.about()),
    };
    Decided {
        at,
        device: Some(acted.device.to_string()),
        task: acted.task.word().to_owned(),
        result: decided::Result::Ended(word(acted.outcome).to_owned()),
        says,
        numbers,
    }
}

/// Something that was not done, as it is told.
pub(super) fn not_done(at: u64, device: DeviceNumber, task: Task, why: Refusal) -> Decided {
    Decided {
        at,
        device: Some(device.to_string()),
        task: task.word().to_owned(),
        result: decided::Result::Refused,
        says: format!("no {task}: {why}"),
        numbers: BTreeMap::new(),
    }
}
