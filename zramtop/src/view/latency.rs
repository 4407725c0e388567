//! How long things take.

use ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Span},
};

use super::paint::{about, missing, step, time};
use crate::{
    sample::{Histogram, Known, latency::Row},
    state::{State, look::Part},
};

/// Buckets that have a column: up to eight seconds.
const SHOWN: usize = 25;

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, state: &State) {
    let Some(device) = state.device() else { return };
    let look = state.look;
    let latency = match device.latency() {
        Known::Here(latency) => latency,
        Known::Missing(why) => {
            missing(frame, area, state, "How long things take is not known", why);
            return;
        }
        Known::Unasked => {
            missing(frame, area, state, "How long things take is not known", "Nobody measures it here.");
            return;
        }
    };
    let rows = [
        ("write", Row::Write, &latency.write),
        ("read", Row::Read, &latency.read),
        ("read back", Row::ReadBack, &latency.read_back),
        ("wait", Row::Wait, &latency.wait),
        ("run", Row::Run, &latency.run),
    ];
    // Each bucket as wide, and each histogram as high, as there is room.
    let wide = (usize::from(area.width).saturating_sub(36) / SHOWN).clamp(1, 5);
    let high = usize::from(area.height.saturating_sub(5) / 5).clamp(1, 6);
    let mut lines = vec![about(state, device)];
    lines.push(Line::styled(
        format!(" {:<10}{:>8} {:>6} {:>6}  how many took how long", "", "count", "half", "99%"),
        look.style(Part::Heading),
    ));
    for (name, row, histogram) in rows {
        if latency.unseen.contains(&row) {
            let told = format!(" {name:<10}this kernel does not show where it begins or ends");
            lines.push(Line::styled(told, look.style(Part::Dim)));
            continue;
        }
        lines.extend(rows_of(state, name, histogram, wide, high));
    }
    let mut axis = String::new();
    for at in [0, 6, 12, 18, 23] {
        let column = at * wide;
        if axis.is_empty() || axis.chars().count() < column {
            // Where the bucket begins.
            let label = if at == 0 { "0".to_owned() } else { time(look, 1 << (at + 7)) };
            axis = format!("{axis:<column$}{label}");
        }
    }
    lines.push(Line::styled(format!(" {:<34}{axis}", ""), look.style(Part::Dim)));
    if high > 1 || usize::from(area.height) > lines.len() + 1 {
        let about = match latency.lost {
            0 => "wait and run: a worker decompresses what was read back".to_owned(),
            lost => format!("{lost} events were lost: more happened than the probes' buffer holds"),
        };
        lines.push(Line::styled(format!(" {about}"), look.style(Part::Dim)));
    }
    for (line, row) in lines.into_iter().zip(area.rows()) {
        frame.render_widget(line, row);
    }
}

/// A histogram of so many lines.
fn rows_of(state: &State, name: &str, histogram: &Histogram, wide: usize, high: usize) -> Vec<Line<'static>> {
    let look = state.look;
    let mut counts = [0_u64; SHOWN];
    for (bar, (_, count)) in counts.iter_mut().zip(histogram.buckets()) {
        *bar = count;
    }
    let most = counts.iter().copied().max().unwrap_or(0);
    let quantile =
        |permille| histogram.quantile(permille).map_or_else(|| "-".to_owned(), |nanos| time(look, nanos));
    let mut lines = Vec::new();
    for level in (0..high).rev() {
        let head = if level == 0 {
            format!(" {name:<10}{:>8} {:>6} {:>6}  ", histogram.total(), quantile(500), quantile(990))
        } else {
            " ".repeat(34)
        };
        let glyphs: String = counts
            .iter()
            .flat_map(|count| {
                // Eighths of a line, all of them together as high as the histogram.
                let height = u64::try_from(high * 8).unwrap_or(8);
                let eighths = (count * height).div_ceil(most.max(1));
                let here = eighths.saturating_sub(u64::try_from(level * 8).unwrap_or(0)).min(8);
                let glyph = if *count == 0 && level == 0 { look.shades()[0] } else { step(look, here, 8) };
                std::iter::repeat_n(glyph, wide)
            })
            .collect();
        let (plain, bars) = (Span::raw(head), Span::styled(glyphs, look.style(Part::Bar)));
        lines.push(Line::from(vec![plain, Span::raw(" "), bars]));
    }
    lines
}
