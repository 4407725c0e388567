//! A difference found, with the shortest list of operations that shows it.

use std::path::PathBuf;

use zram_agent::protocol::Op;

use super::{
    parting::{Parting, Signature, Weight},
    timeline::Timeline,
};

/// A difference, and how to see it.
#[derive(Clone, Debug)]
pub struct Finding {
    /// Its number, from 1, in the order in which differences were found.
    pub number: usize,
    /// What it is known by.
    pub signature: Signature,
    /// What differs after the last operation, the signature's own difference first.
    pub partings: Vec<Parting>,
    /// The shortest list of operations that was found.
    pub ops: Vec<Op>,
    /// Findings that differ earlier in this list: the difference may be a consequence of theirs.
    pub after: Vec<usize>,
    /// The theme of the program that it was found in.
    pub theme: String,
    /// Which operation of the search it was first met on.
    pub operation: usize,
    /// Attempts that shrinking took.
    pub attempts: usize,
    /// How often it was met in the search.
    pub met: usize,
    /// Both timelines of the shortest list.
    pub timeline: Timeline,
    /// Where operations and timelines were written.
    pub file: Option<PathBuf>,
}

impl Finding {
    /// What it means for what follows.
    #[must_use]
    pub fn weight(&self) -> Weight {
        self.partings.first().map_or(Weight::State, |parting| parting.weight)
    }

    /// What either side shows.
    #[must_use]
    pub fn sides(&self) -> [&str; 2] {
        self.partings.first().map_or(["", ""], |parting| [&parting.sides[0], &parting.sides[1]])
    }
}

/// A difference that did not come again when the same operations were played once more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsteady {
    /// What it is known by.
    pub signature: Signature,
    /// What either side showed.
    pub sides: [String; 2],
    /// The theme of the program.
    pub theme: String,
    /// Which operation of the search it was met on.
    pub operation: usize,
}
