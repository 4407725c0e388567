//! Programs that nobody looks at and that run for months: a database's buffers, daemons, a compositor.
//!
//! Memory of one has a part that is touched every minute, a pool of which some pieces are wanted far more often than others, and
//! which these are shifts from day to day, and a part that is touched when it starts and never again. Once in a while something reads all
//! of it: a report, a backup, an index being rebuilt.

use serde::{Deserialize, Serialize};

use super::{
    chance::{Chance, Zipf},
    rhythm::{Day, HOUR, MINUTE},
    source::{Numbers, Source},
    step::{Backing, Deed, OwnerId, RegionId, Step},
};
use crate::simulate::machine::{content::Content, spec::Pages};

/// A number of such programs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Services {
    /// How many.
    pub count: u32,
    /// Memory of one, about.
    pub memory: Pages,
    /// Files of one.
    pub files: Pages,
    /// How its memory compresses.
    pub content: Content,
    /// Percent of the memory that is touched every minute.
    pub hot: u32,
    /// Percent that is never touched after the start.
    pub cold: u32,
    /// Pieces of the rest that are touched in a minute, when the machine is as busy as it gets.
    pub pieces_a_minute: f64,
    /// How many of ten touches write.
    #[serde(default)]
    pub writes: u32,
    /// How uneven the pieces' popularity is.
    pub popularity: f64,
    /// Percent of the pieces whose popularity is another one each day.
    #[serde(default)]
    pub drift: f64,
    /// Days between two times at which everything but the cold part is read, at this hour. None: never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scan: Option<Scan>,
}

/// When everything is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Scan {
    /// Every so many days.
    pub days: u64,
    /// At this hour.
    pub hour: u64,
    /// Percent of the pool that is read.
    pub percent: u32,
}

/// Pages of a piece.
const PIECE: u32 = 16;

struct Service {
    owner: OwnerId,
    memory: RegionId,
    files: RegionId,
    pages: u32,
    pieces: Zipf,
    count: u32,
}

pub(super) struct Running {
    about: Services,
    chance: Chance,
    services: Vec<Service>,
}

impl Running {
    pub(super) fn new(about: &Services, mut chance: Chance, mut numbers: Numbers) -> Self {
        let services = (0..about.count).map(|_| {
            let pages =
                if about.count == 1 { about.memory.0 } else { chance.about(about.memory.0) }.max(PIECE * 4);
            let pool = pages - pages * (about.hot + about.cold).min(100) / 100;
            let count = (pool / PIECE).max(1);
            Service {
                owner: numbers.owner(),
                memory: numbers.region(),
                files: numbers.region(),
                pages,
                pieces: Zipf::new(count, about.popularity, &mut chance),
                count,
            }
        });
        let services = services.collect();
        Self { about: about.clone(), chance, services }
    }

    fn start(&self, day: &Day, out: &mut Vec<Step>) {
        let Some(at) = day.when_awake(day.start()) else { return };
        for service in &self.services {
            let &Service { owner, memory, files, pages, .. } = service;
            let content = self.about.content;
            let in_files = self.about.files.0.max(1);
            for deed in [
                Deed::Map { region: files, owner, pages: in_files, content, backing: Backing::File },
                Deed::Touch { region: files, first: 0, pages: in_files, write: false, over: 500 },
                Deed::Map { region: memory, owner, pages, content, backing: Backing::Anon },
                Deed::Touch { region: memory, first: 0, pages, write: true, over: 2000 },
            ] {
                out.push(Step { millis: at, deed });
            }
        }
    }

    /// Everything is read, in a quarter of an hour.
    fn scan(&self, day: &Day, out: &mut Vec<Step>) {
        let Some(scan) = self.about.scan.filter(|scan| (day.number + 1).is_multiple_of(scan.days.max(1)))
        else {
            return;
        };
        let Some(at) = day.when_awake(day.start() + scan.hour * HOUR) else { return };
        for service in &self.services {
            let hot = service.pages * self.about.hot / 100;
            let pages = (u64::from(service.count * PIECE) * u64::from(scan.percent.min(100)) / 100) as u32;
            for (slice, first) in (0..).zip((0..pages).step_by(256)) {
                let pages = (pages - first).min(256);
                let millis = at + slice * 15 * MINUTE * 256 / u64::from(service.pages);
                let deed = Deed::Touch {
                    region: service.memory,
                    first: hot + first,
                    pages,
                    write: false,
                    over: 200,
                };
                out.push(Step { millis, deed });
            }
        }
    }
}

impl Source for Running {
    fn day(&mut self, day: &Day, out: &mut Vec<Step>) {
        if day.number == 0 {
            self.start(day, out);
        }
        self.scan(day, out);
        let Self { about, chance, services } = self;
        for service in services {
            service.pieces.drift(about.drift / 100.0, chance);
            let hot = service.pages * about.hot / 100;
            let mut owed = 0.0;
            let mut at = day.start() + u64::from(chance.below(60_000)) + 10_000;
            while let Some(now) = day.when_awake(at).filter(|now| *now < day.end()) {
                if hot > 0 {
                    let region = service.memory;
                    let deed = Deed::Touch { region, first: 0, pages: hot, write: chance.is(0.5), over: 50 };
                    out.push(Step { millis: now, deed });
                    let files = about.files.0.div_ceil(4).max(1);
                    let deed =
                        Deed::Touch { region: service.files, first: 0, pages: files, write: false, over: 10 };
                    out.push(Step { millis: now, deed });
                }
                owed += about.pieces_a_minute * day.busy(now) * 2.0 * chance.unit();
                while owed >= 1.0 {
                    owed -= 1.0;
                    let first = hot + service.pieces.choose(chance) * PIECE;
                    let write = chance.is(f64::from(about.writes) / 10.0);
                    let deed = Deed::Touch { region: service.memory, first, pages: PIECE, write, over: 10 };
                    out.push(Step { millis: now + u64::from(chance.below(50_000)), deed });
                }
                at = now + MINUTE;
            }
        }
    }
}
