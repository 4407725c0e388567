//! What keys do.

use ratatui::{
    crossterm::event::{
        KeyCode, KeyEvent, KeyEventKind, KeyModifiers, MouseButton, MouseEvent, MouseEventKind,
    },
    layout::Position,
};

use super::{Effect, Glyphs, Place, Sort, State, Units, View, geometry, search::Search, update::page};
use crate::{map::Layout, sample::Flags};

/// Keys, and what they do: for the help, in its order.
pub const KEYS: [(&str, &[(&str, &str)]); 4] = [
    (
        "Everywhere",
        &[
            ("1-7 Tab", "the views"),
            ("[ ]", "the device before, the next one"),
            ("Space", "pause, and go on"),
            (".", "one moment further, when paused"),
            ("< >", "half as fast, twice as fast"),
            ("u", "units: short, bytes, pages"),
            ("t", "glyphs: shapes, letters"),
            ("c", "colour on, off"),
            ("? F1", "this help"),
            ("q Ctrl-C", "end"),
        ],
    ),
    (
        "Overview",
        &[
            ("Up Down", "choose a device"),
            ("Enter", "its slots"),
            ("s", "sort by number, stored, memory, ratio"),
            ("a", "also devices that are not set up"),
        ],
    ),
    (
        "Slots",
        &[
            ("arrows", "move; PgUp PgDn by a screen; Home End"),
            ("+ - 0", "zoom in, out, all of it"),
            ("/", "search: a slot's number, or idle, huge, same, free ..."),
            ("n", "the next one"),
            ("f", "follow what changes"),
            ("m", "mark where slots are same, written back, huge ..."),
        ],
    ),
    (
        "Lists",
        &[("Up Down", "scroll"), ("s", "classes: by waste, by size"), ("a", "classes: also the empty ones")],
    ),
];

/// A key was pressed.
pub(super) fn pressed(state: &mut State, key: KeyEvent) -> Vec<Effect> {
    if key.kind == KeyEventKind::Release {
        return Vec::new();
    }
    let is_control = key.modifiers.contains(KeyModifiers::CONTROL);
    if is_control && matches!(key.code, KeyCode::Char('c' | 'C')) {
        return vec![Effect::Quit];
    }
    state.message = None;
    if state.typing.is_some() {
        type_on(state, key.code);
        return Vec::new();
    }
    if state.help {
        match key.code {
            KeyCode::Down | KeyCode::Char('j') => state.scroll += 1,
            KeyCode::Up | KeyCode::Char('k') => state.scroll = state.scroll.saturating_sub(1),
            KeyCode::Char('q') => return vec![Effect::Quit],
            _ => (state.help, state.scroll) = (false, 0),
        }
        return Vec::new();
    }
    if let Some(effects) = anywhere(state, key.code) {
        return effects;
    }
    match state.view {
        View::Overview => overview(state, key.code),
        View::Slots => slots(state, key.code),
        View::Ages | View::Writeback | View::Latency => {}
        View::Classes | View::Events => list(state, key.code),
    }
    Vec::new()
}

/// Keys that do the same in all views. `None`: it is none of them.
fn anywhere(state: &mut State, key: KeyCode) -> Option<Vec<Effect>> {
    match key {
        KeyCode::Char('q') => return Some(vec![Effect::Quit]),
        KeyCode::Char('?') | KeyCode::F(1) => (state.help, state.scroll) = (true, 0),
        KeyCode::Char(digit @ '1'..='7') => {
            let at = digit.to_digit(10).and_then(|digit| usize::try_from(digit).ok()).unwrap_or(1);
            show(state, View::ALL[at.saturating_sub(1) % View::ALL.len()]);
        }
        KeyCode::Tab => show(state, beside(state.view, 1)),
        KeyCode::BackTab => show(state, beside(state.view, View::ALL.len() - 1)),
        KeyCode::Char('[') => choose(state, -1),
        KeyCode::Char(']') => choose(state, 1),
        KeyCode::Char(' ') => {
            state.pace.paused = !state.pace.paused;
            state.came = Some(state.clock);
            return Some(vec![Effect::Pause(state.pace.paused)]);
        }
        KeyCode::Char('.') => {
            if state.pace.paused {
                return Some(vec![Effect::Step]);
            }
            state.message = Some("Space pauses; then . goes one moment further".to_owned());
        }
        KeyCode::Char(sign @ ('<' | '>')) => {
            let by = if sign == '<' { 0.5 } else { 2.0 };
            state.pace.speed = (state.pace.speed * by).clamp(0.125, 16.0);
            return Some(vec![Effect::Speed(state.pace.speed)]);
        }
        KeyCode::Char('u') => {
            state.look.units = match state.look.units {
                Units::Short => Units::Bytes,
                Units::Bytes => Units::Pages,
                Units::Pages => Units::Short,
            };
            state.message = Some(format!("units: {}", state.look.units.name()));
        }
        KeyCode::Char('t') => {
            state.look.glyphs = match state.look.glyphs {
                Glyphs::Shapes => Glyphs::Letters,
                Glyphs::Letters => Glyphs::Shapes,
            };
        }
        KeyCode::Char('c') => state.look.color = !state.look.color,
        _ => return None,
    }
    Some(Vec::new())
}

fn show(state: &mut State, view: View) {
    state.view = view;
    state.scroll = 0;
}

/// The view so many further, round and round.
fn beside(view: View, by: usize) -> View {
    let at = View::ALL.iter().position(|known| *known == view).unwrap_or(0);
    View::ALL[(at + by) % View::ALL.len()]
}

/// The device before or behind in the list.
fn choose(state: &mut State, by: isize) {
    let listed: Vec<u32> = state.listed().iter().map(|device| device.sample.device).collect();
    let at = listed.iter().position(|device| *device == state.selected);
    let next = match at {
        Some(at) => at.saturating_add_signed(by).min(listed.len() - 1),
        None => 0,
    };
    if let Some(device) = listed.get(next).filter(|device| **device != state.selected) {
        state.selected = *device;
        state.place = Place::default();
        state.scroll = 0;
    }
}

fn overview(state: &mut State, key: KeyCode) {
    match key {
        KeyCode::Up | KeyCode::Char('k') => choose(state, -1),
        KeyCode::Down | KeyCode::Char('j') => choose(state, 1),
        KeyCode::Enter => show(state, View::Slots),
        KeyCode::Char('a') => state.all = !state.all,
        KeyCode::Char('s') => {
            state.sort = match state.sort {
                Sort::Number => Sort::Stored,
                Sort::Stored => Sort::Memory,
                Sort::Memory => Sort::Ratio,
                Sort::Ratio => Sort::Number,
            };
            state.message = Some(format!("sorted by {}", state.sort.name()));
        }
        _ => {}
    }
}

fn list(state: &mut State, key: KeyCode) {
    let page = page(state);
    let longest = state.log.lines().len();
    // A log begins at its end.
    let (up, down) = if state.view == View::Events { (1, -1) } else { (-1, 1) };
    let by = |lines: usize, sign: isize| isize::try_from(lines).unwrap_or(isize::MAX).saturating_mul(sign);
    let moved = match key {
        KeyCode::Up | KeyCode::Char('k') => up,
        KeyCode::Down | KeyCode::Char('j') => down,
        KeyCode::PageUp => by(page, up),
        KeyCode::PageDown => by(page, down),
        KeyCode::Home => by(usize::MAX >> 2, up),
        KeyCode::End => by(usize::MAX >> 2, down),
        KeyCode::Char('a') if state.view == View::Classes => {
            state.all = !state.all;
            return;
        }
        KeyCode::Char('s') if state.view == View::Classes => {
            state.by_waste = !state.by_waste;
            return;
        }
        _ => return,
    };
    let most =
        if state.view == View::Events { longest.saturating_sub(1) } else { rows(state).saturating_sub(1) };
    state.scroll = state.scroll.saturating_add_signed(moved).min(most);
}

/// Rows of the list of classes.
fn rows(state: &State) -> usize {
    let classes = state.device().and_then(|device| device.classes.here());
    classes.map_or(0, |classes| classes.iter().filter(|class| state.all || class.allocated > 0).count())
}

fn slots(state: &mut State, key: KeyCode) {
    let Some(layout) = state.layout() else { return };
    let last = layout.slots.saturating_sub(1);
    let at = state.place.cursor;
    let (cell, row) = (layout.cell(), layout.row());
    let screen = row.saturating_mul(layout.rows);
    let to = match key {
        KeyCode::Left | KeyCode::Char('h') => at.saturating_sub(cell),
        KeyCode::Right | KeyCode::Char('l') => at.saturating_add(cell),
        KeyCode::Up | KeyCode::Char('k') => at.checked_sub(row).unwrap_or(at),
        KeyCode::Down | KeyCode::Char('j') => {
            Some(at.saturating_add(row)).filter(|to| *to <= last).unwrap_or(at)
        }
        KeyCode::PageUp => at.saturating_sub(screen),
        KeyCode::PageDown => at.saturating_add(screen),
        KeyCode::Home | KeyCode::Char('g') => 0,
        KeyCode::End | KeyCode::Char('G') => last,
        other => return map(state, layout, other),
    };
    state.place.cursor = to.min(last);
    state.place.follow = false;
}

/// Keys that change the map, but not the place.
fn map(state: &mut State, layout: Layout, key: KeyCode) {
    let place = &mut state.place;
    match key {
        KeyCode::Char('+' | '=') if layout.shift > 0 => place.zoom += 1,
        KeyCode::Char('-') => place.zoom = place.zoom.saturating_sub(1),
        KeyCode::Char('0') => place.zoom = 0,
        KeyCode::Enter => place.zoom += layout.shift,
        KeyCode::Esc => (place.mark, place.follow) = (None, false),
        KeyCode::Char('f') => {
            place.follow = !place.follow;
            let told =
                if place.follow { "the cursor goes where something changes" } else { "the cursor stays" };
            state.message = Some(told.to_owned());
        }
        KeyCode::Char('m') => {
            let marks: Vec<Flags> = Flags::LETTERS.iter().map(|(flag, _)| *flag).collect();
            place.mark = match place.mark.and_then(|mark| marks.iter().position(|known| *known == mark)) {
                None => marks.first().copied(),
                Some(at) => marks.get(at + 1).copied(),
            };
        }
        KeyCode::Char('/') => state.typing = Some(String::new()),
        KeyCode::Char('n') => find(state),
        _ => {}
    }
}

/// A key while something is typed.
fn type_on(state: &mut State, key: KeyCode) {
    let Some(mut typed) = state.typing.take() else { return };
    match key {
        KeyCode::Esc => return,
        KeyCode::Enter => {
            match Search::parse(&typed) {
                Ok(search) => {
                    state.place.search = Some(search);
                    find(state);
                }
                Err(why) => state.message = Some(why),
            }
            return;
        }
        KeyCode::Backspace => drop(typed.pop()),
        KeyCode::Char(c) if typed.len() < 40 => typed.push(c),
        _ => {}
    }
    state.typing = Some(typed);
}

/// Goes to what is searched for, behind the cursor.
fn find(state: &mut State) {
    let Some(device) = state.devices.get(&state.selected) else { return };
    let found = match state.place.search {
        None => {
            state.message = Some("nothing was searched for yet: /".to_owned());
            return;
        }
        Some(Search::Slot(slot)) if slot < device.table.len() => Some(slot),
        Some(Search::Slot(slot)) => {
            let last = device.table.len().saturating_sub(1);
            state.message = Some(format!("{} has slots 0 to {last}, and {slot} is beyond", device.name()));
            return;
        }
        Some(search) => device.table.find(state.place.cursor + 1, |flags| search.is(flags)),
    };
    match found {
        Some(slot) => (state.place.cursor, state.place.follow) = (slot, false),
        None => state.message = Some("there is no such slot".to_owned()),
    }
}

/// The mouse was used.
pub(super) fn pointed(state: &mut State, mouse: MouseEvent) {
    let at = Position::new(mouse.column, mouse.row);
    match mouse.kind {
        MouseEventKind::Down(MouseButton::Left) if state.view == View::Slots => {
            let (Some(layout), Some(device)) = (state.layout(), state.device()) else { return };
            let map = geometry::slots(state.size, device.table.len()).map;
            if map.contains(at)
                && let Some(slot) = layout.slot((at.x - map.x).into(), (at.y - map.y).into())
            {
                (state.place.cursor, state.place.follow) = (slot, false);
            }
        }
        MouseEventKind::ScrollUp | MouseEventKind::ScrollDown => {
            let is_up = mouse.kind == MouseEventKind::ScrollUp;
            match state.view {
                View::Slots => {
                    let key = if is_up { KeyCode::Char('+') } else { KeyCode::Char('-') };
                    slots(state, key);
                }
                _ => list(state, if is_up { KeyCode::Up } else { KeyCode::Down }),
            }
        }
        _ => {}
    }
}
