//! Sizes with a suffix (`memparse`): lenient where `kstrto*` is strict.

use super::number::{digits, radix};

/// The number at the start of the text, times its suffix, and how many bytes that took (0: no number).
///
/// Whatever follows is ignored, a sign is not understood, and what does not fit becomes the largest number.
pub(crate) fn memparse(text: &[u8]) -> (u64, usize) {
    let (base, rest) = radix(text, 0);
    let seen = digits(rest, base);
    if seen.count == 0 {
        return (0, 0);
    }
    let end = text.len() - rest.len() + seen.count;
    let shift = match text.get(end).map(u8::to_ascii_lowercase) {
        Some(b'k') => 10,
        Some(b'm') => 20,
        Some(b'g') => 30,
        Some(b't') => 40,
        Some(b'p') => 50,
        Some(b'e') => 60,
        _ => return (seen.value, end),
    };
    let shifted = seen.value << shift;
    let value = if shifted >> shift == seen.value { shifted } else { u64::MAX };
    (value, end + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        assert_eq!(memparse(b"4096\n"), (4096, 4));
        assert_eq!(memparse(b"1K"), (1024, 2));
        assert_eq!(memparse(b"2g and more"), (2 << 30, 2));
        assert_eq!(memparse(b"0x10M"), (16 << 20, 5));
        assert_eq!(memparse(b"010"), (8, 3));
        assert_eq!(memparse(b"16E"), (u64::MAX, 3));
        assert_eq!(memparse(b"15E"), (15 << 60, 3));
        assert_eq!(memparse(b"99999999999999999999"), (u64::MAX, 20));
        assert_eq!(memparse(b"0x"), (0, 1));
        assert_eq!(memparse(b"0xe"), (14, 3));
    }

    #[test]
    fn no_number_takes_nothing() {
        for text in ["", "K", "-1", "+1", " 1", "\n"] {
            assert_eq!(memparse(text.as_bytes()), (0, 0), "{text:?}");
        }
    }
}

#[cfg(test)]
mod properties {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig { cases: 10_000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn what_is_printed_is_read_back(bytes: u64, suffix in 0_u32..7, lower: bool, tail in "([^0-9A-Za-z].{0,5})?") {
            let letter = ["", "K", "M", "G", "T", "P", "E"][suffix as usize];
            let letter = if lower { letter.to_lowercase() } else { letter.to_owned() };
            // As many of the unit as fit.
            let count = bytes >> (10 * suffix);
            let text = format!("{count}{letter}{tail}");
            let taken = text.len() - tail.len();
            prop_assert_eq!(memparse(text.as_bytes()), (count << (10 * suffix), taken));
        }
    }
}
