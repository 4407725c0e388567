//! A difference between what the model says and what a kernel did.

use serde::Serialize;
use zram_agent::protocol::Op;

use crate::compare::{Level, Strength};

/// One thing that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Level of the comparison.
    pub level: Level,
    /// Its strength.
    pub strength: Strength,
    /// What differs, such as `zram0/mm_stat` or `event 12`.
    pub field: String,
    /// What the model says.
    pub expected: String,
    /// What the kernel did.
    pub observed: String,
    /// More lines that help to read it: the events around, the bytes around.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub context: Vec<String>,
    /// Where sequences of events differ: the two of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeline: Option<Timeline>,
}

/// The events of both sides around the first that differs, an event per line of text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Timeline {
    /// Which event of the operation the first of these is.
    pub from: usize,
    /// Which event of the operation is the first that differs.
    pub differs: usize,
    /// The model's.
    pub expected: Vec<String>,
    /// The kernel's.
    pub observed: Vec<String>,
}

impl Difference {
    /// The kind of thing that differs, without numbers: two failures of one kind are taken for one
    /// and the same failure while a program is being shrunk.
    #[must_use]
    pub fn kind(&self) -> (Level, String) {
        (self.level, self.field.chars().filter(|c| !c.is_ascii_digit()).collect())
    }
}

/// An operation after which something differs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Divergence {
    /// Which operation of the run, from 0.
    pub operation: usize,
    /// The program it belongs to.
    pub theme: String,
    /// The operation.
    pub op: Op,
    /// What differs; not empty.
    pub differences: Vec<Difference>,
}
