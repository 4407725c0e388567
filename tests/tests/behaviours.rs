//! Each thing that the oldest kernel does in its own way, told from what the next one does by what it was recorded to do.

use std::path::Path;

use zram_model::{Behaviours, Profile};
use zram_verify::{
    attributes::{Recorded, differences},
    commands::{attributes::played_by, trace::check},
    trace::Trace,
};

/// What one behaviour of 6.12 makes of a model of 6.1.
type Change = fn(&mut Behaviours, Behaviours);

/// Those that something recorded shows.
const TOLD: &[(&str, Change)] = &[
    ("chain_by_percent", |of, next| of.chain_by_percent = next.chain_by_percent),
    ("fullness", |of, next| of.fullness = next.fullness),
    ("compaction_loop", |of, next| of.compaction_loop = next.compaction_loop),
    ("class_set_late", |of, next| of.class_set_late = next.class_set_late),
    ("algorithm_names", |of, next| of.algorithm_names = next.algorithm_names),
    ("reset_keeps_algorithm", |of, next| of.reset_keeps_algorithm = next.reset_keeps_algorithm),
    ("algorithm_params", |of, next| of.algorithm_params = next.algorithm_params),
    ("counts_invalid_io", |of, next| of.counts_invalid_io = next.counts_invalid_io),
    ("idle_marking", |of, next| of.idle_marking = next.idle_marking),
    ("failure_is_access", |of, next| of.failure_is_access = next.failure_is_access),
    ("bio_goes_on", |of, next| of.bio_goes_on = next.bio_goes_on),
    ("six_letters", |of, next| of.six_letters = next.six_letters),
    ("backing_taken_twice", |of, next| of.backing_taken_twice = next.backing_taken_twice),
    ("writeback_command", |of, next| of.writeback_command = next.writeback_command),
];

#[test]
fn what_6_1_does_is_told_from_what_6_12_does() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let trace = Trace::recorded(&folder.join("traces/debian-6.1.zst")).unwrap();
    let record = Recorded::read(&folder.join("attributes/debian-6.1.txt")).unwrap();
    for (name, change) in TOLD {
        let mut profile = Profile::debian_6_1();
        change(&mut profile.behaviours, Behaviours::V6_12);
        let diverges = check(&trace, profile.clone()).is_ok_and(|replayed| replayed.divergence.is_some());
        let told = diverges || !differences(&record.text, &played_by(&record, profile).unwrap()).is_empty();
        assert!(told, "{name} could as well be that of 6.12");
    }
}
