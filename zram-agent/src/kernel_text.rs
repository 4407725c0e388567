//! What the kernel will make of a text, where that must be known before the text is written.
//!
//! The agent passes texts on as they are: what the kernel says to them is what is tested. Two texts can do
//! harm before anything is said: a number for `hot_remove` may name somebody else's device, and a `disksize`
//! may ask for more than can be looked at. Rust's own parsers take other texts than the kernel's do
//! (`-0` is no `u32`, and the kernel removes device 0), so both are read here as the kernel reads them.

/// Bytes of a text that reach the driver: kernfs passes on a page at most.
const PAGE: usize = 4096;

/// The part of a written text that a parser of strings sees (`kernfs_fop_write_iter` cuts it and puts a NUL
/// behind it).
fn seen(text: &[u8]) -> &[u8] {
    let cut = &text[..text.len().min(PAGE)];
    cut.split(|byte| *byte == 0).next().unwrap_or_default()
}

/// The device that a text for `hot_remove` names, whether it exists or not (`kstrtoint` to base 10, then
/// refused below zero). `None`: the kernel refuses the text without looking for a device.
pub(crate) fn device(text: &[u8]) -> Option<u32> {
    let text = seen(text);
    let text = text.strip_suffix(b"\n").unwrap_or(text);
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        rest => (false, rest),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let value = digits.iter().try_fold(0_i32, |value, digit| {
        value.checked_mul(10).and_then(|value| value.checked_add(i32::from(digit - b'0')))
    })?;
    // Of the numbers with a minus sign only zero is none below zero.
    if negative && value != 0 { None } else { u32::try_from(value).ok() }
}

/// The path that a text for `backing_dev` names: one newline at its end is ignored (`backing_dev_store`).
pub(crate) fn path(text: &[u8]) -> &[u8] {
    let text = seen(text);
    text.strip_suffix(b"\n").unwrap_or(text)
}

/// The bytes that a text for `disksize` asks for, before they are rounded up to pages (`memparse`): a prefix says the base,
/// a suffix the unit, what follows is ignored, and what does not fit is the largest number.
pub(crate) fn size(text: &[u8]) -> u64 {
    let text = seen(text);
    let hex = matches!(text, [b'0', b'x' | b'X', digit, ..] if digit.is_ascii_hexdigit());
    let (base, digits) = match text {
        [_, _, rest @ ..] if hex => (16, rest),
        [b'0', ..] => (8, text),
        _ => (10, text),
    };
    let (mut value, mut taken) = (0_u64, 0);
    for digit in digits.iter().map_while(|byte| char::from(*byte).to_digit(base)) {
        value = value.saturating_mul(u64::from(base)).saturating_add(u64::from(digit));
        taken += 1;
    }
    let unit = match digits.get(taken).map(u8::to_ascii_lowercase) {
        _ if taken == 0 => 0,
        Some(b'k') => 10,
        Some(b'm') => 20,
        Some(b'g') => 30,
        Some(b't') => 40,
        Some(b'p') => 50,
        Some(b'e') => 60,
        _ => 0,
    };
    value.saturating_mul(1 << unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_loses_one_newline() {
        for (text, expected) in
            [("/dev/sda\n", "/dev/sda"), ("/dev/sda\n\n", "/dev/sda\n"), ("/dev/sda\0x", "/dev/sda")]
        {
            assert_eq!(path(text.as_bytes()), expected.as_bytes(), "{text:?}");
        }
    }

    #[test]
    fn texts_that_name_a_device() {
        for text in ["0", "-0", "+0", "-0\n", "00", "-000", "0\0x", "0\n\0", "+0\0\n"] {
            assert_eq!(device(text.as_bytes()), Some(0), "{text:?}");
        }
        for (text, dev) in [("7\n", 7), ("+12", 12), ("007", 7), ("2147483647", 2_147_483_647)] {
            assert_eq!(device(text.as_bytes()), Some(dev), "{text:?}");
        }
    }

    #[test]
    fn texts_that_name_none() {
        for text in [
            "",
            "\n",
            "+",
            "-",
            "-1",
            "+-0",
            "-+0",
            "--0",
            "0\n\n",
            "0 ",
            " 0",
            "0x0",
            "\x000",
            "2147483648",
            "-2147483648",
            "99999999999999999999",
        ] {
            assert_eq!(device(text.as_bytes()), None, "{text:?}");
        }
    }

    #[test]
    fn a_text_ends_with_its_page() {
        let zeros = |count| vec![b'0'; count];
        assert_eq!(device(&[zeros(4095), vec![b'5']].concat()), Some(5));
        assert_eq!(device(&[zeros(4096), vec![b'5']].concat()), Some(0));
        assert_eq!(device(&[zeros(4096), b"no number".to_vec()].concat()), Some(0));
        assert_eq!(device(&[vec![b'7'], vec![b'\n'; 4096]].concat()), None);
        assert_eq!(device(&[zeros(4094), b"7\n9".to_vec()].concat()), Some(7));
    }

    #[test]
    fn sizes() {
        for (text, bytes) in [
            ("4096\n", 4096),
            ("1K", 1024),
            ("2g and more", 2 << 30),
            ("0x10M", 16 << 20),
            ("010", 8),
            ("08G", 0),
            ("0xg", 0),
            ("15E", 15 << 60),
            ("16E", u64::MAX),
            ("99999999999999999999", u64::MAX),
            ("1\0G", 1),
            ("", 0),
            ("G", 0),
            ("-1", 0),
            ("+1", 0),
        ] {
            assert_eq!(size(text.as_bytes()), bytes, "{text:?}");
        }
    }
}
