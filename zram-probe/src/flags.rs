//! The flags of a slot, wherever a kernel has them.
//!
//! `enum zram_pageflags` has been reordered: the lock came, went and came back, and what marks a slot that a pass has was
//! another flag once. Everything beyond the probes knows one order, that of today. So the words are put into it here, by the names that
//! the kernel's BTF has for its bits; no version is asked.
//!
//! A flag whose name is not known keeps a place of its own, above all others, so that it is seen to be there.

use zram_events::{Kind, RawRecord};

use crate::btf::{Btf, BtfError};

/// The enumeration.
const ENUM: &str = "zram_pageflags";

/// Names in the order of today, counted from the first flag; last those that are gone.
const ORDER: [&[&str]; 10] = [
    &["ZRAM_SAME"],
    &["ZRAM_ENTRY_LOCK", "ZRAM_LOCK"],
    &["ZRAM_WB"],
    &["ZRAM_PP_SLOT"],
    &["ZRAM_HUGE"],
    &["ZRAM_IDLE"],
    &["ZRAM_INCOMPRESSIBLE"],
    &["ZRAM_COMP_PRIORITY_BIT1"],
    &["ZRAM_COMP_PRIORITY_BIT2"],
    &["ZRAM_UNDER_WB"],
];

/// Which argument of [`Kind::SlotFree`] has the flags.
const FLAGS_WORD: usize = 2;

/// How to put a kernel's flags into the order of today.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct FlagOrder {
    /// Of each flag that has moved: where it is, and where it belongs.
    moves: Vec<(u32, u32)>,
}

impl FlagOrder {
    /// As the driver's BTF has it. A kernel without such an enumeration is taken to have today's order.
    ///
    /// # Errors
    /// When the BTF is not well-formed.
    pub(crate) fn of(zram: &Btf<'_>) -> Result<Self, BtfError> {
        let flags: Vec<(String, u32)> =
            zram.enumerators(ENUM)?.into_iter().filter(|(name, _)| !name.starts_with("__")).collect();
        let Some(first) = flags.iter().map(|(_, bit)| *bit).min() else { return Ok(Self::default()) };
        let mut unknown = ORDER.len() as u32;
        let mut moves = Vec::new();
        for (name, bit) in &flags {
            let known = ORDER.iter().position(|names| names.contains(&name.as_str()));
            let place = known.map_or_else(
                || {
                    unknown += 1;
                    unknown - 1
                },
                |place| place as u32,
            );
            moves.push((*bit, first + place));
        }
        let moved = moves.iter().any(|(from, to)| from != to);
        Ok(Self { moves: if moved { moves } else { Vec::new() } })
    }

    /// A flags word in the order of today. The size below the flags stays as it is.
    pub(crate) fn sorted(&self, word: u32) -> u32 {
        let bit = |at: u32| 1u32.checked_shl(at).unwrap_or(0);
        let kept = self.moves.iter().fold(word, |kept, (from, _)| kept & !bit(*from));
        let set = self.moves.iter().filter(|(from, _)| word & bit(*from) != 0);
        set.fold(kept, |sorted, (_, to)| sorted | bit(*to))
    }

    /// The same for what a record says of a slot.
    pub(crate) fn sort(&self, records: &mut [RawRecord]) {
        if self.moves.is_empty() {
            return;
        }
        for record in records.iter_mut().filter(|record| record.kind == Kind::SlotFree as u16) {
            let word = &mut record.args[FLAGS_WORD];
            *word = u64::from(self.sorted(*word as u32));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The order of 6.12: no lock, and UNDER_WB where PP_SLOT is.
    fn old() -> FlagOrder {
        let moves = (13..).zip([13, 15, 22, 17, 18, 19, 20, 21]).collect();
        FlagOrder { moves }
    }

    #[test]
    fn flags_move_and_the_size_stays() {
        let order = old();
        assert_eq!(order.sorted(4096), 4096);
        assert_eq!(order.sorted(100 | 1 << 14), 100 | 1 << 15);
        assert_eq!(order.sorted(100 | 1 << 15 | 1 << 17), 100 | 1 << 22 | 1 << 18);
        assert_eq!(order.sorted(3 << 19), 3 << 20);
        assert_eq!(FlagOrder::default().sorted(u32::MAX), u32::MAX);
    }

    /// The order of 6.1: the lock first, and nothing behind IDLE.
    #[test]
    fn the_lock_was_first_once() {
        let order = FlagOrder { moves: (13..).zip([14, 13, 15, 22, 17, 18]).collect() };
        assert_eq!(order.sorted(4096 | 1 << 17), 4096 | 1 << 17);
        assert_eq!(order.sorted(1 << 14), 1 << 13, "SAME");
        assert_eq!(order.sorted(1 << 13 | 1 << 16 | 1 << 18), 1 << 14 | 1 << 22 | 1 << 18);
    }

    #[test]
    fn only_what_a_record_says_of_a_slot_is_sorted() {
        let record = |kind: Kind| RawRecord {
            kind: kind as u16,
            args: [0, 0, 1 << 14, 9, 0, 0],
            ..RawRecord::default()
        };
        let mut records = [record(Kind::SlotFree), record(Kind::Bio)];
        old().sort(&mut records);
        assert_eq!(records.map(|record| record.args[2]), [1 << 15, 1 << 14]);
    }
}
