//! Words for a shell, in lines that are to be copied.
//!
//! Paths are chosen by others. One with a quote in it must not become a command of whoever follows an advice.

use std::borrow::Cow;

/// A word as a shell takes it, with quotes only where it needs them.
#[must_use]
pub fn word(text: &str) -> String {
    // Without NUL bytes, which no path has, every word can be quoted.
    shlex::try_quote(text).map_or_else(|_| word(&text.replace('\0', "")), Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_stays_one_word() {
        for text in ["/mnt", "/mnt/it's", "/a b", "/$(reboot)", "/a\"b'c", "", "/new\nline", "/`id`"] {
            assert_eq!(shlex::split(&word(text)), Some(vec![text.to_owned()]), "{text}");
        }
        assert_eq!((word("/mnt").as_str(), word("/a\0b").as_str()), ("/mnt", "/ab"));
    }
}
