//! The loop: change an input, run it, keep it if it showed something new.

use std::{
    collections::HashSet,
    hash::{DefaultHasher, Hash, Hasher},
    panic::{AssertUnwindSafe, catch_unwind},
    time::{Duration, Instant},
};

use crate::mutate::Mutator;

/// Inputs are not made longer than this.
pub const LONGEST: usize = 8 << 10;

/// Something to feed with inputs.
pub trait Target {
    /// Its name on the command line.
    fn name(&self) -> &'static str;

    /// Inputs to begin with.
    fn seeds(&self) -> Vec<Vec<u8>>;

    /// What inputs are made of: words that the target knows.
    fn words(&self) -> Vec<Vec<u8>>;

    /// Runs an input, and tells what it showed. A panic is a finding.
    fn run(&self, input: &[u8], shown: &mut Shown);
}

/// What an input showed.
#[derive(Debug, Default)]
pub struct Shown(Vec<u64>);

impl Shown {
    /// It showed this.
    pub fn note(&mut self, what: impl Hash) {
        let mut hasher = DefaultHasher::new();
        what.hash(&mut hasher);
        self.0.push(hasher.finish());
    }
}

/// An input that must not be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The input.
    pub input: Vec<u8>,
    /// What it did.
    pub what: String,
}

/// A run.
pub struct Fuzzer<T> {
    target: T,
    mutator: Mutator,
    kept: Vec<Vec<u8>>,
    seen: HashSet<u64>,
    /// How many inputs were run.
    pub executions: u64,
    /// What takes longer than this is a finding, too. None: on a busy machine anything may take long.
    pub patience: Option<Duration>,
}

impl<T: Target> Fuzzer<T> {
    /// A run from this seed.
    pub fn new(target: T, seed: u64) -> Self {
        let mutator = Mutator::new(seed, target.words());
        Self { target, mutator, kept: Vec::new(), seen: HashSet::new(), executions: 0, patience: None }
    }

    /// How many inputs are kept, and how many things they showed.
    pub fn progress(&self) -> (usize, usize) {
        (self.kept.len(), self.seen.len())
    }

    /// Runs the seeds, and then inputs until `enough` says so.
    ///
    /// # Errors
    /// With the first finding.
    pub fn run(&mut self, mut enough: impl FnMut(&Self) -> bool) -> Result<(), Finding> {
        for seed in self.target.seeds() {
            self.try_input(seed)?;
        }
        while !enough(self) {
            let input = self.mutator.input(&self.kept, LONGEST);
            self.try_input(input)?;
        }
        Ok(())
    }

    /// Runs one input.
    ///
    /// # Errors
    /// If it is a finding.
    pub fn try_input(&mut self, input: Vec<u8>) -> Result<(), Finding> {
        self.executions += 1;
        let mut shown = Shown::default();
        let began = Instant::now();
        let ended = catch_unwind(AssertUnwindSafe(|| self.target.run(&input, &mut shown)));
        if let Err(payload) = ended {
            let text = payload.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| payload.downcast_ref::<&str>().copied());
            return Err(Finding { input, what: format!("panics: {}", text.unwrap_or("without a message")) });
        }
        if self.patience.is_some_and(|patience| began.elapsed() > patience) {
            return Err(Finding { input, what: format!("takes {:?}", began.elapsed()) });
        }
        let before = self.seen.len();
        self.seen.extend(shown.0);
        if self.seen.len() > before {
            self.kept.push(input);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Panics at the input "bad!", and shows how much of it is there.
    struct Riddle;

    impl Target for Riddle {
        fn name(&self) -> &'static str {
            "riddle"
        }

        fn seeds(&self) -> Vec<Vec<u8>> {
            vec![b"good".to_vec()]
        }

        fn words(&self) -> Vec<Vec<u8>> {
            Vec::new()
        }

        fn run(&self, input: &[u8], shown: &mut Shown) {
            let same = input.iter().zip(b"bad!").take_while(|(a, b)| a == b).count();
            shown.note(same);
            assert!(same < 4, "found it");
        }
    }

    #[test]
    fn what_shows_something_new_leads_on() {
        let mut fuzzer = Fuzzer::new(Riddle, 1);
        let found = fuzzer.run(|fuzzer| fuzzer.executions > 2_000_000);
        let finding = found.expect_err("four bytes, one after the other");
        assert!(finding.input.starts_with(b"bad!"));
        assert_eq!(finding.what, "panics: found it");
        assert_eq!(fuzzer.progress(), (4, 4));
    }
}
