//! Tables and bars for a terminal of 80 columns.

use core::fmt::Display;
use std::io::{self, Write as _};

/// A table whose columns are as wide as what is in them, numbers to the right.
#[derive(Debug, Default)]
pub struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// With a heading for each column.
    #[must_use]
    pub fn new(headings: &[&str]) -> Self {
        Self { rows: vec![headings.iter().map(|heading| (*heading).to_owned()).collect()] }
    }

    /// One more row.
    pub fn row(&mut self, cells: &[&dyn Display]) {
        self.rows.push(cells.iter().map(ToString::to_string).collect());
    }

    /// A line across.
    pub fn line(&mut self) {
        self.rows.push(Vec::new());
    }

    /// The text, two columns in from the left.
    #[must_use]
    pub fn text(&self) -> String {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| {
            self.rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max()
        };
        let widths: Vec<usize> = (0..columns).filter_map(width).collect();
        let across = widths.iter().sum::<usize>() + 2 * columns.saturating_sub(1);
        let mut text = String::new();
        for (at, row) in self.rows.iter().enumerate() {
            let mut line = String::from("  ");
            if row.is_empty() {
                line.push_str(&"─".repeat(across));
            }
            for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
                // The first column names the row.
                let cell = if column == 0 { format!("{cell:<width$}") } else { format!("{cell:>width$}") };
                line.push_str(&cell);
                line.push_str("  ");
            }
            text.push_str(line.trim_end());
            text.push('\n');
            if at == 0 {
                text.push_str(&format!("  {}\n", "─".repeat(across)));
            }
        }
        text
    }
}

/// A paragraph in lines of at most 80 characters, two in from the left.
#[must_use]
pub fn paragraph(text: &str) -> String {
    let (mut lines, mut width) = (String::from(" "), 1);
    for word in text.split_ascii_whitespace() {
        let len = word.chars().count();
        if width + 1 + len > 80 {
            lines.push_str("\n ");
            width = 1;
        }
        lines.push(' ');
        lines.push_str(word);
        width += 1 + len;
    }
    lines.push('\n');
    lines
}

/// Prints a text. Whoever stops reading has read enough.
///
/// # Errors
/// If standard output cannot be written to for another reason.
pub fn show(text: &str) -> io::Result<()> {
    match io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}

/// A bar of eighths: `part` of `whole`, which would be `width` characters.
#[must_use]
pub fn bar(part: u64, whole: u64, width: u64) -> String {
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let eighths = (part.min(whole) * width * 8 + whole / 2).checked_div(whole).unwrap_or(0);
    let mut bar = "█".repeat((eighths / 8) as usize);
    bar.push_str(EIGHTHS[(eighths % 8) as usize]);
    bar
}

/// Bytes in MiB, with one decimal.
#[must_use]
pub fn mib(bytes: u64) -> String {
    format!("{:.1}", bytes as f64 / f64::from(1 << 20))
}

/// One number over another, with so many decimals; a dash over nothing.
#[must_use]
pub fn ratio(of: u64, over: u64, decimals: usize) -> String {
    if over == 0 { "–".to_owned() } else { format!("{:.decimals$}", of as f64 / over as f64) }
}

/// A share in percent.
#[must_use]
pub fn share(part: u64, whole: u64) -> String {
    if whole == 0 { "–".to_owned() } else { format!("{:.0} %", 100.0 * part as f64 / whole as f64) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up() {
        let mut table = Table::new(&["day", "pages"]);
        table.row(&[&"Mon", &7]);
        table.line();
        table.row(&[&"all", &12345]);
        assert_eq!(table.text(), "  day  pages\n  ──────────\n  Mon      7\n  ──────────\n  all  12345\n");
    }

    #[test]
    fn paragraphs_break_between_words() {
        let text = paragraph(&"twelve chars ".repeat(10));
        assert!(text.lines().all(|line| line.starts_with("  t") && line.len() <= 80), "{text}");
        assert_eq!(text.split_ascii_whitespace().count(), 20);
    }

    #[test]
    fn bars_are_as_long_as_their_part() {
        assert_eq!(bar(1, 2, 4), "██");
        assert_eq!(bar(5, 8, 1), "▋");
        assert_eq!(bar(9, 2, 2), "██");
        assert_eq!(bar(0, 0, 9), "");
    }
}
