//! Texts written down so that every byte can be seen and the line stays short.

use std::fmt::Write as _;

/// A run of one byte that is at least so long is written as a product.
const RUN: usize = 24;

/// The text in quotes, its unprintable bytes escaped and long runs of one byte as products: `"1"+"\n"*4095`.
pub(crate) fn spell(text: &[u8]) -> String {
    let mut parts: Vec<String> = Vec::new();
    let mut plain = String::new();
    let mut rest = text;
    while let Some(&byte) = rest.first() {
        let run = rest.iter().take_while(|other| **other == byte).count();
        if run >= RUN {
            if !plain.is_empty() {
                parts.push(format!("\"{plain}\""));
                plain.clear();
            }
            let mut one = String::new();
            escape(&mut one, byte);
            parts.push(format!("\"{one}\"*{run}"));
            rest = &rest[run..];
        } else {
            escape(&mut plain, byte);
            rest = &rest[1..];
        }
    }
    if !plain.is_empty() || parts.is_empty() {
        parts.push(format!("\"{plain}\""));
    }
    parts.join("+")
}

fn escape(out: &mut String, byte: u8) {
    match byte {
        b'\n' => out.push_str("\\n"),
        b'\t' => out.push_str("\\t"),
        b'"' => out.push_str("\\\""),
        b'\\' => out.push_str("\\\\"),
        b' '..=b'~' => out.push(char::from(byte)),
        // Writing to a String cannot fail.
        _ => drop(write!(out, "\\x{byte:02x}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_can_be_seen() {
        assert_eq!(spell(b""), r#""""#);
        assert_eq!(spell(b"a \"b\"\\\t\n"), r#""a \"b\"\\\t\n""#);
        assert_eq!(spell("1\0\u{e9}".as_bytes()), r#""1\x00\xc3\xa9""#);
    }

    #[test]
    fn long_runs_are_products() {
        let text = format!("1{}2", "0".repeat(4096));
        assert_eq!(spell(text.as_bytes()), r#""1"+"0"*4096+"2""#);
        assert_eq!(spell(&[b'\n'; 30]), r#""\n"*30"#);
        assert_eq!(spell(&[b'0'; 23]), format!("\"{}\"", "0".repeat(23)));
    }
}
