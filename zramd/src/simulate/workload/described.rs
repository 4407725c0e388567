//! A workload described by what runs on the machine.

use serde::{Deserialize, Serialize};

use super::{
    apps::{Apps, Looked},
    chance::Chance,
    jobs::{Coming, Jobs},
    rhythm::Rhythm,
    services::{Running, Services},
    source::{Numbers, Source},
    step::Step,
};
use crate::simulate::machine::Spec;

/// The description: what is in a file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Described {
    /// What it is called.
    pub name: String,
    /// What it is, in a sentence.
    pub about: String,
    /// The machine.
    pub machine: Spec,
    /// Its days.
    pub rhythm: Rhythm,
    /// What somebody looks at.
    #[serde(default)]
    pub apps: Vec<Apps>,
    /// What runs all the time.
    #[serde(default)]
    pub services: Vec<Services>,
    /// What comes and goes.
    #[serde(default)]
    pub jobs: Vec<Jobs>,
}

/// The rhythm's chance; sources are counted from 1.
const RHYTHM: u64 = 0;

impl Described {
    /// What happens in so many days, in order.
    #[must_use]
    pub fn steps(&self, days: u64, seed: u64) -> Box<dyn Iterator<Item = Step>> {
        let mut sources: Vec<Box<dyn Source>> = Vec::new();
        let mut number = 0;
        let mut next = || {
            number += 1;
            (Chance::new(seed, u64::from(number)), Numbers::of(number))
        };
        for about in &self.services {
            let (chance, numbers) = next();
            sources.push(Box::new(Running::new(about, chance, numbers)));
        }
        for about in &self.apps {
            let (chance, numbers) = next();
            sources.push(Box::new(Looked::new(about, chance, numbers)));
        }
        for about in &self.jobs {
            let (chance, numbers) = next();
            sources.push(Box::new(Coming::new(about, chance, numbers)));
        }
        Box::new(Generated {
            rhythm: self.rhythm.clone(),
            chance: Chance::new(seed, RHYTHM),
            sources,
            days: 0..days,
            ready: Vec::new().into_iter(),
            later: Vec::new(),
        })
    }
}

/// Steps, a day at a time.
struct Generated {
    rhythm: Rhythm,
    chance: Chance,
    sources: Vec<Box<dyn Source>>,
    days: std::ops::Range<u64>,
    ready: std::vec::IntoIter<Step>,
    /// Of days to come.
    later: Vec<Step>,
}

impl Iterator for Generated {
    type Item = Step;

    fn next(&mut self) -> Option<Step> {
        loop {
            if let Some(step) = self.ready.next() {
                return Some(step);
            }
            let day = self.rhythm.day(self.days.next()?, &mut self.chance);
            let mut steps = std::mem::take(&mut self.later);
            self.rhythm.steps(&day, &mut steps);
            for source in &mut self.sources {
                source.day(&day, &mut steps);
            }
            // Stable: what is of the same millisecond stays in its order.
            steps.sort_by_key(|step| step.millis);
            let today = steps.partition_point(|step| step.millis < day.end());
            self.later = steps.split_off(today);
            self.ready = steps.into_iter();
        }
    }
}
