//! Lists of `key=value` (`next_arg` of `lib/cmdline.c`, in a loop after `skip_spaces`).
//!
//! Quotes keep spaces together but cannot be escaped, and the kernel strips them by position, not by
//! pairs: which is why this works on positions, too.

use super::text::{c_string, is_space, skip_spaces};

/// One argument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Arg {
    /// What is before the `=`, or all of it.
    pub(crate) name: Vec<u8>,
    /// What is behind the `=`, if there is one that is not the first byte.
    value: Option<Vec<u8>>,
}

impl Arg {
    /// The value, if there is one and it is not empty: no reader of zram's tells the two apart.
    pub(crate) fn value(&self) -> Option<&[u8]> {
        self.value.as_deref().filter(|value| !value.is_empty())
    }
}

/// The arguments of a text, from left to right.
pub(crate) struct Args {
    /// The text, with NULs written over separators as parsing goes on.
    rest: Vec<u8>,
}

impl Args {
    pub(crate) fn new(text: &[u8]) -> Self {
        Self { rest: skip_spaces(c_string(text)).to_vec() }
    }
}

impl Iterator for Args {
    type Item = Arg;

    fn next(&mut self) -> Option<Arg> {
        if self.rest.is_empty() {
            return None;
        }
        let quoted = self.rest.first() == Some(&b'"');
        let mut text = self.rest.split_off(usize::from(quoted));
        let mut in_quote = quoted;
        let mut equals = 0;
        let mut end = text.len();
        for (at, byte) in text.iter().enumerate() {
            if is_space(*byte) && !in_quote {
                end = at;
                break;
            }
            if equals == 0 && *byte == b'=' {
                equals = at;
            }
            if *byte == b'"' {
                in_quote = !in_quote;
            }
        }
        let after = if end < text.len() { text.split_off(end + 1) } else { Vec::new() };
        // Writing a NUL over a byte ends whatever string runs through it.
        let mut value_start = None;
        if equals != 0 {
            text[equals] = 0;
            let mut start = equals + 1;
            if start < end && text[start] == b'"' {
                start += 1;
                if text[end - 1] == b'"' {
                    text[end - 1] = 0;
                }
            }
            value_start = Some(start);
        }
        if quoted && end > 0 && text[end - 1] == b'"' {
            text[end - 1] = 0;
        }
        text.truncate(end);
        let value = value_start.map(|start| c_string(text.get(start..).unwrap_or_default()).to_vec());
        let name = c_string(&text).to_vec();
        self.rest = skip_spaces(&after).to_vec();
        Some(Arg { name, value })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Vec<(String, Option<String>)> {
        let string = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Args::new(text.as_bytes()).map(|a| (string(&a.name), a.value.as_deref().map(string))).collect()
    }

    fn one(text: &str) -> (String, Option<String>) {
        let all = parse(text);
        assert_eq!(all.len(), 1, "{all:?}");
        all[0].clone()
    }

    #[test]
    fn keys_and_values() {
        let expected = [("type".into(), Some("idle".into())), ("x".into(), None)];
        assert_eq!(parse(" type=idle\t x\n"), expected);
        assert_eq!(one("a=b=c"), ("a".into(), Some("b=c".into())));
        assert_eq!(one("a="), ("a".into(), Some(String::new())));
        assert_eq!(parse(" \n"), []);
        assert_eq!(parse(""), []);
    }

    #[test]
    fn an_equals_sign_in_front_is_part_of_the_name() {
        assert_eq!(one("=a"), ("=a".into(), None));
        assert_eq!(one("=a=b"), ("=a".into(), Some("b".into())));
    }

    #[test]
    fn quotes_are_stripped_by_position() {
        assert_eq!(one("a=\"b c\""), ("a".into(), Some("b c".into())));
        assert_eq!(one("\"a=b c\""), ("a".into(), Some("b c".into())));
        assert_eq!(one("\"a b\""), ("a b".into(), None));
        assert_eq!(one("a=\""), ("a".into(), Some(String::new())));
        assert_eq!(one("a=\"\""), ("a".into(), Some(String::new())));
        assert_eq!(one("a=b\"c d\""), ("a".into(), Some("b\"c d\"".into())));
        assert_eq!(one("a=\"b"), ("a".into(), Some("b".into())));
        assert_eq!(parse("\"\""), [(String::new(), None)]);
        assert_eq!(one("\""), (String::new(), None));
    }
}

#[cfg(test)]
mod properties {
    use proptest::prelude::*;

    use super::*;

    /// A key, and a value that may have spaces in it, which need quotes.
    fn pair() -> impl Strategy<Value = (String, Option<String>)> {
        ("[a-z_.]{1,8}", prop::option::of("[a-z0-9=/ -]{1,12}"))
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 10_000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn what_is_printed_is_read_back(
            pairs in prop::collection::vec(pair(), 0..6),
            separator in "[ \t]{1,3}",
            quoted: bool,
        ) {
            let words = pairs.iter().map(|(name, value)| match value {
                Some(value) if quoted || value.contains(' ') => format!("{name}=\"{value}\""),
                Some(value) => format!("{name}={value}"),
                None => name.clone(),
            });
            let text = words.collect::<Vec<_>>().join(&separator) + "\n";
            let read: Vec<_> = Args::new(text.as_bytes())
                .map(|arg| {
                    let value = arg.value().map(|value| String::from_utf8_lossy(value).into_owned());
                    (String::from_utf8_lossy(&arg.name).into_owned(), value)
                })
                .collect();
            prop_assert_eq!(read, pairs);
        }

        #[test]
        fn any_text_ends(text in prop::collection::vec(any::<u8>(), 0..60)) {
            prop_assert!(Args::new(&text).count() <= text.len());
        }
    }
}
