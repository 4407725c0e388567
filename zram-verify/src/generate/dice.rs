//! Seeded choices.

use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng as _, SeedableRng as _},
};

/// A source of choices that gives the same ones for the same seed, on every machine and in every
/// version: nothing of it is left to the distributions of a library.
#[derive(Clone, Debug)]
pub(super) struct Dice(ChaCha8Rng);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    pub(super) fn word(&mut self) -> u32 {
        self.0.next_u32()
    }

    pub(super) fn long(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// A number below `n`; 0 when `n` is 0. (The bias of a remainder is of no consequence here.)
    pub(super) fn below(&mut self, n: u64) -> u64 {
        self.0.next_u64() % n.max(1)
    }

    /// A number from `low` to `high`, both included.
    pub(super) fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high.saturating_sub(low) + 1)
    }

    /// True in `percent` of a hundred cases.
    pub(super) fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// One of the entries.
    pub(super) fn pick<T: Clone>(&mut self, of: &[T]) -> T {
        let at = self.below(of.len() as u64) as usize;
        of[at].clone()
    }

    /// All the entries, in some order.
    pub(super) fn shuffle<T>(&mut self, of: &mut [T]) {
        for last in (1..of.len()).rev() {
            let other = self.below(last as u64 + 1) as usize;
            of.swap(last, other);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_makes_the_same_choices() {
        let draw = |seed| {
            let mut dice = Dice::new(seed);
            let mut order = [1, 2, 3, 4, 5, 6];
            dice.shuffle(&mut order);
            (dice.below(1000), dice.between(5, 9), dice.chance(50), order)
        };
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
    }

    #[test]
    fn bounds_hold() {
        let mut dice = Dice::new(3);
        for _ in 0..1000 {
            assert!((5..=9).contains(&dice.between(5, 9)));
            assert!(dice.below(3) < 3);
        }
        assert_eq!(dice.below(0), 0);
    }
}
