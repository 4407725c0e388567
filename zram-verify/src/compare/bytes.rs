//! Saying where two stretches of bytes part.

use core::fmt::Write as _;

/// Bytes shown on either side of the first one that differs.
const AROUND: usize = 8;

/// Where two stretches of bytes first differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parting {
    /// Offset of the first byte that differs, or where the shorter one ends.
    pub at: usize,
    /// How many bytes differ in all, a difference in length included.
    pub bytes: usize,
}

/// Compares; none if they are equal.
#[must_use]
pub fn parting(expected: &[u8], observed: &[u8]) -> Option<Parting> {
    let differing = expected.iter().zip(observed).filter(|(a, b)| a != b).count();
    let bytes = differing + expected.len().abs_diff(observed.len());
    let shorter = expected.len().min(observed.len());
    let at = expected.iter().zip(observed).position(|(a, b)| a != b).unwrap_or(shorter);
    (bytes > 0).then_some(Parting { at, bytes })
}

/// The bytes around an offset, in hexadecimal, the one at the offset in brackets.
#[must_use]
pub fn around(bytes: &[u8], at: usize) -> String {
    let mut text = String::new();
    let (from, to) = (at.saturating_sub(AROUND), (at + AROUND).min(bytes.len()));
    for (n, byte) in bytes.iter().enumerate().take(to).skip(from) {
        let shown = if n == at { write!(text, "[{byte:02x}] ") } else { write!(text, "{byte:02x} ") };
        debug_assert!(shown.is_ok(), "writing to a string does not fail");
    }
    if at >= bytes.len() {
        text.push_str("[end]");
    }
    text.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_first_byte() {
        assert_eq!(parting(b"abc", b"abc"), None);
        assert_eq!(parting(b"abc", b"axc"), Some(Parting { at: 1, bytes: 1 }));
        assert_eq!(parting(b"abc", b"ab"), Some(Parting { at: 2, bytes: 1 }));
        assert_eq!(around(&[1, 2, 3], 1), "01 [02] 03");
        assert_eq!(around(&[1], 1), "01 [end]");
    }
}
