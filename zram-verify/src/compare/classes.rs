//! L0: the pool's size classes and what they hold.

use zram_probe::ClassEntry;

use super::{Comparer, Level, Strength};

/// Names of a class's counters, in the order of [`ClassEntry::stats`].
const STATS: [&str; 14] = [
    "group 0",
    "group 1",
    "group 2",
    "group 3",
    "group 4",
    "group 5",
    "group 6",
    "group 7",
    "group 8",
    "group 9",
    "group 10",
    "group 11",
    "allocated",
    "in use",
];

/// Compares class by class: the fixed numbers, then the counters.
pub fn compare(comparer: &mut Comparer, expected: &[ClassEntry], observed: &[ClassEntry]) {
    let lengths = (expected.len(), observed.len());
    comparer.same(Level::L0, Strength::Exact, || "nominal classes".to_owned(), &lengths.0, &lengths.1);
    for (ours, theirs) in expected.iter().zip(observed) {
        let fixed = |class: &ClassEntry| (class.nominal, class.index, class.size, class.objects, class.pages);
        comparer.same(
            Level::L0,
            Strength::Exact,
            || format!("class {}: (nominal, index, size, objects, pages)", ours.nominal),
            &fixed(ours),
            &fixed(theirs),
        );
        comparer.tally.count(Level::L0, Strength::AtQuiescence, 1);
        if let Some(n) = (0..STATS.len()).find(|n| ours.stats[*n] != theirs.stats[*n]) {
            comparer.differ(
                Level::L0,
                Strength::AtQuiescence,
                format!("class {} (size {}): {}", ours.nominal, ours.size, STATS[n]),
                ours.stats[n].to_string(),
                theirs.stats[n].to_string(),
                vec![format!("expected {:?}", ours.stats), format!("observed {:?}", theirs.stats)],
            );
        }
    }
}
