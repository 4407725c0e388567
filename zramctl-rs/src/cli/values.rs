//! Values of options, parsed once.

use std::ops::RangeInclusive;

use crate::size::parse;

/// How much of something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Allowance {
    /// No limit.
    None,
    /// So many bytes.
    Bytes(u64),
}

/// `FIRST-LAST`, or one number.
pub(super) fn range(text: &str) -> Result<(u64, u64), String> {
    let wrong = || format!("\"{text}\" is no range of slots: give FIRST-LAST, such as 0-1023");
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let range = (first.parse().map_err(|_| wrong())?, last.parse().map_err(|_| wrong())?);
    if range.0 > range.1 { Err(wrong()) } else { Ok(range) }
}

/// A time in seconds, or with a letter.
pub(super) fn seconds(text: &str) -> Result<u64, String> {
    let wrong = || format!("\"{text}\" is no length of time: give seconds, or a number with s, m, h or d");
    let (digits, unit) = match text.char_indices().last() {
        Some((at, 's')) => (&text[..at], 1),
        Some((at, 'm')) => (&text[..at], 60),
        Some((at, 'h')) => (&text[..at], 3600),
        Some((at, 'd')) => (&text[..at], 86_400),
        _ => (text, 1),
    };
    digits.parse::<u64>().ok().and_then(|n| n.checked_mul(unit)).ok_or_else(wrong)
}

/// A size that a pool may have, or `none`.
pub(crate) fn memory(text: &str) -> Result<Allowance, String> {
    let refused = (0..=0, "0 is no limit to Linux: say none if that is meant");
    allowance(text, refused)
}

/// What may be written back, or `none`.
pub(crate) fn writeback(text: &str) -> Result<Allowance, String> {
    let refused = (1..=4095, "Linux counts in blocks of 4096 bytes: give 0, or at least one");
    allowance(text, refused)
}

/// A size, or `none`; some sizes are refused with a reason.
fn allowance(text: &str, (refused, why): (RangeInclusive<u64>, &str)) -> Result<Allowance, String> {
    if text == "none" {
        return Ok(Allowance::None);
    }
    match parse(text)? {
        bytes if refused.contains(&bytes) => Err(why.to_owned()),
        bytes => Ok(Allowance::Bytes(bytes)),
    }
}

/// One word, which a command to the kernel can hold.
pub(crate) fn word(text: &str) -> Result<String, String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if !text.is_empty() && text.chars().all(fits) {
        Ok(text.to_owned())
    } else {
        Err(format!("\"{text}\" is no algorithm's name"))
    }
}

/// Parameters of an algorithm: `name=value`, with spaces between them.
pub(crate) fn parameters(text: &str) -> Result<String, String> {
    let is_one =
        |word: &str| word.split_once('=').is_some_and(|(name, value)| !name.is_empty() && !value.is_empty());
    let mut words = text.split(' ').filter(|word| !word.is_empty()).peekable();
    if words.peek().is_some() && words.all(is_one) && !text.contains(['\n', '\0']) {
        Ok(text.to_owned())
    } else {
        Err(format!("{text:?} are no parameters: give them as level=3, or several with spaces between them"))
    }
}

/// A path from the root: the kernel and other programs look at it, from wherever they are.
pub(crate) fn absolute(text: &str) -> Result<String, String> {
    if text.starts_with('/') && !text.contains(['\n', '\0']) {
        Ok(text.to_owned())
    } else {
        Err(format!("{text:?} is no absolute path"))
    }
}

/// The name of a file system, of which a program's name is made.
pub(crate) fn file_system(text: &str) -> Result<String, String> {
    let starts = text.starts_with(|c: char| c.is_ascii_alphanumeric());
    word(text).ok().filter(|_| starts).ok_or_else(|| format!("\"{text}\" is no file system's name"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_and_ranges_are_read() {
        assert_eq!(seconds("90"), Ok(90));
        assert_eq!(seconds("2h"), Ok(7200));
        for wrong in ["", "h", "-1", "1w", "99999999999999999999d", "1.5h"] {
            assert!(seconds(wrong).is_err(), "{wrong}");
        }
        assert_eq!(range("3-9"), Ok((3, 9)));
        assert_eq!(range("7"), Ok((7, 7)));
        for wrong in ["", "9-3", "a-b", "3-", "-3"] {
            assert!(range(wrong).is_err(), "{wrong}");
        }
    }
}
