//! Texts for `writeback`, `idle` and their neighbours, in the forms that the kernel understands, and in others.

use super::draft::Draft;

/// Slots that are written back one by one where there are no ranges: each takes an operation.
const MOST_ONE_BY_ONE: usize = 8;

/// A mark that a pass goes by.
#[derive(Clone, Copy, Debug)]
pub(super) enum Mark {
    Idle,
    Huge,
    HugeIdle,
}

impl Mark {
    fn word(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Huge => "huge",
            Self::HugeIdle => "huge_idle",
        }
    }
}

/// Has a pass go by a mark.
pub(super) fn by_mark(draft: &mut Draft<'_>, mark: Mark) {
    let text = marked(draft, mark);
    draft.set("writeback", text);
}

/// Has a pass take a run of slots, by one range where the kernel has ranges; else one slot after another, and not all of
/// a long run.
pub(super) fn by_run(draft: &mut Draft<'_>, low: u64, count: u64) {
    if draft.abilities.arguments() {
        draft.set("writeback", format!("page_indexes={low}-{}", low + count - 1));
        return;
    }
    let mut slots: Vec<u64> = (low..low + count).collect();
    draft.dice.shuffle(&mut slots);
    for slot in slots.into_iter().take(MOST_ONE_BY_ONE) {
        draft.set("writeback", format!("page_index={slot}"));
    }
}

/// Has a pass take any run of slots.
pub(super) fn by_any_run(draft: &mut Draft<'_>) {
    let (low, count) = draft.run(24);
    by_run(draft, low, count);
}

/// The text for a mark.
fn marked(draft: &mut Draft<'_>, mark: Mark) -> String {
    let argument = draft.dice.chance(if draft.abilities.arguments() { 60 } else { 5 });
    let end = if draft.dice.chance(15) { "\n" } else { "" };
    format!("{}{}{end}", if argument { "type=" } else { "" }, mark.word())
}

/// A command that picks something, most of the time.
pub(super) fn sensible(draft: &mut Draft<'_>) -> String {
    match draft.dice.below(10) {
        0..3 => marked(draft, Mark::Idle),
        3 => marked(draft, Mark::Huge),
        4 => marked(draft, Mark::HugeIdle),
        5 => format!("page_index={}", draft.slot()),
        _ => range(draft),
    }
}

/// `page_indexes=` over a run of slots, or one slot where there are no ranges.
fn range(draft: &mut Draft<'_>) -> String {
    let (low, count) = draft.run(24);
    if draft.abilities.arguments() {
        format!("page_indexes={low}-{}", low + count - 1)
    } else {
        format!("page_index={low}")
    }
}

/// Several ranges, overlapping more often than not, so that slots are queued twice.
pub(super) fn overlapping(draft: &mut Draft<'_>) -> String {
    if !draft.abilities.arguments() && draft.dice.chance(80) {
        return sensible(draft);
    }
    let mut words: Vec<String> = Vec::new();
    let (low, count) = draft.run(12);
    words.push(format!("page_indexes={low}-{}", low + count - 1));
    let again = low + count / 2;
    words.push(match draft.dice.below(3) {
        0 => format!("page_index={again}"),
        1 => format!("page_indexes={again}-{}", draft.slots.max(1) - 1),
        _ => format!("page_indexes={low}-{again}"),
    });
    if draft.dice.chance(40) {
        words.push(sensible(draft));
    }
    words.join(" ")
}

/// Everything else that can be written there.
pub(super) fn odd(draft: &mut Draft<'_>) -> String {
    let (slots, slot) = (draft.slots, draft.slot());
    match draft.dice.below(24) {
        0 => String::new(),
        1 => "\n".to_owned(),
        2 => "   ".to_owned(),
        3 => "type=".to_owned(),
        4 => "type=nonsense".to_owned(),
        5 => "nonsense".to_owned(),
        6 => "nonsense=1".to_owned(),
        7 => format!("nonsense=1 page_index={slot}"),
        8 => format!("page_index={slots}"),
        9 => "page_index=-1".to_owned(),
        10 => "page_index=x".to_owned(),
        11 => "page_index=".to_owned(),
        12 => format!("page_index=0x{slot:x}"),
        13 => "page_index=18446744073709551616".to_owned(),
        14 => format!("page_indexes={slot}"),
        15 => format!("page_indexes=0-{slots}"),
        16 => format!("page_indexes={slot}-{}", slot.saturating_sub(1)),
        17 => "page_indexes=1-x".to_owned(),
        18 => "page_indexes=-".to_owned(),
        19 => "page_indexes=0--1".to_owned(),
        // The good range is acted on before the bad one is seen.
        20 => format!("page_index={slot} page_index={slots}"),
        21 => format!("page_index={slot} type=idle page_index={slots}"),
        22 => format!("type=incompressible page_index={slot}"),
        _ => format!("\"page_index={slot}\" type=huge"),
    }
}

/// A text for `idle` by age. The kernel's clock decides, so ages are far from now or exactly at a border.
pub(super) fn age(draft: &mut Draft<'_>) -> String {
    match draft.dice.below(12) {
        0 => "0".to_owned(),
        1 | 2 => "1".to_owned(),
        3 => "2\n".to_owned(),
        4 => "3600".to_owned(),
        5 => "4294967295".to_owned(),
        6 => "4294967296".to_owned(),
        7 => "-1".to_owned(),
        8 => "0x1".to_owned(),
        9 => "al".to_owned(),
        10 => draft.dice.between(1, 40).to_string(),
        _ => String::new(),
    }
}
