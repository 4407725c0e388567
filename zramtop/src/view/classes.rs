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
            missing(
                frame,
                area,
                state,
                "This device has no pool",
                "It is not set up: [ and ] choose another one.",
            );
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
    let is_wide = area.width >= 76;
    let [held, lost, free] = if is_wide {
        ["in zspages", "holding no object", "compaction would free"]
    } else {
        ["memory", "waste", "freeable"]
    };
    let mut spans = Vec::new();
    for (name, bytes) in [(held, pages * page), (lost, waste), (free, freeable * page)] {
        spans.push(Span::raw(format!(" {name} ")));
        spans.push(Span::styled(format!("{}  ", amount(bytes)), look.style(Part::Heading)));
    }
    lines.push(Line::from(spans));
    let groups = shown.iter().map(|class| class.fullness.len()).max().unwrap_or(0).max(13);
    let wide = look.units.width();
    let row = |cells: [&str; 5], full: String, waste: &str, freeable: &str| {
        let [index, size, objects, room, memory] = cells;
        let before = if is_wide {
            format!(" {index:>5} {size:>5} {objects:>9} {room:>9} {memory:>wide$} ")
        } else {
            format!(" {size:>5} {objects:>9} {memory:>wide$} ")
        };
        (before, full, format!(" {waste:>wide$} {freeable:>width$}", width = wide.max(8)))
    };
    let (before, full, behind) = row(
        ["class", "size", "objects", "room", "memory"],
        format!("{:groups$}", "empty to full"),
        "waste",
        "freeable",
    );
    lines.push(Line::styled(before + &full + &behind, look.style(Part::Heading)));
    let rows = usize::from(area.height).saturating_sub(lines.len());
    let first = state.scroll.min(shown.len().saturating_sub(rows));
    for class in shown.iter().skip(first).take(rows) {
        let [index, size, objects, room] = [u64::from(class.index), class.size, class.used, class.allocated]
            .map(|number| number.to_string());
        let memory = amount(class.pages * page);
        let full = fullness(look, class) + &" ".repeat(groups.saturating_sub(class.fullness.len()));
        let (before, full, behind) = row(
            [&index, &size, &objects, &room, &memory],
            full,
            &amount(class.waste(page)),
            &amount(class.freeable * page),
        );
        lines.push(Line::from(vec![
            Span::raw(before),
            Span::styled(full, look.style(Part::Bar)),
            Span::raw(behind),
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
    class
        .fullness
        .iter()
        .map(|zspages| if *zspages == 0 { blank } else { step(look, *zspages, most) })
        .collect()
}
