//! L3: the slot table, row by row.

use std::collections::BTreeMap;

use zram_agent::protocol::SlotRow;
use zram_model::slot_flags;

use super::{Comparer, Level, Strength};

/// What the handle word of a slot stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Word {
    /// Nothing: no size, no flag that gives it a meaning.
    Unused(u64),
    /// A page of this word.
    Fill(u64),
    /// A block of the backing device.
    Block(u64),
    /// An object, by the life of its handle.
    Handle(u32),
    /// An address that no living handle has.
    NoHandle(u64),
}

/// From a row's handle word to the handle's life.
pub type Life<'a> = &'a dyn Fn(u64) -> Option<u32>;

pub(crate) fn word(row: &SlotRow, life: Life<'_>) -> Word {
    let size = row.flags & (slot_flags::SAME - 1);
    if row.flags & slot_flags::WB != 0 {
        Word::Block(row.word)
    } else if row.flags & slot_flags::SAME != 0 {
        Word::Fill(row.word)
    } else if size != 0 {
        life(row.word).map_or(Word::NoHandle(row.word), Word::Handle)
    } else {
        Word::Unused(row.word)
    }
}

/// Flags and size in words.
#[must_use]
pub fn describe_flags(flags: u32) -> String {
    let names = [
        (slot_flags::SAME, "SAME"),
        (slot_flags::WB, "WB"),
        (slot_flags::PP_SLOT, "PP_SLOT"),
        (slot_flags::HUGE, "HUGE"),
        (slot_flags::IDLE, "IDLE"),
        (slot_flags::INCOMPRESSIBLE, "INCOMPRESSIBLE"),
        (slot_flags::UNDER_WB, "UNDER_WB"),
    ];
    let mut text = format!("size {}", flags & (slot_flags::SAME - 1));
    for (_, name) in names.iter().filter(|(bit, _)| flags & bit != 0) {
        text.push(' ');
        text.push_str(name);
    }
    match (flags & slot_flags::PRIORITY) >> slot_flags::PRIORITY_SHIFT {
        0 => {}
        priority => text.push_str(&format!(" priority {priority}")),
    }
    text
}

/// When the slot was accessed: seconds, and nanoseconds on kernels that keep them.
fn time(row: &SlotRow) -> (u32, u32) {
    (row.time, row.nanoseconds)
}

/// Compares two tables. Rows that are all zero are in neither.
pub fn compare(
    comparer: &mut Comparer,
    dev: u32,
    (expected, ours): (&[SlotRow], Life<'_>),
    (observed, theirs): (&[SlotRow], Life<'_>),
) {
    let theirs_by_slot: BTreeMap<u32, &SlotRow> = observed.iter().map(|row| (row.slot, row)).collect();
    let extra = observed.iter().filter(|row| !expected.iter().any(|other| other.slot == row.slot));
    for row in extra {
        comparer.tally.count(Level::L3, Strength::AtQuiescence, 1);
        let shown = describe_flags(row.flags);
        comparer.differ(
            Level::L3,
            Strength::AtQuiescence,
            format!("zram{dev} slot {}", row.slot),
            "nothing".to_owned(),
            format!("{shown}, {:?}, time {}", word(row, theirs), row.time),
            Vec::new(),
        );
    }
    for row in expected {
        let field = |what: &str| format!("zram{dev} slot {}: {what}", row.slot);
        let empty = SlotRow { slot: row.slot, word: 0, flags: 0, time: 0, nanoseconds: 0 };
        let other = theirs_by_slot.get(&row.slot).copied().unwrap_or(&empty);
        comparer.tally.count(Level::L3, Strength::AtQuiescence, 1);
        if row.flags != other.flags {
            comparer.differ(
                Level::L3,
                Strength::AtQuiescence,
                field("flags"),
                describe_flags(row.flags),
                describe_flags(other.flags),
                Vec::new(),
            );
        }
        let words = (word(row, ours), word(other, theirs));
        comparer.same(Level::L3, Strength::AtQuiescence, || field("word"), &words.0, &words.1);
        comparer.same(Level::L3, Strength::AtQuiescence, || field("access time"), &time(row), &time(other));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn differences(expected: &[SlotRow], observed: &[SlotRow]) -> Vec<String> {
        let mut comparer = Comparer::default();
        // On the observed side handles are addresses, a thousand times their life.
        compare(
            &mut comparer,
            0,
            (expected, &|word| Some(word as u32)),
            (observed, &|address| (address % 1000 == 0).then_some((address / 1000) as u32)),
        );
        comparer.differences.into_iter().map(|difference| difference.field).collect()
    }

    const ROW: SlotRow = SlotRow { slot: 3, word: 7, flags: 100, time: 9, nanoseconds: 0 };
    const SEEN: SlotRow = SlotRow { word: 7000, ..ROW };

    #[test]
    fn equal_tables_agree() {
        assert!(differences(&[ROW], &[SEEN]).is_empty());
    }

    #[test]
    fn each_field_is_compared() {
        assert_eq!(differences(&[ROW], &[SlotRow { word: 8000, ..SEEN }]), ["zram0 slot 3: word"]);
        assert_eq!(differences(&[ROW], &[SlotRow { word: 7001, ..SEEN }]), ["zram0 slot 3: word"]);
        assert_eq!(differences(&[ROW], &[SlotRow { flags: 101, ..SEEN }]), ["zram0 slot 3: flags"]);
        assert_eq!(differences(&[ROW], &[SlotRow { time: 8, ..SEEN }]), ["zram0 slot 3: access time"]);
    }

    #[test]
    fn rows_missing_and_added_are_found() {
        assert_eq!(differences(&[ROW], &[]).len(), 3);
        assert_eq!(differences(&[], &[SEEN]), ["zram0 slot 3"]);
    }

    #[test]
    fn a_block_is_not_a_handle() {
        let away = SlotRow { flags: 100 | slot_flags::WB, ..ROW };
        assert!(differences(&[away], &[away]).is_empty());
        assert_eq!(differences(&[away], &[SlotRow { word: 8, ..away }]), ["zram0 slot 3: word"]);
    }
}
