//! What views are made of.

use ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Span},
    widgets::{Paragraph, Wrap},
};
use unicode_width::UnicodeWidthStr;

use crate::{
    sample::{Flags, Kind},
    state::{
        Device, Look, State,
        look::{Part, Sign},
    },
};

/// A bar: so much of it, so much of another part, and the rest.
pub(super) fn bar(look: Look, width: usize, part: f64, other: f64) -> Vec<Span<'static>> {
    let cells = |share: f64| {
        let share = if share.is_finite() { share.clamp(0.0, 1.0) } else { 0.0 };
        // What is there is seen, however little it is.
        let cells = (share * width as f64).round() as usize;
        if share > 0.0 { cells.max(1) } else { cells }
    };
    let first = cells(part).min(width);
    let second = cells(other).min(width - first);
    let [full, half, rest] = look.bar();
    let row = |glyph: char, count: usize| glyph.to_string().repeat(count);
    vec![
        Span::styled(row(full, first), look.style(Part::Bar)),
        Span::styled(row(half, second), look.style(Part::Other)),
        Span::styled(row(rest, width - first - second), look.style(Part::Dim)),
    ]
}

/// A line over time, the newest at the right end: one glyph each, the highest of them full.
pub(super) fn over_time(look: Look, width: usize, values: impl Iterator<Item = u64>) -> String {
    let values: Vec<u64> = values.collect();
    let most = values.iter().copied().max().unwrap_or(0);
    let blank = " ".repeat(width.saturating_sub(values.len()));
    let glyphs = values.iter().map(|value| step(look, *value, most));
    blank + &glyphs.collect::<String>()
}

/// The step of a value where the largest is `most`. Only nothing is blank.
pub(super) fn step(look: Look, value: u64, most: u64) -> char {
    let steps = look.steps();
    let step = (u128::from(value) * 8).div_ceil(u128::from(most.max(1)));
    steps[usize::try_from(step).unwrap_or(8).min(8)]
}

/// Filled up with blanks, or cut, to a width.
pub(super) fn fit(text: &str, width: usize) -> String {
    let mut shown = String::new();
    let mut used = 0;
    for c in text.chars() {
        let wide = c.to_string().width();
        if used + wide > width {
            break;
        }
        shown.push(c);
        used += wide;
    }
    shown + &" ".repeat(width - used)
}

/// The line about a device at the top of its views, cut where there is no room for more.
pub(super) fn about(state: &State, device: &Device) -> Line<'static> {
    let look = state.look;
    let attributes = &device.sample.attributes;
    let mut spans = vec![Span::styled(format!(" {}", device.name()), look.style(Part::Key))];
    let mut add = |text: String| {
        spans.push(Span::styled(format!(" {} ", look.sign(Sign::Dot)), look.style(Part::Dim)));
        spans.push(Span::raw(text));
    };
    if !attributes.initialised {
        add("not set up".to_owned());
        return Line::from(spans);
    }
    let amount = |bytes| look.units.amount(bytes);
    add(format!("{} stored of {}", amount(attributes.stored), amount(attributes.disksize)));
    add(format!("{} memory", amount(attributes.memory)));
    if let Some(ratio) = attributes.ratio() {
        add(format!("ratio {ratio:.2}"));
    }
    add(algorithms(device));
    if !attributes.uses.is_empty() {
        add(attributes.uses.join(", "));
    }
    Line::from(spans)
}

/// `lz4+zstd`: the algorithms, in the order in which they are tried.
pub(super) fn algorithms(device: &Device) -> String {
    let attributes = &device.sample.attributes;
    let first = attributes.algorithm.as_deref().unwrap_or("none");
    let others = attributes.recompression.iter().map(String::as_str);
    std::iter::once(first).chain(others).collect::<Vec<_>>().join("+")
}

/// A part of something, in hundredths.
pub(super) fn percent(part: u64, all: u64) -> String {
    if all == 0 {
        return "-".to_owned();
    }
    let permille = u128::from(part) * 1000 / u128::from(all);
    match permille {
        0 if part == 0 => "0%".to_owned(),
        0 => "<0.1%".to_owned(),
        1..100 => format!("{}.{}%", permille / 10, permille % 10),
        _ => format!("{}%", permille / 10),
    }
}

/// A time as the largest whole unit.
pub(super) fn short(seconds: u64) -> String {
    match seconds {
        0..120 => format!("{seconds}s"),
        120..7200 => format!("{}m", seconds / 60),
        7200..172_800 => format!("{}h", seconds / 3600),
        _ => format!("{}d", seconds / 86_400),
    }
}

/// Nanoseconds, in a unit that makes them short.
pub(super) fn time(look: Look, nanos: u64) -> String {
    match nanos {
        0..1_000 => format!("{nanos}ns"),
        1_000..1_000_000 => format!("{}{}", nanos / 1000, look.sign(Sign::Micro)),
        1_000_000..1_000_000_000 => format!("{}ms", nanos / 1_000_000),
        _ => format!("{}s", nanos / 1_000_000_000),
    }
}

/// In the place of a view that cannot work: what is missing.
pub(super) fn missing(frame: &mut Frame<'_>, area: Rect, state: &State, what: &str, why: &str) {
    let look = state.look;
    let lines = vec![
        Line::default(),
        Line::from(vec![
            Span::styled(format!(" {} ", look.sign(Sign::Warning)), look.style(Part::Warning)),
            Span::styled(what.to_owned(), look.style(Part::Heading)),
        ]),
    ];
    frame.render_widget(Paragraph::new(lines), area);
    let below = Rect {
        x: area.x + 3,
        y: area.y + 2,
        width: area.width.saturating_sub(4),
        height: area.height.saturating_sub(2),
    };
    frame.render_widget(Paragraph::new(why).wrap(Wrap { trim: false }), below.intersection(area));
}

/// What a slot is, in words.
#[must_use]
pub fn words(flags: Flags) -> String {
    match flags.kind() {
        Kind::Unknown => return "not looked at yet".to_owned(),
        Kind::Free => return "free".to_owned(),
        _ => {}
    }
    let stored = match (flags.has(Flags::SAME), flags.has(Flags::HUGE)) {
        (true, _) => "same",
        (_, true) => "huge",
        _ => "compressed",
    };
    let mut words = vec![stored];
    let more = [
        (Flags::WRITTEN_BACK, "written-back"),
        (Flags::IDLE, "idle"),
        (Flags::RECOMPRESSED, "recompressed"),
        (Flags::INCOMPRESSIBLE, "incompressible"),
    ];
    words.extend(more.into_iter().filter_map(|(flag, word)| flags.has(flag).then_some(word)));
    words.join(" ")
}

/// A column of a table: numbers stand to the right, others to the left.
#[derive(Clone, Copy)]
pub(super) struct Column {
    pub(super) heading: &'static str,
    pub(super) width: usize,
    pub(super) is_left: bool,
}

impl Column {
    pub(super) const fn right(heading: &'static str, width: usize) -> Self {
        Self { heading, width, is_left: false }
    }

    pub(super) const fn left(heading: &'static str, width: usize) -> Self {
        Self { heading, width, is_left: true }
    }

    pub(super) fn cell(&self, text: &str) -> String {
        let short = fit(text, self.width);
        if self.is_left {
            short
        } else {
            let text = short.trim_end();
            " ".repeat(self.width - text.width()) + text
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::{Glyphs, Units};

    const LOOK: Look = Look { color: false, glyphs: Glyphs::Letters, units: Units::Short };

    #[test]
    fn bars_are_as_long_as_they_may_be() {
        let text = |part, other| {
            bar(LOOK, 10, part, other).iter().map(|span| span.content.to_string()).collect::<String>()
        };
        assert_eq!(text(0.5, 0.2), "#####==...");
        assert_eq!(text(0.001, 0.0), "#.........");
        assert_eq!(text(1.5, 0.5), "##########");
        assert_eq!(text(f64::NAN, 0.0), "..........");
    }

    #[test]
    fn only_nothing_is_blank() {
        assert_eq!(over_time(LOOK, 6, [0, 1, 500, 1000].into_iter()), "   .=@");
        assert_eq!(over_time(LOOK, 3, [0, 0, 0].into_iter()), "   ");
    }

    #[test]
    fn parts_are_short() {
        assert_eq!(
            [percent(0, 0), percent(0, 5), percent(1, 10_000), percent(55, 1000), percent(1, 2)].join(" "),
            "- 0% <0.1% 5.5% 50%"
        );
        assert_eq!(fit("aé日本", 5), "aé日 ");
    }
}
