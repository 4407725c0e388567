//! Tables in the layout of util-linux' programs, byte for byte, so that scripts that cut columns out of them go on working.
//!
//! A column is as wide as its widest cell and its heading, printed or not. Where a cell is as wide as the heading, it is as wide as it was made for at
//! least; where all are narrower, it is not, for no reason. Cells are separated by one space. The
//! last column is not filled up, but for being right-aligned. In raw form nothing is filled up, and a space within a cell is
//! written as `\x20`, so that the cells of a line can be told apart.
//!
//! On a terminal, and nowhere else, free text such as a path is cut in its middle where the line would not fit: both ends say more than the middle does.
//! Widths are those of a terminal, where a character may take two columns, or none.
//! Cells are filled up first and styled then, so that a style has no width.

use std::io::{self, Write};

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use crate::{
    escape::escaped,
    style::{HEADING, PLAIN, styled},
};

/// A column.
#[derive(Clone, Copy, Debug)]
pub struct Heading {
    /// Its name.
    pub name: &'static str,
    /// Whether cells stand on its right side.
    pub right: bool,
    /// Characters that it was made for.
    pub least: usize,
    /// Whether cells may be cut: free text.
    pub free: bool,
}

/// A cell.
#[derive(Clone, Debug)]
pub struct Cell {
    /// What is in it; `None` is empty.
    pub text: Option<String>,
    /// How it looks.
    pub style: anstyle::Style,
}

/// Characters that are left of a cell that is cut, at least.
const LEAST_CUT: usize = 12;

/// How to print.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Style {
    /// Without filling up.
    pub raw: bool,
    /// Without the line of headings.
    pub no_headings: bool,
    /// Whether headings stand out.
    pub styled: bool,
    /// Columns of the terminal, if it is one.
    pub columns: Option<usize>,
}

/// Prints a table.
///
/// # Errors
/// When it cannot be written.
pub fn print(out: &mut dyn Write, headings: &[Heading], rows: &[Vec<Cell>], style: Style) -> io::Result<()> {
    let mut lines: Vec<Vec<(String, anstyle::Style)>> = Vec::new();
    if !style.no_headings {
        let look = if style.styled { HEADING } else { PLAIN };
        lines.push(headings.iter().map(|heading| (heading.name.to_owned(), look)).collect());
    }
    for row in rows {
        lines.push(row.iter().map(|cell| (shown(cell, style.raw), cell.style)).collect());
    }
    let mut widths = widths(headings, rows, style.raw);
    if let Some(columns) = style.columns {
        squeeze(&mut widths, headings, columns);
    }
    for line in &lines {
        for (at, ((cell, look), heading)) in line.iter().zip(headings).enumerate() {
            let last = at + 1 == headings.len();
            let width = widths[at];
            let cell = if heading.free && !style.raw { &cut(cell, width) } else { cell };
            // An empty cell at the end is left empty.
            if last && cell.is_empty() {
                break;
            }
            let space = " ".repeat(width.saturating_sub(cell.width()));
            let filled = match (style.raw, heading.right, last) {
                (true, ..) | (false, false, true) => cell.clone(),
                (false, true, _) => space + cell,
                (false, false, false) => format!("{cell}{space}"),
            };
            write!(out, "{}", styled(*look, filled))?;
            if !last {
                write!(out, " ")?;
            }
        }
        writeln!(out)?;
    }
    Ok(())
}

/// Columns that a table needs, however much is cut.
#[must_use]
pub fn least_columns(headings: &[Heading], rows: &[Vec<Cell>]) -> usize {
    let mut widths = widths(headings, rows, false);
    squeeze(&mut widths, headings, 0);
    columns(&widths)
}

/// Columns of a line.
fn columns(widths: &[usize]) -> usize {
    widths.iter().sum::<usize>() + widths.len().saturating_sub(1)
}

fn widths(headings: &[Heading], rows: &[Vec<Cell>], raw: bool) -> Vec<usize> {
    let width = |(at, heading): (usize, &Heading)| {
        let cells = rows.iter().map(|row| shown(&row[at], raw).width()).max().unwrap_or(0);
        match heading.name.chars().count() {
            name if cells < name => name,
            _ => cells.max(heading.least),
        }
    };
    headings.iter().enumerate().map(width).collect()
}

/// Takes from free text, the widest first, until a line fits.
fn squeeze(widths: &mut [usize], headings: &[Heading], into: usize) {
    while columns(widths) > into {
        let free =
            widths.iter_mut().zip(headings).filter(|(_, heading)| heading.free).map(|(width, _)| width);
        match free.max() {
            Some(width) if *width > LEAST_CUT => *width -= 1,
            _ => return,
        }
    }
}

/// Both ends of a text that is too wide. The end of a path says more than its beginning.
fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let left = width.saturating_sub(1) * 2 / 5;
    let right = width.saturating_sub(1 + left);
    let end: String = first(text.chars().rev(), right);
    first(text.chars(), left) + "…" + &end.chars().rev().collect::<String>()
}

/// As many characters as fit into so many columns.
fn first(characters: impl Iterator<Item = char>, mut columns: usize) -> String {
    let fits = |c: &char| {
        let left = columns.checked_sub(c.width().unwrap_or(0));
        columns = left.unwrap_or(0);
        left.is_some()
    };
    characters.take_while(fits).collect()
}

fn shown(cell: &Cell, raw: bool) -> String {
    escaped(cell.text.as_deref().unwrap_or_default(), raw)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADINGS: [Heading; 3] = [
        Heading { name: "NAME", right: false, least: 0, free: false },
        Heading { name: "DATA", right: true, least: 5, free: false },
        Heading { name: "WHERE", right: false, least: 0, free: true },
    ];

    fn cell(text: &str) -> Cell {
        Cell { text: (!text.is_empty()).then(|| text.to_owned()), style: PLAIN }
    }

    fn printed(style: Style) -> String {
        let rows = [
            vec![cell("/dev/zram0"), cell("4K"), cell("/a b")],
            vec![cell("/dev/zram1"), cell(""), cell("")],
        ];
        let mut out = Vec::new();
        print(&mut out, &HEADINGS, &rows, style).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn cells_are_filled_up() {
        let wanted = "NAME       DATA WHERE\n/dev/zram0   4K /a b\n/dev/zram1      \n";
        assert_eq!(printed(Style::default()), wanted);
        let rows = "/dev/zram0   4K /a b\n/dev/zram1      \n";
        assert_eq!(printed(Style { no_headings: true, ..Style::default() }), rows);
    }

    #[test]
    fn narrow_columns_are_as_wide_as_their_headings() {
        let mut out = Vec::new();
        print(&mut out, &HEADINGS[1..], &[vec![cell("0B"), cell("")]], Style::default()).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "DATA WHERE\n  0B \n");
        let mut out = Vec::new();
        let row = vec![cell("100B"), cell("")];
        print(&mut out, &HEADINGS[1..], &[row], Style { no_headings: true, ..Style::default() }).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), " 100B \n");
    }

    #[test]
    fn raw_cells_can_be_told_apart() {
        let wanted = "NAME DATA WHERE\n/dev/zram0 4K /a\\x20b\n/dev/zram1  \n";
        assert_eq!(printed(Style { raw: true, ..Style::default() }), wanted);
    }

    #[test]
    fn free_text_is_cut_in_its_middle_where_a_line_would_not_fit() {
        let rows = [vec![cell("/dev/zram0"), cell("4K"), cell("/var/lib/containers/storage")]];
        let lines = |columns| {
            let mut out = Vec::new();
            print(&mut out, &HEADINGS, &rows, Style { columns, no_headings: true, ..Style::default() })
                .unwrap();
            String::from_utf8(out).unwrap()
        };
        assert_eq!(lines(None), "/dev/zram0   4K /var/lib/containers/storage\n");
        assert_eq!(lines(Some(44)), lines(None));
        assert_eq!(lines(Some(36)), "/dev/zram0   4K /var/li…ners/storage\n");
        // Not below what can be told apart, and nothing but free text.
        assert_eq!(lines(Some(10)), "/dev/zram0   4K /var…storage\n");
        assert_eq!(least_columns(&HEADINGS, &rows), 28);
    }

    #[test]
    fn characters_are_as_wide_as_a_terminal_shows_them() {
        let rows = [vec![cell("/dev/zram0"), cell("/データ/音楽"), cell("/")]];
        let headings = [HEADINGS[0], HEADINGS[2], HEADINGS[2]];
        let lines = |columns| {
            let mut out = Vec::new();
            print(&mut out, &headings, &rows, Style { columns, ..Style::default() }).unwrap();
            String::from_utf8(out).unwrap()
        };
        assert_eq!(lines(None), "NAME       WHERE        WHERE\n/dev/zram0 /データ/音楽 /\n");
        // Half a character is no character.
        assert_eq!(cut("/データ/音楽", 8), "/…/音楽");
        assert_eq!(cut("/データ/音楽", 12), "/データ/音楽");
    }

    #[test]
    fn a_style_has_no_width() {
        let row = vec![Cell { style: crate::style::KEY, ..cell("a") }, cell("4K"), cell("/")];
        let mut out = Vec::new();
        print(&mut out, &HEADINGS, &[row], Style { styled: true, ..Style::default() }).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.ends_with("\n\x1b[36ma   \x1b[0m   4K /\n"), "{text:?}");
        assert_eq!(anstream::adapter::strip_str(&text).to_string(), "NAME DATA WHERE\na      4K /\n");
    }
}
