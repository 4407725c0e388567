//! What is on the screen and why: all of it, and nothing that draws it or collects it.
//!
//! Two functions make the program: [`update`](update()) takes in whatever happened, be it a key or a moment, and `view::draw` shows what it became. Neither
//! asks anybody anything, so that each screen can be had in a test from a list of events, and a clock is an event too.
//!
//! * [`update`](mod@update) takes events in; [`keys`] are what keys do.
//! * [`device`] is what is kept of a device, [`history`] how its numbers went.
//! * [`log`] is what happened, told from one moment to the next.
//! * [`look`] is how it is shown: colours, glyphs, units.
//! * [`geometry`] is what has which place on the screen.
//! * [`search`] is finding slots.

pub mod device;
pub mod geometry;
pub mod history;
pub mod keys;
pub mod log;
pub mod look;
pub mod search;
pub mod update;

use std::{collections::BTreeMap, time::Duration};

use ratatui::crossterm::event::{KeyEvent, MouseEvent};

pub use device::Device;
pub use look::{Glyphs, Look, Units};
pub use update::update;

use crate::{
    sample::{Flags, Moment},
    source::{About, Attention},
};
use log::Log;
use search::Search;

/// Something happened.
#[derive(Debug)]
pub enum Event {
    /// This is the source.
    Source(About),
    /// A look at the devices.
    Moment(Box<Moment>),
    /// A look failed: a sentence.
    Failed(String),
    /// There will be no further moments.
    Ended,
    /// A key.
    Key(KeyEvent),
    /// The mouse.
    Mouse(MouseEvent),
    /// The screen has so many columns and lines.
    Resize(u16, u16),
    /// So much time has passed since the program was started.
    Clock(Duration),
    /// A signal asked for the end.
    Quit,
}

/// What somebody else is to do.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Effect {
    /// End the program.
    Quit,
    /// Look at this.
    Attend(Attention),
    /// Look no more, or again.
    Pause(bool),
    /// Look once.
    Step,
    /// So many times as fast as usual.
    Speed(f64),
}

/// A view.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum View {
    /// All devices.
    #[default]
    Overview,
    /// The slots of one.
    Slots,
    /// For how long they were not touched.
    Ages,
    /// What the allocator makes of them.
    Classes,
    /// What went to the backing device, and came back.
    Writeback,
    /// How long things take.
    Latency,
    /// What happened.
    Events,
}

impl View {
    /// All, in the order of their keys.
    pub const ALL: [Self; 7] = [
        Self::Overview,
        Self::Slots,
        Self::Ages,
        Self::Classes,
        Self::Writeback,
        Self::Latency,
        Self::Events,
    ];

    /// What it is called.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Overview => "Overview",
            Self::Slots => "Slots",
            Self::Ages => "Ages",
            Self::Classes => "Classes",
            Self::Writeback => "Writeback",
            Self::Latency => "Latency",
            Self::Events => "Events",
        }
    }
}

/// By what devices are sorted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    /// Their number.
    #[default]
    Number,
    /// What they store, the most first.
    Stored,
    /// The memory that they take, the most first.
    Memory,
    /// How little they compress, the worst first.
    Ratio,
}

impl Sort {
    /// What it is called.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Number => "number",
            Self::Stored => "stored",
            Self::Memory => "memory",
            Self::Ratio => "ratio",
        }
    }
}

/// Where somebody is in the map of slots.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The slot at which the cursor is.
    pub cursor: u64,
    /// How often the whole was made twice as large.
    pub zoom: u32,
    /// Whether the cursor goes where something changes.
    pub follow: bool,
    /// Shown is where slots have this flag.
    pub mark: Option<Flags>,
    /// What was searched for.
    pub search: Option<Search>,
}

/// How moments come.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pace {
    /// Whether none come until somebody asks.
    pub paused: bool,
    /// How many times as fast as usual.
    pub speed: f64,
}

/// Everything.
#[derive(Clone, Debug)]
pub struct State {
    /// Where moments come from.
    pub about: Option<About>,
    /// The devices.
    pub devices: BTreeMap<u32, Device>,
    /// The one that is looked at.
    pub selected: u32,
    /// The view that is shown.
    pub view: View,
    /// How.
    pub look: Look,
    /// The order of devices.
    pub sort: Sort,
    /// Whether what is not in use is shown too: devices that are not set up, classes without objects.
    pub all: bool,
    /// Whether classes are sorted by what they waste.
    pub by_waste: bool,
    /// Where somebody is in the map.
    pub place: Place,
    /// What is being typed.
    pub typing: Option<String>,
    /// Whether help is shown.
    pub help: bool,
    /// How many lines a list has been moved down, or a log up.
    pub scroll: usize,
    /// How moments come.
    pub pace: Pace,
    /// Columns and lines.
    pub size: (u16, u16),
    /// What happened.
    pub log: Log,
    /// What is said below, until the next key.
    pub message: Option<String>,
    /// Why there was no moment the last time.
    pub problem: Option<String>,
    /// Whether there will be no further ones.
    pub ended: bool,
    /// Since the program was started.
    pub clock: Duration,
    /// When the last moment came, by the same clock.
    pub came: Option<Duration>,
    /// When it was of, in microseconds since boot, and how long it took.
    pub moment: Option<(u64, u64)>,
}

impl State {
    /// Nothing yet.
    #[must_use]
    pub fn new(look: Look, size: (u16, u16)) -> Self {
        Self {
            about: None,
            devices: BTreeMap::new(),
            selected: 0,
            view: View::default(),
            look,
            sort: Sort::default(),
            all: false,
            by_waste: true,
            place: Place::default(),
            typing: None,
            help: false,
            scroll: 0,
            pace: Pace { paused: false, speed: 1.0 },
            size,
            log: Log::default(),
            message: None,
            problem: None,
            ended: false,
            clock: Duration::ZERO,
            came: None,
            moment: None,
        }
    }

    /// The device that is looked at.
    #[must_use]
    pub fn device(&self) -> Option<&Device> {
        self.devices.get(&self.selected)
    }

    /// Devices in their order, without those that are not shown.
    #[must_use]
    pub fn listed(&self) -> Vec<&Device> {
        let shown = |device: &&Device| self.all || device.sample.attributes.initialised;
        let mut devices: Vec<&Device> = self.devices.values().filter(shown).collect();
        match self.sort {
            Sort::Number => {}
            Sort::Stored => devices.sort_by_key(|device| std::cmp::Reverse(device.sample.attributes.stored)),
            Sort::Memory => devices.sort_by_key(|device| std::cmp::Reverse(device.sample.attributes.memory)),
            Sort::Ratio => devices.sort_by(|a, b| {
                let ratio = |device: &Device| device.sample.attributes.ratio().unwrap_or(f64::INFINITY);
                ratio(a).total_cmp(&ratio(b))
            }),
        }
        devices
    }

    /// For how long there was no moment, where there should have been one.
    #[must_use]
    pub fn stale(&self) -> Option<Duration> {
        const PATIENCE: Duration = Duration::from_secs(3);
        let since = self.clock.saturating_sub(self.came?);
        (since >= PATIENCE && !self.pace.paused && !self.ended).then_some(since)
    }

    /// The map of the device that is looked at, as it lies on the screen.
    #[must_use]
    pub fn layout(&self) -> Option<crate::map::Layout> {
        let device = self.device().filter(|device| !device.table.is_empty())?;
        let map = geometry::slots(self.size, device.table.len()).map;
        Some(crate::map::Layout::new(
            map.width.into(),
            map.height.into(),
            device.table.len(),
            self.place.zoom,
            self.place.cursor,
        ))
    }
}
