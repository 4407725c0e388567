//! How output looks: what can be asked for, and what is found out about the terminal.

use clap::{Args, ValueEnum};

/// When there is colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless `NO_COLOR` is set.
    #[default]
    Auto,
    /// Also where nobody looks.
    Always,
    /// Nowhere.
    Never,
}

impl Color {
    /// What the arguments of a command line say, however little sense the rest of them makes: for helps, and for errors about the rest.
    #[must_use]
    pub fn of(arguments: &[std::ffi::OsString]) -> Self {
        let behind = arguments.windows(2).filter(|pair| pair[0] == "--color").map(|pair| pair[1].to_str());
        let within = arguments.iter().map(|argument| argument.to_str()?.strip_prefix("--color="));
        let said = behind.chain(within).flatten().last();
        said.and_then(|text| Self::from_str(text, false).ok()).unwrap_or_default()
    }
}

impl From<Color> for anstream::ColorChoice {
    fn from(color: Color) -> Self {
        match color {
            Color::Auto => Self::Auto,
            Color::Always => Self::Always,
            Color::Never => Self::Never,
        }
    }
}

impl From<Color> for clap::ColorChoice {
    fn from(color: Color) -> Self {
        match color {
            Color::Auto => Self::Auto,
            Color::Always => Self::Always,
            Color::Never => Self::Never,
        }
    }
}

/// How output looks.
#[derive(Clone, Copy, Debug, Default, Args)]
pub struct Output {
    /// Colour: always, never, or auto, which is on a terminal where NO_COLOR is not set
    #[arg(
        long,
        value_name = "WHEN",
        global = true,
        value_enum,
        default_value_t,
        hide_default_value = true,
        hide_possible_values = true
    )]
    pub color: Color,

    /// Columns of the terminal; none where output goes elsewhere, and nothing is cut.
    #[arg(skip)]
    pub columns: Option<usize>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colour_is_found_in_any_command_line() {
        let of = |words: &str| Color::of(&words.split(' ').map(Into::into).collect::<Vec<_>>());
        assert_eq!(of("list --nonsense"), Color::Auto);
        assert_eq!(of("list --color never --nonsense"), Color::Never);
        assert_eq!(of("--color=always list"), Color::Always);
        assert_eq!(of("--color"), Color::Auto);
        assert_eq!(of("--color blue"), Color::Auto);
    }
}
