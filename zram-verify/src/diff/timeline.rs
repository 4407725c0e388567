//! What both kernels did, operation by operation, side by side.

use core::fmt::Write as _;
use std::collections::{BTreeMap, BTreeSet};

use zram_agent::protocol::{Op, Outcome, Text};

use super::{
    parting::{Parting, Weight},
    side::Seen,
};
use crate::compare::events::line;

/// Widest column; longer cells push their neighbour to the right.
const WIDEST: usize = 76;

/// One operation.
#[derive(Clone, Debug)]
struct Moment {
    op: String,
    /// Rows of two cells, and whether they differ.
    rows: Vec<([String; 2], bool)>,
    differing: Vec<String>,
}

/// Every operation of a list.
#[derive(Clone, Debug, Default)]
pub struct Timeline {
    moments: Vec<Moment>,
    before: [BTreeMap<String, String>; 2],
    /// Facts that were said.
    facts: BTreeSet<String>,
}

impl Timeline {
    /// Notes what came of the next operation.
    pub(super) fn note(&mut self, op: &Op, seen: [&Seen; 2], partings: &[Parting]) {
        let mut rows = Vec::new();
        let mut row = |cells: [String; 2]| {
            let differ = cells[0] != cells[1];
            rows.push((cells, differ));
        };
        row(seen.map(|seen| match &seen.observed.observation.outcome {
            Outcome::Ok(number) => format!("-> ok {number}"),
            Outcome::Errno(name) => format!("-> {name}"),
        }));
        let events = seen.map(|seen| seen.observed.events.iter().flatten().map(line).collect::<Vec<_>>());
        for cells in aligned([&events[0], &events[1]]) {
            row(cells);
        }
        let now = seen.map(state);
        let changed = [0, 1].map(|side| {
            let before = &self.before[side];
            let new = |(name, text): &(&String, &String)| before.get(*name) != Some(*text);
            now[side]
                .iter()
                .filter(new)
                .map(|(name, text)| (name.clone(), text.clone()))
                .collect::<BTreeMap<_, _>>()
        });
        let names: BTreeSet<&String> = changed.iter().flat_map(BTreeMap::keys).collect();
        for name in names {
            row([0, 1].map(|side| {
                now[side].get(name).map_or_else(String::new, |text| format!("   {name}: {text}"))
            }));
        }
        self.before = now;
        let op = serde_json::to_string(op).unwrap_or_else(|_| op.name().to_owned());
        let said = &mut self.facts;
        let differing = partings
            .iter()
            .filter(|parting| parting.weight != Weight::Fact || said.insert(parting.what.clone()))
            .map(|parting| {
                let [a, b] = &parting.sides;
                format!("{} {}: {a} | {b}", parting.what, parting.place)
            })
            .collect();
        self.moments.push(Moment { op, rows, differing });
    }

    /// The timelines as text, with the names of the two above.
    #[must_use]
    pub fn text(&self, [a, b]: [&str; 2]) -> String {
        let cells = self.moments.iter().flat_map(|moment| moment.rows.iter());
        let width = cells.map(|([left, _], _)| left.chars().count()).max().unwrap_or(0);
        let width = width.max(a.len()).min(WIDEST);
        let mut text = String::new();
        put(&mut text, &format!("      {a:<width$} | {b}"));
        for (n, moment) in self.moments.iter().enumerate() {
            put(&mut text, &format!("{n:>4}  {}", moment.op));
            for ([left, right], differ) in &moment.rows {
                let mark = if *differ { '!' } else { ' ' };
                let fill = " ".repeat(width.saturating_sub(left.chars().count()));
                put(&mut text, &format!("    {mark} {left}{fill} | {right}"));
            }
            for line in &moment.differing {
                put(&mut text, &format!("    = {line}"));
            }
        }
        text
    }
}

fn put(text: &mut String, line: &str) {
    let written = writeln!(text, "{}", line.trim_end());
    debug_assert!(written.is_ok(), "writing to a string does not fail");
}

/// What can be read in the files of all devices, one line each, and the slots. Times are left out: they never agree.
fn state(seen: &Seen) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    for (dev, view) in &seen.observed.observation.devices {
        for (name, text) in &view.attrs {
            let shown = match text {
                Text::Read(text) => text.split_whitespace().collect::<Vec<_>>().join(" "),
                Text::Failed { errno } => errno.clone(),
            };
            all.insert(format!("zram{dev}/{name}"), shown);
        }
    }
    for ((dev, slot), row) in seen.rows.iter().flatten() {
        all.insert(format!("zram{dev} slot {slot:>4}"), format!("{}; {}", row.flags, row.word));
    }
    all
}

/// Puts equal lines beside each other: what both begin with, what both end with, and between them what they differ in.
fn aligned([a, b]: [&[String]; 2]) -> Vec<[String; 2]> {
    let head = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    let (a_rest, b_rest) = (&a[head..], &b[head..]);
    let tail = a_rest.iter().rev().zip(b_rest.iter().rev()).take_while(|(a, b)| a == b).count();
    let (a_middle, b_middle) = (&a_rest[..a_rest.len() - tail], &b_rest[..b_rest.len() - tail]);
    let cell =
        |lines: &[String], n: usize| lines.get(n).map_or_else(String::new, |line| format!("   {line}"));
    let pair = |line: &String| [format!("   {line}"), format!("   {line}")];
    let mut rows: Vec<[String; 2]> = a[..head].iter().map(pair).collect();
    let longer = a_middle.len().max(b_middle.len());
    rows.extend((0..longer).map(|n| [cell(a_middle, n), cell(b_middle, n)]));
    rows.extend(a_rest[a_rest.len() - tail..].iter().map(pair));
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_equal_stands_beside_itself() {
        let lines = |text: &str| text.chars().map(|c| c.to_string()).collect::<Vec<_>>();
        let rows = aligned([&lines("abxcd"), &lines("abcd")]);
        let shown: Vec<String> = rows.iter().map(|[a, b]| format!("{}{}", a.trim(), b.trim())).collect();
        assert_eq!(shown, ["aa", "bb", "x", "cc", "dd"]);
        assert_eq!(aligned([&lines("aa"), &lines("a")]).len(), 2);
        assert!(aligned([&[], &[]]).is_empty());
    }
}
