//! Recorded runs of real kernels, checked against the model again.
#![expect(clippy::unwrap_used, reason = "a trace that cannot be read is a failed test")]

use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
};

use zram_model::Mutation;
use zram_verify::{
    commands::trace::check,
    profiles::for_kernel,
    trace::{Origin, Trace},
};

fn traces() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("traces");
    let mut found: Vec<_> = std::fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "zst"))
        .collect();
    found.sort();
    assert!(
        !found.is_empty(),
        "no recorded trace in {}: record one with `cargo xtask verify --trace tests/traces/debian-7.2.zst`",
        folder.display()
    );
    found
}

/// And it takes no more from them than it did: a model that leaves to the observation what it used to predict agrees with everything.
#[test]
fn the_model_agrees_with_every_recorded_run() {
    let mut taken = String::new();
    for path in traces() {
        let trace = Trace::recorded(&path).unwrap();
        assert_eq!(trace.header.origin, Origin::Recorded);
        assert!(trace.header.bpf_object.is_some(), "{}: recorded without probes", path.display());
        let chosen = for_kernel(&trace.header.kernel, &trace.header.hello.attributes);
        assert_eq!(chosen.remark, None, "{}", path.display());
        let replayed = check(&trace, chosen.profile).unwrap();
        assert_eq!(replayed.divergence, None, "{}", path.display());
        assert_eq!(replayed.operations, trace.steps.len());
        let name = path.file_stem().unwrap().to_string_lossy();
        writeln!(taken, "{name}: {} comparisons", replayed.checker.tally.total()).unwrap();
        for (kind, count) in replayed.checker.inputs().rows() {
            if count > 0 {
                writeln!(taken, "  taken: {count} {kind}").unwrap();
            }
        }
        for (skip, count) in replayed.checker.tally.skipped() {
            writeln!(taken, "  skipped: {count} {:?} {}: {}", skip.level, skip.what, skip.reason).unwrap();
        }
    }
    insta::assert_snapshot!("what_is_taken_from_recorded_runs", taken);
}

/// A trace of a few operations would prove as little as none.
#[test]
fn a_recorded_run_is_worth_something() {
    let largest = traces()
        .iter()
        .map(|path| {
            let trace = Trace::recorded(path).unwrap();
            let profile = for_kernel(&trace.header.kernel, &trace.header.hello.attributes).profile;
            let replayed = check(&trace, profile).unwrap();
            (replayed.operations, replayed.checker.events, replayed.coverage.missing())
        })
        .max_by_key(|(operations, ..)| *operations)
        .unwrap();
    let (operations, events, missing) = largest;
    assert!(operations >= 1000 && events >= 5000, "{operations} operations, {events} events");
    assert_eq!(missing, Vec::<String>::new(), "corners that no recorded run reaches");
}

#[test]
fn a_recorded_run_tells_wrong_models_apart() {
    let traces: Vec<_> = traces().iter().map(|path| Trace::recorded(path).unwrap()).collect();
    for mutation in [
        Mutation::MetadataLost,
        Mutation::TrailingBytesKept,
        Mutation::BucketTail,
        Mutation::HighestFreeBlock,
        Mutation::ClassOffByOne,
        Mutation::HugeNotCountedDown,
        Mutation::IdleKeptAfterWrite,
        Mutation::SpanByClassSize,
        Mutation::ClassNotInWord,
        Mutation::SameClassKept,
        Mutation::RecompressionFreesFirst,
        Mutation::RecompressionKeepsTime,
        Mutation::SamePriorityAgain,
        Mutation::ReadBackFailureLost,
        Mutation::FailedObjectLosesOld,
        Mutation::ShortListSkips,
    ] {
        let told = traces.iter().any(|trace| {
            let profile = for_kernel(&trace.header.kernel, &trace.header.hello.attributes)
                .profile
                .with_broken(mutation);
            check(trace, profile).is_ok_and(|replayed| replayed.divergence.is_some())
        });
        assert!(told, "{} survives", mutation.name());
    }
}
