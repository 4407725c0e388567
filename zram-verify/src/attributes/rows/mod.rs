//! The table: which texts are written to which attribute, in which state.
//!
//! The list is data. A row that is added here has to be recorded on each kernel (`cargo xtask attributes --record`).

mod control;
mod formats;
mod lifecycle;
mod limits;
mod params;
mod recompress;
mod sizes;
mod writeback;

use zram_agent::protocol::Op;

use super::state::{State, set};
use crate::abilities::Deadly;

/// One step of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A row of the record.
    Row(Op),
    /// Something that must succeed before the next row.
    Quiet(Op),
}

/// Steps on a fresh device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// The state that the device is in at first.
    pub state: State,
    /// What is done to it.
    pub steps: Vec<Step>,
    /// What of it some kernels do not survive.
    pub deadly: Option<Deadly>,
}

/// The list under construction.
#[derive(Debug, Default)]
struct Table {
    cases: Vec<Case>,
}

impl Table {
    /// Each text by itself, on a fresh device.
    fn each<T: AsRef<str>>(&mut self, state: State, attr: &str, texts: impl IntoIterator<Item = T>) {
        for text in texts {
            self.case(state, [row(attr, text.as_ref())]);
        }
    }

    /// One text after another on one device.
    fn run(&mut self, state: State, rows: &[(&str, &str)]) {
        self.case(state, rows.iter().map(|(attr, text)| row(attr, text)));
    }

    /// Whatever steps.
    fn case(&mut self, state: State, steps: impl IntoIterator<Item = Step>) {
        self.cases.push(Case { state, steps: steps.into_iter().collect(), deadly: None });
    }

    /// Whatever steps, but not on kernels that do not survive this.
    fn deadly(&mut self, deed: Deadly, state: State, steps: impl IntoIterator<Item = Step>) {
        self.cases.push(Case { state, steps: steps.into_iter().collect(), deadly: Some(deed) });
    }
}

/// A row that writes to an attribute.
fn row(attr: &str, text: &str) -> Step {
    Step::Row(set(attr, text))
}

/// A preparation that writes to an attribute.
fn quiet(attr: &str, text: &str) -> Step {
    Step::Quiet(set(attr, text))
}

/// A text, then so many times a character: texts longer than the page that one write may have.
fn padded(text: &str, with: &str, times: usize) -> String {
    format!("{text}{}", with.repeat(times))
}

/// All cases, in the order in which they are played and recorded.
#[must_use]
pub fn table() -> Vec<Case> {
    let mut table = Table::default();
    control::add(&mut table);
    lifecycle::add(&mut table);
    sizes::add(&mut table);
    formats::add(&mut table);
    params::add(&mut table);
    limits::add(&mut table);
    writeback::add(&mut table);
    recompress::add(&mut table);
    table.cases
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    fn rows() -> Vec<(State, Op)> {
        let rows = table().into_iter().flat_map(|case| {
            let state = case.state;
            case.steps.into_iter().filter_map(move |step| match step {
                Step::Row(op) => Some((state, op)),
                Step::Quiet(_) => None,
            })
        });
        rows.collect()
    }

    #[test]
    fn every_attribute_is_written_more_than_once_and_in_several_states() {
        let mut states: BTreeMap<String, BTreeSet<State>> = BTreeMap::new();
        for (state, op) in rows() {
            if let Op::Set { attr, .. } = op {
                states.entry(attr).or_default().insert(state);
            }
        }
        let old = ["max_comp_streams", "no_such_attribute"];
        for name in crate::facts::ATTRIBUTES.iter().filter(|name| !old.contains(name)) {
            // The name that compressed_writeback had before it was released.
            if *name != "writeback_compressed" {
                assert!(states.get(*name).is_some_and(|states| states.len() >= 2), "{name}");
            }
        }
    }

    #[test]
    fn the_table_is_large_and_nothing_in_it_stands_twice() {
        let cases = table();
        assert!(rows().len() >= 350, "{} rows", rows().len());
        for (n, case) in cases.iter().enumerate() {
            assert!(!cases[..n].contains(case), "{case:?} stands twice");
        }
        let states: BTreeSet<_> = cases.iter().map(|case| case.state).collect();
        assert_eq!(states.len(), State::ALL.len());
    }
}
