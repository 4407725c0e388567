//! Numbers as the kernel reads them (`lib/kstrtox.c`).
//!
//! The strict family, `kstrto*`: an optional `+`, digits, at most one newline, and nothing else. Base 0
//! means what the prefix says: `0x` and a digit, `0`, or decimal.

use crate::errno::Errno;

/// What digits amount to.
pub(super) struct Digits {
    pub(super) value: u64,
    /// How many bytes were digits.
    pub(super) count: usize,
    pub(super) overflow: bool,
}

/// The base that a prefix asks for, and the text behind a `0x` (`_parse_integer_fixup_radix`).
pub(super) fn radix(text: &[u8], base: u32) -> (u32, &[u8]) {
    let hex = matches!(text, [b'0', b'x' | b'X', ..]);
    let base = match (base, text) {
        (0, [b'0', ..]) if hex && text.get(2).is_some_and(u8::is_ascii_hexdigit) => 16,
        (0, [b'0', ..]) => 8,
        (0, _) => 10,
        (given, _) => given,
    };
    if base == 16 && hex { (base, &text[2..]) } else { (base, text) }
}

/// As many digits as there are; on overflow all are still consumed (`_parse_integer_limit`).
pub(super) fn digits(text: &[u8], base: u32) -> Digits {
    let mut seen = Digits { value: 0, count: 0, overflow: false };
    for byte in text {
        let Some(digit) = char::from(*byte).to_digit(base) else { break };
        let next =
            seen.value.checked_mul(u64::from(base)).and_then(|value| value.checked_add(u64::from(digit)));
        match next {
            Some(value) => seen.value = value,
            None => (seen.value, seen.overflow) = (u64::MAX, true),
        }
        seen.count += 1;
    }
    seen
}

/// `_kstrtoull`: no sign.
fn unsigned(text: &[u8], base: u32) -> Result<u64, Errno> {
    let (base, text) = radix(text, base);
    let seen = digits(text, base);
    if seen.overflow {
        return Err(Errno::ERANGE);
    }
    if seen.count == 0 {
        return Err(Errno::EINVAL);
    }
    match &text[seen.count..] {
        b"" | b"\n" => Ok(seen.value),
        _ => Err(Errno::EINVAL),
    }
}

/// `kstrtoull`, and `kstrtoul` on 64 bits.
pub(crate) fn unsigned_long(text: &[u8], base: u32) -> Result<u64, Errno> {
    unsigned(text.strip_prefix(b"+").unwrap_or(text), base)
}

/// `kstrtouint`
pub(crate) fn unsigned_int(text: &[u8], base: u32) -> Result<u32, Errno> {
    u32::try_from(unsigned_long(text, base)?).map_err(|_| Errno::ERANGE)
}

/// `kstrtou16`
pub(crate) fn unsigned_short(text: &[u8], base: u32) -> Result<u16, Errno> {
    u16::try_from(unsigned_long(text, base)?).map_err(|_| Errno::ERANGE)
}

/// `kstrtoint`: a `-` is allowed, but not before a `+`.
pub(crate) fn int(text: &[u8], base: u32) -> Result<i32, Errno> {
    let value = match text.strip_prefix(b"-") {
        Some(rest) => 0_i64.checked_sub_unsigned(unsigned(rest, base)?),
        None => i64::try_from(unsigned_long(text, base)?).ok(),
    };
    value.and_then(|value| i32::try_from(value).ok()).ok_or(Errno::ERANGE)
}

/// `kstrtobool`: the first letter decides, after `o` the second.
pub(crate) fn boolean(text: &[u8]) -> Result<bool, Errno> {
    match text {
        [b'e' | b'E' | b'y' | b'Y' | b't' | b'T' | b'1', ..] => Ok(true),
        [b'd' | b'D' | b'n' | b'N' | b'f' | b'F' | b'0', ..] => Ok(false),
        [b'o' | b'O', b'n' | b'N', ..] => Ok(true),
        [b'o' | b'O', b'f' | b'F', ..] => Ok(false),
        _ => Err(Errno::EINVAL),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unsigned_numbers() {
        let parse = |text: &str| unsigned_long(text.as_bytes(), 10);
        assert_eq!(parse("0"), Ok(0));
        assert_eq!(parse("+7\n"), Ok(7));
        assert_eq!(parse("18446744073709551615"), Ok(u64::MAX));
        assert_eq!(parse("18446744073709551616"), Err(Errno::ERANGE));
        // Overflow is found before the letter behind it.
        assert_eq!(parse("99999999999999999999x"), Err(Errno::ERANGE));
        for bad in ["", "\n", "+", "-1", "++1", " 1", "1 ", "1\n\n", "0x10", "1k"] {
            assert_eq!(parse(bad), Err(Errno::EINVAL), "{bad:?}");
        }
    }

    #[test]
    fn bases_by_prefix() {
        let parse = |text: &str| unsigned_int(text.as_bytes(), 0);
        assert_eq!(parse("010"), Ok(8));
        assert_eq!(parse("0x1F\n"), Ok(31));
        assert_eq!(parse("+0X1f"), Ok(31));
        assert_eq!(parse("0"), Ok(0));
        assert_eq!(parse("08"), Err(Errno::EINVAL));
        assert_eq!(parse("0x"), Err(Errno::EINVAL));
        assert_eq!(parse("0xg"), Err(Errno::EINVAL));
        assert_eq!(parse("4294967295"), Ok(u32::MAX));
        assert_eq!(parse("4294967296"), Err(Errno::ERANGE));
    }

    #[test]
    fn signed_numbers() {
        assert_eq!(int(b"-2147483648", 10), Ok(i32::MIN));
        assert_eq!(int(b"-2147483649", 10), Err(Errno::ERANGE));
        assert_eq!(int(b"2147483648", 10), Err(Errno::ERANGE));
        assert_eq!(int(b"-0", 10), Ok(0));
        assert_eq!(int(b"-+1", 10), Err(Errno::EINVAL));
        assert_eq!(int(b"+-1", 10), Err(Errno::EINVAL));
        assert_eq!(int(b"-9223372036854775808", 10), Err(Errno::ERANGE));
        assert_eq!(unsigned_short(b"65536", 10), Err(Errno::ERANGE));
        assert_eq!(unsigned_short(b"65535\n", 10), Ok(u16::MAX));
    }

    #[test]
    fn booleans_by_first_letter() {
        for yes in ["1", "yes", "Yonder", "true", "Enable", "on", "ON", "1garbage"] {
            assert_eq!(boolean(yes.as_bytes()), Ok(true), "{yes}");
        }
        for no in ["0", "no", "false", "Disable", "off", "oFx"] {
            assert_eq!(boolean(no.as_bytes()), Ok(false), "{no}");
        }
        for bad in ["", "o", "ox", "2", " 1", "\n", "a"] {
            assert_eq!(boolean(bad.as_bytes()), Err(Errno::EINVAL), "{bad:?}");
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
        fn what_is_printed_is_read_back(unsigned: u64, signed: i32, newline: bool) {
            let end = if newline { "\n" } else { "" };
            for (text, base) in [
                (format!("{unsigned}{end}"), 10),
                (format!("+{unsigned}{end}"), 0),
                (format!("0x{unsigned:x}{end}"), 0),
                (format!("0X{unsigned:X}{end}"), 16),
                (format!("0{unsigned:o}{end}"), 0),
            ] {
                prop_assert_eq!(unsigned_long(text.as_bytes(), base), Ok(unsigned), "{}", text);
                let narrow = u32::try_from(unsigned).map_err(|_| Errno::ERANGE);
                prop_assert_eq!(unsigned_int(text.as_bytes(), base), narrow);
            }
            prop_assert_eq!(int(format!("{signed}{end}").as_bytes(), 10), Ok(signed));
        }

        #[test]
        fn no_text_is_more_than_a_number_or_an_error(text in prop::collection::vec(any::<u8>(), 0..24), base in prop::sample::select(&[0_u32, 10, 16][..])) {
            if let Ok(number) = unsigned_long(&text, base) {
                // Whatever was accepted says the same when printed.
                prop_assert_eq!(unsigned_long(number.to_string().as_bytes(), 10), Ok(number));
            }
            let _ = (int(&text, base), unsigned_short(&text, base), boolean(&text));
        }
    }
}
