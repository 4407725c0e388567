//! What can be read in sysfs and debugfs, column by column.
//!
//! Two kernels print the same number in another form more often than they count it otherwise. So form and content are
//! compared apart: how many columns, letters and digits there are is a fact, noted once; what stands in the columns that
//! both have is compared each time, under the column's own name.

use zram_agent::protocol::{DeviceView, Observation, Op, Text};
use zram_probe::ClassEntry;

use super::{
    compare::{Eyes, Partings},
    parting::Weight,
};
use crate::compare::Level;

const STATE: (Level, Weight) = (Level::L1, Weight::State);
const FACT: (Level, Weight) = (Level::L0, Weight::Fact);

/// Columns of the attributes that have several (`Documentation/admin-guide/blockdev/zram.rst`).
const COLUMNS: &[(&str, &[&str])] = &[
    (
        "mm_stat",
        &[
            "orig_data_size",
            "compr_data_size",
            "mem_used_total",
            "mem_limit",
            "mem_used_max",
            "same_pages",
            "pages_compacted",
            "huge_pages",
            "huge_pages_since",
        ],
    ),
    ("bd_stat", &["bd_count", "bd_reads", "bd_writes"]),
    ("io_stat", &["failed_reads", "failed_writes", "invalid_io", "notify_free"]),
    // A word, its number, and what is counted: `writestall` (none from 6.13 on) and `miss_free`.
    ("debug_stat", &["the word version", "version", "writestall", "miss_free"]),
];

/// Attributes that list the compressors there are, the chosen one in brackets.
const LISTS: &[&str] = &["comp_algorithm"];

/// Compares the readable files of every device.
pub(super) fn devices(partings: &mut Partings, [a, b]: [&Observation; 2], eyes: &Eyes) {
    let numbers = |observation: &Observation| observation.devices.keys().copied().collect::<Vec<_>>();
    partings.same(STATE, "devices", "", [&numbers(a), &numbers(b)]);
    for (dev, view) in &a.devices {
        let Some(other) = b.devices.get(dev) else { continue };
        let place = format!("zram{dev}");
        for (name, text) in &view.attrs {
            if let (true, Some(other)) = (eyes.attributes.contains(name), other.attrs.get(name)) {
                attribute(partings, name, &place, [text, other]);
            }
        }
        state_files(partings, &place, [view, other]);
    }
}

fn attribute(partings: &mut Partings, name: &str, place: &str, sides: [&Text; 2]) {
    let [Text::Read(a), Text::Read(b)] = sides else {
        partings.same(STATE, &format!("{name}: readable"), place, sides);
        return;
    };
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let bare = [words(a), words(b)];
    if bare[0] == bare[1] {
        partings.same(FACT, &format!("{name}: spaces"), place, [a, b]);
        return;
    }
    if LISTS.contains(&name) {
        return list(partings, name, place, [&bare[0], &bare[1]]);
    }
    let Some((_, columns)) = COLUMNS.iter().find(|(attribute, _)| *attribute == name) else {
        partings.same(STATE, name, place, [a, b]);
        return;
    };
    let [a, b] = bare;
    partings.same(FACT, &format!("{name}: number of columns"), place, [&a.len(), &b.len()]);
    for (n, (a, b)) in a.iter().zip(&b).enumerate() {
        let column = columns.get(n).map_or_else(|| format!("column {n}"), |name| (*name).to_owned());
        partings.same(STATE, &format!("{name}: {column}"), place, [a, b]);
    }
}

fn list(partings: &mut Partings, name: &str, place: &str, [a, b]: [&[String]; 2]) {
    let bare = |words: &[String]| {
        words.iter().map(|word| word.trim_matches(['[', ']']).to_owned()).collect::<Vec<_>>()
    };
    let chosen = |words: &[String]| words.iter().find(|word| word.starts_with('[')).cloned();
    partings.same(FACT, &format!("{name}: names"), place, [&bare(a), &bare(b)]);
    partings.same(STATE, &format!("{name}: the chosen one"), place, [&chosen(a), &chosen(b)]);
}

fn state_files(partings: &mut Partings, place: &str, views: [&DeviceView; 2]) {
    match views.map(|view| view.block_state.as_ref()) {
        [Some(Text::Read(a)), Some(Text::Read(b))] => block_state(partings, place, [a, b]),
        sides => partings.same(STATE, "block_state: readable", place, [&sides[0], &sides[1]]),
    }
}

/// A line of `block_state`: slot, time, letters.
fn fields(line: &str) -> Option<[&str; 3]> {
    let mut words = line.split_whitespace();
    Some([words.next()?, words.next()?, words.next()?])
}

fn block_state(partings: &mut Partings, place: &str, [a, b]: [&String; 2]) {
    let (Some(first), Some(other)) = (a.lines().find_map(fields), b.lines().find_map(fields)) else {
        partings.same(STATE, "block_state: empty", place, [&a.is_empty(), &b.is_empty()]);
        return;
    };
    partings.same(FACT, "block_state: letters of a line", place, [&first[2].len(), &other[2].len()]);
    let digits = |time: &str| time.split_once('.').map_or(0, |(_, digits)| digits.len());
    partings.same(
        FACT,
        "block_state: digits of a second's fraction",
        place,
        [&digits(first[1]), &digits(other[1])],
    );
    partings.same(FACT, "block_state: times with a fraction", place, [&fractions(a), &fractions(b)]);
    let letters = first[2].len().min(other[2].len());
    let line = |line: &str| {
        fields(line).map(|[slot, time, flags]| {
            let accessed = time.contains(|digit: char| matches!(digit, '1'..='9'));
            let known: String = flags.chars().take(letters).collect();
            format!("{slot} {known}{}", if accessed { "" } else { ", time 0" })
        })
    };
    let (mut ours, mut theirs) = (a.lines(), b.lines());
    loop {
        let sides = [ours.next(), theirs.next()];
        if sides == [None, None] {
            return;
        }
        let [a, b] = sides.map(|side| side.and_then(line).unwrap_or_else(|| "(no such line)".to_owned()));
        if a != b {
            partings.push(STATE, "block_state: a line", place, [a, b], Vec::new());
            return;
        }
    }
}

/// Whether any time has a fraction of a second.
fn fractions(text: &str) -> bool {
    let has = |[_, time, _]: [&str; 3]| {
        time.split_once('.').is_some_and(|(_, digits)| digits.contains(|digit: char| digit != '0'))
    };
    text.lines().filter_map(fields).any(has)
}

/// Compares a text that an operation read: of an attribute, or from the middle of `block_state`.
pub(super) fn text_read(partings: &mut Partings, op: &Op, [a, b]: [&String; 2]) {
    match op {
        Op::Get { attr, .. } => {
            attribute(partings, attr, "read", [&Text::Read(a.clone()), &Text::Read(b.clone())]);
        }
        _ => {
            // Where lines are of different length, another number of them fits into the buffer.
            let lines = a.lines().count().min(b.lines().count());
            let width = |text: &str| text.lines().next().map_or(0, str::len);
            if width(a) == width(b) {
                return block_state(partings, "read", [a, b]);
            }
            let head = |text: &str| text.lines().take(lines).map(|line| format!("{line}\n")).collect();
            block_state(partings, "read", [&head(a), &head(b)]);
        }
    }
}

/// Compares the pool's classes: what they are, and what they hold.
pub(super) fn classes(partings: &mut Partings, [a, b]: [&Vec<ClassEntry>; 2]) {
    let fixed = |class: &ClassEntry| (class.nominal, class.index, class.size, class.objects, class.pages);
    let table = |classes: &[ClassEntry]| classes.iter().map(fixed).collect::<Vec<_>>();
    partings.same(FACT, "number of size classes", "", [&a.len(), &b.len()]);
    if let Some((ours, theirs)) = table(a).into_iter().zip(table(b)).find(|(ours, theirs)| ours != theirs) {
        partings.same(FACT, "size classes: (nominal, index, size, objects, pages)", "", [&ours, &theirs]);
        return;
    }
    let counters = a.iter().zip(b).find(|(a, b)| a.stats != b.stats);
    if let Some((a, b)) = counters {
        let place = format!("class {}", a.nominal);
        partings.same((Level::L0, Weight::State), "counters of a size class", &place, [&a.stats, &b.stats]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(name: &str, a: &str, b: &str) -> Vec<(String, Weight)> {
        let mut partings = Partings::default();
        attribute(&mut partings, name, "zram0", [&Text::Read(a.into()), &Text::Read(b.into())]);
        partings.0.into_iter().map(|parting| (parting.what, parting.weight)).collect()
    }

    #[test]
    fn columns_are_compared_by_name_and_their_number_once() {
        assert_eq!(found("bd_stat", "1 2 3\n", "1 2 3\n"), []);
        let spaces = found("bd_stat", "1 2 3\n", "  1   2   3\n");
        assert_eq!(spaces, [("bd_stat: spaces".into(), Weight::Fact)]);
        assert_eq!(found("bd_stat", "1 2 3\n", "1 9 3\n"), [("bd_stat: bd_reads".into(), Weight::State)]);
        let wider = found("mm_stat", "1 2 3 4 5 6 7 8\n", "1 2 3 4 5 6 7 8 9\n");
        assert_eq!(wider, [("mm_stat: number of columns".into(), Weight::Fact)]);
    }

    #[test]
    fn a_list_and_the_choice_from_it_are_two_things() {
        let found = |a, b| found("comp_algorithm", a, b);
        assert_eq!(
            found("[lzo] lz4\n", "lzo [lz4]\n"),
            [("comp_algorithm: the chosen one".into(), Weight::State)]
        );
        assert_eq!(found("[lz4] lzo\n", "[lz4]\n"), [("comp_algorithm: names".into(), Weight::Fact)]);
    }

    #[test]
    fn times_are_not_compared_but_whether_there_is_one() {
        let found = |a: &str, b: &str| {
            let mut partings = Partings::default();
            block_state(&mut partings, "zram0", [&a.to_owned(), &b.to_owned()]);
            partings.0.into_iter().map(|parting| parting.what).collect::<Vec<_>>()
        };
        let line = |time: &str, flags: &str| format!("           3 {time} {flags}\n");
        assert_eq!(found(&line("17.000000", "..h..."), &line("99.000000", "..h...")), [""; 0]);
        assert_eq!(found(&line("17.000000", "..h..."), &line("0.000000", "..h...")), ["block_state: a line"]);
        assert_eq!(found(&line("17.000000", "..h..."), &line("9.000000", ".wh...")), ["block_state: a line"]);
        let older = found(&line("17.000123", "..h."), &line("9.000000", "..h..."));
        assert_eq!(older, ["block_state: letters of a line", "block_state: times with a fraction"]);
    }
}
