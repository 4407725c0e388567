//! What happened, the newest at the bottom.

use ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Span},
};

use crate::state::{State, log::time, look::Part};

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, state: &State) {
    let look = state.look;
    let lines = state.log.lines();
    let rows = usize::from(area.height).saturating_sub(1);
    let heading = format!(" {:>10}  {:<7} what happened", "up", "device");
    let end = lines.len().saturating_sub(state.scroll).max(rows.min(lines.len()));
    let shown = lines.iter().take(end).skip(end.saturating_sub(rows));
    let mut places = area.rows();
    if let Some(row) = places.next() {
        let more =
            if end < lines.len() { format!("   ({} newer below)", lines.len() - end) } else { String::new() };
        let text = vec![
            Span::styled(heading, look.style(Part::Heading)),
            Span::styled(more, look.style(Part::Warning)),
        ];
        frame.render_widget(Line::from(text), row);
    }
    if lines.is_empty()
        && let Some(row) = places.next()
    {
        let text = "   nothing has happened yet since this was started";
        frame.render_widget(Span::styled(text, look.style(Part::Dim)), row);
        return;
    }
    for (told, row) in shown.zip(places) {
        let device = told.device.map_or_else(String::new, |device| format!("zram{device}"));
        frame.render_widget(
            Line::from(vec![
                Span::styled(format!(" {:>10}  ", time(told.boot_micros)), look.style(Part::Dim)),
                Span::styled(format!("{device:<7} "), look.style(Part::Key)),
                Span::raw(told.what.clone()),
            ]),
            row,
        );
    }
}
