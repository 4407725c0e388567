//! What it costs to draw a device of 16 GiB, 4 Mi slots, on a large screen, and to take in what a look brings.
//!
//! `cargo bench -p zramtop --bench render`. The budget: 5 ms for any view at 200 x 60, the fastest of many.

use std::time::{Duration, Instant};

use divan::{Bencher, counter::ItemsCount};
use ratatui::{Terminal, backend::TestBackend};
use zram_host::device::SlotState;
use zramtop::{
    map::SlotTable,
    sample::{Attributes, Flags, Known, Moment, Sample, Slot, Window},
    state::{Event, Look, State, View, update},
    view,
};

const SLOTS: u64 = 4 << 20;

const BUDGET: Duration = Duration::from_millis(5);

/// How often it is tried to keep to it.
const TRIES: u32 = 200;

const SIZE: (u16, u16) = (200, 60);

fn main() {
    divan::main();
    // Without `--bench` this runs among tests, without optimisation and beside others: then the figures say nothing of the budget.
    let is_measured = std::env::args().any(|argument| argument == "--bench");
    let state = state();
    for view in View::ALL {
        for zoom in [0, 4, 6, 7, 8, 9, 12] {
            let mut state = state.clone();
            state.view = view;
            state.place.zoom = zoom;
            let mut terminal = terminal();
            // Others use this machine, too: one undisturbed time is enough.
            let mut times = (0..TRIES).map(|_| draw(&mut terminal, &state));
            let is_kept = times.any(|time| time <= BUDGET);
            assert!(is_kept || !is_measured, "{view:?} at zoom {zoom} takes longer than {BUDGET:?}");
        }
    }
}

fn terminal() -> Terminal<TestBackend> {
    match Terminal::new(TestBackend::new(SIZE.0, SIZE.1)) {
        Ok(terminal) => terminal,
        Err(never) => match never {},
    }
}

fn draw(terminal: &mut Terminal<TestBackend>, state: &State) -> Duration {
    let began = Instant::now();
    match terminal.draw(|frame| view::draw(frame, state)) {
        Ok(_) => began.elapsed(),
        Err(never) => match never {},
    }
}

/// All kinds, everywhere.
fn slot(slot: u64) -> Option<Slot> {
    let held = Flags::KNOWN.and(Flags::HELD);
    let mixed = slot.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
    let flags = match mixed % 8 {
        0 => return None,
        1 => held.and(Flags::SAME),
        2 => held.and(Flags::IDLE),
        3 => held.and(Flags::WRITTEN_BACK),
        4 => held.and(Flags::HUGE).and(Flags::INCOMPRESSIBLE),
        5 => held.and(Flags::RECOMPRESSED),
        _ => held,
    };
    Some(Slot(slot, 1 + u32::try_from(mixed % 100_000).unwrap_or(0), flags))
}

fn windows(slots: u64) -> Vec<Window> {
    let window = |first: u64| {
        let end = (first + 1638).min(slots);
        Window { first, end, slots: (first..end).filter_map(slot).collect() }
    };
    (0..slots).step_by(1638).map(window).collect()
}

fn state() -> State {
    let attributes = Attributes {
        initialised: true,
        disksize: SLOTS * 4096,
        stored: SLOTS * 3500,
        ..Attributes::default()
    };
    let sample = Sample {
        device: 0,
        attributes,
        page: 4096,
        windows: Known::Here(windows(SLOTS)),
        contents: Known::Unasked,
        classes: Known::Unasked,
        latency: Known::Unasked,
    };
    let moment =
        Moment { boot_micros: 100_000_000_000, took_micros: 0, samples: vec![sample], told: Vec::new() };
    let look = Look { color: true, ..Look::default() };
    let mut state = State::new(look, SIZE);
    update(&mut state, Event::Moment(Box::new(moment)));
    state
}

/// A view at 200 x 60.
#[divan::bench(args = [View::Overview, View::Slots, View::Ages])]
fn drawing(bencher: Bencher<'_, '_>, view: View) {
    let mut state = state();
    state.view = view;
    let mut terminal = terminal();
    bencher.bench_local(|| draw(&mut terminal, &state));
}

/// The map, zoomed in: 512 slots a cell at first, one at last.
#[divan::bench(args = [0, 3, 4, 8, 9])]
fn map_at_zoom(bencher: Bencher<'_, '_>, zoom: u32) {
    let mut state = state();
    (state.view, state.place.zoom, state.place.cursor) = (View::Slots, zoom, SLOTS / 2);
    let mut terminal = terminal();
    bencher.bench_local(|| draw(&mut terminal, &state));
}

/// What a look brings at most: 24 windows, all of which have changed.
#[divan::bench]
fn taking_in_a_look(bencher: Bencher<'_, '_>) {
    let mut table = SlotTable::new(SLOTS);
    let full: Vec<Window> = windows(24 * 1638);
    let empty: Vec<Window> =
        full.iter().map(|window| Window { slots: Vec::new(), ..window.clone() }).collect();
    let mut turn = false;
    bencher.counter(ItemsCount::new(24_u32 * 1638)).bench_local(|| {
        turn = !turn;
        let windows = if turn { &full } else { &empty };
        windows.iter().for_each(|window| table.apply(window));
    });
}

/// Reading the text of a look: 24 windows of 64 KiB.
#[divan::bench]
fn parsing_a_look(bencher: Bencher<'_, '_>) {
    let line = |slot: u64| format!("{slot:>12} {:>12}.{:06} ..h...\n", 7500 + slot % 100, slot);
    let text: String = (0..24 * 1638).map(line).collect();
    bencher.counter(ItemsCount::new(24_u32 * 1638)).bench_local(|| {
        text.lines().filter_map(SlotState::parse).map(|state| Slot::from(&state)).collect::<Vec<_>>()
    });
}
