//! How inputs are changed: bytes, words, ranges and halves of others.

use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng as _, SeedableRng as _},
};

/// Numbers that parsers stumble over.
const NUMBERS: &[&str] = &[
    "0",
    "1",
    "-1",
    "-0",
    "+0",
    "2147483647",
    "2147483648",
    "-2147483648",
    "4294967295",
    "4294967296",
    "9223372036854775807",
    "9223372036854775808",
    "18446744073709551615",
    "18446744073709551616",
    "0x10",
    "010",
    "1e9",
];

/// A source of inputs.
#[derive(Clone, Debug)]
pub struct Mutator {
    dice: ChaCha8Rng,
    words: Vec<Vec<u8>>,
}

impl Mutator {
    /// From a seed, with the words that the target knows.
    #[must_use]
    pub fn new(seed: u64, mut words: Vec<Vec<u8>>) -> Self {
        words.extend(NUMBERS.iter().map(|number| number.as_bytes().to_vec()));
        Self { dice: ChaCha8Rng::seed_from_u64(seed), words }
    }

    /// A number below `n`; 0 if there is none.
    fn below(&mut self, n: usize) -> usize {
        (self.dice.next_u64() % n.max(1) as u64) as usize
    }

    /// A kept input, changed in a few places; no longer than `longest`.
    pub fn input(&mut self, kept: &[Vec<u8>], longest: usize) -> Vec<u8> {
        let which = self.below(kept.len());
        let mut input = kept.get(which).cloned().unwrap_or_default();
        for _ in 0..=self.below(4) {
            self.change(&mut input, kept);
        }
        input.truncate(longest);
        input
    }

    fn change(&mut self, input: &mut Vec<u8>, kept: &[Vec<u8>]) {
        let at = self.below(input.len() + 1);
        match self.below(9) {
            0 => {
                let byte = self.dice.next_u32() as u8;
                if let Some(there) = input.get_mut(at) {
                    *there = byte;
                }
            }
            1 => input.insert(at, self.dice.next_u32() as u8),
            2 => {
                let end = (at + 1 + self.below(16)).min(input.len());
                input.drain(at.min(end)..end);
            }
            3 => {
                let end = (at + 1 + self.below(64)).min(input.len());
                let copy = input[at.min(end)..end].to_vec();
                let to = self.below(input.len() + 1);
                input.splice(to..to, copy);
            }
            4 | 5 => {
                let which = self.below(self.words.len());
                let word = self.words.get(which).cloned().unwrap_or_default();
                input.splice(at..at, word);
            }
            6 => {
                // A run of digits becomes another number.
                let digits = |byte: &u8| byte.is_ascii_digit();
                let start = (at..input.len()).find(|at| digits(&input[*at])).unwrap_or(at);
                let end = start + input[start..].iter().take_while(|byte| digits(byte)).count();
                let which = self.below(NUMBERS.len());
                input.splice(start..end, NUMBERS[which].bytes());
            }
            7 => {
                let which = self.below(kept.len());
                if let Some(other) = kept.get(which) {
                    let from = self.below(other.len());
                    input.truncate(at);
                    input.extend_from_slice(&other[from..]);
                }
            }
            _ => {
                if let Some(there) = input.get_mut(at) {
                    *there ^= 1 << (self.dice.next_u32() % 8);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inputs_are_repeatable_and_not_too_long() {
        let kept = vec![b"page_index=12".to_vec(), vec![0; 90]];
        let inputs = |seed| {
            let mut mutator = Mutator::new(seed, vec![b"idle".to_vec()]);
            (0..2000).map(|_| mutator.input(&kept, 100)).collect::<Vec<_>>()
        };
        assert_eq!(inputs(7), inputs(7));
        assert_ne!(inputs(7), inputs(8));
        assert!(inputs(7).iter().all(|input| input.len() <= 100));
    }
}
