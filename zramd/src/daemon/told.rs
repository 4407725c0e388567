//! The daemon, as it answers whoever asks.

use std::{collections::BTreeMap, time::Duration};

use zram_host::{Machine, Survey, survey};

use super::{
    Daemon,
    history::{done, not_done},
};
use crate::{
    control::{
        Controlled, Decided, Status, decided,
        status::{Backing, Budget, DeviceStatus, Doing, Outcome as Counted, Regret, Waiting},
    },
    driver::Occasion,
    policy::{DeviceState, Refusal, backoff::Outcome, idle_age_now},
    store::Store,
    units::Units,
};

/// A daemon with the machine that it drives.
pub struct Told<'a, S> {
    /// It.
    pub daemon: &'a mut Daemon<S>,
    /// What it drives.
    pub machine: &'a mut dyn Machine,
    /// The files of its configuration.
    pub files: &'a [String],
    /// What is wrong, in sentences.
    pub faults: Vec<String>,
}

/// For as long as nobody says otherwise.
const FOR_EVER: Duration = Duration::from_secs(u32::MAX as u64);

impl<S: Store> Controlled for Told<'_, S> {
    fn status(&mut self) -> Status {
        let clocks = self.machine.clocks();
        let now = clocks.boot;
        let devices: Vec<_> = self.daemon.driven.iter().copied().collect();
        let surveys: Vec<Survey> =
            devices.into_iter().filter_map(|device| survey(self.machine, device).ok()).collect();
        let daemon = &*self.daemon;
        let ledger = &daemon.state.ledger;
        let per_day = daemon.config.writeback.per_day;
        let granted: Units = surveys.iter().filter_map(|survey| ledger.granted(survey.device)).sum();
        let seen = daemon.seen.as_ref();
        Status {
            release: env!("CARGO_PKG_VERSION").to_owned(),
            running_seconds: now.saturating_sub(daemon.begun).as_secs(),
            doing: self.doing(now),
            next_seconds: daemon.history.next.map(|next| next.saturating_sub(now).as_secs()),
            budget: Budget {
                per_day_bytes: per_day.bytes(),
                spent_bytes: ledger.spent().bytes(),
                granted_bytes: granted.bytes(),
                left_bytes: ledger.left(per_day).bytes(),
                frees_in_seconds: ledger.frees_in(),
            },
            memory_used_permille: seen.and_then(|seen| seen.utilisation).map(|share| share.0),
            io_waited_permille: seen.and_then(|seen| seen.io_waited).map(|share| share.0),
            on_battery: seen.and_then(|seen| seen.on_battery),
            faults: daemon.lost.iter().chain(&self.faults).cloned().collect(),
            configuration: self.files.to_vec(),
            devices: surveys.iter().map(|survey| self.device(survey, now)).collect(),
        }
    }

    fn pause(&mut self, time: Option<Duration>) {
        let now = self.machine.clocks().boot;
        self.daemon.state.paused = Some(now + time.unwrap_or(FOR_EVER));
    }

    fn resume(&mut self) {
        self.daemon.state.paused = None;
    }

    fn run_now(&mut self, dry: bool) -> Result<Vec<Decided>, String> {
        let at = self.machine.clocks().wall.as_secs();
        if dry {
            let (planned, decision) = self.daemon.plan(self.machine);
            let planned = planned.into_iter().map(|planned| Decided {
                at,
                device: Some(planned.device.to_string()),
                task: planned.task.word().to_owned(),
                result: decided::Result::Planned,
                says: planned.what,
                numbers: BTreeMap::new(),
            });
            let refused = decision
                .refused
                .iter()
                .map(|refused| not_done(at, refused.device, refused.task, refused.why));
            return Ok(planned.chain(refused).collect());
        }
        if let Some(left) = self.pause_left() {
            return Err(format!("{}: `zramd resume` ends that", Refusal::Paused { left }));
        }
        let report = self.daemon.round(self.machine, Occasion::Asked, &mut || true);
        let acted = report.acted.iter().map(|acted| done(at, acted));
        let refused =
            report.refused.iter().map(|refused| not_done(at, refused.device, refused.task, refused.why));
        Ok(acted.chain(refused).collect())
    }

    fn why(&mut self, most: usize) -> Vec<Decided> {
        self.daemon.history.last(most)
    }
}

impl<S: Store> Told<'_, S> {
    fn pause_left(&mut self) -> Option<Duration> {
        let now = self.machine.clocks().boot;
        self.daemon.state.paused.filter(|until| *until > now).map(|until| until - now)
    }

    fn doing(&self, now: Duration) -> Doing {
        match self.daemon.state.paused.filter(|until| *until > now) {
            // Nobody has that long an uptime.
            Some(until) => Doing::Paused {
                seconds: Some((until - now).as_secs()).filter(|left| *left < FOR_EVER.as_secs() / 2),
            },
            None if self.daemon.driven.is_empty() => Doing::Nothing {
                why: "there is no device that is set up and has a backing device or an algorithm for recompression".to_owned(),
            },
            None => Doing::Driving,
        }
    }

    fn device(&self, survey: &Survey, now: Duration) -> DeviceStatus {
        let daemon = &*self.daemon;
        let unknown = DeviceState::default();
        let known = daemon.state.devices.get(&survey.device).unwrap_or(&unknown);
        let idle_age = daemon.seen.as_ref().and_then(|seen| {
            let view = Daemon::<S>::view_of(seen, survey.device)?;
            Some(idle_age_now(seen, view, &daemon.state, &daemon.config))
        });
        let backing = survey.writeback.as_ref().and_then(|writeback| {
            let size = daemon
                .seen
                .as_ref()
                .and_then(|seen| Daemon::<S>::view_of(seen, survey.device)?.backing?.size);
            Some(Backing {
                path: writeback.backing_dev.clone()?,
                size_bytes: size.map(Units::bytes),
                bd_stat: writeback.bd_stat?.into(),
                writeback_limit: writeback.limit.filter(|_| writeback.limit_enabled == Some(true)),
            })
        });
        let (returned, written) = known.regret.traffic();
        let waiting = known.backoffs.iter().filter_map(|(task, backoff)| {
            let (how, left) = backoff.waits(now)?;
            let why = Refusal::Failed { how, left }.to_string();
            Some(Waiting { task: task.word().to_owned(), why, seconds: left.as_secs() })
        });
        let outcomes = daemon.history.counts(survey.device).map(|(task, outcome, times, last)| Counted {
            task: task.to_owned(),
            outcome: word(outcome).to_owned(),
            times,
            seconds_ago: now.saturating_sub(last).as_secs(),
        });
        DeviceStatus {
            device: survey.device.to_string(),
            disksize_bytes: survey.disksize,
            mm_stat: survey.mm_stat.map(Into::into).unwrap_or_default(),
            backing,
            slots: daemon.tallies.get(&survey.device).map(|tally| tally.told(now)),
            idle_age_seconds: idle_age.unwrap_or(daemon.config.idle.max).as_secs(),
            regret: Regret {
                factor_permille: known.regret.factor().0,
                written_pages: written,
                returned_pages: returned,
                share_permille: known.regret.share().map(|share| share.0),
            },
            outcomes: outcomes.collect(),
            waiting: waiting.collect(),
        }
    }
}

/// An outcome as a word.
pub(super) fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Done => "done",
        Outcome::LimitReached => "limit-reached",
        Outcome::BackingFull => "backing-full",
        Outcome::IoError => "io-error",
        Outcome::Busy => "busy",
        Outcome::Unsupported => "unsupported",
        Outcome::NotAllowed => "not-allowed",
        Outcome::NoMemory => "no-memory",
        Outcome::Gone => "gone",
        Outcome::TooLong => "too-long",
        Outcome::NotRecorded => "not-recorded",
    }
}
