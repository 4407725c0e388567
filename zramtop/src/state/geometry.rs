//! What has which place on the screen.
//!
//! Keys need it as well as drawing does: the cursor moves by the rows of a map, and what is on the screen is what is looked at.

use ratatui::layout::{Constraint, Layout, Rect};

/// Columns from which on there is room beside the map.
const WIDE: u16 = 100;

/// Columns of what stands beside it.
const SIDE: u16 = 32;

/// The frame of every view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Screen {
    /// The line with what this is.
    pub title: Rect,
    /// The line with the views.
    pub tabs: Rect,
    /// The view.
    pub body: Rect,
    /// The line with the keys.
    pub footer: Rect,
}

/// Of a screen with so many columns and lines.
#[must_use]
pub fn screen((width, height): (u16, u16)) -> Screen {
    let rows = [Constraint::Length(1), Constraint::Length(1), Constraint::Fill(1), Constraint::Length(1)];
    let [title, tabs, body, footer] = Layout::vertical(rows).areas(Rect::new(0, 0, width, height));
    Screen { title, tabs, body, footer }
}

/// The view of slots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slots {
    /// The line about the device.
    pub head: Rect,
    /// The numbers of the rows' first slots.
    pub gutter: Rect,
    /// The cells.
    pub map: Rect,
    /// What is at the cursor.
    pub cursor: Rect,
    /// What the glyphs mean, and how many there are.
    pub legend: Rect,
    /// Whether cursor and legend stand beside the map.
    pub beside: bool,
}

/// Of a screen, for a device with so many slots.
#[must_use]
pub fn slots(size: (u16, u16), slots: u64) -> Slots {
    let body = screen(size).body;
    let digits = slots.saturating_sub(1).checked_ilog10().unwrap_or(0) + 1;
    let gutter = u16::try_from(digits + 2).unwrap_or(8).max(4);
    let [head, rest] = Layout::vertical([Constraint::Length(1), Constraint::Fill(1)]).areas(body);
    let beside = body.width >= WIDE;
    let (map, cursor, legend) = if beside {
        let [map, _, side] =
            Layout::horizontal([Constraint::Fill(1), Constraint::Length(2), Constraint::Length(SIDE)])
                .areas(rest);
        let [legend, cursor] = Layout::vertical([Constraint::Length(18), Constraint::Fill(1)]).areas(side);
        (map, cursor, legend)
    } else {
        let below = if body.height >= 16 {
            [Constraint::Length(2), Constraint::Length(3)]
        } else {
            [Constraint::Length(1), Constraint::Length(3)]
        };
        let [map, cursor, legend] = Layout::vertical([Constraint::Fill(1), below[0], below[1]]).areas(rest);
        (map, cursor, legend)
    };
    let [gutter, map] = Layout::horizontal([Constraint::Length(gutter), Constraint::Fill(1)]).areas(map);
    Slots { head, gutter, map, cursor, legend, beside }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_map_has_room_on_every_screen() {
        for size in [(60, 15), (80, 24), (120, 40), (200, 60)] {
            for slots in [1, 16_384, 4 << 20] {
                let places = super::slots(size, slots);
                assert!(places.map.width >= 40 && places.map.height >= 6, "{size:?} {places:?}");
                assert!(places.map.right() <= size.0 && places.legend.bottom() < size.1);
            }
        }
    }
}
