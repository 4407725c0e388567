//! Tables in the layout of util-linux' programs, byte for byte, so that scripts that cut columns out of them go on working.
//!
//! A column is as wide as its widest cell and its heading, printed or not. Where a cell is as wide as the heading, it is as wide as it was made for at
//! least; where all are narrower, it is not, for no reason. Cells are separated by one space. The
//! last column is not filled up, but for being right-aligned. In raw form nothing is filled up, and a space within a cell is
//! written as `\x20`, so that the cells of a line can be told apart.

use std::io::{self, Write};

/// A column.
#[derive(Clone, Copy, Debug)]
pub struct Heading {
    /// Its name.
    pub name: &'static str,
    /// Whether cells stand on its right side.
    pub right: bool,
    /// Characters that it was made for.
    pub least: usize,
}

/// How to print.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Style {
    /// Without filling up.
    pub raw: bool,
    /// Without the line of headings.
    pub no_headings: bool,
}

/// Prints a table. A cell that is `None` is empty.
///
/// # Errors
/// When it cannot be written.
pub fn print(
    out: &mut dyn Write,
    headings: &[Heading],
    rows: &[Vec<Option<String>>],
    style: Style,
) -> io::Result<()> {
    let cells = |row: &Vec<Option<String>>| -> Vec<String> {
        row.iter().map(|cell| escaped(cell.as_deref().unwrap_or_default(), style.raw)).collect()
    };
    let mut lines: Vec<Vec<String>> = rows.iter().map(cells).collect();
    let width = |(at, heading): (usize, &Heading)| {
        let cells = lines.iter().map(|line| line[at].chars().count()).max().unwrap_or(0);
        match heading.name.chars().count() {
            name if cells < name => name,
            _ => cells.max(heading.least),
        }
    };
    let widths: Vec<usize> = headings.iter().enumerate().map(width).collect();
    if !style.no_headings {
        lines.insert(0, headings.iter().map(|heading| heading.name.to_owned()).collect());
    }
    for line in &lines {
        for (at, (cell, heading)) in line.iter().zip(headings).enumerate() {
            let last = at + 1 == headings.len();
            let width = widths[at];
            match (style.raw, heading.right, last) {
                (true, ..) | (false, false, true) => write!(out, "{cell}")?,
                // An empty cell at the end is left empty.
                (false, true, true) if cell.is_empty() => {}
                (false, true, _) => write!(out, "{cell:>width$}")?,
                (false, false, false) => write!(out, "{cell:width$}")?,
            }
            if !last {
                write!(out, " ")?;
            }
        }
        writeln!(out)?;
    }
    Ok(())
}

/// What would break a line or a terminal as `\xHH`; in raw form also what would break a cell.
fn escaped(text: &str, raw: bool) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() || raw && matches!(c, ' ' | '\\') {
            let mut bytes = [0; 4];
            for byte in c.encode_utf8(&mut bytes).bytes() {
                shown.push_str(&format!("\\x{byte:02x}"));
            }
        } else {
            shown.push(c);
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADINGS: [Heading; 3] = [
        Heading { name: "NAME", right: false, least: 0 },
        Heading { name: "DATA", right: true, least: 5 },
        Heading { name: "WHERE", right: false, least: 0 },
    ];

    fn printed(style: Style) -> String {
        let some = |text: &str| Some(text.to_owned());
        let rows = [vec![some("/dev/zram0"), some("4K"), some("/a b")], vec![some("/dev/zram1"), None, None]];
        let mut out = Vec::new();
        print(&mut out, &HEADINGS, &rows, style).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn cells_are_filled_up() {
        let wanted = "NAME       DATA WHERE\n/dev/zram0   4K /a b\n/dev/zram1      \n";
        assert_eq!(printed(Style::default()), wanted);
        let rows = "/dev/zram0   4K /a b\n/dev/zram1      \n";
        assert_eq!(printed(Style { no_headings: true, raw: false }), rows);
    }

    #[test]
    fn narrow_columns_are_as_wide_as_their_headings() {
        let mut out = Vec::new();
        print(&mut out, &HEADINGS[1..], &[vec![Some("0B".to_owned()), None]], Style::default()).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "DATA WHERE\n  0B \n");
        let mut out = Vec::new();
        let row = vec![Some("100B".to_owned()), None];
        print(&mut out, &HEADINGS[1..], &[row], Style { no_headings: true, raw: false }).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), " 100B \n");
    }

    #[test]
    fn raw_cells_can_be_told_apart() {
        let wanted = "NAME DATA WHERE\n/dev/zram0 4K /a\\x20b\n/dev/zram1  \n";
        assert_eq!(printed(Style { no_headings: false, raw: true }), wanted);
    }
}
