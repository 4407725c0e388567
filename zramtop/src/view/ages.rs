//! For how long slots were not touched.

use ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Span},
};

use super::paint::{about, bar, missing, percent};
use crate::{
    map::ages::BOUNDS,
    sample::SECOND,
    state::{State, look::Part},
};

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, state: &State) {
    let Some(device) = state.device() else { return };
    let look = state.look;
    let ages = device.table.ages();
    let held = u64::from(device.table.total().held());
    if let Some(why) = &device.unseen {
        missing(frame, area, state, "The ages of this device's slots cannot be seen", why);
        return;
    }
    if held == 0 {
        let why = "Nothing is stored on this device, as far as it was looked at: [ and ] choose another one.";
        missing(frame, area, state, "There are no ages", why);
        return;
    }
    if ages.unknown() == held {
        let why = "Its kernel keeps no times of accesses: that takes CONFIG_ZRAM_TRACK_ENTRY_ACTIME.";
        missing(frame, area, state, "No slot has an age", why);
        return;
    }
    let mut lines = vec![about(state, device), Line::default()];
    let now = u32::try_from(device.boot_micros / SECOND).unwrap_or(u32::MAX);
    let bars = ages.histogram(now);
    let most = bars.iter().map(|(here, away)| here + away).max().unwrap_or(0).max(1);
    let amount = look.units.width();
    let width = usize::from(area.width).saturating_sub(37 + amount).max(8);
    let [full, half, _] = look.bar();
    lines.push(Line::styled(
        format!(" {:<16}{:width$} {:>9} {:>amount$} {:>6}", "not touched for", "", "slots", "pages", "part"),
        look.style(Part::Heading),
    ));
    let mut before = "0 s";
    for ((here, away), (_, name)) in bars.into_iter().zip(BOUNDS) {
        let slots = here + away;
        let label = if name == "older" { format!("over {before}") } else { format!("{before} to {name}") };
        let mut spans = vec![Span::raw(format!(" {label:<16}"))];
        spans.extend(bar(look, width, here as f64 / most as f64, away as f64 / most as f64));
        let size = look.units.amount(slots.saturating_mul(device.sample.page));
        spans.push(Span::raw(format!(" {slots:>9} {size:>amount$} {:>6}", percent(slots, held))));
        let line = Line::from(spans);
        lines.push(if slots == 0 { line.style(look.style(Part::Dim)) } else { line });
        before = name;
    }
    let unknown = ages.unknown();
    if unknown > 0 {
        lines.push(Line::styled(
            format!(
                " {:<16}{:width$} {unknown:>9} {:>amount$} {:>6}",
                "not known",
                "",
                look.units.amount(unknown * device.sample.page),
                percent(unknown, held)
            ),
            look.style(Part::Dim),
        ));
    }
    let mut foot = vec![
        Span::styled(format!(" {full} "), look.style(Part::Bar)),
        Span::raw("in memory   "),
        Span::styled(format!("{half} "), look.style(Part::Other)),
        Span::raw("written back"),
    ];
    let (known, all) = (device.table.known(), device.table.len());
    if known < all {
        foot.push(Span::styled(
            format!("   {} of the slots were looked at", percent(known, all)),
            look.style(Part::Warning),
        ));
    }
    if area.height > 15 {
        lines.push(Line::default());
    }
    let rows = usize::from(area.height);
    if lines.len() >= rows {
        // What is least of use where there is no room.
        lines.remove(1);
        lines.truncate(rows - 1);
    }
    lines.push(Line::from(foot));
    for (line, row) in lines.into_iter().zip(area.rows()) {
        frame.render_widget(line, row);
    }
}
