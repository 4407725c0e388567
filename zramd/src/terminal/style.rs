//! How text looks, by what it means.

use std::fmt;

use anstyle::{AnsiColor, Style};
use clap::builder::Styles;

/// What stands above something.
pub const HEADING: Style = Style::new().bold();
/// What a line is about.
pub const KEY: Style = AnsiColor::Cyan.on_default();
/// As it should be.
pub const GOOD: Style = AnsiColor::Green.on_default();
/// To be looked at some day.
pub const WARNING: Style = AnsiColor::Yellow.on_default();
/// To be looked at now.
pub const PROBLEM: Style = AnsiColor::Red.on_default().bold();
/// What explains, and need not be read twice.
pub const DIM: Style = Style::new().dimmed();
/// Everything else.
pub const PLAIN: Style = Style::new();

/// Something that is displayed in a style. A width counts for what is displayed, not for the style.
#[derive(Clone, Copy, Debug)]
pub struct Styled<T>(pub Style, pub T);

impl<T: fmt::Display> fmt::Display for Styled<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let style = self.0;
        write!(f, "{style}")?;
        self.1.fmt(f)?;
        write!(f, "{style:#}")
    }
}

/// The palette for what clap prints.
#[must_use]
pub const fn help() -> Styles {
    Styles::plain()
        .header(HEADING)
        .usage(HEADING)
        .literal(KEY)
        .error(PROBLEM)
        .valid(GOOD)
        .invalid(WARNING)
        .context(DIM)
}
