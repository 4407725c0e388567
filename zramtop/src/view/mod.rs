//! Drawing: a screen from a state, and nothing else.
//!
//! * `paint` has what all views are made of: bars, lines over time, tables.
//! * `frame` is what is around a view; `help` lies over it.
//! * The others are the views.

mod ages;
mod classes;
mod events;
mod frame;
mod help;
mod latency;
mod overview;
mod paint;
mod slots;
mod writeback;

pub use paint::words;

use ratatui::Frame;

use crate::state::{State, View, geometry};

/// Draws the screen.
pub fn draw(frame: &mut Frame<'_>, state: &State) {
    let area = frame.area();
    if area.width < 20 || area.height < 6 {
        frame.render_widget("zramtop needs a larger terminal", area);
        return;
    }
    let screen = geometry::screen((area.width, area.height));
    frame::title(frame, screen.title, state);
    frame::tabs(frame, screen.tabs, state);
    frame::footer(frame, screen.footer, state);
    if state.help {
        help::draw(frame, screen.body, state);
    } else if state.devices.is_empty() {
        frame::empty(frame, screen.body, state);
    } else {
        match state.view {
            View::Overview => overview::draw(frame, screen.body, state),
            View::Slots => slots::draw(frame, screen.body, state),
            View::Ages => ages::draw(frame, screen.body, state),
            View::Classes => classes::draw(frame, screen.body, state),
            View::Writeback => writeback::draw(frame, screen.body, state),
            View::Latency => latency::draw(frame, screen.body, state),
            View::Events => events::draw(frame, screen.body, state),
        }
    }
}
