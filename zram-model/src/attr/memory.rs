//! Sizes with a suffix (`memparse`): lenient where `kstrto*` is strict.

use super::number::{digits, radix};

use crate::behaviours::SizeOverflow;

/// The number at the start of the text, times its suffix, and how many bytes that took (0: no number).
///
/// Whatever follows is ignored, and a sign is not understood.
pub(crate) fn memparse(text: &[u8], overflow: SizeOverflow) -> (u64, usize) {
    let (base, rest) = radix(text, 0);
    let seen = digits(rest, base);
    let wraps = overflow == SizeOverflow::Wraps;
    if seen.count == 0 && !wraps {
        return (0, 0);
    }
    let number = if wraps { wrapping(&rest[..seen.count], base) } else { seen.value };
    let end = if seen.count == 0 { 0 } else { text.len() - rest.len() + seen.count };
    let shift = match text.get(end).map(u8::to_ascii_lowercase) {
        Some(b'k') => 10,
        Some(b'm') => 20,
        Some(b'g') => 30,
        Some(b't') => 40,
        Some(b'p') => 50,
        Some(b'e') => 60,
        _ => return (number, end),
    };
    let shifted = number << shift;
    let value = if wraps || shifted >> shift == number { shifted } else { u64::MAX };
    (value, end + 1)
}

/// The digits' value modulo 2^64.
fn wrapping(digits: &[u8], base: u32) -> u64 {
    let digits = digits.iter().filter_map(|byte| char::from(*byte).to_digit(base));
    digits.fold(0, |value: u64, digit| value.wrapping_mul(base.into()).wrapping_add(digit.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn memparse(text: &[u8]) -> (u64, usize) {
        super::memparse(text, SizeOverflow::Saturates)
    }

    #[test]
    fn once_a_size_wrapped_and_a_suffix_was_a_size() {
        let memparse = |text: &str| super::memparse(text.as_bytes(), SizeOverflow::Wraps);
        assert_eq!(memparse("1K"), (1024, 2));
        assert_eq!(memparse("16E"), (0, 3));
        assert_eq!(memparse("17E"), (1 << 60, 3));
        assert_eq!(memparse("36893488147419103233"), (1, 20));
        assert_eq!(memparse("99999999999999999999999"), (200_376_420_520_689_663, 23));
        assert_eq!(memparse("M"), (0, 1));
        assert_eq!(memparse("x"), (0, 0));
        assert_eq!(memparse(""), (0, 0));
    }

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
            let expected = (count << (10 * suffix), taken);
            for overflow in [SizeOverflow::Saturates, SizeOverflow::Wraps] {
                prop_assert_eq!(memparse(text.as_bytes(), overflow), expected);
            }
        }
    }
}
