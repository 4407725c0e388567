//! Two sequences of events on a terminal: side by side where they fit, one under the other where they do not.

use super::Paint;
use crate::divergence::Timeline;

/// Events shown before and after the first that differs.
const AROUND: usize = 6;

/// The lines to print.
pub(super) fn lines(timeline: &Timeline, paint: Paint) -> Vec<String> {
    let first = timeline.differs.saturating_sub(AROUND).max(timeline.from);
    let longest = timeline.from + timeline.expected.len().max(timeline.observed.len());
    let shown = first..longest.min(timeline.differs + AROUND);
    let side_by_side = side_by_side(timeline, shown.clone());
    let fits = |columns| side_by_side.iter().all(|line| line.chars().count() + 4 <= columns);
    if paint.columns().is_none_or(fits) { side_by_side } else { one_under_the_other(timeline, shown) }
}

fn event(events: &[String], from: usize, number: usize) -> &str {
    events.get(number - from).map_or("", String::as_str)
}

fn side_by_side(timeline: &Timeline, shown: std::ops::Range<usize>) -> Vec<String> {
    let ours = |number| event(&timeline.expected, timeline.from, number);
    let theirs = |number| event(&timeline.observed, timeline.from, number);
    let width = shown.clone().map(|number| ours(number).len()).max().unwrap_or(0).max("expected".len());
    let mut lines = vec![format!("      {:<width$}   observed", "expected")];
    for number in shown {
        let mark = if number == timeline.differs { '>' } else { ' ' };
        lines.push(
            format!("{mark}{number:>4} {:<width$} | {}", ours(number), theirs(number)).trim_end().to_owned(),
        );
    }
    lines
}

/// What both have once, then what only the model expected (`-`) and what the kernel did (`+`).
fn one_under_the_other(timeline: &Timeline, shown: std::ops::Range<usize>) -> Vec<String> {
    let mut lines = vec!["      - expected, + observed".to_owned()];
    for number in shown.clone().filter(|number| *number < timeline.differs) {
        lines.push(format!(" {number:>4}   {}", event(&timeline.expected, timeline.from, number)));
    }
    for (sign, events) in [('-', &timeline.expected), ('+', &timeline.observed)] {
        for number in shown.clone().filter(|number| *number >= timeline.differs) {
            let text = event(events, timeline.from, number);
            if !text.is_empty() {
                let mark = if number == timeline.differs { '>' } else { ' ' };
                lines.push(format!("{mark}{number:>4} {sign} {text}"));
            }
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timeline() -> Timeline {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Timeline { from: 3, differs: 4, expected: names(&["a", "b", "c"]), observed: names(&["a", "x"]) }
    }

    #[test]
    fn where_there_is_room_they_stand_side_by_side() {
        let lines = lines(&timeline(), Paint::plain());
        assert_eq!(
            lines,
            ["      expected   observed", "    3 a        | a", ">   4 b        | x", "    5 c        |"]
        );
    }

    #[test]
    fn elsewhere_one_stands_under_the_other() {
        let lines = one_under_the_other(&timeline(), 3..6);
        assert_eq!(
            lines,
            ["      - expected, + observed", "    3   a", ">   4 - b", "    5 - c", ">   4 + x"]
        );
    }
}
