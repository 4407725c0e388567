//! Groups of named values, one below the other: numbers end in one column, and what is to be said about them begins in another.

use std::io::{self, Write};

use anstyle::Style;

use crate::{
    escape::escaped,
    style::{DIM, GOOD, PLAIN, PROBLEM, STRONG, WARNING, heading, styled},
};

/// Columns of the longest name.
const NAME: usize = 24;

/// Values under a title.
pub(super) struct Group {
    title: Option<String>,
    rows: Vec<Row>,
}

/// A value with its name.
pub(super) struct Row {
    name: String,
    /// What this kernel does not show is `None`, and not printed.
    value: Option<String>,
    /// Whether it is words, which begin where the column does.
    is_words: bool,
    look: Style,
    note: Option<String>,
    note_look: Style,
}

impl Group {
    pub(super) fn titled(title: &str) -> Self {
        Self { title: Some(escaped(title, false)), rows: Vec::new() }
    }

    pub(super) fn untitled() -> Self {
        Self { title: None, rows: Vec::new() }
    }

    pub(super) fn add(&mut self, row: Row) {
        self.rows.push(row);
    }

    /// Prints groups, whose columns are the same.
    pub(super) fn print(groups: &[Self], out: &mut dyn Write) -> io::Result<()> {
        let rows = groups.iter().flat_map(|group| &group.rows).filter(|row| !row.is_words);
        let width = rows.filter_map(|row| row.value.as_ref()).map(|value| value.chars().count()).max();
        let width = width.unwrap_or(0);
        for group in groups {
            if let Some(title) = &group.title {
                writeln!(out, "{}", heading(title))?;
            }
            for row in &group.rows {
                row.print(out, width)?;
            }
        }
        Ok(())
    }
}

impl Row {
    pub(super) fn new(name: &str, value: Option<String>) -> Self {
        let name = name.to_owned();
        Self { name, value, is_words: false, look: PLAIN, note: None, note_look: DIM }
    }

    pub(super) fn words(name: &str, words: &str) -> Self {
        Self { is_words: true, ..Self::new(name, Some(words.to_owned())) }
    }

    /// The number that was asked for.
    pub(super) fn strong(self) -> Self {
        Self { look: STRONG, ..self }
    }

    /// What explains it.
    pub(super) fn note(self, note: Option<String>) -> Self {
        Self { note, ..self }
    }

    /// As it should be, and why.
    pub(super) fn good(self, note: Option<String>) -> Self {
        Self { look: GOOD, note, note_look: GOOD, ..self }
    }

    /// To be looked at some day, and why.
    pub(super) fn warning(self, note: Option<String>) -> Self {
        Self { look: WARNING, note, note_look: WARNING, ..self }
    }

    /// To be looked at now, and why.
    pub(super) fn problem(self, note: Option<String>) -> Self {
        Self { look: PROBLEM, note, note_look: PROBLEM, ..self }
    }

    fn print(&self, out: &mut dyn Write, width: usize) -> io::Result<()> {
        let Some(value) = &self.value else { return Ok(()) };
        write!(out, "  {:<NAME$} ", self.name)?;
        let value = styled(self.look, value);
        if self.is_words {
            write!(out, "{value}")?;
        } else {
            write!(out, "{value:>width$}")?;
        }
        match &self.note {
            Some(note) if self.is_words => writeln!(out, " {}", styled(self.note_look, note)),
            Some(note) => writeln!(out, "  {}", styled(self.note_look, note)),
            None => writeln!(out),
        }
    }
}

/// What part of a whole something is. Nothing is said of nothing.
pub(super) fn share(part: u64, whole: u64, of: &str) -> Option<String> {
    (part != 0 && whole != 0).then(|| format!("{} {of}", percent(part, whole)))
}

/// A part of a whole as a percentage.
pub(super) fn percent(part: u64, whole: u64) -> String {
    let share = if whole == 0 { 0.0 } else { 100.0 * part as f64 / whole as f64 };
    // Little is not nothing.
    if part != 0 && share < 0.1 { "<0.1%".to_owned() } else { format!("{share:.1}%") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn little_is_not_nothing() {
        assert_eq!(percent(1, 3), "33.3%");
        assert_eq!(percent(1, 1 << 40), "<0.1%");
        assert_eq!(percent(0, 8), "0.0%");
        assert_eq!(share(1, 2, "of it").as_deref(), Some("50.0% of it"));
        assert_eq!((share(0, 2, "of it"), share(1, 0, "of it")), (None, None));
    }

    #[test]
    fn numbers_end_in_one_column_and_what_is_not_known_is_left_out() {
        let mut group = Group::titled("Memory");
        group.add(Row::new("stored", Some("160K".to_owned())).note(Some("much".to_owned())));
        group.add(Row::new("lost", None));
        group.add(Row::new("ratio", Some("3".to_owned())).warning(Some("bad".to_owned())));
        let mut out = Vec::new();
        Group::print(&[group], &mut out).unwrap();
        let wanted = "\x1b[1mMemory\x1b[0m
  stored                   160K  \x1b[2mmuch\x1b[0m
  ratio                    \x1b[33m   3\x1b[0m  \x1b[33mbad\x1b[0m
";
        assert_eq!(String::from_utf8(out).unwrap(), wanted);
    }
}
