//! What goes to the backing device, and what comes back.

use ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Span},
};

use super::paint::{about, bar, missing, over_time, percent};
use crate::{
    sample::{Flags, Kind},
    state::{
        State,
        history::Series,
        look::{Part, Sign},
    },
};

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, state: &State) {
    let Some(device) = state.device() else { return };
    let look = state.look;
    let Some(backing) = &device.sample.attributes.backing else {
        let why = "Writeback takes a kernel with CONFIG_ZRAM_WRITEBACK, and a backing device that is given before the device is set up: \
                   `zramctl-rs setup --backing`. [ and ] choose another device.";
        missing(frame, area, state, &format!("{} has no backing device", device.name()), why);
        return;
    };
    let amount = |bytes: u64| look.units.amount(bytes);
    let mut lines = vec![about(state, device)];
    let roomy = area.height >= 18;
    let blank = |lines: &mut Vec<Line<'static>>| {
        if roomy {
            lines.push(Line::default());
        }
    };
    blank(&mut lines);
    let size = backing.size.unwrap_or(0);
    let mut spans = vec![Span::raw(" on the disk  ")];
    let share = if size == 0 { 0.0 } else { backing.used as f64 / size as f64 };
    spans.extend(bar(look, usize::from(area.width / 3).clamp(12, 60), share, 0.0));
    let of = backing
        .size
        .map_or_else(String::new, |size| format!(" of {}, {}", amount(size), percent(backing.used, size)));
    spans.push(Span::raw(format!("  {}{of}", amount(backing.used))));
    lines.push(Line::from(spans));
    lines.push(Line::styled(format!("              {}", how(backing)), look.style(Part::Dim)));
    blank(&mut lines);
    let width = usize::from(area.width).saturating_sub(44).max(8);
    let mut flow = |name: &str, sign: Sign, total: u64, series: &Series| {
        let now = series.last().map_or_else(|| "-".to_owned(), |rate| format!("{}/s", amount(rate)));
        lines.push(Line::from(vec![
            Span::raw(format!(" {name:<13}")),
            Span::styled(look.sign(sign), look.style(Part::Key)),
            Span::raw(format!(" {:>9} ", amount(total))),
            Span::styled(over_time(look, width, series.newest(width)), look.style(Part::Bar)),
            Span::raw(format!(" {now:>11}")),
        ]));
    };
    flow("written back", Sign::Out, backing.written, &device.history.out);
    flow("read back", Sign::Back, backing.read, &device.history.back);
    blank(&mut lines);
    let regret = percent(backing.read, backing.written);
    let is_much = backing.read * 4 > backing.written && backing.written > 0;
    lines.push(Line::from(vec![
        Span::raw(" regret       "),
        Span::styled(regret, look.style(if is_much { Part::Warning } else { Part::Heading })),
        Span::raw(" of what was written came back"),
    ]));
    let budget = match backing.limit {
        None => "not limited: writeback_limit_enable is 0".to_owned(),
        Some(0) => "used up: writeback_limit is 0".to_owned(),
        Some(left) => format!("{} may still be written (writeback_limit)", amount(left)),
    };
    lines.push(Line::from(format!(" budget       {budget}")));
    blank(&mut lines);
    lines.push(Line::styled(" what could go", look.style(Part::Heading)));
    if let Some(why) = &device.unseen {
        lines.push(Line::from(format!("   {why}")));
    } else {
        let total = device.table.total();
        let page = device.sample.page;
        let mut row = |name: &str, slots: u32, explained: &str| {
            lines.push(Line::from(vec![
                Span::raw(format!("   {name:<15} {slots:>9} slots {:>9}  ", amount(u64::from(slots) * page))),
                Span::styled(explained.to_owned(), look.style(Part::Dim)),
            ]));
        };
        row("idle", total.kind(Kind::Idle), "type=idle");
        row(
            "huge",
            total.kind(Kind::Huge) + total.kind(Kind::Incompressible),
            "type=huge: a whole page each",
        );
        row("away already", total.flag(Flags::WRITTEN_BACK), "");
    }
    for (line, row) in lines.into_iter().zip(area.rows()) {
        frame.render_widget(line, row);
    }
}

/// How pages are written.
fn how(backing: &crate::sample::Backing) -> String {
    let mut how = backing.path.clone();
    match backing.compressed {
        Some(true) => how.push_str(", compressed as they are in memory"),
        Some(false) => how.push_str(", decompressed"),
        None => {}
    }
    if let Some(batch) = backing.batch {
        how.push_str(&format!(", {batch} at a time"));
    }
    how
}
