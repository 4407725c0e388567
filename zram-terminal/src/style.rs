//! How text looks, by what it means.
//!
//! Commands write styled text, always. Whether there is colour is decided once, in [`crate::program`], where a stream takes the escapes out again:
//! so no command asks, and none can forget to.
//!
//! There are few styles on purpose. Somebody who looks for what is wrong at night looks for one colour, which must then mean one thing; and whoever sees no
//! colour, or prints on paper, must miss nothing, so each stands beside a word, a sign or a number that says the same. Only the eight colours that
//! every terminal has are used, since their owner has chosen them to be legible there.
//!
//! A value keeps its width: `format!("{:>8}", style::strong("44K"))` fills up 44K, not the escapes around it. (That is so for strings and numbers;
//! `format_args!` knows no width in Rust.)

use std::fmt;

use anstyle::{AnsiColor, Style};
use clap::builder::Styles;

/// What stands above something: a title, the headings of a table.
pub const HEADING: Style = Style::new().bold();
/// What a line is about: a device's name, an option.
pub const KEY: Style = AnsiColor::Cyan.on_default();
/// The number that was asked for.
pub const STRONG: Style = Style::new().bold();
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

/// Something that is displayed in a style.
#[derive(Clone, Copy, Debug)]
pub struct Styled<T> {
    style: Style,
    what: T,
}

impl<T: fmt::Display> fmt::Display for Styled<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let style = self.style;
        write!(f, "{style}")?;
        // With the width that was asked for.
        self.what.fmt(f)?;
        write!(f, "{style:#}")
    }
}

/// Something in this style.
pub const fn styled<T>(style: Style, what: T) -> Styled<T> {
    Styled { style, what }
}

/// Something as [`HEADING`].
pub const fn heading<T>(what: T) -> Styled<T> {
    styled(HEADING, what)
}

/// Something as [`KEY`].
pub const fn key<T>(what: T) -> Styled<T> {
    styled(KEY, what)
}

/// Something as [`STRONG`].
pub const fn strong<T>(what: T) -> Styled<T> {
    styled(STRONG, what)
}

/// Something as [`GOOD`].
pub const fn good<T>(what: T) -> Styled<T> {
    styled(GOOD, what)
}

/// Something as [`WARNING`].
pub const fn warning<T>(what: T) -> Styled<T> {
    styled(WARNING, what)
}

/// Something as [`PROBLEM`].
pub const fn problem<T>(what: T) -> Styled<T> {
    styled(PROBLEM, what)
}

/// Something as [`DIM`].
pub const fn dim<T>(what: T) -> Styled<T> {
    styled(DIM, what)
}

/// The same palette for what clap prints: helps, and errors of the command line.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_have_no_width() {
        assert_eq!(
            format!("{:>5}|{:<5}|", strong("44K"), key(7)),
            "\x1b[1m  44K\x1b[0m|\x1b[36m7    \x1b[0m|"
        );
        assert_eq!(format!("{:.2}", styled(PLAIN, 1.005_f64)), "1.00");
    }
}
