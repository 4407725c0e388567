//! Policies at the same wear.
//!
//! A policy that writes more has more memory saved, and more pages that come back; so two are compared where they have written as much.
//! Each is run with several budgets, which gives a curve, and is read off where the curves have a number of bytes in common: between two
//! runs on a straight line, beyond the last not at all.

use serde::Serialize;

use zram_host::size::human;

use super::{
    Outcome,
    table::{laid_out, seconds},
};

/// A policy under several budgets.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Curve {
    /// The policy.
    pub name: String,
    /// Budget of a day in bytes of the small machine, and what came of it; the smallest first.
    pub runs: Vec<(u64, Outcome)>,
}

/// A policy where it has written so many bytes.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Point {
    /// The policy.
    pub name: String,
    /// Bytes written.
    pub written: u64,
    /// Bytes not in memory, on average.
    pub mean_saved: u64,
    /// Pages that came back: all, ...
    pub read_backs: u64,
    /// ... and within six hours.
    pub within_6h: u64,
    /// Microseconds waited for memory.
    pub waited: u64,
}

impl Curve {
    /// It at so many bytes written. None: it never writes so much, or never so little.
    #[must_use]
    pub fn at(&self, written: u64) -> Option<Point> {
        let mut runs: Vec<&Outcome> = self.runs.iter().map(|(_, outcome)| outcome).collect();
        runs.sort_by_key(|outcome| outcome.written);
        let after = runs.iter().position(|outcome| outcome.written >= written)?;
        let upper = runs[after];
        let lower = if upper.written == written { upper } else { runs.get(after.checked_sub(1)?)? };
        let between = |value: fn(&Outcome) -> u64| {
            let (low, high) = (i128::from(value(lower)), i128::from(value(upper)));
            let span = i128::from(upper.written - lower.written).max(1);
            let part = i128::from(written - lower.written);
            u64::try_from(low + (high - low) * part / span).unwrap_or(0)
        };
        Some(Point {
            name: self.name.clone(),
            written,
            mean_saved: between(|outcome| outcome.mean_saved),
            read_backs: between(|outcome| outcome.read_backs.all),
            within_6h: between(|outcome| outcome.read_backs.within_6h),
            waited: between(|outcome| outcome.waits.memory_some),
        })
    }

    /// The most that it writes.
    #[must_use]
    pub fn most(&self) -> u64 {
        self.runs.iter().map(|(_, outcome)| outcome.written).max().unwrap_or(0)
    }
}

/// All of them at a number of bytes that each can have written: the most that the most frugal one writes. Those that write nothing at all
/// are left out.
#[must_use]
pub fn at_equal_bytes(curves: &[Curve]) -> Vec<Point> {
    let writing = || curves.iter().filter(|curve| curve.most() > 0);
    let Some(common) = writing().map(Curve::most).min() else { return Vec::new() };
    writing().filter_map(|curve| curve.at(common)).collect()
}

/// The points as a table; bytes are those of a machine so many times as large.
#[must_use]
pub fn table(points: &[Point], scale: u32) -> String {
    let large = |bytes: u64| human(bytes.saturating_mul(u64::from(scale)));
    let Some(first) = points.first() else { return String::new() };
    let heading = ["POLICY", "SAVED", "BACK", "<6H", "WAITED"].map(str::to_owned).to_vec();
    let rows = points.iter().map(|point| {
        vec![
            point.name.clone(),
            large(point.mean_saved),
            point.read_backs.to_string(),
            point.within_6h.to_string(),
            seconds(point.waited),
        ]
    });
    let rows: Vec<Vec<String>> = std::iter::once(heading).chain(rows).collect();
    format!("Where each has written {}:\n{}", large(first.written), laid_out(&rows))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulate::outcome::{ReadBacks, Waits};

    fn outcome(written: u64, saved: u64, back: u64) -> Outcome {
        Outcome {
            scale: 1,
            seconds: 1,
            suspended_seconds: 0,
            accesses: 0,
            mean_saved: saved,
            final_saved: 0,
            mean_pool: 0,
            final_pool: 0,
            written,
            most_in_day: 0,
            relieved: 0,
            read_backs: ReadBacks { all: back, ..ReadBacks::default() },
            dropped: 0,
            away: 0,
            swap_ins: 0,
            swap_outs: 0,
            file_reads: 0,
            kills: 0,
            waits: Waits::default(),
            samples: Vec::new(),
        }
    }

    fn curve(name: &str, runs: &[(u64, u64, u64)]) -> Curve {
        let runs =
            runs.iter().map(|&(written, saved, back)| (written, outcome(written, saved, back))).collect();
        Curve { name: name.to_owned(), runs }
    }

    #[test]
    fn between_two_runs_is_a_straight_line() {
        let a = curve("a", &[(100, 10, 4), (200, 30, 2)]);
        let point = a.at(150).unwrap();
        assert_eq!((point.mean_saved, point.read_backs), (20, 3));
        assert_eq!(a.at(100).unwrap().mean_saved, 10);
        assert_eq!(a.at(50), None);
        assert_eq!(a.at(201), None);
        let b = curve("b", &[(0, 0, 0), (170, 5, 50)]);
        let none = curve("none", &[(0, 0, 0)]);
        let points = at_equal_bytes(&[a, b, none]);
        assert_eq!(
            points.iter().map(|point| (point.name.as_str(), point.read_backs)).collect::<Vec<_>>(),
            [("a", 3), ("b", 50)]
        );
    }
}
