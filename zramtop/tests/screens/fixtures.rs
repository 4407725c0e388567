//! States to draw, and how they are drawn.

use ratatui::{
    Terminal,
    backend::TestBackend,
    crossterm::event::{KeyCode, KeyEvent, KeyModifiers},
};
use zramtop::{
    sample::{
        Attributes, Backing, Class, Flags, Histogram, Known, Latency, Moment, Sample, Slot, Traffic, Window,
    },
    source::{About, Attention, Source, sim::Sim, sim::Workload},
    state::{Effect, Event, Glyphs, Look, State, Units, View, update},
    view,
};

/// Sizes of screens: a narrow one, the usual ones, and a large one.
pub(crate) const SIZES: [(u16, u16); 4] = [(60, 15), (80, 24), (120, 40), (200, 60)];

pub(crate) const LOOK: Look = Look { color: true, glyphs: Glyphs::Shapes, units: Units::Short };

/// A state with a source that it can ask for more.
pub(crate) struct Watched {
    pub(crate) state: State,
    source: Box<dyn Source>,
    attention: Attention,
}

impl Watched {
    pub(crate) fn of(source: impl Source + 'static) -> Self {
        let mut this = Self {
            state: State::new(LOOK, (80, 24)),
            source: Box::new(source),
            attention: Attention::default(),
        };
        this.take(Event::Source(this.source.about()));
        this.step();
        this
    }

    pub(crate) fn sim(workload: Workload) -> Self {
        Self::of(Sim::new(workload, 1).unwrap())
    }

    pub(crate) fn step(&mut self) {
        let moment = self.source.look(&self.attention).unwrap();
        self.take(Event::Moment(Box::new(moment)));
    }

    pub(crate) fn take(&mut self, event: Event) -> Vec<Effect> {
        let effects = update(&mut self.state, event);
        for effect in &effects {
            if let Effect::Attend(attention) = effect {
                self.attention = *attention;
            }
        }
        effects
    }

    pub(crate) fn press(&mut self, keys: &str) {
        for c in keys.chars() {
            let code = match c {
                '\n' => KeyCode::Enter,
                '\t' => KeyCode::Tab,
                '→' => KeyCode::Right,
                '←' => KeyCode::Left,
                '↓' => KeyCode::Down,
                '↑' => KeyCode::Up,
                '⌫' => KeyCode::Backspace,
                '⎋' => KeyCode::Esc,
                c => KeyCode::Char(c),
            };
            self.take(Event::Key(KeyEvent::new(code, KeyModifiers::NONE)));
        }
    }

    /// The view on a screen of this size.
    pub(crate) fn shown(&mut self, view: View, size: (u16, u16)) -> String {
        self.take(Event::Resize(size.0, size.1));
        self.state.view = view;
        drawn(&self.state)
    }
}

/// The screen as text, without blanks at the ends of lines.
pub(crate) fn drawn(state: &State) -> String {
    let (width, height) = state.size;
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| view::draw(frame, state)).unwrap();
    let buffer = terminal.backend().buffer();
    let mut text = String::new();
    for y in 0..height {
        let row: String = (0..width).map(|x| buffer[(x, y)].symbol().to_owned()).collect();
        text.push_str(row.trim_end());
        text.push('\n');
    }
    text
}

/// The same view on screens of all sizes.
pub(crate) fn all_sizes(watched: &mut Watched, view: View) -> String {
    let mut text = String::new();
    for size in SIZES {
        text.push_str(&format!("{} x {}\n", size.0, size.1));
        text.push_str(&watched.shown(view, size));
    }
    text
}

/// A source that yields the same moment again and again, a second later each time.
pub(crate) struct Still(pub(crate) Moment);

impl Source for Still {
    fn about(&self) -> About {
        About { kind: "test", what: "made up".to_owned() }
    }

    fn look(&mut self, _: &Attention) -> Result<Moment, zramtop::source::SourceError> {
        let moment = self.0.clone();
        self.0.boot_micros += 1_000_000;
        Ok(moment)
    }
}

/// A machine without devices.
pub(crate) fn empty() -> Watched {
    Watched::of(Still(Moment {
        boot_micros: 60_000_000,
        took_micros: 10,
        samples: Vec::new(),
        told: Vec::new(),
    }))
}

/// A device of 16 GiB: 4 Mi slots, in areas of different kinds.
pub(crate) fn large() -> Moment {
    const SLOTS: u64 = 4 << 20;
    let held = Flags::KNOWN.and(Flags::HELD);
    let slot = |slot: u64| {
        // Areas of 64 Ki slots, and in each something that is there only here and there.
        let flags = match (slot >> 16) % 8 {
            0 | 1 => held,
            2 => held.and(Flags::IDLE),
            3 => held.and(Flags::WRITTEN_BACK),
            4 if slot.is_multiple_of(3) => return None,
            4 => held.and(Flags::RECOMPRESSED),
            5 => held.and(Flags::HUGE),
            6 if !slot.is_multiple_of(16) => return None,
            6 => held.and(Flags::SAME),
            _ if slot.is_multiple_of(4000) => held.and(Flags::HUGE).and(Flags::INCOMPRESSIBLE),
            _ => return None,
        };
        Some(Slot(slot, 1 + u32::try_from(slot >> 8).unwrap_or(0), flags))
    };
    let windows = (0..SLOTS).step_by(1 << 16).map(|first| {
        let end = first + (1 << 16);
        Window { first, end, slots: (first..end).filter_map(slot).collect() }
    });
    let attributes = Attributes {
        initialised: true,
        disksize: SLOTS * 4096,
        algorithm: Some("zstd".to_owned()),
        recompression: vec!["deflate".to_owned()],
        stored: 10 << 30,
        compressed: 2800 << 20,
        memory: 3 << 30,
        peak: 4 << 30,
        limit: 6 << 30,
        same_pages: 32_768,
        huge_pages: Some(70_000),
        backing: Some(Backing {
            path: "/dev/disk/by-partlabel/a-name-that-is-as-long-as-some-are".to_owned(),
            size: Some(8 << 30),
            used: 2 << 30,
            read: 900 << 20,
            written: 3 << 30,
            limit: None,
            compressed: Some(false),
            batch: None,
        }),
        traffic: Some(Traffic { read: 5 << 40, written: 7 << 40 }),
        uses: vec!["swap 32767".to_owned()],
        ..Attributes::default()
    };
    let class = Class {
        index: 254,
        size: 4096,
        fullness: vec![0, 1, 0, 0, 0, 3, 0, 0, 0, 0, 70_000],
        allocated: 70_004,
        used: 70_001,
        pages: 70_004,
        pages_per_zspage: 1,
        freeable: 3,
    };
    let mut histogram = Histogram::default();
    [200, 900, 1100, 1200, 90_000, 4_000_000_000].iter().for_each(|nanos| histogram.count(*nanos));
    let sample = Sample {
        device: 0,
        attributes,
        page: 4096,
        windows: Known::Here(windows.collect()),
        contents: Known::Missing("sizes and blocks come from probes".to_owned()),
        classes: Known::Here(vec![class]),
        latency: Known::Here(Latency { write: histogram, ..Latency::default() }),
    };
    Moment { boot_micros: 20_000_000_000, took_micros: 900, samples: vec![sample], told: Vec::new() }
}

/// A device of whose insides nothing can be seen.
pub(crate) fn blind() -> Watched {
    let attributes =
        Attributes { initialised: true, disksize: 1 << 30, stored: 4096, ..Attributes::default() };
    let missing = |what: &str| {
        format!(
            "{what}: it takes what this kernel does not have, and a sentence that is longer than a narrow screen is wide"
        )
    };
    let sample = Sample {
        device: 3,
        attributes,
        page: 4096,
        windows: Known::Missing(missing("no states")),
        contents: Known::Unasked,
        classes: Known::Missing(missing("no classes")),
        latency: Known::Missing(missing("no times")),
    };
    Watched::of(Still(Moment {
        boot_micros: 60_000_000,
        took_micros: 10,
        samples: vec![sample],
        told: Vec::new(),
    }))
}
