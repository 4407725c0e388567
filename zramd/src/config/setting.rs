//! What may stand behind a key.
//!
//! A value has one form each, which says its unit: `"1G"`, `"25min"`, `"5%"`. A number without one is refused, since half of those who read it would
//! take it for something else. What is refused is refused with the form that would have been taken.

use std::{ops::Range, path::PathBuf, time::Duration};

use toml::{Spanned, de::DeValue};
use zram_host::{DeviceNumber, size};

use super::{Devices, HandOver};
use crate::units::{Permille, Units};

/// A value in a text, with its place.
pub(super) type Value<'a> = Spanned<DeValue<'a>>;

/// Something wrong with a part of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Problem {
    /// Which bytes of the text.
    pub(super) span: Range<usize>,
    /// A sentence.
    pub(super) what: String,
}

impl Problem {
    /// About this value.
    pub(super) fn of(value: &Value<'_>, what: impl Into<String>) -> Self {
        Self { span: value.span(), what: what.into() }
    }

    /// With the key that it is about.
    pub(super) fn about(self, key: &str) -> Self {
        Self { what: format!("{key}: {}", self.what), ..self }
    }
}

/// A value of the configuration: how it is read, and how it is shown so that it can be read again.
pub(super) trait Setting: Sized {
    /// What is taken, as the end of a sentence.
    const TAKES: &'static str;

    /// Whether a value does not show what else there could be.
    const EXPLAINED: bool = false;

    /// Reads it.
    fn read(value: &Value<'_>) -> Result<Self, Vec<Problem>>;

    /// Shows it as TOML.
    fn show(&self) -> String;
}

/// A text, or what is there instead of one.
fn text<'a>(value: &'a Value<'_>, takes: &str) -> Result<&'a str, Vec<Problem>> {
    match value.get_ref() {
        DeValue::String(text) => Ok(text),
        other => Err(vec![Problem::of(value, format!("this is {}: give {takes}", kind(other)))]),
    }
}

/// What kind of a value it is, in words.
pub(super) fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "a plain number",
        DeValue::Float(_) => "a number with a point",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

/// A text that is understood by this, or a problem with what it says.
fn parsed<T>(
    value: &Value<'_>,
    takes: &str,
    parse: impl FnOnce(&str) -> Result<T, String>,
) -> Result<T, Vec<Problem>> {
    parse(text(value, takes)?).map_err(|what| vec![Problem::of(value, what)])
}

fn quoted(text: impl std::fmt::Display) -> String {
    toml_string(&text.to_string())
}

/// A text as TOML: a basic string.
pub(super) fn toml_string(text: &str) -> String {
    let mut shown = String::from('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => shown.extend(['\\', c]),
            c if c.is_control() => shown += &format!("\\u{:04X}", u32::from(c)),
            c => shown.push(c),
        }
    }
    shown.push('"');
    shown
}

impl Setting for bool {
    const TAKES: &'static str = "true or false";

    fn read(value: &Value<'_>) -> Result<Self, Vec<Problem>> {
        match value.get_ref() {
            DeValue::Boolean(flag) => Ok(*flag),
            DeValue::String(_) => {
                Err(vec![Problem::of(value, "this is a text: give true or false, without quotes")])
            }
            other => Err(vec![Problem::of(value, format!("this is {}: give {}", kind(other), Self::TAKES))]),
        }
    }

    fn show(&self) -> String {
        self.to_string()
    }
}

impl Setting for Duration {
    const TAKES: &'static str = "a time such as \"50ms\", \"20min\" or \"25h\"";

    fn read(value: &Value<'_>) -> Result<Self, Vec<Problem>> {
        parsed(value, Self::TAKES, |text| {
            humantime::parse_duration(text).map_err(|_| format!("{text:?} is no time: give {}", Self::TAKES))
        })
    }

    fn show(&self) -> String {
        quoted(duration(*self))
    }
}

/// A time in its largest unit that leaves no rest.
pub(super) fn duration(time: Duration) -> String {
    let units = [(3_600_000_000_000, "h"), (60_000_000_000, "min"), (1_000_000_000, "s"), (1_000_000, "ms")];
    let nanos = time.as_nanos();
    let unit = units.iter().find(|(unit, _)| nanos >= *unit && nanos.is_multiple_of(*unit));
    match unit {
        _ if nanos == 0 => "0s".to_owned(),
        Some((unit, name)) => format!("{}{name}", nanos / unit),
        None => humantime::format_duration(time).to_string(),
    }
}

/// Bytes in their largest unit that leaves no rest.
pub(super) fn bytes(bytes: u64) -> String {
    let units = [(40, "T"), (30, "G"), (20, "M"), (10, "K")];
    match units.iter().find(|(shift, _)| bytes >= 1 << shift && bytes.trailing_zeros() >= *shift) {
        Some((shift, name)) => format!("{}{name}", bytes >> shift),
        None => bytes.to_string(),
    }
}

/// A size in bytes.
impl Setting for u64 {
    const TAKES: &'static str = "a size such as \"16M\" or \"2G\"";

    fn read(value: &Value<'_>) -> Result<Self, Vec<Problem>> {
        parsed(value, Self::TAKES, size::parse)
    }

    fn show(&self) -> String {
        quoted(bytes(*self))
    }
}

impl Setting for Units {
    const TAKES: &'static str = "a size of at least 4K, such as \"100M\" or \"1G\"";

    fn read(value: &Value<'_>) -> Result<Self, Vec<Problem>> {
        let bytes = parsed(value, Self::TAKES, size::parse)?;
        match Self::within(bytes) {
            Self(0) if bytes > 0 => {
                let what = format!("{bytes} bytes are none: Linux counts writeback in blocks of 4096 bytes");
                Err(vec![Problem::of(value, what)])
            }
            units => Ok(units),
        }
    }

    fn show(&self) -> String {
        quoted(bytes(self.bytes()))
    }
}

impl Setting for Permille {
    const TAKES: &'static str = "a share such as \"5%\" or \"2.5%\"";

    fn read(value: &Value<'_>) -> Result<Self, Vec<Problem>> {
        parsed(value, Self::TAKES, |text| {
            let wrong = || {
                format!("{text:?} is no share: give {}, with at most one digit behind the point", {
                    Self::TAKES
                })
            };
            let number = text.strip_suffix('%').ok_or_else(wrong)?;
            let (whole, tenth) = number.split_once('.').unwrap_or((number, "0"));
            let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            if !is_digits(whole) || !is_digits(tenth) || tenth.len() != 1 {
                return Err(wrong());
            }
            let permille = whole.parse::<u32>().ok().and_then(|whole| whole.checked_mul(10));
            let tenth = tenth.parse::<u32>().ok();
            permille.zip(tenth).and_then(|(a, b)| a.checked_add(b)).map(Self).ok_or_else(wrong)
        })
    }

    fn show(&self) -> String {
        quoted(share(*self))
    }
}

/// A share in percent.
#[must_use]
pub fn share(Permille(thousandths): Permille) -> String {
    match thousandths % 10 {
        0 => format!("{}%", thousandths / 10),
        tenth => format!("{}.{tenth}%", thousandths / 10),
    }
}

impl Setting for PathBuf {
    const TAKES: &'static str = "a path from the root, such as \"/run/zramd/control\"";

    fn read(value: &Value<'_>) -> Result<Self, Vec<Problem>> {
        parsed(value, Self::TAKES, |text| {
            let fits =
                text.starts_with('/') && !text.contains('\0') && !text.split('/').any(|part| part == "..");
            if fits {
                Ok(text.into())
            } else {
                Err(format!("{text:?} is no path from the root without \"..\": give {}", Self::TAKES))
            }
        })
    }

    fn show(&self) -> String {
        quoted(self.display())
    }
}

const NONE: &str = "none";

/// A path, or none.
impl Setting for Option<PathBuf> {
    const TAKES: &'static str = "a path from the root, or \"none\"";
    const EXPLAINED: bool = true;

    fn read(value: &Value<'_>) -> Result<Self, Vec<Problem>> {
        match text(value, Self::TAKES)? {
            NONE => Ok(None),
            _ => PathBuf::read(value).map(Some),
        }
    }

    fn show(&self) -> String {
        self.as_ref().map_or_else(|| quoted(NONE), Setting::show)
    }
}

const KEEP: &str = "keep";

/// A limit of memory: 0 is none, and no value is one that is left as it is.
impl Setting for Option<u64> {
    const TAKES: &'static str = "\"keep\", \"none\", or a size such as \"2G\"";
    const EXPLAINED: bool = true;

    fn read(value: &Value<'_>) -> Result<Self, Vec<Problem>> {
        match text(value, Self::TAKES)? {
            KEEP => Ok(None),
            NONE => Ok(Some(0)),
            _ => match u64::read(value)? {
                0 => {
                    let what =
                        "0 is no limit to Linux: say \"none\" if that is meant, or \"keep\" to leave it";
                    Err(vec![Problem::of(value, what)])
                }
                bytes => Ok(Some(bytes)),
            },
        }
    }

    fn show(&self) -> String {
        match self {
            None => quoted(KEEP),
            Some(0) => quoted(NONE),
            Some(limit) => limit.show(),
        }
    }
}

const ALL: &str = "all";

impl Setting for Devices {
    const TAKES: &'static str =
        "\"all\", a list such as [\"zram0\"], or { from = \"/etc/zramctl-rs/devices.toml\" }";
    const EXPLAINED: bool = true;

    fn read(value: &Value<'_>) -> Result<Self, Vec<Problem>> {
        match value.get_ref() {
            DeValue::String(text) if text == ALL => Ok(Self::All),
            DeValue::Array(names) if names.is_empty() => {
                Err(vec![Problem::of(value, "no device is named: give \"all\", or do not start zramd")])
            }
            DeValue::Array(names) => named(names.iter()),
            DeValue::Table(table) => {
                let mut entries = table.iter();
                match (entries.next(), entries.next()) {
                    (Some((key, path)), None) if key.get_ref() == "from" => {
                        // What is in the file is read with the rest, when all is merged.
                        PathBuf::read(path).map(|path| Self::From(HandOver { path, devices: Vec::new() }))
                    }
                    _ => Err(vec![Problem::of(
                        value,
                        format!("this table has no meaning here: give {}", Self::TAKES),
                    )]),
                }
            }
            DeValue::String(text) => {
                Err(vec![Problem::of(value, format!("{text:?} is none of the words: give {}", Self::TAKES))])
            }
            other => Err(vec![Problem::of(value, format!("this is {}: give {}", kind(other), Self::TAKES))]),
        }
    }

    fn show(&self) -> String {
        match self {
            Self::All => quoted(ALL),
            Self::Named(devices) => {
                let names: Vec<String> = devices.iter().map(quoted).collect();
                format!("[{}]", names.join(", "))
            }
            Self::From(handed) => format!("{{ from = {} }}", handed.path.show()),
        }
    }
}

fn named<'a, 'b: 'a>(names: impl Iterator<Item = &'a Value<'b>>) -> Result<Devices, Vec<Problem>> {
    let mut devices: Vec<DeviceNumber> = Vec::new();
    let mut problems = Vec::new();
    for name in names {
        let read = parsed(name, "a device's name such as \"zram0\"", |text| {
            text.parse::<DeviceNumber>().map_err(|error| error.to_string())
        });
        match read {
            Ok(device) if devices.contains(&device) => {
                problems.push(Problem::of(name, format!("{device} is in the list twice: once is enough")));
            }
            Ok(device) => devices.push(device),
            Err(more) => problems.extend(more),
        }
    }
    if problems.is_empty() { Ok(Devices::Named(devices)) } else { Err(problems) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is shown of a value is read as the same value.
    fn round_trip<T: Setting + PartialEq + std::fmt::Debug>(value: &T, shown: &str) {
        assert_eq!(value.show(), shown);
        let parsed = DeValue::parse(shown).unwrap();
        assert_eq!(&T::read(&parsed).unwrap(), value, "{shown}");
    }

    fn refused<T: Setting + std::fmt::Debug>(text: &str) -> String {
        let value = DeValue::parse(text).unwrap();
        let problems = T::read(&value).unwrap_err();
        problems.iter().map(|problem| problem.what.clone()).collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn what_is_shown_is_read_again() {
        round_trip(&true, "true");
        round_trip(&Duration::from_secs(25 * 3600), "\"25h\"");
        round_trip(&Duration::from_secs(90), "\"90s\"");
        round_trip(&Duration::from_millis(1500), "\"1500ms\"");
        round_trip(&Duration::from_micros(1500), "\"1ms 500us\"");
        round_trip(&Duration::ZERO, "\"0s\"");
        round_trip(&(16_u64 << 20), "\"16M\"");
        round_trip(&1025_u64, "\"1025\"");
        round_trip(&u64::MAX, "\"18446744073709551615\"");
        round_trip(&Units(25600), "\"100M\"");
        round_trip(&Units(0), "\"0\"");
        round_trip(&Permille(50), "\"5%\"");
        round_trip(&Permille(8005), "\"800.5%\"");
        round_trip(&PathBuf::from("/a \"b\"\\"), "\"/a \\\"b\\\"\\\\\"");
        round_trip(&None::<PathBuf>, "\"none\"");
        round_trip(&None::<u64>, "\"keep\"");
        round_trip(&Some(0_u64), "\"none\"");
        round_trip(&Some(1_u64 << 31), "\"2G\"");
        round_trip(&Devices::All, "\"all\"");
        round_trip(&Devices::Named(vec![DeviceNumber(0), DeviceNumber(12)]), "[\"zram0\", \"zram12\"]");
        let handed = HandOver { path: "/etc/z.toml".into(), devices: Vec::new() };
        round_trip(&Devices::From(handed), "{ from = \"/etc/z.toml\" }");
    }

    #[test]
    fn what_has_no_unit_or_makes_no_sense_is_refused() {
        insta::assert_snapshot!(
            [
                refused::<bool>("1"),
                refused::<bool>("\"yes\""),
                refused::<Duration>("60"),
                refused::<Duration>("\"60\""),
                refused::<Duration>("\"soon\""),
                refused::<u64>("4096"),
                refused::<u64>("\"1.5G\""),
                refused::<Units>("\"100\""),
                refused::<Permille>("5"),
                refused::<Permille>("0.05"),
                refused::<Permille>("\"5\""),
                refused::<Permille>("\"-5%\""),
                refused::<Permille>("\"5.25%\""),
                refused::<Permille>("\"99999999999%\""),
                refused::<PathBuf>("\"run/zramd\""),
                refused::<PathBuf>("\"/run/../etc\""),
                refused::<Option<u64>>("\"0\""),
                refused::<Option<u64>>("\"most\""),
                refused::<Devices>("\"zram0\""),
                refused::<Devices>("[]"),
                refused::<Devices>("[\"zram0\", \"sda\", \"zram0\", 3]"),
                refused::<Devices>("{ to = \"/x\" }"),
                refused::<Devices>("1979-05-27"),
            ]
            .join("\n")
        );
    }
}
