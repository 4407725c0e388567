//! Chance: numbers from a seed, the same on every machine.
//!
//! Each source of steps has its own, so that one more application does not change what the others do.

use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng as _, SeedableRng as _},
};

/// Where chance comes from.
#[derive(Clone, Debug)]
pub(super) struct Chance(ChaCha8Rng);

impl Chance {
    /// Of this run, for this source.
    pub(super) fn new(seed: u64, source: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(source);
        Self(rng)
    }

    /// From 0 up to 1, which it is not.
    pub(super) fn unit(&mut self) -> f64 {
        // 53 bits, all that a double has.
        (self.0.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Below a number; 0 below 0.
    pub(super) fn below(&mut self, end: u32) -> u32 {
        u32::try_from((u64::from(self.0.next_u32()) * u64::from(end)) >> 32).unwrap_or(0)
    }

    /// Whether something happens that does with this probability.
    pub(super) fn is(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// A time until something that happens at random, so long on average; never longer than eight times that.
    pub(super) fn wait(&mut self, mean: f64) -> u64 {
        let long = -(1.0 - self.unit()).ln();
        (mean * long.min(8.0)).max(1.0) as u64
    }

    /// An amount about another: from a half to the double of it, the geometric middle being it.
    pub(super) fn about(&mut self, amount: u32) -> u32 {
        (f64::from(amount) * 2_f64.powf(2.0 * self.unit() - 1.0)) as u32
    }
}

/// Popularity: the n-th is chosen as often as 1/n to some power.
#[derive(Clone, Debug)]
pub(super) struct Zipf {
    /// Sums of the weights so far.
    sums: Vec<f64>,
    /// Who is the n-th.
    order: Vec<u32>,
}

impl Zipf {
    /// Of so many; who is popular is chance.
    pub(super) fn new(count: u32, exponent: f64, chance: &mut Chance) -> Self {
        let mut sum = 0.0;
        let sums = (1..=count.max(1)).map(|rank| {
            sum += f64::from(rank).powf(-exponent);
            sum
        });
        let sums = sums.collect();
        let mut order: Vec<u32> = (0..count.max(1)).collect();
        for at in (1..order.len()).rev() {
            order.swap(at, chance.below(u32::try_from(at).unwrap_or(u32::MAX) + 1) as usize);
        }
        Self { sums, order }
    }

    pub(super) fn choose(&self, chance: &mut Chance) -> u32 {
        let whole = self.sums.last().copied().unwrap_or(1.0);
        let point = chance.unit() * whole;
        let rank = self.sums.partition_point(|sum| *sum <= point);
        self.order.get(rank).or(self.order.last()).copied().unwrap_or(0)
    }

    /// This share of them changes places with others.
    pub(super) fn drift(&mut self, share: f64, chance: &mut Chance) {
        let count = u32::try_from(self.order.len()).unwrap_or(u32::MAX);
        let swaps = (f64::from(count) * share / 2.0) as u32;
        for _ in 0..swaps {
            self.order.swap(chance.below(count) as usize, chance.below(count) as usize);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_is_chosen_as_often_as_it_should_be() {
        let mut chance = Chance::new(1, 0);
        let zipf = Zipf::new(10, 1.0, &mut chance);
        let mut times = [0_u32; 10];
        for _ in 0..29_290 {
            times[zipf.choose(&mut chance) as usize] += 1;
        }
        let mut sorted = times;
        sorted.sort_unstable_by(|a, b| b.cmp(a));
        // 1 + 1/2 + … + 1/10 = 2.929
        assert!((9_700..10_300).contains(&sorted[0]), "{sorted:?}");
        assert!((900..1_100).contains(&sorted[9]), "{sorted:?}");
    }

    #[test]
    fn sources_differ_and_repeat_themselves() {
        let numbers = |source| {
            let mut chance = Chance::new(7, source);
            [chance.below(1000), chance.below(1000), chance.below(1000)]
        };
        assert_eq!(numbers(1), numbers(1));
        assert_ne!(numbers(1), numbers(2));
        let mut chance = Chance::new(7, 3);
        let mean = (0..10_000).map(|_| chance.wait(100.0)).sum::<u64>() / 10_000;
        assert!((95..105).contains(&mean), "{mean}");
    }
}
