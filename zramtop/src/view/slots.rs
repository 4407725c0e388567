//! The map: every slot of a device, as cells.

use ratatui::{
    Frame,
    layout::Rect,
    style::Modifier,
    text::{Line, Span},
    widgets::{Paragraph, Wrap},
};

use super::paint::{about, missing, percent, short, words};
use crate::{
    map::{Counts, Layout},
    sample::{Flags, Kind, Known},
    state::{
        Device, State, geometry,
        look::{Part, Sign},
        search,
    },
};

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, state: &State) {
    let Some(device) = state.device() else { return };
    let (Some(layout), None) = (state.layout(), &device.unseen) else {
        let (what, why) = match &device.unseen {
            Some(why) => ("The slots of this device cannot be seen", why.as_str()),
            None => ("This device has no slots", "It is not set up: [ and ] choose another one."),
        };
        missing(frame, area, state, what, why);
        return;
    };
    let places = geometry::slots(state.size, device.table.len());
    frame.render_widget(head(state, device, layout), places.head);
    gutter(frame, places.gutter, state, layout);
    cells(frame, places.map, state, device, layout, Some(state.place.cursor >> layout.shift));
    let lines = at_cursor(state, device, layout);
    frame.render_widget(Paragraph::new(lines).wrap(Wrap { trim: false }), places.cursor);
    if places.beside {
        legend_beside(frame, places.legend, state, device);
    } else {
        legend_below(frame, places.legend, state, device);
    }
}

fn head(state: &State, device: &Device, layout: Layout) -> Line<'static> {
    let mut line = about(state, device);
    line.spans.truncate(3);
    let look = state.look;
    let mut add = |text: String, part: Part| {
        line.spans.push(Span::styled(format!(" {} ", look.sign(Sign::Dot)), look.style(Part::Dim)));
        line.spans.push(Span::styled(text, look.style(part)));
    };
    let slots =
        if layout.shift == 0 { "a slot each".to_owned() } else { format!("{} slots each", layout.cell()) };
    add(slots, Part::Dim);
    if let Some(mark) = state.place.mark {
        add(format!("marked: {}", search::name(mark)), Part::Warning);
    }
    if state.place.follow {
        add("following".to_owned(), Part::Good);
    }
    let (known, all) = (device.table.known(), device.table.len());
    if known < all {
        add(format!("{} looked at", percent(known, all)), Part::Warning);
    }
    line
}

fn gutter(frame: &mut Frame<'_>, area: Rect, state: &State, layout: Layout) {
    for (number, row) in (0..).zip(area.rows()) {
        let Some(slot) = layout.slot(0, number) else { break };
        let width = usize::from(area.width).saturating_sub(1);
        frame.render_widget(Span::styled(format!("{slot:>width$} "), state.look.style(Part::Dim)), row);
    }
}

/// Slots as cells; the cursor is at one of them.
pub(super) fn cells(
    frame: &mut Frame<'_>,
    area: Rect,
    state: &State,
    device: &Device,
    layout: Layout,
    cursor: Option<u64>,
) {
    let look = state.look;
    // Asked for once, and not for each of ten thousand cells.
    let styles = Kind::ALL.map(|kind| (look.glyph(kind), look.kind_style(kind)));
    let shades = look.shades();
    let buffer = frame.buffer_mut();
    for row in 0..u64::from(area.height) {
        for column in 0..u64::from(area.width) {
            let Some(first) = layout.slot(column, row) else { return };
            let counts = device.table.cell(first, layout.shift);
            let (glyph, mut style) = match state.place.mark {
                None => {
                    let (glyph, style) = styles[counts.dominant() as usize];
                    let is_thin = counts.held() > 0 && counts.held() * 2 < counts.slots();
                    (glyph, if is_thin { style.add_modifier(Modifier::DIM) } else { style })
                }
                Some(mark) => marked(state, &counts, mark, shades),
            };
            if Some(first >> layout.shift) == cursor {
                style = style.add_modifier(Modifier::REVERSED | Modifier::BOLD);
            }
            let at = (area.x + column as u16, area.y + row as u16);
            if let Some(cell) = buffer.cell_mut(at) {
                cell.set_char(glyph).set_style(style);
            }
        }
    }
}

/// The part of a cell that has a flag, as a shade.
fn marked(state: &State, counts: &Counts, mark: Flags, shades: [char; 5]) -> (char, ratatui::style::Style) {
    let (part, all) = (counts.flag(mark), counts.slots());
    if part == 0 {
        return (shades[0], state.look.style(Part::Dim));
    }
    let shade = (u64::from(part) * 4).div_ceil(u64::from(all.max(1)));
    (shades[usize::try_from(shade).unwrap_or(4).min(4)], state.look.style(Part::Bar))
}

/// What is at the cursor: a slot, or how many of which kind.
fn at_cursor(state: &State, device: &Device, layout: Layout) -> Vec<Line<'static>> {
    let look = state.look;
    let first = state.place.cursor >> layout.shift << layout.shift;
    let pointer = Span::styled(format!(" {} ", look.sign(Sign::Pointer)), look.style(Part::Key));
    if layout.shift > 0 {
        let counts = device.table.cell(first, layout.shift);
        let last = (first + layout.cell()).min(layout.slots) - 1;
        let mut parts: Vec<(u32, Kind)> = Kind::ALL
            .iter()
            .map(|kind| (counts.kind(*kind), *kind))
            .filter(|(slots, _)| *slots > 0)
            .collect();
        parts.sort_by_key(|(slots, _)| std::cmp::Reverse(*slots));
        let parts: Vec<String> =
            parts.iter().map(|(slots, kind)| format!("{slots} {}", kind.name())).collect();
        return vec![Line::from(vec![
            pointer,
            Span::styled(format!("{first}{}{last}", look.sign(Sign::Dash)), look.style(Part::Heading)),
            Span::raw(format!("  {}", parts.join(", "))),
        ])];
    }
    let Some((flags, touched)) = device.table.slot(first) else { return Vec::new() };
    // What is short comes first, since there may be no room for all.
    let mut text = String::new();
    if flags.has(Flags::HELD) {
        text.push_str(&format!("  {}", flags.letters()));
        let age = touched.map_or_else(
            || "age not known".to_owned(),
            |second| format!("age {}", short(device.age(second))),
        );
        text.push_str(&format!("  {age}"));
        if let Known::Here(contents) = &device.sample.contents
            && let Some(content) = contents.iter().find(|content| content.slot == first)
        {
            if let Some(size) = content.size {
                text.push_str(&format!("  {size} bytes"));
            }
            if let Some(block) = content.block {
                text.push_str(&format!("  block {block}"));
            }
        }
    }
    text.push_str(&format!("  {}", words(flags)));
    let mut lines = vec![Line::from(vec![
        pointer,
        Span::styled(format!("slot {first}"), look.style(Part::Heading)),
        Span::raw(text),
    ])];
    if let Known::Missing(why) = &device.sample.contents {
        lines.push(Line::styled(format!("   {why}"), look.style(Part::Dim)));
    }
    lines
}

/// What the glyphs mean, and how many slots are of each kind: beside the map.
fn legend_beside(frame: &mut Frame<'_>, area: Rect, state: &State, device: &Device) {
    let look = state.look;
    let total = device.table.total();
    let mut lines = vec![Line::styled("   kind             slots", look.style(Part::Heading))];
    for kind in Kind::ALL {
        let slots = u64::from(total.kind(kind));
        lines.push(Line::from(vec![
            Span::styled(format!(" {} ", look.glyph(kind)), look.kind_style(kind)),
            Span::raw(format!("{:<13} {slots:>8} {:>5}", kind.name(), percent(slots, device.table.len()))),
        ]));
    }
    lines.push(Line::default());
    lines.push(Line::styled("   flag             slots", look.style(Part::Heading)));
    for (flag, letter) in Flags::LETTERS {
        let slots = u64::from(total.flag(flag));
        lines.push(Line::from(vec![
            Span::styled(format!(" {letter} "), look.style(Part::Dim)),
            Span::raw(format!(
                "{:<13} {slots:>8} {:>5}",
                search::name(flag),
                percent(slots, device.table.len())
            )),
        ]));
    }
    for (line, row) in lines.into_iter().zip(area.rows()) {
        frame.render_widget(line, row);
    }
}

/// The same below it: kinds in columns.
fn legend_below(frame: &mut Frame<'_>, area: Rect, state: &State, device: &Device) {
    let look = state.look;
    let total = device.table.total();
    let width = usize::from(area.width) / 3;
    for (kinds, row) in Kind::ALL.chunks(3).zip(area.rows()) {
        let mut spans = Vec::new();
        for kind in kinds {
            let slots = total.kind(*kind);
            spans.push(Span::styled(format!(" {} ", look.glyph(*kind)), look.kind_style(*kind)));
            let text = if width < 26 {
                format!("{:<8} {slots:>7}", kind.short())
            } else {
                format!("{:<14}{slots:>8}", kind.name())
            };
            spans.push(Span::raw(format!("{text:<rest$}", rest = width.saturating_sub(3))));
        }
        frame.render_widget(Line::from(spans), row);
    }
}
