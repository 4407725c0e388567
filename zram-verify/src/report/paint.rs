//! Colour and width, where there is a terminal.

use std::io::IsTerminal as _;

/// Columns of a paragraph where nothing else is known.
const COLUMNS: usize = 80;

/// Paints text, or leaves it as it is; and knows how much of it fits in a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Paint {
    colour: bool,
    columns: Option<usize>,
}

impl Paint {
    /// For standard output: colour on a terminal, unless `NO_COLOR` says otherwise.
    #[must_use]
    pub fn for_stdout() -> Self {
        let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let terminal = std::io::stdout().is_terminal();
        let columns = terminal_size::terminal_size().map(|(columns, _)| usize::from(columns.0));
        Self { colour: !refused && terminal, columns: if terminal { columns } else { None } }
    }

    /// No colour, and no end to a line.
    #[must_use]
    pub fn plain() -> Self {
        Self { colour: false, columns: None }
    }

    /// Columns that a line may have; none: as many as it wants, since a program reads it.
    pub(super) fn columns(self) -> Option<usize> {
        self.columns
    }

    /// Columns of text that is broken into lines.
    pub(super) fn paragraph(self) -> usize {
        self.columns.map_or(COLUMNS, |columns| columns.clamp(40, COLUMNS))
    }

    fn wrap(self, code: &str, text: &str) -> String {
        if self.colour { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }

    pub(crate) fn bold(self, text: &str) -> String {
        self.wrap("1", text)
    }

    pub(crate) fn dim(self, text: &str) -> String {
        self.wrap("2", text)
    }

    pub(crate) fn good(self, text: &str) -> String {
        self.wrap("32", text)
    }

    pub(crate) fn bad(self, text: &str) -> String {
        self.wrap("1;31", text)
    }

    pub(crate) fn odd(self, text: &str) -> String {
        self.wrap("33", text)
    }
}
