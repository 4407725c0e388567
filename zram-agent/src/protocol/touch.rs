//! System calls within an operation: I/O beside a pass, and what workers do together.

use serde::{Deserialize, Serialize};

use super::content::Content;

/// I/O within [`super::Op::During`]: page-aligned, and at most 256 slots, which is what fits into a bio.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case", deny_unknown_fields)]
pub enum Touch {
    /// As [`super::Op::Write`].
    Write {
        /// First slot.
        slot: u64,
        /// What each slot gets.
        pages: Vec<Content>,
    },
    /// As [`super::Op::Read`].
    Read {
        /// First slot.
        slot: u64,
        /// How many.
        count: u32,
    },
    /// As [`super::Op::Discard`].
    Discard {
        /// First slot.
        slot: u64,
        /// How many.
        count: u32,
    },
}

impl Touch {
    /// First slot, and how many.
    #[must_use]
    pub fn span(&self) -> (u64, u64) {
        match self {
            Self::Write { slot, pages } => (*slot, pages.len() as u64),
            Self::Read { slot, count } | Self::Discard { slot, count } => (*slot, u64::from(*count)),
        }
    }
}

/// One system call of a worker of [`super::Op::Together`]: I/O as within `during`, or an attribute.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case", deny_unknown_fields)]
pub enum Deed {
    /// As [`super::Op::Write`].
    Write {
        /// First slot.
        slot: u64,
        /// What each slot gets.
        pages: Vec<Content>,
    },
    /// As [`super::Op::Read`].
    Read {
        /// First slot.
        slot: u64,
        /// How many.
        count: u32,
    },
    /// As [`super::Op::Discard`].
    Discard {
        /// First slot.
        slot: u64,
        /// How many.
        count: u32,
    },
    /// As [`super::Op::Set`].
    Set {
        /// The attribute's name.
        attr: String,
        /// The text.
        value: String,
    },
}

impl Deed {
    /// The I/O, if it is one.
    #[must_use]
    pub fn touch(&self) -> Option<Touch> {
        Some(match self {
            Self::Write { slot, pages } => Touch::Write { slot: *slot, pages: pages.clone() },
            Self::Read { slot, count } => Touch::Read { slot: *slot, count: *count },
            Self::Discard { slot, count } => Touch::Discard { slot: *slot, count: *count },
            Self::Set { .. } => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::Op;

    #[test]
    fn only_io_goes_into_a_during() {
        let with = |bio: &str| {
            let text =
                format!(r#"{{"op":"during","dev":0,"pass":"type=idle","after_ms":30,"bios":[{bio}]}}"#);
            serde_json::from_str::<Op>(&text)
        };
        assert!(with(r#"{"op":"read","slot":1,"count":2}"#).is_ok());
        assert!(with(r#"{"op":"write","slot":1,"pages":[{"kind":"zero"}]}"#).is_ok());
        assert!(with(r#"{"op":"discard","slot":1,"count":2}"#).is_ok());
        for other in [
            r#"{"op":"set","attr":"reset","value":"1"}"#,
            r#"{"op":"zero_out","slot":1,"count":2}"#,
            r#"{"op":"read","dev":1,"slot":1,"count":2}"#,
            r#"{"op":"during","pass":"","after_ms":0,"bios":[]}"#,
        ] {
            assert!(with(other).is_err(), "{other}");
        }
    }

    #[test]
    fn no_workload_and_no_other_device_goes_into_a_together() {
        let with = |deed: &str| {
            let text = format!(r#"{{"op":"together","dev":0,"workers":[[{deed}]]}}"#);
            serde_json::from_str::<Op>(&text)
        };
        assert!(with(r#"{"op":"write","slot":1,"pages":[{"kind":"zero"}]}"#).is_ok());
        assert!(with(r#"{"op":"set","attr":"idle","value":"all"}"#).is_ok());
        for other in [
            r#"{"op":"zero_out","slot":1,"count":2}"#,
            r#"{"op":"read","dev":1,"slot":1,"count":2}"#,
            r#"{"op":"sleep","millis":2}"#,
        ] {
            assert!(with(other).is_err(), "{other}");
        }
    }
}
