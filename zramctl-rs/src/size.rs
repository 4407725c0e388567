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

#[cfg(test)]
mod tests {
    use super::*;

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
