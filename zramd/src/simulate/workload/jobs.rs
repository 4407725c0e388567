//! Programs that come, do something, and go: compilers, tests, cron.
//!
//! A job writes all of its memory, goes over half of it again, and ends; what it reads of files it shares with the others.

use serde::{Deserialize, Serialize};

use super::{
    chance::Chance,
    rhythm::{Day, HOUR, MINUTE},
    source::{Numbers, Source},
    step::{Backing, Deed, OwnerId, RegionId, Step},
};
use crate::simulate::machine::{content::Content, spec::Pages};

/// A kind of job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Jobs {
    /// How many begin in an hour, when the machine is as busy as it gets.
    pub an_hour: f64,
    /// Memory of one, about.
    pub memory: Pages,
    /// Files that all of them read, a tenth each.
    pub files: Pages,
    /// How the memory compresses.
    pub content: Content,
    /// How long one takes, on average.
    pub minutes: f64,
}

pub(super) struct Coming {
    about: Jobs,
    chance: Chance,
    numbers: Numbers,
    files: RegionId,
    owner: OwnerId,
}

impl Coming {
    pub(super) fn new(about: &Jobs, chance: Chance, mut numbers: Numbers) -> Self {
        let (files, owner) = (numbers.region(), numbers.owner());
        Self { about: about.clone(), chance, numbers, files, owner }
    }

    fn job(&mut self, at: u64, out: &mut Vec<Step>) {
        let Self { about, chance, numbers, files, .. } = self;
        let pages = chance.about(about.memory.0).max(8);
        let takes = chance.wait(about.minutes.max(0.01) * MINUTE as f64).max(1000);
        let (region, owner) = (numbers.region(), numbers.owner());
        let all = about.files.0.max(10);
        let read = all / 10;
        let over = u32::try_from(takes / 4).unwrap_or(u32::MAX).min(2_000);
        let half = pages / 2;
        let content = about.content;
        for (millis, deed) in [
            (at, Deed::Map { region, owner, pages, content, backing: Backing::Anon }),
            (
                at,
                Deed::Touch {
                    region: *files,
                    first: chance.below(all - read),
                    pages: read,
                    write: false,
                    over: 100,
                },
            ),
            (at, Deed::Touch { region, first: 0, pages, write: true, over }),
            (
                at + takes / 2,
                Deed::Touch { region, first: chance.below(half), pages: half, write: true, over },
            ),
            (at + takes, Deed::Unmap { region }),
        ] {
            out.push(Step { millis, deed });
        }
    }
}

impl Source for Coming {
    fn day(&mut self, day: &Day, out: &mut Vec<Step>) {
        if day.number == 0 {
            let &mut Self { files: region, owner, .. } = self;
            let (pages, content) = (self.about.files.0.max(10), self.about.content);
            let deed = Deed::Map { region, owner, pages, content, backing: Backing::File };
            out.push(Step { millis: day.start(), deed });
        }
        for hour in 0..24 {
            let start = day.start() + hour * HOUR;
            let rate = self.about.an_hour * day.busy(start);
            if rate <= 0.0 {
                continue;
            }
            let mut at = start + self.chance.wait(HOUR as f64 / rate);
            while at < start + HOUR {
                if day.when_awake(at) == Some(at) {
                    self.job(at, out);
                }
                at += self.chance.wait(HOUR as f64 / rate);
            }
        }
    }
}
