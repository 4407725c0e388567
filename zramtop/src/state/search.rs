//! Finding slots: by number, or by what they are.

use crate::sample::{Flags, Kind};

/// What is searched for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Search {
    /// This slot.
    Slot(u64),
    /// Slots with this flag.
    Flag(Flags),
    /// Slots of this kind.
    Kind(Kind),
}

/// Words for flags: a slot can have several, and is found by each.
const FLAGS: [(&str, Flags); 6] = [
    ("same", Flags::SAME),
    ("written-back", Flags::WRITTEN_BACK),
    ("huge", Flags::HUGE),
    ("idle", Flags::IDLE),
    ("recompressed", Flags::RECOMPRESSED),
    ("incompressible", Flags::INCOMPRESSIBLE),
];

/// What flags are called.
#[must_use]
pub fn name(flag: Flags) -> &'static str {
    FLAGS.iter().find(|(_, known)| *known == flag).map_or("any", |(name, _)| name)
}

impl Search {
    /// From what was typed: a number, or the beginning of a word.
    ///
    /// # Errors
    /// A sentence about a text that is none.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim().to_lowercase().replace(' ', "-");
        if let Ok(slot) = text.parse() {
            return Ok(Self::Slot(slot));
        }
        let kinds = [("compressed", Kind::Compressed), ("free", Kind::Free)];
        let flags = FLAGS.iter().map(|(name, flag)| (*name, Self::Flag(*flag)));
        let all = flags.chain(kinds.map(|(name, kind)| (name, Self::Kind(kind))));
        let mut fitting = all.filter(|(name, _)| !text.is_empty() && name.starts_with(&text));
        fitting.next().map(|(_, search)| search).ok_or_else(|| {
            format!("\"{text}\" is neither a slot's number nor same, huge, idle, written-back, recompressed, incompressible, compressed, free")
        })
    }

    /// Whether a slot is one of these.
    #[must_use]
    pub fn is(self, flags: Flags) -> bool {
        match self {
            Self::Slot(_) => false,
            Self::Flag(flag) => flags.has(flag),
            Self::Kind(kind) => flags.kind() == kind,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_beginning_of_a_word_is_enough() {
        assert_eq!(Search::parse(" 300 "), Ok(Search::Slot(300)));
        assert_eq!(Search::parse("W"), Ok(Search::Flag(Flags::WRITTEN_BACK)));
        assert_eq!(Search::parse("written back"), Ok(Search::Flag(Flags::WRITTEN_BACK)));
        assert_eq!(Search::parse("fr"), Ok(Search::Kind(Kind::Free)));
        assert!(Search::parse("").is_err() && Search::parse("x").is_err() && Search::parse("-1").is_err());
    }
}
