//! Days: when somebody is there, and when the machine sleeps.

use serde::{Deserialize, Serialize};

use super::{
    chance::Chance,
    step::{Deed, Power, Step},
};

pub(super) const SECOND: u64 = 1000;
pub(super) const MINUTE: u64 = 60 * SECOND;
pub(super) const HOUR: u64 = 60 * MINUTE;
pub(super) const DAY: u64 = 24 * HOUR;

/// The rhythm of a machine's days. The first is a Monday.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Rhythm {
    /// How busy each hour from midnight is, in percent.
    pub weekday: [u8; 24],
    /// The same on Saturdays and Sundays.
    pub weekend: [u8; 24],
    /// How long somebody stays, in minutes, on average.
    pub session_minutes: f64,
    /// Whether the machine sleeps when nobody is there.
    #[serde(default)]
    pub sleeps: bool,
    /// Minutes after which a sleeping machine wakes to look after things. None: it does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wakes_every: Option<u64>,
    /// Whether it runs on a battery that is charged at night.
    #[serde(default)]
    pub battery: bool,
}

/// A stretch of time, in milliseconds since the beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) start: u64,
    pub(super) end: u64,
}

/// One day.
#[derive(Clone, Debug)]
pub(super) struct Day {
    /// From 0.
    pub(super) number: u64,
    /// When somebody is there.
    pub(super) sessions: Vec<Span>,
    /// When the machine is awake.
    pub(super) awake: Vec<Span>,
    busy: [u8; 24],
}

impl Day {
    pub(super) fn start(&self) -> u64 {
        self.number * DAY
    }

    pub(super) fn end(&self) -> u64 {
        self.start() + DAY
    }

    /// How busy that time is, from 0 to 1.
    pub(super) fn busy(&self, at: u64) -> f64 {
        let hour = (at.saturating_sub(self.start()) / HOUR).min(23) as usize;
        f64::from(self.busy[hour].min(100)) / 100.0
    }

    /// That time, or the next at which the machine is awake. None: not on this day.
    pub(super) fn when_awake(&self, at: u64) -> Option<u64> {
        let next = self.awake.partition_point(|span| span.end <= at);
        self.awake.get(next).map(|span| span.start.max(at))
    }
}

impl Rhythm {
    /// A day by chance.
    pub(super) fn day(&self, number: u64, chance: &mut Chance) -> Day {
        let busy = if number % 7 >= 5 { self.weekend } else { self.weekday };
        let start = number * DAY;
        let mut sessions: Vec<Span> = Vec::new();
        for (hour, percent) in (0..).zip(busy) {
            let (mut at, end) = (start + hour * HOUR, start + (hour + 1) * HOUR);
            let share = f64::from(percent.min(100)) / 100.0;
            let stays = self.session_minutes.max(0.1) * MINUTE as f64;
            while share > 0.0 && at < end {
                if share < 1.0 {
                    at += chance.wait(stays * (1.0 - share) / share);
                }
                let until = (at + chance.wait(stays)).min(end);
                if at < until {
                    match sessions.last_mut().filter(|last| last.end >= at) {
                        Some(last) => last.end = until,
                        None => sessions.push(Span { start: at, end: until }),
                    }
                }
                at = until;
            }
        }
        let awake =
            if self.sleeps { self.awake(start, &sessions) } else { vec![Span { start, end: start + DAY }] };
        Day { number, sessions, awake, busy }
    }

    /// Sessions and half a minute behind each, and short times in between.
    fn awake(&self, start: u64, sessions: &[Span]) -> Vec<Span> {
        let end = start + DAY;
        let mut spans: Vec<Span> = sessions
            .iter()
            .map(|span| Span { start: span.start, end: (span.end + 30 * SECOND).min(end) })
            .collect();
        if let Some(minutes) = self.wakes_every.filter(|minutes| *minutes > 0) {
            let wakes = (start..end).step_by(usize::try_from(minutes * MINUTE).unwrap_or(usize::MAX));
            spans.extend(wakes.map(|at| Span { start: at, end: (at + 10 * SECOND).min(end) }));
        }
        spans.sort_by_key(|span| span.start);
        let mut merged: Vec<Span> = Vec::new();
        for span in spans {
            match merged.last_mut().filter(|last| last.end + MINUTE >= span.start) {
                Some(last) => last.end = last.end.max(span.end),
                None => merged.push(span),
            }
        }
        merged
    }

    /// What the machine itself does on a day: sleeping, and being plugged in from 22 h to 6 h.
    pub(super) fn steps(&self, day: &Day, out: &mut Vec<Step>) {
        if self.battery {
            for (hour, mains, charge) in
                [(0, true, 80), (6, false, 100), (12, false, 75), (18, false, 45), (22, true, 30)]
            {
                out.push(Step {
                    millis: day.start() + hour * HOUR,
                    deed: Deed::Power(Power { mains, charge }),
                });
            }
        }
        if !self.sleeps {
            return;
        }
        let mut asleep_from = day.start();
        let wakes = day.awake.iter().copied().chain([Span { start: day.end(), end: day.end() }]);
        for span in wakes {
            if span.start > asleep_from {
                let time = span.start - asleep_from;
                out.push(Step { millis: asleep_from, deed: Deed::Suspend { time } });
            }
            asleep_from = span.end;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn office() -> Rhythm {
        let mut weekday = [0; 24];
        weekday[9..17].fill(50);
        Rhythm {
            weekday,
            weekend: [0; 24],
            session_minutes: 10.0,
            sleeps: true,
            wakes_every: Some(60),
            battery: false,
        }
    }

    #[test]
    fn somebody_is_there_as_often_as_it_says() {
        let (rhythm, mut chance) = (office(), Chance::new(3, 0));
        let days: Vec<Day> = (0..200).map(|day| rhythm.day(day * 7, &mut chance)).collect();
        let there: u64 = days.iter().flat_map(|day| &day.sessions).map(|span| span.end - span.start).sum();
        let share = there as f64 / (200.0 * 8.0 * HOUR as f64);
        assert!((0.42..0.58).contains(&share), "{share}");
        assert!(
            days.iter()
                .flat_map(|day| day.sessions.iter().map(|span| (span.start - day.start()) / HOUR))
                .all(|hour| (9..17).contains(&hour))
        );
        assert!(rhythm.day(5, &mut chance).sessions.is_empty());
    }

    #[test]
    fn it_sleeps_whenever_it_is_not_awake() {
        let (rhythm, mut chance) = (office(), Chance::new(3, 0));
        let day = rhythm.day(1, &mut chance);
        let mut steps = Vec::new();
        rhythm.steps(&day, &mut steps);
        let slept: u64 =
            steps.iter().map(|step| if let Deed::Suspend { time } = step.deed { time } else { 0 }).sum();
        let awake: u64 = day.awake.iter().map(|span| span.end - span.start).sum();
        assert_eq!(slept + awake, DAY);
        assert!(day.awake.len() >= 17, "hours without anybody, and sessions: {}", day.awake.len());
        let first = day.awake[1];
        assert_eq!(day.when_awake(first.start - 1), Some(first.start));
        assert_eq!(day.when_awake(first.start + 1), Some(first.start + 1));
    }
}
