//! One thing in which two kernels differ, and its signature.

use core::fmt;

use serde::Serialize;
use zram_agent::protocol::Op;

use crate::compare::Level;

/// What a difference means for what comes after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Weight {
    /// It is so for as long as the kernels run, whatever is done.
    Fact,
    /// It shows in the events alone: the state afterwards is the same.
    Inside,
    /// An answer or the state differs: what follows may be its consequence.
    State,
}

/// Something in which two answers to one operation differ.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Parting {
    /// Level of the comparison.
    pub level: Level,
    /// What differs, without numbers of devices, slots or positions: `mm_stat: huge_pages`.
    pub what: String,
    /// Where it differs, with them: `zram0`.
    pub place: String,
    /// What either side shows.
    pub sides: [String; 2],
    /// More lines that help to read it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub context: Vec<String>,
    /// What it means for what follows.
    pub weight: Weight,
}

/// What makes two differences the same one: found once, it is not looked for again.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Signature {
    /// Level of the comparison.
    pub level: Level,
    /// What differs.
    pub what: String,
    /// On which operation: its name, and the attribute's where it has one. Empty for facts.
    pub op: String,
}

impl Parting {
    /// Its signature, when it is met on this operation.
    #[must_use]
    pub fn signature(&self, op: &Op) -> Signature {
        let op = if self.weight == Weight::Fact { String::new() } else { phrase(op) };
        Signature { level: self.level, what: self.what.clone(), op }
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.op.as_str() {
            "" => write!(f, "{:?} {}", self.level, self.what),
            op => write!(f, "{:?} {op}: {}", self.level, self.what),
        }
    }
}

/// An operation's name, and the attribute that it is about.
pub(super) fn phrase(op: &Op) -> String {
    match op {
        Op::Set { attr, .. } | Op::Get { attr, .. } => format!("{} {attr}", op.name()),
        _ => op.name().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fact_is_the_same_on_every_operation() {
        let mut parting = Parting {
            level: Level::L1,
            what: "mm_stat: huge_pages".into(),
            place: "zram0".into(),
            sides: ["1".into(), "0".into()],
            context: Vec::new(),
            weight: Weight::State,
        };
        let set = Op::Set { dev: 0, attr: "writeback".into(), value: "idle".into() };
        assert_eq!(parting.signature(&set).to_string(), "L1 set writeback: mm_stat: huge_pages");
        assert_ne!(parting.signature(&set), parting.signature(&Op::Add {}));
        parting.weight = Weight::Fact;
        assert_eq!(parting.signature(&set), parting.signature(&Op::Add {}));
    }
}
