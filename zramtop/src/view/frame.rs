//! What is around a view: what this is, which views there are, which keys help.

use ratatui::{
    Frame,
    layout::{Alignment, Rect},
    text::{Line, Span},
    widgets::Paragraph,
};

use super::paint::{missing, short};
use crate::state::{
    State, View,
    look::{Part, Sign},
    update::uptime,
};

/// What this is, and whether it is fresh.
pub(super) fn title(frame: &mut Frame<'_>, area: Rect, state: &State) {
    let look = state.look;
    let mut left = vec![Span::styled(" zramtop", look.style(Part::Heading))];
    if let Some(about) = &state.about {
        left.push(Span::styled(format!("  {}", about.kind), look.style(Part::Key)));
        left.push(Span::styled(format!("  {}", about.what), look.style(Part::Dim)));
    }
    let mut right = Vec::new();
    if state.pace.speed != 1.0 {
        right.push(Span::raw(format!("{}x  ", state.pace.speed)));
    }
    if state.ended {
        right.push(Span::styled("at its end", look.style(Part::Heading)));
    } else if state.pace.paused {
        right.push(Span::styled("paused", look.style(Part::Heading)));
    } else if let Some(stale) = state.stale() {
        let told = format!("{} no answer for {}", look.sign(Sign::Warning), short(stale.as_secs()));
        right.push(Span::styled(told, look.style(Part::Warning)));
    } else {
        right.push(Span::styled(look.sign(Sign::Running), look.style(Part::Good)));
    }
    if let Some((boot, _)) = state.moment {
        right.push(Span::raw(format!("  up {} ", uptime(boot))));
    }
    frame.render_widget(Line::from(left), area);
    let right = Line::from(right);
    let width = u16::try_from(right.width() + 1).unwrap_or(area.width).min(area.width);
    let place = Rect { x: area.right() - width, width, ..area };
    frame.render_widget(ratatui::widgets::Clear, place);
    frame.render_widget(Paragraph::new(right).alignment(Alignment::Right), place);
}

/// The views.
pub(super) fn tabs(frame: &mut Frame<'_>, area: Rect, state: &State) {
    let look = state.look;
    let is_narrow = area.width < 78;
    let mut spans = vec![Span::raw(" ")];
    for (number, view) in (1..).zip(View::ALL) {
        let name = if is_narrow { &view.name()[..4] } else { view.name() };
        let style = if view == state.view { look.style(Part::Selected) } else { look.style(Part::Dim) };
        spans.push(Span::styled(format!(" {number} {name} "), style));
    }
    frame.render_widget(Line::from(spans), area);
}

/// What is typed, what is said, or which keys help.
pub(super) fn footer(frame: &mut Frame<'_>, area: Rect, state: &State) {
    let look = state.look;
    if let Some(typed) = &state.typing {
        let text = format!(" slot number, or idle, huge, same, ...: {typed}_");
        frame.render_widget(Span::styled(text, look.style(Part::Heading)), area);
        return;
    }
    let said = state.problem.as_ref().or(state.message.as_ref());
    if let Some(said) = said {
        let style = if state.problem.is_some() { look.style(Part::Warning) } else { look.style(Part::Key) };
        frame.render_widget(Span::styled(format!(" {said}"), style), area);
        return;
    }
    let own: &[(&str, &str)] = if state.help {
        &[("any key", "back")]
    } else {
        match state.view {
            View::Overview => &[("Up/Down", "choose"), ("Enter", "slots"), ("s", "sort"), ("a", "all")],
            View::Slots => {
                &[("arrows", "move"), ("+-", "zoom"), ("/", "search"), ("f", "follow"), ("m", "mark")]
            }
            View::Classes => &[("Up/Down", "scroll"), ("s", "sort"), ("a", "all")],
            View::Events => &[("Up/Down", "scroll")],
            View::Ages | View::Writeback | View::Latency => &[("[ ]", "device")],
        }
    };
    // Whole words: what has no room is left out, and the way out and to the rest never is.
    let always = [("?", "help"), ("q", "quit")];
    let wide = |(key, what): &(&str, &str)| key.len() + what.len() + 3;
    let mut room = usize::from(area.width).saturating_sub(always.iter().map(wide).sum());
    let mut shown: Vec<(&str, &str)> = Vec::new();
    for key in own.iter().copied().chain([("Space", "pause")]) {
        if wide(&key) <= room {
            room -= wide(&key);
            shown.push(key);
        }
    }
    let mut spans = Vec::new();
    for (key, what) in shown.into_iter().chain(always) {
        spans.push(Span::styled(format!(" {key}"), look.style(Part::Key)));
        spans.push(Span::styled(format!(" {what} "), look.style(Part::Dim)));
    }
    frame.render_widget(Line::from(spans), area);
}

/// Before there is a device.
pub(super) fn empty(frame: &mut Frame<'_>, area: Rect, state: &State) {
    if state.moment.is_some() {
        let why = "Load the module (`modprobe zram`) and set a device up (`zramctl-rs setup`), and it appears here. \
                   `zramtop --sim` shows a simulated machine.";
        missing(frame, area, state, "There is no zram device", why);
    } else if let Some(problem) = &state.problem {
        missing(frame, area, state, "zram cannot be looked at", problem);
    } else {
        frame.render_widget(Span::styled(" looking ...", state.look.style(Part::Dim)), area);
    }
}
