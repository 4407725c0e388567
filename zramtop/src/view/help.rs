//! What keys do, and what glyphs mean.

use ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Span},
};

use crate::{
    sample::Kind,
    state::{State, keys::KEYS, look::Part},
};

/// Columns of a column of help.
const COLUMN: u16 = 70;

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, state: &State) {
    let look = state.look;
    let mut lines = Vec::new();
    for (title, keys) in KEYS {
        lines.push(Line::styled(format!(" {title}"), look.style(Part::Heading)));
        lines.extend(keys.iter().map(|(key, what)| {
            Line::from(vec![Span::styled(format!("   {key:<10}"), look.style(Part::Key)), Span::raw(*what)])
        }));
        lines.push(Line::default());
    }
    let mut second = vec![Line::styled(" Glyphs of the map", look.style(Part::Heading))];
    for kind in Kind::ALL {
        second.push(Line::from(vec![
            Span::styled(format!("   {}  ", look.glyph(kind)), look.kind_style(kind)),
            Span::raw(about(kind)),
        ]));
    }
    second.extend(
        [
            "",
            " A cell shows what most of its slots are that hold something;",
            " it is dim where more than half of them are free. A slot that",
            " is several things is shown as what could be done about it:",
            " written back, idle, same, incompressible, huge, recompressed.",
        ]
        .map(Line::from),
    );
    if area.width >= 2 * COLUMN {
        let left = Rect { width: COLUMN, ..area };
        let right = Rect { x: area.x + COLUMN, width: area.width - COLUMN, ..area };
        list(frame, left, lines, state.scroll);
        list(frame, right, second, 0);
    } else {
        lines.extend(second);
        list(frame, area, lines, state.scroll);
    }
}

/// As much as fits, from a line on; the end stays at the bottom.
fn list(frame: &mut Frame<'_>, area: Rect, lines: Vec<Line<'_>>, scroll: usize) {
    let rows = usize::from(area.height);
    let first = scroll.min(lines.len().saturating_sub(rows));
    for (row, line) in area.rows().zip(lines.into_iter().skip(first)) {
        frame.render_widget(line, row);
    }
}

const fn about(kind: Kind) -> &'static str {
    match kind {
        Kind::Compressed => "compressed",
        Kind::Recompressed => "recompressed with a secondary algorithm",
        Kind::Same => "same: a page of one word, which takes no memory",
        Kind::Huge => "huge: stored as it is",
        Kind::Incompressible => "incompressible: no algorithm makes it smaller",
        Kind::Idle => "idle: marked as not used for long",
        Kind::WrittenBack => "written back to the backing device",
        Kind::Free => "free",
        Kind::Unknown => "blank: not looked at yet",
    }
}
