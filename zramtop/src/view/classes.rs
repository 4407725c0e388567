//! The allocator's size classes: how full they are, what they waste, what compaction would free.

use ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Span},
};

use super::paint::{about, missing, step};
use crate::{
    sample::{Class, Known},
    state::{Look, State, look::Part},
};

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, state: &State) {
    let Some(device) = state.device() else { return };
    let look = state.look;
    let classes = match &device.classes {
        Known::Here(classes) => classes,
        Known::Missing(why) => {
            missing(frame, area, state, "The allocator's classes cannot be seen", why);
            return;
        }
        Known::Unasked if device.sample.attributes.initialised => {
            frame.render_widget(Span::styled(" looking ...", look.style(Part::Dim)), area);
            return;
        }
        Known::Unasked => {
            missing(frame, area, state, "This device has no pool", "It is not set up: [ and ] choose another one.");
            return;
        }
    };
    let page = device.sample.page;
    let mut shown: Vec<&Class> = classes.iter().filter(|class| state.all || class.allocated > 0).collect();
    if state.by_waste {
        shown.sort_by_key(|class| (std::cmp::Reverse(class.waste(page)), class.index));
    }
    let waste: u64 = classes.iter().map(|class| class.waste(page)).sum();
    let freeable: u64 = classes.iter().map(|class| class.freeable).sum();
    let pages: u64 = classes.iter().map(|class| class.pages).sum();
    let amount = |bytes: u64| look.units.amount(bytes);
    let mut lines = vec![about(state, device)];
    lines.push(Line::from(vec![
        Span::raw(" in zspages "),
        Span::styled(amount(pages * page), look.style(Part::Heading)),
        Span::raw("   holding no object "),
        Span::styled(amount(waste), look.style(Part::Heading)),
        Span::raw("   compaction would free "),
        Span::styled(amount(freeable * page), look.style(Part::Heading)),
    ]));
    let groups = shown.iter().map(|class| class.fullness.len()).max().unwrap_or(0);
    let is_wide = area.width >= 76;
    let heading = if is_wide {
        format!(
            " {:>5} {:>5} {:>9} {:>9} {:>8} {:groups$} {:>8} {:>8}  zspages by how full",
            "class", "size", "objects", "room", "memory", "empty to full", "waste", "freeable", groups = groups.max(13)
        )
    } else {
        format!(" {:>5} {:>9} {:>8} {:groups$} {:>7} {:>8}", "size", "objects", "memory", "empty to full", "waste", "freeable", groups = groups.max(13))
    };
    let heading = heading.trim_end_matches("  zspages by how full").to_owned();
    lines.push(Line::styled(heading, look.style(Part::Heading)));
    let rows = usize::from(area.height).saturating_sub(lines.len());
    let first = state.scroll.min(shown.len().saturating_sub(rows));
    for class in shown.iter().skip(first).take(rows) {
        let wide = groups.max(13);
        let full = fullness(look, class);
        let pad = " ".repeat(wide.saturating_sub(class.fullness.len()));
        let before = if is_wide {
            format!(
                " {:>5} {:>5} {:>9} {:>9} {:>8} ",
                class.index,
                class.size,
                class.used,
                class.allocated,
                amount(class.pages * page)
            )
        } else {
            format!(" {:>5} {:>9} {:>8} ", class.size, class.used, amount(class.pages * page))
        };
        let width = if is_wide { 8 } else { 7 };
        lines.push(Line::from(vec![
            Span::raw(before),
            Span::styled(full, look.style(Part::Bar)),
            Span::raw(format!("{pad} {:>width$} {:>8}", amount(class.waste(page)), amount(class.freeable * page))),
        ]));
    }
    for (line, row) in lines.into_iter().zip(area.rows()) {
        frame.render_widget(line, row);
    }
}

/// Zspages by how full they are, the emptiest first; those without any are a dot.
fn fullness(look: Look, class: &Class) -> String {
    let most = class.fullness.iter().copied().max().unwrap_or(0);
    let blank = look.shades()[0];
    class.fullness.iter().map(|zspages| if *zspages == 0 { blank } else { step(look, *zspages, most) }).collect()
}
