//! What must not reach a terminal as it is.
//!
//! A mount point, a label, a program's name: whoever chose it may have put anything in, also what makes a terminal forget lines, or show others. So
//! whatever comes from the machine passes here before it is printed, on either output.

/// What would break a line or a terminal as `\xHH`; in raw form also what would break a cell.
#[must_use]
pub fn escaped(text: &str, raw: bool) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() || raw && matches!(c, ' ' | '\\') {
            let mut bytes = [0; 4];
            for byte in c.encode_utf8(&mut bytes).bytes() {
                shown.push_str(&format!("\\x{byte:02x}"));
            }
        } else {
            shown.push(c);
        }
    }
    shown
}

/// The same of a text of several lines, which stay lines.
#[must_use]
pub fn escaped_lines(text: &str) -> String {
    text.split('\n').map(|line| escaped(line, false)).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_is_told_nothing() {
        assert_eq!(escaped("/mnt/\x1b[2J\u{9b}m\n a\\b", false), "/mnt/\\x1b[2J\\xc2\\x9bm\\x0a a\\b");
        assert_eq!(escaped("a b\\", true), "a\\x20b\\x5c");
        assert_eq!(escaped_lines("one\ntwo\x07\n"), "one\ntwo\\x07\n");
    }
}
