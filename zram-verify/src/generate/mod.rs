//! Programs of operations, from a seed.
//!
//! The generator sees no answers: the same seed makes the same operations on every kernel and with
//! every model, which is what makes a run repeatable and two kernels comparable. What it loses by
//! not looking it makes up by keeping a rough account of what its operations should lead to, and by
//! themes that steer for the corners.

mod configure;
mod contents;
mod dice;
mod draft;
mod layouts;
mod passes;
mod themes;

use zram_agent::protocol::Op;

use self::{dice::Dice, draft::Draft};

/// A list of operations that begins in a clean world.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// What it is about.
    pub theme: &'static str,
    /// The operations; the first is [`Op::Begin`].
    pub ops: Vec<Op>,
}

/// Programs without end.
#[derive(Clone, Debug)]
pub struct Programs {
    dice: Dice,
    rotation: Vec<usize>,
}

impl Programs {
    /// The programs of a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { dice: Dice::new(seed), rotation: Vec::new() }
    }
}

impl Iterator for Programs {
    type Item = Program;

    fn next(&mut self) -> Option<Program> {
        if self.rotation.is_empty() {
            self.rotation = (0..themes::ALL.len()).collect();
            self.dice.shuffle(&mut self.rotation);
        }
        let theme = themes::ALL.get(self.rotation.pop()?)?;
        // A program has dice of its own, so that a change to one theme leaves the others as they were.
        let mut dice = Dice::new(self.dice.long());
        let (low, high) = theme.backing;
        let backing = dice.between(low, high);
        let mut draft = Draft::new(&mut dice, backing);
        (theme.play)(&mut draft);
        Some(Program { theme: theme.name, ops: draft.ops })
    }
}

/// The operations of a seed, program by program, cut after this many.
#[must_use]
pub fn operations(seed: u64, count: usize) -> Vec<Program> {
    let (mut programs, mut left) = (Vec::new(), count);
    for mut program in Programs::new(seed) {
        if left == 0 {
            break;
        }
        program.ops.truncate(left);
        left -= program.ops.len();
        programs.push(program);
    }
    programs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_makes_the_same_operations() {
        assert_eq!(operations(7, 500), operations(7, 500));
        assert_ne!(operations(7, 500), operations(8, 500));
    }

    #[test]
    fn a_longer_run_begins_like_a_shorter_one() {
        let flat = |count| operations(7, count).into_iter().flat_map(|p| p.ops).collect::<Vec<_>>();
        assert_eq!(flat(900)[..300], flat(300));
        assert_eq!(flat(900).len(), 900);
    }

    #[test]
    fn every_program_begins_in_a_clean_world() {
        for program in operations(3, 3000) {
            let begins = program.ops.iter().filter(|op| matches!(op, Op::Begin { .. })).count();
            assert!(begins == 1 && matches!(program.ops[0], Op::Begin { .. }), "{}", program.theme);
        }
    }

    #[test]
    fn one_rotation_fits_into_a_thousand_operations() {
        for seed in 0..20 {
            let length: usize =
                Programs::new(seed).take(themes::ALL.len()).map(|program| program.ops.len()).sum();
            assert!(length <= 1000, "seed {seed}: {length}");
        }
    }

    #[test]
    fn sleeping_is_rare() {
        let ops = operations(1, 2000).into_iter().flat_map(|p| p.ops);
        let millis: u32 = ops.map(|op| if let Op::Sleep { millis } = op { millis } else { 0 }).sum();
        assert!((1000..10_000).contains(&millis), "{millis}");
    }
}
