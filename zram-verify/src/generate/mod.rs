//! Programs of operations, from a seed.
//!
//! The generator sees no answers: the same seed and the same [`Abilities`] make the same operations, whatever a kernel
//! makes of them, which is what makes a run repeatable and two kernels comparable. What it loses by
//! not looking it makes up by keeping a rough account of what its operations should lead to, and by
//! themes that steer for the corners. A theme about something that the kernel does not have is left out.

mod configure;
mod contents;
mod dice;
mod draft;
mod layouts;
mod passes;
mod recompressions;
mod themes;

use zram_agent::protocol::Op;

use self::{dice::Dice, draft::Draft};
use crate::abilities::Abilities;

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
    abilities: Abilities,
    rotation: Vec<usize>,
}

impl Programs {
    /// The programs of a seed for a kernel.
    #[must_use]
    pub fn new(seed: u64, abilities: &Abilities) -> Self {
        Self { dice: Dice::new(seed), abilities: abilities.clone(), rotation: Vec::new() }
    }

    /// How many programs there are until each theme has had its turn.
    #[must_use]
    pub fn themes(&self) -> usize {
        themes::ALL.iter().filter(|theme| (theme.needs)(&self.abilities)).count()
    }
}

impl Iterator for Programs {
    type Item = Program;

    fn next(&mut self) -> Option<Program> {
        if self.rotation.is_empty() {
            let playable = |at: &usize| (themes::ALL[*at].needs)(&self.abilities);
            self.rotation = (0..themes::ALL.len()).filter(playable).collect();
            self.dice.shuffle(&mut self.rotation);
        }
        let theme = themes::ALL.get(self.rotation.pop()?)?;
        // A program has dice of its own, so that a change to one theme leaves the others as they were.
        let mut dice = Dice::new(self.dice.long());
        let (low, high) = theme.backing;
        let backing = dice.between(low, high);
        let mut draft = Draft::new(&mut dice, &self.abilities, backing);
        (theme.play)(&mut draft);
        Some(Program { theme: theme.name, ops: draft.ops })
    }
}

/// The operations of a seed for a kernel, program by program, cut after this many.
#[must_use]
pub fn operations(seed: u64, count: usize, abilities: &Abilities) -> Vec<Program> {
    let (mut programs, mut left) = (Vec::new(), count);
    for mut program in Programs::new(seed, abilities) {
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
    use zram_model::Profile;

    use super::*;
    use crate::coverage::ENOUGH_OPERATIONS;

    /// Those of every profile.
    fn kernels() -> Vec<Abilities> {
        Profile::all().iter().map(Abilities::of_profile).collect()
    }

    fn debian() -> Abilities {
        Abilities::of_profile(&Profile::debian_7_2())
    }

    #[test]
    fn the_same_seed_makes_the_same_operations() {
        for kernel in kernels() {
            assert_eq!(operations(7, 500, &kernel), operations(7, 500, &kernel.clone()));
            assert_ne!(operations(7, 500, &kernel), operations(8, 500, &kernel));
        }
    }

    /// What a kernel does not survive, on any seed.
    #[test]
    fn a_kernel_is_not_killed() {
        let old = Abilities::of_profile(&Profile::debian_6_12());
        let refused = |op: &Op| {
            matches!(op, Op::Set { attr, value, .. }
            if attr == "algorithm_params" && (value == "level=10" || value == "deflate.winbits=-16"))
        };
        let any =
            |kernel: &Abilities| operations(5, 20_000, kernel).iter().any(|p| p.ops.iter().any(refused));
        assert!(any(&debian()) && !any(&old));
    }

    /// An errno says what an attribute that is missing is; hundreds of them say no more.
    #[test]
    fn what_a_kernel_lacks_is_asked_for_seldom() {
        for kernel in kernels() {
            let ops: Vec<Op> = operations(2, 6000, &kernel).into_iter().flat_map(|p| p.ops).collect();
            let missing =
                |op: &&Op| matches!(op, Op::Set { attr, .. } | Op::Get { attr, .. } if !kernel.has(attr));
            let ranges = |op: &&Op| {
                matches!(op, Op::Set { attr, value, .. }
                if attr == "writeback" && (value.contains("page_indexes=") || value.contains("type=")))
            };
            let missing = ops.iter().filter(missing).count();
            assert!((1..200).contains(&missing), "{missing}");
            let ranges = ops.iter().filter(ranges).count();
            assert!(if kernel.arguments() { ranges > 200 } else { (1..150).contains(&ranges) }, "{ranges}");
        }
    }

    #[test]
    fn a_longer_run_begins_like_a_shorter_one() {
        let flat =
            |count| operations(7, count, &debian()).into_iter().flat_map(|p| p.ops).collect::<Vec<_>>();
        assert_eq!(flat(900)[..300], flat(300));
        assert_eq!(flat(900).len(), 900);
    }

    #[test]
    fn every_program_begins_in_a_clean_world() {
        for program in operations(3, 3000, &debian()) {
            let begins = program.ops.iter().filter(|op| matches!(op, Op::Begin(_))).count();
            assert!(begins == 1 && matches!(program.ops[0], Op::Begin(_)), "{}", program.theme);
        }
    }

    #[test]
    fn one_rotation_fits_into_a_thousand_operations() {
        for (seed, kernel) in (0..).zip(kernels().iter().cycle().take(40)) {
            let programs = Programs::new(seed, kernel);
            let themes = programs.themes();
            let length: usize = programs.take(themes).map(|program| program.ops.len()).sum();
            assert!(length <= ENOUGH_OPERATIONS, "seed {seed}: {length}");
        }
    }

    #[test]
    fn sleeping_is_rare() {
        let ops = operations(1, 2000, &debian()).into_iter().flat_map(|p| p.ops);
        let millis: u32 = ops.map(|op| if let Op::Sleep { millis } = op { millis } else { 0 }).sum();
        assert!((1000..10_000).contains(&millis), "{millis}");
    }
}
