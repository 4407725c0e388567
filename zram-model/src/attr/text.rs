//! Text as the kernel sees it: bytes up to a NUL.

/// The text up to the first NUL: what a C string function sees of it.
pub(crate) fn c_string(text: &[u8]) -> &[u8] {
    text.split(|byte| *byte == 0).next().unwrap_or_default()
}

/// The kernel's `isspace`: its table has a space at 0xa0, too.
pub(crate) fn is_space(byte: u8) -> bool {
    matches!(byte, b'\t'..=b'\r' | b' ' | 0xa0)
}

/// The text from its first byte that is no space (`skip_spaces`).
pub(crate) fn skip_spaces(text: &[u8]) -> &[u8] {
    let start = text.iter().position(|byte| !is_space(*byte)).unwrap_or(text.len());
    &text[start..]
}

/// Equal, where one newline at the end of either does not count (`sysfs_streq`).
pub(crate) fn sysfs_streq(a: &[u8], b: &[u8]) -> bool {
    a == b || a.strip_suffix(b"\n") == Some(b) || b.strip_suffix(b"\n") == Some(a)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_newline_at_the_end_does_not_count() {
        assert!(sysfs_streq(b"all", b"all"));
        assert!(sysfs_streq(b"all\n", b"all"));
        assert!(sysfs_streq(b"\n", b""));
        assert!(!sysfs_streq(b"all\n\n", b"all"));
        assert!(!sysfs_streq(b"al", b"all"));
        assert!(!sysfs_streq(b" all", b"all"));
    }

    #[test]
    fn spaces() {
        assert_eq!(skip_spaces(b" \t\n\x0b\x0c\r\xa0x "), b"x ");
        assert_eq!(skip_spaces(b"  "), b"");
        assert_eq!(c_string(b"ab\0cd"), b"ab");
    }
}
