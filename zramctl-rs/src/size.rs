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
    let number: u64 = digits.parse().map_err(|_| wrong())?;
    number.checked_mul(1 << (10 * power)).ok_or_else(|| format!("\"{text}\" is more bytes than there can be"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read() {
        assert_eq!(parse("0"), Ok(0));
        assert_eq!(parse("512m"), Ok(512 << 20));
        assert_eq!(parse("4GiB"), Ok(4 << 30));
        for wrong in ["", "G", "-1", "1.5G", "4 G", "4X", "4GB", "18446744073709551616", "99999999999T"] {
            assert!(parse(wrong).is_err(), "{wrong}");
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
