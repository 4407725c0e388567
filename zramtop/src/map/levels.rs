//! Counts of slots at several levels: of 64, 256, 1024 … slots each.
//!
//! A slot that changes is one entry at each level; a cell is one entry of the level of its size, or two of the one below.

use super::Counts;
use crate::sample::Flags;

/// Slots of an entry at the lowest level, as a power of two. Higher ones make the table smaller, lower ones make cells near the bottom
/// cheaper.
const LOWEST: u32 = 6;

/// From one level to the next, as a power of two.
const STEP: u32 = 2;

#[derive(Clone, Debug, Default)]
pub(super) struct Levels(Vec<Vec<Counts>>);

impl Levels {
    /// Of so many slots that nobody has looked at.
    pub(super) fn new(slots: usize) -> Self {
        let mut levels = Vec::new();
        let mut shift = LOWEST;
        loop {
            let size = 1_usize << shift;
            let entry = |first: usize| {
                let here = size.min(slots - first);
                Counts::of(Flags::UNKNOWN, u32::try_from(here).unwrap_or(u32::MAX))
            };
            let level: Vec<Counts> = (0..slots).step_by(size).map(entry).collect();
            let is_top = level.len() <= 1;
            levels.push(level);
            if is_top {
                return Self(levels);
            }
            shift += STEP;
        }
    }

    /// A slot has become another.
    pub(super) fn replace(&mut self, slot: usize, was: Flags, is: Flags) {
        for (level, shift) in self.0.iter_mut().zip((LOWEST..).step_by(STEP as usize)) {
            if let Some(counts) = level.get_mut(slot >> shift) {
                counts.replace(was, is);
            }
        }
    }

    /// 2^`shift` slots from this one on. `None`: too few for any level.
    pub(super) fn cell(&self, first: usize, shift: u32) -> Option<Counts> {
        let above = shift.checked_sub(LOWEST)? / STEP;
        let (level, entries) = match self.0.get(above as usize) {
            Some(level) => (level, 1_usize << ((shift - LOWEST) % STEP)),
            // Larger than the device.
            None => (self.0.last()?, 1),
        };
        let own = LOWEST + STEP * above.min(self.0.len() as u32 - 1);
        let begin = first >> own;
        let end = begin.saturating_add(entries).min(level.len());
        let entries = level.get(begin..end).unwrap_or_default();
        Some(entries.iter().fold(Counts::default(), Counts::plus))
    }
}
