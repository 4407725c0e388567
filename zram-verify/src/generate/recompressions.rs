//! Texts for `recomp_algorithm` and `recompress`.

use super::draft::Draft;

/// Priorities of the algorithms beyond the first.
const SECONDARY: std::ops::RangeInclusive<u64> = 1..=3;

/// So many algorithms beyond the first, at priorities that need not follow one another, some with parameters.
pub(super) fn choose_algorithms(draft: &mut Draft<'_>, count: u64) {
    if draft.dice.chance(20) {
        let wrong = draft.dice.pick(&[
            "algo=no-such priority=1",
            "priority=1",
            "algo=zstd priority=0",
            "algo=zstd priority=4",
            "algo=zstd priority=x",
            "algo=",
            "zstd",
            "",
        ]);
        draft.set("recomp_algorithm", wrong);
    }
    // Which is better than which depends on the page; all that matters is that some are.
    let all = draft.abilities.algorithms_of(&["zstd", "deflate", "lz4hc", "zstd", "deflate", "842", "lzo"]);
    let leveled = draft.abilities.algorithms_of(&["zstd", "deflate", "lz4hc"]);
    let mut priorities: Vec<u64> = SECONDARY.collect();
    draft.dice.shuffle(&mut priorities);
    // The first is the one that a command without a priority means.
    if let Some(first) = priorities.iter().position(|priority| *priority == 1) {
        priorities.swap(0, first);
    }
    for priority in priorities.into_iter().take(count as usize) {
        // Its parameters are to be tried in any case.
        let name = if priority == 1 && !leveled.is_empty() {
            draft.dice.pick(&leveled)
        } else {
            draft.dice.pick(&all)
        };
        let text = match (priority, draft.dice.below(3)) {
            (1, 0) => format!("algo={name}"),
            (_, 1) => format!("priority={priority} algo={name}\n"),
            _ => format!("algo={name} priority={priority}"),
        };
        draft.set("recomp_algorithm", text);
        draft.secondaries.retain(|(known, _)| *known != priority);
        draft.secondaries.push((priority, name));
        if priority == 1 || draft.dice.chance(35) {
            parameters(draft, priority, name);
        }
    }
}

/// Parameters that the algorithm takes.
fn parameters(draft: &mut Draft<'_>, priority: u64, name: &str) {
    let params = match name {
        "zstd" => format!("level={}", draft.dice.pick(&[1, 3, 9])),
        "deflate" if draft.dice.chance(50) => format!("level={}", draft.dice.pick(&[1, 6, 9])),
        "deflate" => "deflate.winbits=12".to_owned(),
        "lz4hc" => format!("level={}", draft.dice.pick(&[3, 9])),
        _ => return,
    };
    draft.set("algorithm_params", format!("priority={priority} {params}"));
}

/// A command that tries something, most of the time.
pub(super) fn sensible(draft: &mut Draft<'_>) -> String {
    let mut words = Vec::new();
    match draft.dice.below(6) {
        0 => words.push("type=idle".to_owned()),
        1 => words.push("type=huge".to_owned()),
        2 => words.push("type=huge_idle".to_owned()),
        _ => {}
    }
    if draft.dice.chance(35) {
        words.push(format!("threshold={}", threshold(draft)));
    }
    if draft.dice.chance(25) {
        words.push(format!("max_pages={}", draft.dice.pick(&[0, 1, 2, 5, 100])));
    }
    let secondaries = draft.secondaries.clone();
    if !secondaries.is_empty() && draft.dice.chance(65) {
        let (priority, name) = draft.dice.pick(&secondaries);
        match draft.dice.below(4) {
            0 => words.push(format!("algo={name}")),
            1 => words.push(format!("algo={name} priority={priority}")),
            _ => words.push(format!("priority={priority}")),
        }
    }
    draft.dice.shuffle(&mut words);
    if words.is_empty() { " ".to_owned() } else { words.join(" ") }
}

/// Something to be larger and smaller than: it is the floor of what is tried and the ceiling of what is kept.
fn threshold(draft: &mut Draft<'_>) -> u64 {
    let huge = draft.abilities.huge_class_size;
    match draft.dice.below(4) {
        0 => huge - 1,
        1 => draft.dice.pick(&[0, 1, 1024, 2048, 3000]),
        _ => draft.dice.between(64, huge - 1),
    }
}

/// Everything else that can be written there.
pub(super) fn odd(draft: &mut Draft<'_>) -> String {
    let huge = draft.abilities.huge_class_size;
    let (unset, name) = (
        SECONDARY.rev().find(|priority| !draft.secondaries.iter().any(|(known, _)| known == priority)),
        draft.secondaries.first().map_or("zstd", |(_, name)| *name),
    );
    match draft.dice.below(16) {
        0 => format!("threshold={huge}"),
        1 => format!("threshold={} type=huge", huge + 1),
        2 => "threshold=x".to_owned(),
        3 => "threshold=4294967296".to_owned(),
        4 => "type=incompressible".to_owned(),
        5 => "type=idle type=all".to_owned(),
        6 => "type=".to_owned(),
        7 => "algo=no-such".to_owned(),
        8 => "priority=0".to_owned(),
        9 => "priority=4".to_owned(),
        10 => format!("priority={}", unset.unwrap_or(5)),
        11 => format!("algo={name} priority=0"),
        12 => "max_pages=-1".to_owned(),
        13 => "max_pages=1 max_pages=2 nonsense=1".to_owned(),
        14 => String::new(),
        _ => "nonsense".to_owned(),
    }
}
