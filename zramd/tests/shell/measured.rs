//! Metrics, read again by the rules of the format.

use std::collections::{BTreeMap, BTreeSet};

use zramd::{control::Status, metrics::render};

use crate::statuses::status;

/// Samples by name and labels.
fn samples(text: &str) -> BTreeMap<String, f64> {
    assert!(text.ends_with('\n'));
    let mut types: BTreeMap<&str, &str> = BTreeMap::new();
    let mut helped: BTreeSet<&str> = BTreeSet::new();
    let mut samples = BTreeMap::new();
    let mut family = "";
    for line in text.lines() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            let (name, help) = help.split_once(' ').unwrap();
            assert!(!help.is_empty() && helped.insert(name), "{line}");
            family = name;
        } else if let Some(kind) = line.strip_prefix("# TYPE ") {
            let (name, kind) = kind.split_once(' ').unwrap();
            assert_eq!(name, family, "the type stands behind the help");
            assert!(types.insert(name, kind).is_none(), "{line}");
            assert_eq!(kind == "counter", name.ends_with("_total"), "{line}");
        } else {
            let (sample, value) = line.rsplit_once(' ').unwrap();
            let name = sample.split('{').next().unwrap();
            assert_eq!(name, family, "samples stand below their family");
            let is_name = |c: char| c.is_ascii_lowercase() || c == '_';
            assert!(name.starts_with("zramd_") && name.chars().all(is_name), "{name}");
            assert!(samples.insert(sample.to_owned(), value.parse().unwrap()).is_none(), "{line}");
        }
    }
    samples
}

#[test]
fn metrics_say_what_the_status_says() {
    let text = render(&status());
    insta::assert_snapshot!(text);
    let samples = samples(&text);
    let is = |sample: &str, value: f64| assert_eq!(samples.get(sample), Some(&value), "{sample}");
    is("zramd_budget_left_bytes", 759_169_024.0);
    is("zramd_paused", 1.0);
    is("zramd_driving", 0.0);
    is("zramd_memory_used_ratio", 0.713);
    is("zramd_backing_written_bytes_total{device=\"zram0\"}", 327_680_000.0);
    is("zramd_slots{device=\"zram0\",state=\"written_back\"}", 76_800.0);
    is("zramd_slots_by_age{device=\"zram0\",from_seconds=\"3600\"}", 42_488.0);
    is("zramd_regret_factor{device=\"zram0\"}", 1.25);
    is("zramd_actions_total{device=\"zram0\",task=\"writeback\",outcome=\"io-error\"}", 2.0);
    // What a device does not have is left out, not 0.
    assert!(!samples.contains_key("zramd_backing_bytes{device=\"zram1\"}"));
    assert!(!samples.contains_key("zramd_memory_limit_bytes{device=\"zram1\"}"));
    assert!(samples.contains_key("zramd_memory_bytes{device=\"zram1\"}"));
}

#[test]
fn without_devices_there_are_still_metrics() {
    let status = Status { devices: Vec::new(), memory_used_permille: None, on_battery: None, ..status() };
    let samples = samples(&render(&status));
    assert!(samples.keys().all(|sample| !sample.contains("device=")));
    assert!(samples.contains_key("zramd_info{release=\"0.1.0\"}"));
    assert!(!samples.contains_key("zramd_on_battery"));
}
