//! The decision.

use std::time::Duration;

use zram_host::machine::Clocks;

use super::{
    action::{Action, Decision, Step, Type, Way},
    age::{idle_age, scarce},
    census::{Cell, Census, Kind},
    choice::Choice,
    classes::{Age, Classes},
    observation::{DeviceView, Observation},
    refusal::{Refusal, Refused, Task},
    state::{DeviceState, State},
    supply::{AHEAD, Bar, Terms},
};
use crate::{
    config::{Config, Pages, Tier},
    units::{Permille, Units},
};

/// It is decided again at least so far apart.
const RARELY: Duration = Duration::from_secs(60);

/// Slots of a device that is too large to go over while tasks wait for memory: 1 GiB of pages of 4 KiB.
const LARGE: u64 = 1 << 18;

/// What is to be done now.
///
/// For a device whose slots are worth counting ([`wants_census`]) and were not counted, nothing is decided that takes a count.
#[must_use]
pub fn decide(observation: &Observation, state: &State, config: &Config, now: Clocks) -> Decision {
    let mut decision = Decision { steps: Vec::new(), refused: Vec::new(), again: config.writeback.every };
    let wishes: Vec<Units> = observation
        .devices
        .iter()
        .map(|view| wish(observation, view, state, config, now).unwrap_or_default())
        .collect();
    let wished: Units = wishes.iter().copied().sum();
    let all = state.ledger.left(config.writeback.per_day);
    let mut left = all;
    for (view, wish) in observation.devices.iter().zip(wishes) {
        let round = Round { observation, view, state, config, now };
        // Of what is left, everybody gets as large a part as of what all wish for; but who gets anything gets what is worth a round.
        let part = Units(Permille::share(wish.0, wished.0).of(all.0)).max(round.least());
        let may = wish.min(part).min(left);
        let wrote = round.decide(may, &mut decision);
        left = left.less(wrote);
    }
    decision.again = decision.again.max(RARELY);
    decision
}

/// Whether the slots of a device are worth counting, and in which classes of age.
///
/// # Errors
/// Why they are not.
pub fn wants_census(
    observation: &Observation,
    view: &DeviceView,
    state: &State,
    config: &Config,
    now: Clocks,
) -> Result<Classes, Refusal> {
    let round = Round { observation, view, state, config, now };
    round.room()?;
    Ok(Classes::of(config.idle))
}

/// From which age on a page of this device is idle here and now.
#[must_use]
pub fn idle_age_now(
    observation: &Observation,
    view: &DeviceView,
    state: &State,
    config: &Config,
) -> Duration {
    Round { observation, view, state, config, now: Clocks::default() }.idle_age()
}

/// What a device would write if it were alone.
fn wish(
    observation: &Observation,
    view: &DeviceView,
    state: &State,
    config: &Config,
    now: Clocks,
) -> Result<Units, Refusal> {
    let round = Round { observation, view, state, config, now };
    Ok(round.room()?.min(round.found()))
}

/// One device's part of a decision.
struct Round<'a> {
    observation: &'a Observation,
    view: &'a DeviceView,
    state: &'a State,
    config: &'a Config,
    now: Clocks,
}

impl Round<'_> {
    /// Decides for a device that may write so much; how much it will.
    fn decide(&self, may: Units, decision: &mut Decision) -> Units {
        self.limit(decision);
        // Ages are those of before: what is recompressed now has lost its own. So what is written is chosen here, whatever comes first.
        let written = self.writeback(may);
        for tier in 0..self.config.recompression.len() {
            match self.recompression(tier) {
                Ok(actions) => decision.steps.extend(actions.into_iter().map(|action| self.step(action))),
                Err(why) => self.refuse(Task::Recompress(tier), why, decision),
            }
        }
        let writes = written.iter().flatten().find_map(|action| match action {
            Action::WriteBack { units, .. } => Some(*units),
            _ => None,
        });
        match written {
            Ok(actions) => decision.steps.extend(actions.into_iter().map(|action| self.step(action))),
            Err(why) => self.refuse(Task::WriteBack, why, decision),
        }
        match self.compaction() {
            Ok(action) => decision.steps.push(self.step(action)),
            Err(why) => self.refuse(Task::Compact, why, decision),
        }
        writes.unwrap_or_default()
    }

    fn step(&self, action: Action) -> Step {
        Step { device: self.view.device, action }
    }

    fn refuse(&self, task: Task, why: Refusal, decision: &mut Decision) {
        if let Some(left) = why.passes_in() {
            decision.again = decision.again.min(left);
        }
        if let (Refusal::NothingIdle { age }, Some(census)) = (why, &self.view.census) {
            // Not before the oldest of those that are not idle can be.
            let next = census.next(&self.bar(census)).unwrap_or(age);
            decision.again = decision.again.max(next.min(self.config.idle.min));
        }
        decision.refused.push(Refused { device: self.view.device, task, why });
    }

    fn limit(&self, decision: &mut Decision) {
        if let Some(limit) = self.config.memory_limit
            && self.view.mm.mem_limit != rounded(limit, self.view.page)
        {
            match self.ready(Task::Limit, Duration::ZERO) {
                Ok(()) => decision.steps.push(self.step(Action::SetLimit(limit))),
                Err(why) => self.refuse(Task::Limit, why, decision),
            }
        }
    }

    /// From which age on pages may be idle, as far as the memory and what comes back are concerned.
    fn memory_age(&self) -> Duration {
        // Tasks that wait for memory say more than how much of it looks available.
        let utilisation = match self.observation.utilisation {
            _ if self.observation.pressed => Permille(1000),
            utilisation => utilisation.unwrap_or(Permille(0)),
        };
        let factor = self.device().map_or(Permille(1000), |device| device.regret.factor());
        idle_age(self.config.idle, utilisation, factor)
    }

    /// From which age on a page of the mean size is idle here and now.
    fn idle_age(&self) -> Duration {
        if let Some(census) = &self.view.census {
            let page = Cell::of(Kind::Compressible, self.view.mean_size(), Age::default(), census.classes());
            return self.bar(census).age(page).into();
        }
        // Nobody can count. Whoever waits for memory is not helped by a budget that is saved for later.
        let spent = match self.observation.pressed {
            true => Permille(0),
            false => Permille::share(self.state.ledger.spent().0, self.config.writeback.per_day.0),
        };
        scarce(self.config.idle, self.memory_age(), spent)
    }

    /// What a page must be worth here and now.
    fn bar(&self, census: &Census) -> Bar {
        let sum = |views: &[DeviceView]| views.iter().map(|view| view.mm.orig_data_size).sum();
        // Of several devices each is taken to write as large a part as it stores.
        let part = Permille::share(self.view.mm.orig_data_size, sum(&self.observation.devices));
        let pages = part.of(self.config.writeback.per_day.0) / self.view.units_per_page();
        // It is taken to be awake for as much of the time as it was so far.
        let slept = Permille::share(micros(self.now.suspended()), micros(self.now.boot));
        let awake = AHEAD - Duration::from_micros(slept.of(micros(AHEAD)).min(micros(AHEAD)));
        let terms = Terms {
            least: self.memory_age(),
            most: self.config.idle.max,
            horizon: self.config.regret.horizon,
            awake,
            pages,
        };
        Bar::of(census, &self.config.writeback, terms)
    }

    fn device(&self) -> Option<&DeviceState> {
        self.state.devices.get(&self.view.device)
    }

    /// Whether a task may be done at all: nobody has paused it, it did not fail just now, and the last time is long enough ago.
    fn ready(&self, task: Task, every: Duration) -> Result<(), Refusal> {
        let now = self.now.boot;
        if let Some(until) = self.state.paused.filter(|until| *until > now) {
            return Err(Refusal::Paused { left: until - now });
        }
        let Some(device) = self.device() else { return Ok(()) };
        let every = if self.observation.asked { Duration::ZERO } else { every };
        if let Some((how, left)) = device.backoffs.get(&task).and_then(|backoff| backoff.waits(now)) {
            return Err(Refusal::Failed { how, left });
        }
        match device.last.get(&task).map(|last| every.saturating_sub(now.saturating_sub(*last))) {
            Some(left) if left > Duration::ZERO => Err(Refusal::TooSoon { left }),
            _ => Ok(()),
        }
    }

    /// How much could be written if there were enough to write.
    fn room(&self) -> Result<Units, Refusal> {
        let wanted = &self.config.writeback;
        if !wanted.enabled {
            return Err(Refusal::Off);
        }
        let backing = self.view.backing.ok_or(Refusal::NoBackingDevice)?;
        // Tasks that wait for memory do not wait for the next round.
        let every = if self.observation.pressed { self.config.pressure.cool_down } else { wanted.every };
        self.ready(Task::WriteBack, every.min(wanted.every))?;
        if !wanted.on_battery && self.observation.on_battery == Some(true) {
            return Err(Refusal::OnBattery);
        }
        if self.state.busy.is_busy() {
            return Err(Refusal::DiskBusy { waited: self.observation.io_waited.unwrap_or_default() });
        }
        let spent = self.state.ledger.spent();
        let left = wanted.per_day.less(spent);
        if left < self.least() {
            let frees = Duration::from_secs(self.state.ledger.frees_in().unwrap_or(0));
            return Err(Refusal::BudgetSpent { spent, per_day: wanted.per_day, left: frees });
        }
        let mut room = left.min(wanted.round_max);
        if let Some(size) = backing.size {
            let free = size.less(Units(backing.bd.count));
            let usable = free.less(Units(wanted.reserve.of(size.0)));
            if usable < self.least() {
                return Err(Refusal::NoRoom { free });
            }
            room = room.min(usable);
        }
        Ok(room)
    }

    /// Less than that is not worth a round, and cannot be written at all if it is no page.
    fn least(&self) -> Units {
        self.config.writeback.round_min.max(Units(self.view.units_per_page()))
    }

    /// Idle pages of the wanted kinds. Where nobody can count them, as many as there may be.
    fn found(&self) -> Units {
        let wanted = &self.config.writeback;
        let pages = match &self.view.census {
            Some(census) => Choice::of(census, wanted, &self.bar(census), u64::MAX).pages,
            None if self.view.sight.states => 0,
            None => self.view.mm.orig_data_size / u64::from(self.view.page.max(1)),
        };
        Units(pages.saturating_mul(self.view.units_per_page()))
    }

    fn writeback(&self, may: Units) -> Result<Vec<Action>, Refusal> {
        self.room()?;
        let age = self.idle_age();
        if !(self.view.sight.times || self.marked_for(age)) {
            return self.mark(age);
        }
        let found = self.found();
        if found == Units(0) {
            return Err(Refusal::NothingIdle { age });
        }
        if may < self.least() {
            return Err(Refusal::TooLittle { found: may.min(found), least: self.least() });
        }
        let per_page = self.view.units_per_page();
        let pages = may.0 / per_page;
        let wanted = &self.config.writeback;
        Ok(match &self.view.census {
            Some(census) if self.view.sight.ranges => {
                let choice = Choice::of(census, wanted, &self.bar(census), pages);
                let units = Units(choice.pages * per_page);
                vec![Action::WriteBack { way: Way::Chosen(choice), units }]
            }
            // One pass by type goes over all slots with the device locked, while tasks wait for memory.
            _ if self.observation.pressed && self.view.slots > LARGE => return Err(Refusal::TooLarge),
            _ => {
                let types = [(wanted.huge, Type::HugeIdle), (wanted.compressible, Type::Idle)];
                let types = types.into_iter().filter_map(|(wanted, kind)| wanted.then_some(kind)).collect();
                let mark = self.view.sight.times.then(|| self.mark_older(age)).transpose()?;
                let write = Action::WriteBack { way: Way::Types(types), units: Units(pages * per_page) };
                mark.into_iter().chain([write]).collect()
            }
        })
    }

    /// Where the kernel does not say how old a page is, all are marked, and after a while those that are still marked are old.
    fn mark(&self, age: Duration) -> Result<Vec<Action>, Refusal> {
        match self.marked_since() {
            Some(since) => Err(Refusal::Waiting { left: age.saturating_sub(since) }),
            None => self.ready(Task::Mark, Duration::ZERO).map(|()| vec![Action::MarkIdle { older: None }]),
        }
    }

    fn marked_since(&self) -> Option<Duration> {
        let marked = self.device()?.marked?;
        Some(self.state.sleeps.age(marked, self.now.boot))
    }

    fn marked_for(&self, age: Duration) -> bool {
        self.marked_since().is_some_and(|since| since >= age)
    }

    /// Marks by an age in time awake, in the words of a clock that does not stand still, so that no younger page is marked. An age of no less than the time since
    /// boot is none that a page can have, and some kernels take it for all pages (`mark_idle`).
    fn mark_older(&self, age: Duration) -> Result<Action, Refusal> {
        self.ready(Task::Mark, Duration::ZERO)?;
        let older = age + self.now.suspended();
        if older + Duration::from_secs(1) >= self.now.boot {
            return Err(Refusal::NothingIdle { age });
        }
        Ok(Action::MarkIdle { older: Some(older) })
    }

    fn recompression(&self, at: usize) -> Result<Vec<Action>, Refusal> {
        let tier = &self.config.recompression[at];
        if !self.view.algorithms.contains(&tier.algorithm) {
            return Err(Refusal::NoAlgorithm);
        }
        self.ready(Task::Recompress(at), tier.every)?;
        if self.observation.on_battery == Some(true) && !self.config.writeback.on_battery {
            return Err(Refusal::OnBattery);
        }
        let marks = tier.pages != Pages::Huge;
        if marks && !(self.view.sight.times || self.marked_for(tier.older)) {
            return self.mark(tier.older);
        }
        if !self.gains(tier) {
            return Err(Refusal::NothingToGain);
        }
        let most = self.device().map_or(u32::MAX, |device| device.recompression.pages());
        let recompress = Action::Recompress {
            tier: at,
            algorithm: tier.algorithm.clone(),
            pages: tier.pages,
            threshold: tier.threshold,
            max_pages: tier.max_pages.unwrap_or(u32::MAX).min(most),
        };
        let mark = (marks && self.view.sight.times).then(|| self.mark_older(tier.older)).transpose()?;
        Ok(mark.into_iter().chain([recompress]).collect())
    }

    /// Whether there may be pages that a tier takes, as far as the device's counters say.
    fn gains(&self, tier: &Tier) -> bool {
        let huge = self.view.mm.huge_pages.unwrap_or(1);
        let away = self.view.backing.map_or(0, |backing| backing.bd.count / self.view.units_per_page());
        let stored = self.view.mm.orig_data_size / u64::from(self.view.page.max(1));
        match tier.pages {
            Pages::Idle => stored > away + self.view.mm.same_pages,
            Pages::Huge | Pages::HugeIdle => huge > 0,
        }
    }

    fn compaction(&self) -> Result<Action, Refusal> {
        let wanted = &self.config.compaction;
        if !wanted.enabled {
            return Err(Refusal::Off);
        }
        self.ready(Task::Compact, wanted.every)?;
        let mm = self.view.mm;
        let waste = mm.mem_used_total.saturating_sub(mm.compr_data_size);
        if waste < wanted.least || Permille::share(waste, mm.mem_used_total) < wanted.waste {
            return Err(Refusal::NothingToGain);
        }
        Ok(Action::Compact)
    }
}

impl Refusal {
    /// After which time it does not hold any more, where that can be told.
    fn passes_in(self) -> Option<Duration> {
        match self {
            Self::Paused { left }
            | Self::Failed { left, .. }
            | Self::TooSoon { left }
            | Self::Waiting { left }
            | Self::BudgetSpent { left, .. } => Some(left),
            _ => None,
        }
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// As the kernel rounds a limit: up to whole pages.
fn rounded(bytes: u64, page: u32) -> u64 {
    bytes.checked_next_multiple_of(u64::from(page.max(1))).unwrap_or(bytes)
}
