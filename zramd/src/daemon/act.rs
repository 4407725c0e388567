//! What was decided, done.

use std::time::Duration;

use nix::errno::Errno;
use zram_host::{DeviceNumber, Machine, device::MmStat};

use super::{Acted, Between, Daemon};
use crate::{
    config::Pages,
    policy::{
        Action, DeviceState, Observation, Step, Task, Way, backoff::Outcome, ranges::Commands, refusal::Rough,
    },
    store::Store,
    units::Units,
};
use zram_host::size::human;

/// What one task did.
#[derive(Clone, Copy, Debug)]
pub(super) struct Deed {
    pub(super) outcome: Outcome,
    pub(super) written: Units,
    pub(super) passes: u64,
    pub(super) longest: Duration,
    pub(super) overruns: u64,
}

impl Deed {
    /// Nothing yet.
    pub(super) const NOTHING: Self =
        Self { outcome: Outcome::Done, written: Units(0), passes: 0, longest: Duration::ZERO, overruns: 0 };

    /// Takes note of a pass that took so long, and may have taken as long as the bound.
    pub(super) fn pass(&mut self, took: Duration, bound: Duration) {
        self.passes += 1;
        self.overruns += u64::from(took > bound);
        self.longest = self.longest.max(took);
    }
}

impl<S: Store> Daemon<S> {
    /// Does one step, and takes note of how it ended.
    pub(super) fn act(
        &mut self,
        machine: &mut dyn Machine,
        observation: &Observation,
        step: &Step,
        commands: Option<Commands>,
        between: &mut dyn Between,
    ) -> Option<Acted> {
        let (device, task) = (step.device, step.action.task());
        let view = Self::view_of(observation, device)?;
        let before = mm_stat(machine, device);
        let mut deed = match &step.action {
            Action::SetLimit(bytes) => self.write(machine, device, "mem_limit", &bytes.to_string()),
            Action::MarkIdle { older } => self.mark(machine, device, *older),
            Action::Compact => self.write(machine, device, "compact", "1"),
            Action::Recompress { .. } => self.recompress(machine, device, &step.action),
            Action::WriteBack { way, units } => match (way, commands) {
                (Way::Chosen(_), Some(commands)) => {
                    self.write_ranges(machine, view, commands, *units, between)
                }
                (Way::Types(types), _) => self.write_types(machine, view, types, *units, between),
                (Way::Chosen(_), None) => return None,
            },
        };
        if deed.outcome == Outcome::Unsupported && !is_set_up(machine, device) {
            // One errno for two things: the kernel takes no commands for a device that was reset meanwhile.
            deed.outcome = Outcome::Gone;
        }
        let now = machine.clocks().boot;
        let known = self.state.devices.entry(device).or_default();
        if deed.outcome == Outcome::Gone {
            // It may come back as another.
            *known = DeviceState { regret: known.regret.clone(), ..DeviceState::default() };
        }
        let used_marks = match task {
            Task::WriteBack => true,
            Task::Recompress(_) => view.backing.is_none(),
            _ => false,
        };
        if used_marks && !view.sight.times && matches!(deed.outcome, Outcome::Done | Outcome::LimitReached) {
            // What has been used since it was marked, and not been again, is found by marking once more.
            known.marked = None;
        }
        known.last.insert(task, now);
        known.backoffs.entry(task).or_default().ended(deed.outcome, now);
        let after = mm_stat(machine, device);
        let used = |mm: Option<MmStat>| mm.map_or(0, |mm| mm.mem_used_total);
        Some(Acted {
            device,
            task,
            what: words(&step.action),
            outcome: deed.outcome,
            written: deed.written,
            freed: used(before).saturating_sub(used(after)),
            passes: deed.passes,
            longest: deed.longest,
            overruns: deed.overruns,
            slice: match task {
                Task::WriteBack => Some(known.writeback.pages()),
                Task::Recompress(_) => Some(known.recompression.pages()),
                _ => None,
            },
        })
    }

    /// One write to an attribute, timed.
    fn write(&mut self, machine: &mut dyn Machine, device: DeviceNumber, name: &str, text: &str) -> Deed {
        let (result, took) = timed(machine, device, name, text);
        let mut deed = Deed::NOTHING;
        deed.pass(took, self.config.writeback.lock_hold);
        if let Err(errno) = result {
            deed.outcome = Outcome::of(errno, None);
        }
        deed
    }

    fn mark(&mut self, machine: &mut dyn Machine, device: DeviceNumber, older: Option<Duration>) -> Deed {
        let text = match older {
            None => "all".to_owned(),
            // Whole seconds, and rather older than younger.
            Some(age) => (age.as_secs() + u64::from(age.subsec_nanos() > 0)).to_string(),
        };
        let deed = self.write(machine, device, "idle", &text);
        if deed.outcome == Outcome::Done && older.is_none() {
            self.state.devices.entry(device).or_default().marked = Some(machine.clocks().boot);
        }
        deed
    }

    fn recompress(&mut self, machine: &mut dyn Machine, device: DeviceNumber, action: &Action) -> Deed {
        let Action::Recompress { algorithm, pages, threshold, max_pages, .. } = action else {
            return Deed::NOTHING;
        };
        let kind = match pages {
            Pages::Idle => "idle",
            Pages::Huge => "huge",
            Pages::HugeIdle => "huge_idle",
        };
        let threshold = threshold.map(|threshold| format!(" threshold={threshold}")).unwrap_or_default();
        let text = format!("type={kind}{threshold} max_pages={max_pages} algo={algorithm}");
        let mut deed = self.write(machine, device, "recompress", &text);
        let bound = self.config.writeback.lock_hold;
        let now = machine.clocks().boot;
        let known = self.state.devices.entry(device).or_default();
        known.recompression.measured(u64::from(*max_pages), deed.longest, bound);
        if deed.outcome == Outcome::Done {
            known.recompressed = Some(now);
            if deed.longest > bound && known.recompression.is_least() {
                // It goes over the whole device whatever it then tries, so that no smaller part would be faster.
                deed.outcome = Outcome::TooLong;
            }
        }
        deed
    }
}

/// One write to an attribute, and how long it took.
pub(super) fn timed(
    machine: &mut dyn Machine,
    device: DeviceNumber,
    name: &str,
    text: &str,
) -> (Result<usize, Errno>, Duration) {
    let before = machine.boot_time();
    let result = machine.write_attr(device.0, name, text.as_bytes());
    (result, Duration::from_nanos(machine.boot_time().saturating_sub(before)))
}

/// Whether a device is still what somebody has made of it.
pub(super) fn is_set_up(machine: &mut dyn Machine, device: DeviceNumber) -> bool {
    machine.read_attr(device.0, "disksize").is_ok_and(|text| text.trim_ascii() != b"0")
}

fn mm_stat(machine: &mut dyn Machine, device: DeviceNumber) -> Option<MmStat> {
    let text = machine.read_attr(device.0, "mm_stat").ok()?;
    MmStat::parse(&String::from_utf8_lossy(&text))
}

/// An action in words.
pub(super) fn words(action: &Action) -> String {
    match action {
        Action::SetLimit(0) => "take away the memory limit".to_owned(),
        Action::SetLimit(bytes) => format!("set the memory limit to {}", human(*bytes)),
        Action::MarkIdle { older: None } => "mark all pages as idle".to_owned(),
        Action::MarkIdle { older: Some(age) } => {
            format!("mark pages as idle that are older than {}", Rough(*age))
        }
        Action::Recompress { algorithm, pages, max_pages, .. } => {
            let pages = match pages {
                Pages::Idle => "idle",
                Pages::Huge => "huge",
                Pages::HugeIdle => "huge idle",
            };
            format!("recompress up to {max_pages} {pages} pages with {algorithm}")
        }
        Action::WriteBack { way: Way::Chosen(choice), units } => format!(
            "write back {} of pages older than {}, which frees about {}",
            human(units.bytes()),
            Rough(choice.idle_age()),
            human(choice.frees)
        ),
        Action::WriteBack { way: Way::Types(_), units } => {
            format!("write back up to {} of idle pages", human(units.bytes()))
        }
        Action::Compact => "compact the pool".to_owned(),
    }
}

/// What a task is called in a report of how often it was done.
impl Task {
    /// Its name where names are counted.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Limit => "limit",
            Self::Mark => "mark",
            Self::Recompress(_) => "recompress",
            Self::WriteBack => "writeback",
            Self::Compact => "compact",
        }
    }
}
