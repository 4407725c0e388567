//! Ages in classes.
//!
//! Pages are counted by how long they were not used, in classes whose bounds do not depend on what is decided, so that the count can tell at
//! which age there would be how much to write. From the shortest age that may count as idle to the longest each bound is the same number of times the
//! one before; one class is before these, and one after.

use std::time::Duration;

use crate::config::IdleAge;

/// Classes between the shortest age and the longest: a power of two.
const STEPS: usize = 16;

/// How long a page was not used, while the machine was awake.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Age(u64);

impl Age {
    /// Of so many microseconds.
    #[must_use]
    pub const fn micros(micros: u64) -> Self {
        Self(micros)
    }

    /// As microseconds.
    #[must_use]
    pub const fn in_micros(self) -> u64 {
        self.0
    }

    /// Whole seconds.
    #[must_use]
    pub const fn seconds(self) -> u64 {
        self.0 / 1_000_000
    }
}

impl From<Duration> for Age {
    fn from(age: Duration) -> Self {
        Self(u64::try_from(age.as_micros()).unwrap_or(u64::MAX))
    }
}

impl From<Age> for Duration {
    fn from(Age(micros): Age) -> Self {
        Self::from_micros(micros)
    }
}

/// Where classes begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Classes {
    from: [Age; Classes::COUNT],
}

impl Classes {
    /// How many there are.
    pub const COUNT: usize = STEPS + 2;

    /// For ages between these.
    #[must_use]
    pub fn of(wanted: IdleAge) -> Self {
        // What was used just now is not idle, whatever is wanted.
        let least = Age::from(wanted.min).max(Age(1));
        let most = Age::from(wanted.max).max(least);
        let mut from = [Age(0); Self::COUNT];
        (from[1], from[STEPS + 1]) = (least, most);
        // Each is the geometric mean of the two around it.
        let mut width = STEPS;
        while width > 1 {
            for at in (1..=STEPS).step_by(width) {
                let product = u128::from(from[at].0) * u128::from(from[at + width].0);
                // The mean of two numbers is no larger than they are.
                from[at + width / 2] = Age(product.isqrt() as u64);
            }
            width /= 2;
        }
        Self { from }
    }

    /// That of an age. For millions of them, see [`Table`].
    #[must_use]
    pub fn class(&self, age: Age) -> usize {
        self.from[1..].partition_point(|from| *from <= age)
    }

    /// The first whose pages are all at least so old; the last, if there is none.
    #[must_use]
    pub fn at_least(&self, age: Age) -> usize {
        self.from.partition_point(|from| *from < age).min(Self::COUNT - 1)
    }

    /// Where a class begins.
    #[must_use]
    pub fn from(&self, class: usize) -> Age {
        self.from[class.min(Self::COUNT - 1)]
    }

    /// How long a class is. The last has no end, and is taken to be as long as the one before.
    #[must_use]
    pub fn length(&self, class: usize) -> Age {
        let class = class.min(Self::COUNT - 2);
        Age(self.from[class + 1].0 - self.from[class].0)
    }
}

/// Finds the classes of millions of ages.
///
/// Ages come in no order, so that a processor guesses wrong at every step of a search, and comparing with all bounds takes as many comparisons. So ages are first told apart by their leading bits,
/// as floating-point numbers are: by the place of the highest, and the three after it. Bounds are at least an eighth apart unless the shortest and the longest age are
/// less than a factor of seven apart, so that there is no more than one of them in a stretch, and one comparison tells on which side of it an age is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// In which class a stretch begins.
    begins: Box<[u8; Table::STRETCHES]>,
    /// The last age of each class.
    to: [Age; Classes::COUNT],
}

impl Table {
    /// Bits that count, besides the highest.
    const FINE: u32 = 3;

    const STRETCHES: usize = (65 - Self::FINE as usize) << Self::FINE;

    /// For these classes.
    #[must_use]
    pub fn of(classes: &Classes) -> Self {
        let mut begins = Box::new([0; Self::STRETCHES]);
        for (stretch, class) in begins.iter_mut().enumerate() {
            let shift = (stretch >> Self::FINE).saturating_sub(1);
            // Less than it has bits, and less than the number of classes.
            let first = ((stretch - (shift << Self::FINE)) as u64) << shift;
            // What has no such bits is in the first stretch of all.
            let first = if stretch > 1 << Self::FINE { first } else { 0 };
            *class = classes.class(Age(first)) as u8;
        }
        let to = std::array::from_fn(|class| match classes.from.get(class + 1) {
            // No bound but the first is 0.
            Some(next) => Age(next.0 - 1),
            None => Age(u64::MAX),
        });
        Self { begins, to }
    }

    /// The class of an age.
    #[must_use]
    #[inline]
    pub fn class(&self, age: Age) -> usize {
        let mut class = usize::from(self.begins[Self::stretch(age)]);
        class += usize::from(age > self.to[class]);
        // Where bounds are closer together there may be more of them.
        while age > self.to[class] {
            class += 1;
        }
        class
    }

    #[inline]
    fn stretch(Age(age): Age) -> usize {
        let age = age.max(1 << Self::FINE);
        let shift = age.ilog2() - Self::FINE;
        // The highest bit is the lowest of the number of places after those that count.
        ((shift as usize) << Self::FINE) + (age >> shift) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn classes(min: u64, max: u64) -> Classes {
        Classes::of(IdleAge { min: Duration::from_secs(min), max: Duration::from_secs(max) })
    }

    #[test]
    fn bounds_are_as_many_times_apart() {
        let classes = classes(1200, 90_000);
        let bounds: Vec<u64> = (0..Classes::COUNT).map(|class| classes.from(class).seconds()).collect();
        assert_eq!((bounds[0], bounds[1], bounds[9], bounds[17]), (0, 1200, 10_392, 90_000));
        // 75 to the power of 1/16.
        assert!(bounds[1..].windows(2).all(|two| (two[1] * 1000 / two[0]).abs_diff(1309) <= 1), "{bounds:?}");
    }

    #[test]
    fn an_age_is_in_the_class_that_begins_before_it() {
        let classes = classes(1200, 90_000);
        for class in 0..Classes::COUNT {
            let Age(from) = classes.from(class);
            assert_eq!(classes.class(Age(from)), class);
            assert_eq!(classes.class(Age(from + classes.length(class).0 - 1)), class);
            assert_eq!(classes.at_least(Age(from)), class);
            assert_eq!(classes.at_least(Age(from + 1)), (class + 1).min(Classes::COUNT - 1));
        }
        assert_eq!(classes.class(Age(u64::MAX)), Classes::COUNT - 1);
    }

    #[test]
    fn the_table_finds_what_a_search_finds() {
        let day = 86_400;
        for (min, max) in
            [(0, 0), (0, 1), (1, 1), (5, 5), (60, 61), (1200, 90_000), (1, 365 * day), (day, u64::MAX)]
        {
            let classes = classes(min, max);
            let table = Table::of(&classes);
            let bounds = classes.from.into_iter().map(|Age(from)| from);
            let powers = (0..64).flat_map(|bit| (8..16).map(move |leading| (leading << bit) >> 3));
            for age in bounds.chain(powers).chain([0, u64::MAX]) {
                for age in [age.saturating_sub(1), age, age.saturating_add(1)] {
                    let age = Age(age);
                    assert_eq!(table.class(age), classes.class(age), "{min} {max} {age:?}");
                }
            }
        }
    }

    #[test]
    fn a_stretch_has_one_bound_at_most() {
        let table = Table::of(&classes(1200, 90_000));
        let steps = table.begins.windows(2).map(|two| two[1] - two[0]);
        assert_eq!(steps.max(), Some(1), "by default a second comparison is never needed");
    }

    #[test]
    fn odd_wishes_make_classes_all_the_same() {
        for (min, max) in [(0, 0), (5, 5), (u64::MAX, u64::MAX), (0, u64::MAX), (100, 1)] {
            let classes = classes(min, max);
            assert!(classes.from.is_sorted(), "{min} {max}");
            assert_eq!(classes.class(Age(0)), 0, "{min} {max}");
            assert!(classes.from(Classes::COUNT - 1) >= Duration::from_secs(min).into());
        }
    }
}
