//! Sizes as people read them.
//!
//! The form is util-linux's, since scripts compare it: one letter, powers of 1024, at most one digit behind the point.

/// Bytes as a number with a letter: `74B`, `1.2K`, `4G`.
#[must_use]
pub fn human(bytes: u64) -> String {
    // Each letter is worth ten bits more than the one before.
    let power = bytes.checked_ilog2().unwrap_or(0) / 10;
    let letter = char::from(b"BKMGTPE"[power as usize]);
    let unit = 1_u64 << (power * 10);
    let thousandths = u128::from(bytes % unit) * 1000 / u128::from(unit);
    // Rounded from three digits, which are cut off.
    let (carry, tenth) = match (thousandths + 50) / 100 {
        10 => (1, 0),
        tenth => (0, tenth),
    };
    let whole = bytes / unit + carry;
    if tenth == 0 { format!("{whole}{letter}") } else { format!("{whole}.{tenth}{letter}") }
}

/// Bytes from a number with or without a letter (K, M, G, T, in any case, also as KiB): powers of 1024.
///
/// # Errors
/// A sentence about a text that is none.
pub fn parse(text: &str) -> Result<u64, String> {
    let wrong = || format!("\"{text}\" is no size: give bytes, or a number with K, M, G or T");
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, unit) = text.split_at(end);
    let power = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 0,
        "k" | "kib" => 1,
        "m" | "mib" => 2,
        "g" | "gib" => 3,
        "t" | "tib" => 4,
        _ => return Err(wrong()),
    };
    if digits.is_empty() {
        return Err(wrong());
    }
    // Digits that are no number are too many.
    let number = digits.parse().ok().and_then(|number: u64| number.checked_mul(1 << (10 * power)));
    number.ok_or_else(|| too_large(text))
}

/// What is said of a size that no number here can hold.
#[must_use]
pub fn too_large(text: &str) -> String {
    format!("\"{text}\" is more bytes than there can be")
}

/// Bytes as util-linux reads them: as [`parse`], but `KB`, `MB` and so on are powers of 1000, and a number may have a point.
///
/// # Errors
/// A sentence about a text that is none.
pub fn parse_decimal(text: &str) -> Result<u64, String> {
    let wrong = || format!("\"{text}\" is no size: give bytes, or a number with K, M, G, T, P or E");
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let unit = unit.to_ascii_lowercase();
    let (power, base) = match unit.as_bytes() {
        [] => (0, 1024),
        [letter] | [letter, b'i', b'b'] => (power(*letter).ok_or_else(wrong)?, 1024),
        [letter, b'b'] => (power(*letter).ok_or_else(wrong)?, 1000),
        _ => return Err(wrong()),
    };
    let unit = u128::pow(base, power);
    let (whole, part) = number.split_once('.').unwrap_or((number, "0"));
    let digits = |text: &str| text.parse::<u64>().map(u128::from).map_err(|_| wrong());
    // More digits than that say nothing about bytes.
    let part = &part[..part.len().min(18)];
    let fraction = digits(part)? * unit / u128::pow(10, part.len() as u32);
    u64::try_from(digits(whole)? * unit + fraction).map_err(|_| too_large(text))
}

/// Which power of 1024 or 1000 a letter stands for.
fn power(letter: u8) -> Option<u32> {
    (1..).zip(*b"kmgtpe").find_map(|(power, known)| (known == letter).then_some(power))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read() {
        assert_eq!(parse("0"), Ok(0));
        assert_eq!(parse("512m"), Ok(512 << 20));
        assert_eq!(parse("4GiB"), Ok(4 << 30));
        for wrong in ["", "G", "-1", "1.5G", "4 G", "4X", "4GB"] {
            assert!(parse(wrong).is_err_and(|why| why.contains("is no size")), "{wrong}");
        }
        for large in ["18446744073709551616", "99999999999T", "99999999999999999999999K"] {
            assert_eq!(parse(large), Err(too_large(large)));
        }
    }

    #[test]
    fn sizes_are_read_as_util_linux_does() {
        for (text, bytes) in [
            ("4096", 4096),
            ("1K", 1024),
            ("1kib", 1024),
            ("1KB", 1000),
            ("1.5G", 3 << 29),
            ("2GB", 2_000_000_000),
            ("0.1M", 104_857),
            ("15E", 15 << 60),
        ] {
            assert_eq!(parse_decimal(text), Ok(bytes), "{text}");
        }
        for wrong in ["", "G", ".", "1.", "-1", "1.2.3", "4X", "4 G", "1GiBs", "16E", "99999999999999999999"]
        {
            assert!(parse_decimal(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn sizes_are_short() {
        for (bytes, text) in [
            (0, "0B"),
            (1, "1B"),
            (1023, "1023B"),
            (1024, "1K"),
            (1025, "1K"),
            (1280, "1.3K"),
            (1536, "1.5K"),
            (2047, "2K"),
            (1_048_575, "1024K"),
            (1 << 30, "1G"),
            (1_234_567_890, "1.1G"),
            (u64::MAX, "16E"),
        ] {
            assert_eq!(human(bytes), text, "{bytes}");
        }
    }
}
