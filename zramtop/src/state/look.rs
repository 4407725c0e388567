//! How things are shown: with which colours and glyphs, in which units.
//!
//! Colour never says anything alone. Each state has a glyph of its own, and where letters are asked for, those with which the kernel itself
//! prints it. Only the sixteen colours are used that every terminal has, since their owner has chosen them to be legible there.

use ratatui::style::{Color, Modifier, Style};
use zram_host::size::human;

use crate::sample::Kind;

/// What cells and bars are made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Glyphs {
    /// Shapes and blocks.
    #[default]
    Shapes,
    /// ASCII: the letters of `block_state`.
    Letters,
}

/// In what amounts are given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Units {
    /// `1.2M`
    #[default]
    Short,
    /// Bytes.
    Bytes,
    /// Pages of 4096 bytes, as the kernel counts.
    Pages,
}

impl Units {
    /// An amount of bytes.
    #[must_use]
    pub fn amount(self, bytes: u64) -> String {
        match self {
            Self::Short => human(bytes),
            Self::Bytes => bytes.to_string(),
            Self::Pages => format!("{}p", bytes.div_ceil(4096)),
        }
    }

    /// Columns that an amount takes: of a device of 16 TiB at most.
    #[must_use]
    pub const fn width(self) -> usize {
        match self {
            Self::Short => 7,
            Self::Bytes => 14,
            Self::Pages => 11,
        }
    }

    /// What they are called.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Short => "short",
            Self::Bytes => "bytes",
            Self::Pages => "pages",
        }
    }
}

/// How it is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// Whether there is colour.
    pub color: bool,
    /// What cells and bars are made of.
    pub glyphs: Glyphs,
    /// In what amounts are given.
    pub units: Units,
}

/// Something that a style is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// A title, the headings of a table.
    Heading,
    /// What a line is about.
    Key,
    /// As it should be.
    Good,
    /// To be looked at.
    Warning,
    /// What explains.
    Dim,
    /// A bar, or a line over time.
    Bar,
    /// The other part of a bar.
    Other,
    /// What is selected.
    Selected,
}

impl Look {
    /// The style of something.
    #[must_use]
    pub fn style(self, part: Part) -> Style {
        let plain = Style::new();
        let (color, modifier) = match part {
            Part::Heading => (None, Modifier::BOLD),
            Part::Key | Part::Bar => (Some(Color::Cyan), Modifier::empty()),
            Part::Good | Part::Other => (Some(Color::Green), Modifier::empty()),
            Part::Warning => (Some(Color::Yellow), Modifier::BOLD),
            Part::Dim => (Some(Color::DarkGray), Modifier::empty()),
            Part::Selected => (None, Modifier::REVERSED),
        };
        let style = plain.add_modifier(modifier);
        match color {
            Some(color) if self.color => style.fg(color),
            // Without colour, what explains is told from the rest by being dim.
            _ if part == Part::Dim => style.add_modifier(Modifier::DIM),
            _ => style,
        }
    }

    /// The style of a kind of slots.
    #[must_use]
    pub fn kind_style(self, kind: Kind) -> Style {
        let color = match kind {
            Kind::Compressed => Color::Cyan,
            Kind::Recompressed => Color::Blue,
            Kind::Same => Color::Gray,
            Kind::Huge => Color::Yellow,
            Kind::Incompressible => Color::Red,
            Kind::Idle => Color::Magenta,
            Kind::WrittenBack => Color::Green,
            Kind::Free | Kind::Unknown => return self.style(Part::Dim),
        };
        if self.color { Style::new().fg(color) } else { Style::new() }
    }

    /// The glyph of a kind of slots.
    #[must_use]
    pub const fn glyph(self, kind: Kind) -> char {
        match (self.glyphs, kind) {
            (_, Kind::Unknown) => ' ',
            (Glyphs::Shapes, Kind::Compressed) => '▪',
            (Glyphs::Shapes, Kind::Recompressed) => '◆',
            (Glyphs::Shapes, Kind::Same) => '=',
            (Glyphs::Shapes, Kind::Huge) => '█',
            (Glyphs::Shapes, Kind::Incompressible) => '▲',
            (Glyphs::Shapes, Kind::Idle) => '○',
            (Glyphs::Shapes, Kind::WrittenBack) => '▽',
            (Glyphs::Shapes, Kind::Free) => '·',
            (Glyphs::Letters, Kind::Compressed) => 'c',
            (Glyphs::Letters, Kind::Recompressed) => 'r',
            (Glyphs::Letters, Kind::Same) => 's',
            (Glyphs::Letters, Kind::Huge) => 'h',
            (Glyphs::Letters, Kind::Incompressible) => 'n',
            (Glyphs::Letters, Kind::Idle) => 'i',
            (Glyphs::Letters, Kind::WrittenBack) => 'w',
            (Glyphs::Letters, Kind::Free) => '.',
        }
    }

    /// Steps from nothing to all, eight above nothing.
    #[must_use]
    pub const fn steps(self) -> [char; 9] {
        match self.glyphs {
            Glyphs::Shapes => [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'],
            Glyphs::Letters => [' ', '.', ':', '-', '=', '+', '*', '#', '@'],
        }
    }

    /// Shades from none to all.
    #[must_use]
    pub const fn shades(self) -> [char; 5] {
        match self.glyphs {
            Glyphs::Shapes => ['·', '░', '▒', '▓', '█'],
            Glyphs::Letters => ['.', '-', '=', '+', '#'],
        }
    }

    /// What a bar is made of: what it shows, the other part, and what is left.
    #[must_use]
    pub const fn bar(self) -> [char; 3] {
        match self.glyphs {
            Glyphs::Shapes => ['█', '▒', '░'],
            Glyphs::Letters => ['#', '=', '.'],
        }
    }

    /// What stands for more than one letter.
    #[must_use]
    pub const fn sign(self, sign: Sign) -> &'static str {
        match (self.glyphs, sign) {
            (Glyphs::Shapes, Sign::Pointer) => "▸",
            (Glyphs::Letters, Sign::Pointer) => ">",
            (Glyphs::Shapes, Sign::Dash) => "–",
            (Glyphs::Letters, Sign::Dash) => "-",
            (Glyphs::Shapes, Sign::Dot) => "·",
            (Glyphs::Letters, Sign::Dot) => "|",
            (Glyphs::Shapes, Sign::Out) => "──▶",
            (Glyphs::Letters, Sign::Out) => "-->",
            (Glyphs::Shapes, Sign::Back) => "◀──",
            (Glyphs::Letters, Sign::Back) => "<--",
            (Glyphs::Shapes, Sign::Running) => "●",
            (Glyphs::Letters, Sign::Running) => "*",
            (Glyphs::Shapes, Sign::Warning) => "▲",
            (Glyphs::Letters, Sign::Warning) => "!",
            (Glyphs::Shapes, Sign::Micro) => "µs",
            (Glyphs::Letters, Sign::Micro) => "us",
        }
    }
}

/// A sign that has an ASCII form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    /// At what is selected.
    Pointer,
    /// Between two numbers.
    Dash,
    /// Between two things.
    Dot,
    /// To the backing device.
    Out,
    /// From there.
    Back,
    /// It runs.
    Running,
    /// Something is to be looked at.
    Warning,
    /// Microseconds.
    Micro,
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Whoever sees no colour misses nothing.
    #[test]
    fn every_kind_has_a_glyph_of_its_own() {
        for glyphs in [Glyphs::Shapes, Glyphs::Letters] {
            let look = Look { color: false, glyphs, units: Units::Short };
            let distinct: BTreeSet<char> = Kind::ALL.iter().map(|kind| look.glyph(*kind)).collect();
            assert_eq!(distinct.len(), Kind::ALL.len());
            let ascii = |c: &char| c.is_ascii();
            assert_eq!(distinct.iter().all(ascii), glyphs == Glyphs::Letters);
            assert!(Kind::ALL.iter().all(|kind| look.kind_style(*kind).fg.is_none()));
        }
    }

    #[test]
    fn amounts_have_units() {
        let amounts = [Units::Short, Units::Bytes, Units::Pages].map(|units| units.amount(6 << 20));
        assert_eq!(amounts, ["6M", "6291456", "1536p"]);
    }
}
