//! What kernels said to the table of attribute writes, held against the model byte for byte.
#![expect(clippy::unwrap_used, reason = "a record that cannot be read is a failed test")]

use std::path::{Path, PathBuf};

use zram_model::Mutation;
use zram_verify::{
    attributes::{Recorded, differences},
    commands::attributes::{on_model, played_by, records},
    profiles::for_kernel,
};

/// The kernels that must have been recorded.
const KERNELS: &[&str] =
    &["custom-7.2", "debian-6.1", "debian-6.12", "debian-6.17", "debian-6.18", "debian-7.2"];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("attributes")
}

fn record(kernel: &str) -> Recorded {
    Recorded::read(&folder().join(format!("{kernel}.txt"))).unwrap()
}

#[test]
fn the_model_says_to_every_write_what_each_kernel_said() {
    for path in records(&folder()).unwrap() {
        let compared = on_model(&Recorded::read(&path).unwrap()).unwrap();
        assert!(compared.differences.is_empty(), "{}\n{}", compared.what, compared.differences.join("\n"));
    }
}

#[test]
fn the_records_are_of_kernels_and_of_all_the_table() {
    for kernel in KERNELS {
        let record = record(kernel);
        assert!(record.rows() >= 350, "{kernel}: {} rows", record.rows());
        assert_eq!(for_kernel(&record.kernel, &record.attributes).profile.name, *kernel);
    }
}

/// The comparison is one of texts: whatever byte is another must be found.
#[test]
fn a_row_changed_by_hand_is_found() {
    let record = record("debian-7.2");
    let profile = for_kernel(&record.kernel, &record.attributes).profile;
    let played = played_by(&record, profile).unwrap();
    for (said, instead) in [("EBUSY", "EINVAL"), ("\"+0\"  ", "\"-1\"  "), ("   16384", "  16384 ")] {
        let forged = record.text.replacen(said, instead, 1);
        assert_ne!(forged, record.text, "{said:?}");
        assert_eq!(differences(&forged, &played).len(), 2, "{said:?}");
    }
}

#[test]
fn a_wrong_model_is_told_apart() {
    let everywhere = [Mutation::MetadataLost, Mutation::HugeNotCountedDown, Mutation::ResetForgetsLimit];
    // Rules that only a kernel with several algorithms has.
    let recompressing = [
        Mutation::SameClassKept,
        Mutation::ThresholdNoCeiling,
        Mutation::IncompressibleTooEarly,
        Mutation::IncompressibleNever,
        Mutation::RecompressionKeepsIdle,
        Mutation::RecompressionMovesPeak,
        Mutation::MaxPagesCountsSuccesses,
    ];
    for (kernel, mutations) in [("debian-7.2", everywhere.as_slice()), ("custom-7.2", &recompressing)] {
        let record = record(kernel);
        for mutation in mutations {
            let profile = for_kernel(&record.kernel, &record.attributes).profile.with_broken(*mutation);
            let played = played_by(&record, profile).unwrap();
            assert!(!differences(&record.text, &played).is_empty(), "{} survives", mutation.name());
        }
    }
}
