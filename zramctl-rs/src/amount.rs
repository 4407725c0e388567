//! Sizes that depend on the machine: `50%`, `ram / 2`, `min(ram / 2, 8G)`.
//!
//! A configuration is written once and used on machines of many sizes. What can be said is a sum of nothing: a size, a part of the memory, and
//! the smaller or larger of several.

use std::str::FromStr;

use crate::size::parse;

/// An amount of bytes, before it is known how much memory there is.
#[derive(Clone, Debug, PartialEq)]
pub enum Amount {
    /// So many bytes.
    Bytes(u64),
    /// This part of the memory.
    Share(f64),
    /// The smallest of these.
    Least(Vec<Amount>),
    /// The largest of these.
    Most(Vec<Amount>),
}

impl Amount {
    /// In bytes, on a machine with so many of memory.
    #[must_use]
    pub fn bytes(&self, memory: u64) -> u64 {
        let of = |amount: &Self| amount.bytes(memory);
        match self {
            Self::Bytes(bytes) => *bytes,
            // No share is negative or infinite, and `as` stops at the largest number.
            Self::Share(share) => (memory as f64 * share) as u64,
            Self::Least(amounts) => amounts.iter().map(of).min().unwrap_or(0),
            Self::Most(amounts) => amounts.iter().map(of).max().unwrap_or(0),
        }
    }
}

/// How deep they may be one in another. Who writes them by hand needs two.
const DEPTH: usize = 16;

/// A text that is no amount.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoAmount {
    /// It says none.
    #[error("\"{text}\" is no size: give 4G, 50%, ram / 2, ram * 1.5, min(ram / 2, 8G), or max(…)")]
    Words {
        /// What was said.
        text: String,
    },
    /// It has a number in it that is too large.
    #[error("{}", crate::size::too_large(text))]
    TooLarge {
        /// What was said.
        text: String,
    },
    /// It is nested without need.
    #[error(
        "a size has min(…) and max(…) more than {DEPTH} deep in one another: min(a, min(b, c)) is min(a, b, c)"
    )]
    TooDeep,
}

impl FromStr for Amount {
    type Err = NoAmount;

    fn from_str(text: &str) -> Result<Self, NoAmount> {
        let mut rest = text;
        match amount(&mut rest, DEPTH) {
            Ok(amount) if rest.trim().is_empty() => Ok(amount),
            Err(Wrong::Depth) => Err(NoAmount::TooDeep),
            Err(Wrong::Large) => Err(NoAmount::TooLarge { text: text.to_owned() }),
            Ok(_) | Err(Wrong::Words) => Err(NoAmount::Words { text: text.to_owned() }),
        }
    }
}

/// What is wrong about a part of a text.
enum Wrong {
    Words,
    Depth,
    Large,
}

/// The amount that a text begins with. `depth`: how deep others may be in it.
fn amount(rest: &mut &str, depth: usize) -> Result<Amount, Wrong> {
    let word = word(rest);
    let amount = match word.to_ascii_lowercase().as_str() {
        "min" => return list(rest, depth).map(Amount::Least),
        "max" => return list(rest, depth).map(Amount::Most),
        "ram" => share(rest).map(Amount::Share),
        _ if take(rest, '%') => number(word).map(|percent| Amount::Share(percent / 100.0)),
        _ => match parse(word) {
            Err(why) if why == crate::size::too_large(word) => return Err(Wrong::Large),
            bytes => bytes.ok().map(Amount::Bytes),
        },
    };
    amount.ok_or(Wrong::Words)
}

/// What follows `ram`: nothing, or a factor.
fn share(rest: &mut &str) -> Option<f64> {
    if take(rest, '/') {
        number(word(rest)).filter(|by| *by != 0.0).map(|by| 1.0 / by)
    } else if take(rest, '*') {
        number(word(rest))
    } else {
        Some(1.0)
    }
}

/// Amounts in parentheses, with commas between them.
fn list(rest: &mut &str, depth: usize) -> Result<Vec<Amount>, Wrong> {
    if !take(rest, '(') {
        return Err(Wrong::Words);
    }
    let depth = depth.checked_sub(1).ok_or(Wrong::Depth)?;
    let mut amounts = vec![amount(rest, depth)?];
    while take(rest, ',') {
        amounts.push(amount(rest, depth)?);
    }
    if take(rest, ')') { Ok(amounts) } else { Err(Wrong::Words) }
}

/// Letters, digits and points, behind blanks.
fn word<'a>(rest: &mut &'a str) -> &'a str {
    let text = rest.trim_start();
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '.').unwrap_or(text.len());
    let (word, after) = text.split_at(end);
    *rest = after;
    word
}

fn take(rest: &mut &str, wanted: char) -> bool {
    match rest.trim_start().strip_prefix(wanted) {
        Some(after) => {
            *rest = after;
            true
        }
        None => false,
    }
}

/// A number without a sign.
fn number(word: &str) -> Option<f64> {
    let plain = word.chars().all(|c| c.is_ascii_digit() || c == '.');
    word.parse().ok().filter(|_| plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_parts_of_memory() {
        const MEMORY: u64 = 16 << 30;
        for (text, bytes) in [
            ("4G", 4 << 30),
            ("4096", 4096),
            ("50%", 8 << 30),
            ("150%", 24 << 30),
            ("ram", 16 << 30),
            ("ram / 2", 8 << 30),
            ("RAM*1.5", 24 << 30),
            ("min(ram/2, 6G)", 6 << 30),
            ("max( 1G , min(ram/4, 8G), 10% )", 4 << 30),
        ] {
            assert_eq!(text.parse::<Amount>().map(|amount| amount.bytes(MEMORY)), Ok(bytes), "{text}");
        }
        for wrong in [
            "", "%", "ram/0", "ram/", "ram 2", "min()", "min(1G", "min(1G,)", "1G,2G", "-1%", "x", "inf%",
            "1e3%", "ram/-2",
        ] {
            assert!(wrong.parse::<Amount>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_number_has_an_end() {
        for text in ["99999999999T", "min(ram, 99999999999999999999)"] {
            assert_eq!(text.parse::<Amount>(), Err(NoAmount::TooLarge { text: text.to_owned() }));
        }
    }

    #[test]
    fn depth_has_an_end() {
        let deep = |depth: usize| format!("{}ram{}", "min(".repeat(depth), ")".repeat(depth)).parse();
        assert_eq!(deep(DEPTH).map(|amount: Amount| amount.bytes(4096)), Ok(4096));
        assert_eq!(deep(DEPTH + 1), Err(NoAmount::TooDeep));
        // As a file of a configuration may have it: more than any stack takes.
        assert_eq!("min(".repeat(100_000).parse::<Amount>(), Err(NoAmount::TooDeep));
    }
}
