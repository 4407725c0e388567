//! What is wrong with a configuration, with its place.

use std::{fmt, ops::Range, path::PathBuf};

/// Where something stands in a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The file.
    pub file: PathBuf,
    /// The line, from 1. `None`: the file as a whole.
    pub line: Option<Line>,
}

/// A line, and a column in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Line {
    /// The line, from 1.
    pub line: usize,
    /// The character in it, from 1.
    pub column: usize,
}

impl Line {
    /// Of a byte of a text.
    pub(super) fn of(text: &str, at: usize) -> Self {
        let at = text.floor_char_boundary(at);
        let before = &text[..at];
        let start = before.rfind('\n').map_or(0, |end| end + 1);
        Self { line: before.matches('\n').count() + 1, column: before[start..].chars().count() + 1 }
    }
}

impl fmt::Display for Place {
    /// As compilers print it, so that editors jump there.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        match self.line {
            Some(Line { line, column }) => write!(f, ":{line}:{column}"),
            None => Ok(()),
        }
    }
}

/// Something wrong.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
#[error("{place}: {what}")]
pub struct Wrong {
    /// Where.
    pub place: Place,
    /// What, with the way out.
    pub what: String,
}

impl Wrong {
    /// With a whole file.
    pub(super) fn of_file(file: PathBuf, what: String) -> Self {
        Self { place: Place { file, line: None }, what }
    }

    /// With these bytes of a file's text.
    pub(super) fn within(file: PathBuf, text: &str, span: &Range<usize>, what: String) -> Self {
        Self { place: Place { file, line: Some(Line::of(text, span.start)) }, what }
    }
}

/// All that is wrong with a configuration: at least one thing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Wrongs(pub Vec<Wrong>);

impl fmt::Display for Wrongs {
    /// A line each.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_are_those_of_an_editor() {
        let text = "a = 1\nä = \"ö\" ß\n";
        assert_eq!(Line::of(text, 0), Line { line: 1, column: 1 });
        assert_eq!(Line::of(text, 6), Line { line: 2, column: 1 });
        assert_eq!(Line::of(text, text.find('ß').unwrap()), Line { line: 2, column: 9 });
        assert_eq!(Line::of(text, 999), Line { line: 3, column: 1 });
    }
}
