//! All devices, a line each, and the selected one in more detail.

use ratatui::{
    Frame,
    layout::{Constraint, Layout, Rect},
    text::{Line, Span},
};

use super::paint::{Column, algorithms, bar, missing, over_time, percent};
use crate::state::{
    Device, State,
    history::Series,
    look::{Part, Sign},
};

/// Columns of the table, with what each is worth: where there is no room for all, those of the highest numbers are left out.
const COLUMNS: [(Column, u32); 10] = [
    (Column::left("DEVICE", 7), 0),
    (Column::left("ALGORITHM", 10), 4),
    (Column::right("SIZE", AMOUNT), 6),
    (Column::right("STORED", AMOUNT), 0),
    (Column::right("MEMORY", AMOUNT), 0),
    (Column::right("RATIO", 6), 1),
    (Column::right("FRAG", 5), 5),
    (Column::right("LIMIT", AMOUNT), 7),
    (Column::right("BACKING", AMOUNT), 3),
    (Column::left("USE", 12), 2),
];

/// Stands for the width of an amount, which depends on the units.
const AMOUNT: usize = 0;

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, state: &State) {
    let devices = state.listed();
    if devices.is_empty() {
        let why = "`zramctl-rs setup` sets one up; a shows those that are not.";
        missing(frame, area, state, "No zram device is set up", why);
        return;
    }
    // The rest is for the device that is selected.
    let most = usize::from(area.height.saturating_sub(7)).max(1);
    let rows = devices.len().min(most);
    let height = u16::try_from(rows + 2).unwrap_or(area.height);
    let [table, detail] = Layout::vertical([Constraint::Length(height), Constraint::Fill(1)]).areas(area);
    list(frame, table, state, &devices, rows);
    if let Some(device) = state.device() {
        about(frame, detail, state, device);
    }
}

fn list(frame: &mut Frame<'_>, area: Rect, state: &State, devices: &[&Device], rows: usize) {
    let look = state.look;
    let room = usize::from(area.width).saturating_sub(3);
    let mut worth = 7;
    let width = |column: &Column| if column.width == AMOUNT { look.units.width() } else { column.width };
    let taken = |worth: u32| -> usize {
        COLUMNS.iter().filter(|(_, needed)| *needed <= worth).map(|(column, _)| width(column) + 1).sum()
    };
    while worth > 0 && taken(worth) > room {
        worth -= 1;
    }
    let columns: Vec<(usize, Column)> = COLUMNS
        .iter()
        .enumerate()
        .filter(|(_, (_, needed))| *needed <= worth)
        .map(|(at, (column, _))| (at, Column { width: width(column), ..*column }))
        .collect();
    let heading: Vec<String> = columns.iter().map(|(_, column)| column.cell(column.heading)).collect();
    let mut lines = area.rows();
    if let Some(line) = lines.next() {
        frame.render_widget(
            Line::styled(format!("   {}", heading.join(" ")), look.style(Part::Heading)),
            line,
        );
    }
    let at = devices.iter().position(|device| device.sample.device == state.selected).unwrap_or(0);
    let first = at.saturating_sub(rows.saturating_sub(1));
    for (device, line) in devices.iter().skip(first).take(rows).zip(lines) {
        let is_selected = device.sample.device == state.selected;
        let cells = cells(state, device);
        let mut spans = vec![Span::styled(
            format!(" {} ", if is_selected { look.sign(Sign::Pointer) } else { " " }),
            look.style(Part::Key),
        )];
        for (at, column) in &columns {
            let style = match at {
                0 => look.style(Part::Key),
                1 => look.style(Part::Dim),
                _ => ratatui::style::Style::new(),
            };
            // The last column has what room there is.
            let text = if *at == 9 { cells[*at].clone() } else { column.cell(&cells[*at]) };
            spans.push(Span::styled(text + " ", style));
        }
        frame.render_widget(Line::from(spans), line);
    }
}

fn cells(state: &State, device: &Device) -> [String; 10] {
    let attributes = &device.sample.attributes;
    let amount = |bytes: u64| state.look.units.amount(bytes);
    let none = || "-".to_owned();
    if !attributes.initialised {
        let mut cells = [(); 10].map(|()| none());
        cells[0] = device.name();
        cells[9] = "not set up".to_owned();
        return cells;
    }
    [
        device.name(),
        algorithms(device),
        amount(attributes.disksize),
        amount(attributes.stored),
        amount(attributes.memory),
        attributes.ratio().map_or_else(none, |ratio| format!("{ratio:.2}")),
        attributes.fragmentation().map_or_else(none, |part| format!("{:.0}%", part * 100.0)),
        if attributes.limit == 0 { none() } else { amount(attributes.limit) },
        attributes.backing.as_ref().map_or_else(none, |backing| amount(backing.used)),
        if attributes.uses.is_empty() { none() } else { attributes.uses.join(", ") },
    ]
}

/// The selected device: what is full, and what moves. The most important lines first, since the last may have no place.
fn about(frame: &mut Frame<'_>, area: Rect, state: &State, device: &Device) {
    let look = state.look;
    let attributes = &device.sample.attributes;
    let amount = |bytes: u64| look.units.amount(bytes);
    let mut lines = Vec::new();
    let title = format!(" {}", device.name());
    if !attributes.initialised {
        lines.push(Line::from(vec![
            Span::styled(title, look.style(Part::Key)),
            Span::raw(" is not set up: `zramctl-rs setup` does that"),
        ]));
    } else {
        lines.push(Line::from(vec![
            Span::styled(title, look.style(Part::Key)),
            Span::styled(" now", look.style(Part::Dim)),
        ]));
        let width = usize::from(area.width / 3).clamp(12, 50);
        let share = |part: u64, all: u64| if all == 0 { 0.0 } else { part as f64 / all as f64 };
        let mut gauge = |name: &str, part: f64, other: f64, text: String| {
            let mut spans = vec![Span::raw(format!("   {name:<9}"))];
            spans.extend(bar(look, width, part, other));
            spans.push(Span::raw(format!("  {text}")));
            lines.push(Line::from(spans));
        };
        let away = attributes.stored - attributes.in_memory();
        gauge(
            "stored",
            share(attributes.in_memory(), attributes.disksize),
            share(away, attributes.disksize),
            format!(
                "{} of {}, {}",
                amount(attributes.stored),
                amount(attributes.disksize),
                percent(attributes.stored, attributes.disksize)
            ),
        );
        let lost = attributes.memory.saturating_sub(attributes.compressed);
        let most =
            if attributes.limit == 0 { attributes.peak.max(attributes.memory) } else { attributes.limit };
        let limit = if attributes.limit == 0 { "peak" } else { "limit" };
        gauge(
            "memory",
            share(attributes.compressed, most),
            share(lost, most),
            if area.width < 70 {
                format!("{} of {limit} {}", amount(attributes.memory), amount(most))
            } else {
                format!("{} of {limit} {}, {} lost", amount(attributes.memory), amount(most), amount(lost))
            },
        );
        if let Some(backing) = &attributes.backing {
            let size = backing.size.map_or_else(|| "?".to_owned(), amount);
            gauge(
                "backing",
                share(backing.used, backing.size.unwrap_or(0)),
                0.0,
                format!("{} of {size} on {}", amount(backing.used), backing.path),
            );
        }
        let history = &device.history;
        let mut moving = |name: &str, series: &Series, is_rate: bool| {
            let Some(last) = series.last() else { return };
            let last_wide = look.units.width() + 3;
            let width = usize::from(area.width).saturating_sub(14 + last_wide);
            let now = if is_rate { format!("{}/s", amount(last)) } else { amount(last) };
            lines.push(Line::from(vec![
                Span::raw(format!("   {name:<9}")),
                Span::styled(over_time(look, width, series.newest(width)), look.style(Part::Bar)),
                Span::raw(format!(" {now:>last_wide$}")),
            ]));
        };
        moving("written", &history.written, true);
        moving("read", &history.read, true);
        if attributes.backing.is_some() {
            moving("out", &history.out, true);
            moving("back", &history.back, true);
        }
        moving("memory", &history.memory, false);
        moving("given up", &history.given_up, true);
        if history.written.last().is_none() && history.stored.newest(2).count() > 1 {
            lines.push(Line::styled("   reads and writes are not counted here", look.style(Part::Dim)));
        }
    }
    let used = u16::try_from(lines.len()).unwrap_or(area.height);
    for (line, row) in lines.into_iter().zip(area.rows()) {
        frame.render_widget(line, row);
    }
    let left = area.height.saturating_sub(used + 2).min(20);
    if left > 0 && !device.table.is_empty() && device.unseen.is_none() {
        let row = Rect { y: area.y + used + 1, height: 1, ..area };
        let text =
            format!("   slots    {} of {} hold something", device.table.total().held(), device.table.len());
        frame.render_widget(Span::styled(text, look.style(Part::Dim)), row);
        let map = Rect { x: area.x + 3, y: row.y + 1, width: area.width.saturating_sub(6), height: left };
        let layout = crate::map::Layout::new(map.width.into(), map.height.into(), device.table.len(), 0, 0);
        super::slots::cells(frame, map, state, device, layout, None);
    }
}
