//! A decision, as it is told to people and programs.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Something that was done, or not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decided {
    /// When, in seconds since 1970.
    pub at: u64,
    /// On which device, as `zram0`. `null`: on none.
    pub device: Option<String>,
    /// What it was about: a word such as `writeback` or `compact`.
    pub task: String,
    /// What became of it.
    pub result: Result,
    /// In a sentence, with the reason.
    pub says: String,
    /// The numbers that it was decided by, by names with their units.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub numbers: BTreeMap<String, i64>,
}

/// What became of something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Result {
    /// It was done, and ended so: a word such as `done` or `limit-reached`.
    Ended(String),
    /// It was not done.
    Refused,
    /// It would be done.
    Planned,
}
