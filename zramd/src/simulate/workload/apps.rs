//! Programs that somebody looks at, one at a time: a phone's applications, a browser's tabs.
//!
//! Which one comes next is partly habit, the same at the same hour of every day, and partly chance by popularity. Coming back touches what the
//! program was doing; while one is looked at its hot part is touched all the time, and of the rest a little. A part of the memory is
//! never touched again after the start, and each visit leaves some behind that is not, either, until the program is started anew.

use serde::{Deserialize, Serialize};

use super::{
    chance::{Chance, Zipf},
    rhythm::{DAY, Day, HOUR, MINUTE, SECOND, Span},
    source::{Numbers, Source},
    step::{Backing, Deed, OwnerId, RegionId, Step},
};
use crate::simulate::machine::{content::Content, spec::Pages};

/// A number of such programs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Apps {
    /// How many.
    pub count: u32,
    /// Memory of one when it is started, about.
    pub memory: Pages,
    /// Its code and data in files.
    pub files: Pages,
    /// How its memory compresses.
    pub content: Content,
    /// Percent of the memory that is touched all the time while somebody looks.
    pub hot: u32,
    /// Percent that is touched besides when somebody comes back.
    pub resume: u32,
    /// Percent that is never touched again.
    pub cold: u32,
    /// Percent of its memory that a visit adds and never touches again, until that is half as much again.
    pub grows: u32,
    /// How uneven their popularity is: the exponent of Zipf's law.
    pub popularity: f64,
    /// Percent of the choices that are habit.
    pub habit: u32,
    /// Minutes after which somebody looks at another one.
    pub visit_minutes: f64,
    /// How many of them, the most used first, do something when nobody looks.
    #[serde(default)]
    pub in_background: u32,
    /// How often these do, in minutes.
    #[serde(default = "quarter")]
    pub background_minutes: u64,
    /// After so many days, about, one is ended and started anew.
    pub restart_days: f64,
}

fn quarter() -> u64 {
    15
}

struct App {
    owner: OwnerId,
    pages: u32,
    memory: Option<RegionId>,
    files: Option<RegionId>,
    grown: Vec<RegionId>,
    grown_pages: u32,
    ends: u64,
}

/// Touched in runs of so many pages when it is at random.
const RUN: u32 = 16;

pub(super) struct Looked {
    about: Apps,
    chance: Chance,
    popularity: Zipf,
    numbers: Numbers,
    apps: Vec<App>,
}

impl Looked {
    pub(super) fn new(about: &Apps, mut chance: Chance, mut numbers: Numbers) -> Self {
        let popularity = Zipf::new(about.count, about.popularity, &mut chance);
        let apps = (0..about.count.max(1)).map(|_| App {
            owner: numbers.owner(),
            pages: chance.about(about.memory.0).max(RUN * 4),
            memory: None,
            files: None,
            grown: Vec::new(),
            grown_pages: 0,
            ends: 0,
        });
        let apps = apps.collect();
        Self { about: about.clone(), popularity, numbers, apps, chance }
    }

    fn part(&self, app: usize, percent: u32) -> u32 {
        (self.apps[app].pages * percent / 100).max(1)
    }

    /// The program is started; everything is written once.
    fn start(&mut self, app: usize, at: u64, out: &mut Vec<Step>) {
        let lives = self.about.restart_days * DAY as f64 * (0.5 + self.chance.unit());
        let (memory, files) = (self.numbers.region(), self.numbers.region());
        let Self { about, apps, .. } = self;
        let app = &mut apps[app];
        app.ends = at + lives as u64;
        app.memory = Some(memory);
        app.files = Some(files);
        let owner = app.owner;
        let pages = about.files.0.max(1);
        out.push(step(
            at,
            Deed::Map {
                region: memory,
                owner,
                pages: app.pages,
                content: about.content,
                backing: Backing::Anon,
            },
        ));
        out.push(step(
            at,
            Deed::Map { region: files, owner, pages, content: about.content, backing: Backing::File },
        ));
        out.push(step(at, Deed::Touch { region: files, first: 0, pages, write: false, over: 500 }));
        out.push(step(
            at,
            Deed::Touch { region: memory, first: 0, pages: app.pages, write: true, over: 1500 },
        ));
    }

    fn end(&mut self, app: usize, at: u64, out: &mut Vec<Step>) {
        let app = &mut self.apps[app];
        app.grown_pages = 0;
        let regions = app.memory.take().into_iter().chain(app.files.take()).chain(app.grown.drain(..));
        out.extend(regions.map(|region| step(at, Deed::Unmap { region })));
    }

    /// Somebody comes to a program, and stays until then.
    fn visit(&mut self, app: usize, span: Span, out: &mut Vec<Step>) {
        let Span { start: at, end } = span;
        if self.apps[app].memory.is_some() && self.apps[app].ends <= at {
            self.end(app, at, out);
        }
        if self.apps[app].memory.is_none() {
            self.start(app, at, out);
        } else {
            self.resume(app, at, out);
        }
        let Some(region) = self.apps[app].memory else { return };
        let (hot, resume) = (self.part(app, self.about.hot), self.part(app, self.about.resume));
        let cold = self.apps[app].pages * self.about.cold / 100;
        let rest = self.apps[app].pages.saturating_sub(hot + resume + cold);
        let mut now = at + 15 * SECOND;
        let mut tick = 0;
        while now < end {
            out.push(step(
                now,
                Deed::Touch { region, first: 0, pages: hot, write: tick % 3 == 0, over: 100 },
            ));
            if tick % 4 == 1 && rest > RUN {
                let first = hot + resume + self.chance.below(rest - RUN);
                out.push(step(now, Deed::Touch { region, first, pages: RUN, write: false, over: 20 }));
            }
            now += 20 * SECOND;
            tick += 1;
        }
    }

    fn resume(&mut self, app: usize, at: u64, out: &mut Vec<Step>) {
        let pages = self.part(app, self.about.hot) + self.part(app, self.about.resume);
        let files = (self.about.files.0 / 3).max(1);
        let visits = [(self.apps[app].memory, pages, 400), (self.apps[app].files, files, 100)];
        for (region, pages, over) in visits {
            let Some(region) = region else { continue };
            out.push(step(at, Deed::Touch { region, first: 0, pages, write: false, over }));
        }
        let grows = self.apps[app].pages * self.about.grows / 100;
        if grows > 0 && self.apps[app].grown_pages < self.apps[app].pages / 2 {
            let region = self.numbers.region();
            let owner = self.apps[app].owner;
            let content = self.about.content;
            out.push(step(at, Deed::Map { region, owner, pages: grows, content, backing: Backing::Anon }));
            out.push(step(
                at + SECOND,
                Deed::Touch { region, first: 0, pages: grows, write: true, over: 200 },
            ));
            self.apps[app].grown.push(region);
            self.apps[app].grown_pages += grows;
        }
    }

    /// The same program at the same hour, every day.
    fn habit(&self, at: u64) -> usize {
        let hour = (at % DAY) / HOUR;
        (hour as usize * 7) % self.apps.len()
    }

    fn background(&mut self, day: &Day, out: &mut Vec<Step>) {
        let every = self.about.background_minutes.max(1) * MINUTE;
        for rank in 0..self.about.in_background.min(self.about.count) {
            let app = rank as usize;
            let hot = self.part(app, self.about.hot);
            let Some(region) = self.apps[app].memory else { continue };
            let mut at = day.start() + self.chance.wait(every as f64);
            while let Some(now) = day.when_awake(at).filter(|now| *now < day.end()) {
                out.push(step(
                    now,
                    Deed::Touch { region, first: 0, pages: hot.div_ceil(4), write: true, over: 50 },
                ));
                at = now + every;
            }
        }
    }
}

impl Source for Looked {
    fn day(&mut self, day: &Day, out: &mut Vec<Step>) {
        self.background(day, out);
        for session in &day.sessions {
            let mut at = session.start;
            while at < session.end {
                let until = (at + self.chance.wait(self.about.visit_minutes.max(0.1) * MINUTE as f64))
                    .min(session.end);
                let app = if self.chance.is(f64::from(self.about.habit) / 100.0) {
                    self.habit(at)
                } else {
                    self.popularity.choose(&mut self.chance) as usize
                };
                self.visit(app, Span { start: at, end: until }, out);
                at = until;
            }
        }
    }
}

fn step(millis: u64, deed: Deed) -> Step {
    Step { millis, deed }
}
