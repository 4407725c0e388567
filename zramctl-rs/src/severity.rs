//! How bad something is that is found on a machine.

use std::fmt;

use serde::Serialize;

use crate::style::{self, Styled};

/// How bad it is. The worst comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Something does not work, or works against something else.
    Problem,
    /// It works, and takes more memory, time or wear than it must.
    Waste,
    /// Worth knowing.
    Note,
}

impl Severity {
    /// Its name, in the style that says how urgent it is.
    #[must_use]
    pub fn styled(self) -> Styled<String> {
        let style = match self {
            Self::Problem => style::PROBLEM,
            Self::Waste => style::WARNING,
            Self::Note => style::PLAIN,
        };
        style::styled(style, self.to_string())
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Problem => "problem",
            Self::Waste => "waste",
            Self::Note => "note",
        })
    }
}
