//! Two models beside each other: what is known to differ between two kernels is found, made small, and written down;
//! and nothing else is.
#![expect(clippy::unwrap_used, reason = "a program that cannot be run is a failed test")]

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use serde_json::Value;

const PROGRAM: &str = env!("CARGO_BIN_EXE_zram-verify");

fn diff(folder: &Path, arguments: &[&str]) -> Output {
    let json = folder.join("report.json");
    Command::new(PROGRAM)
        .args(["diff", "--folder", folder.to_str().unwrap(), "--json", json.to_str().unwrap()])
        .args(arguments)
        .env("NO_COLOR", "1")
        .output()
        .unwrap()
}

fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn report(folder: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(folder.join("report.json")).unwrap()).unwrap()
}

/// What was found, as `LEVEL operation: what`, with the number of operations that show it and what it comes after.
fn findings(report: &Value) -> Vec<(String, usize, Vec<u64>)> {
    let found = report["findings"].as_array().unwrap().iter();
    found
        .map(|finding| {
            let of = |name: &str| finding["signature"][name].as_str().unwrap().to_owned();
            let after = finding["after"].as_array().unwrap().iter().map(|number| number.as_u64().unwrap());
            let name = format!("{} {}: {}", of("level"), of("op"), of("what"));
            (name, finding["ops"].as_array().unwrap().len(), after.collect())
        })
        .collect()
}

/// A model with a rule broken, as a kernel that somebody changed.
fn mutant(name: &str) -> String {
    format!("changed='{PROGRAM}' serve-model --mutant {name}")
}

#[test]
fn a_kernel_is_like_itself() {
    let folder = tempfile::tempdir().unwrap();
    let output = diff(folder.path(), &["--profile", "debian-7.2", "--profile", "debian-7.2"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    let report = report(folder.path());
    assert_eq!((&report["verdict"], findings(&report)), (&Value::from("same"), Vec::new()));
    assert!(report["operations"].as_u64().unwrap() > 1200 && report["events"][0].as_u64().unwrap() > 10_000);
    assert_eq!(report["sides"][1]["name"], "model-debian-7.2-again");
}

#[test]
fn what_7_3_changed_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let output = diff(folder.path(), &["--profile", "debian-7.2", "--profile", "debian-7.3", "--seed", "2"]);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    let report = report(folder.path());
    let found = findings(&report);
    // An age beyond the uptime marks nothing.
    let idle = found.iter().find(|(name, ..)| name == "L3 set idle: slot: size and flags").unwrap();
    assert!(idle.1 <= 5 && idle.2.is_empty(), "{found:?}");
    assert!(report["findings"].as_array().unwrap().iter().all(|finding| {
        let file = finding["file"].as_str().unwrap();
        fs::read_to_string(file).unwrap().lines().count() == finding["ops"].as_array().unwrap().len()
            && fs::read_to_string(Path::new(file).with_extension("txt")).unwrap().contains("-> ok")
    }));
}

/// What is so for as long as a kernel runs hides nothing, and is no reason to distrust what follows.
#[test]
fn facts_are_told_from_behaviour() {
    let folder = tempfile::tempdir().unwrap();
    let output =
        diff(folder.path(), &["--profile", "debian-6.12", "--profile", "debian-7.2", "--seed", "15"]);
    assert_eq!(output.status.code(), Some(1));
    let report = report(folder.path());
    let found = findings(&report);
    let fact = |name: &str| found.iter().any(|(found, _, after)| found == name && after.is_empty());
    assert!(fact("L0 : attribute writeback_batch_size") && fact("L0 : debug_stat: spaces"), "{found:?}");
    let numbers: Vec<u64> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|finding| finding["weight"] == "fact")
        .map(|finding| finding["number"].as_u64().unwrap())
        .collect();
    assert!(found.iter().all(|(_, _, after)| after.iter().all(|number| !numbers.contains(number))));
    assert!(report["left_out"]["operations that ask for what only one kernel has"].as_u64().unwrap() > 0);
}

/// A change of one rule is found, and nothing that is no consequence of it.
#[test]
fn a_change_of_one_rule_is_found() {
    for (name, wanted, most) in [
        ("highest-free-block", "L2 set writeback: events: writeback_endio.block", 7),
        ("huge-not-counted-down", "L1 set writeback: mm_stat: huge_pages", 7),
        ("bucket-tail", "set writeback", 8),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let output =
            diff(folder.path(), &["--profile", "debian-7.2", "--target", &mutant(name), "--findings", "1"]);
        assert_eq!(output.status.code(), Some(1), "{name}: {}", text(&output));
        let report = report(folder.path());
        let found = findings(&report);
        let [(signature, ops, after)] = &found[..] else { panic!("{name}: {found:?}") };
        assert!(signature.contains(wanted) && *ops <= most && after.is_empty(), "{name}: {found:?}");
        assert_eq!(report["cut_short"], true);
        let printed = text(&output);
        assert!(printed.contains("changed") && printed.contains("model-debian-7.2"), "{printed}");
    }
}

/// What a finding leaves behind shows it again.
#[test]
fn a_finding_can_be_replayed() {
    let folder = tempfile::tempdir().unwrap();
    let sides = ["--profile", "debian-7.2", "--target", &mutant("highest-free-block")];
    diff(folder.path(), &[&sides[..], &["--findings", "1"]].concat());
    let file = report(folder.path())["findings"][0]["file"].as_str().unwrap().to_owned();
    let kept = folder.path().join("kept.ndjson");
    fs::copy(file, &kept).unwrap();
    let again = diff(folder.path(), &[&sides[..], &["--replay", kept.to_str().unwrap()]].concat());
    assert_eq!(again.status.code(), Some(1), "{}", text(&again));
    let sound = diff(
        folder.path(),
        &["--profile", "debian-7.2", "--profile", "debian-7.2", "--replay", kept.to_str().unwrap()],
    );
    assert_eq!(sound.status.code(), Some(0), "{}", text(&sound));
}

/// What comes once and not again is said, and is no finding.
#[test]
fn what_does_not_come_again_is_unsteady() {
    let folder = tempfile::tempdir().unwrap();
    let mark = folder.path().join("once");
    // One answer of the first machine that runs has a column of its own.
    let once = format!(
        r#"odd='{PROGRAM}' serve-model | sed -u '60s/"initstate":"1/"initstate":"7/'; touch '{}'"#,
        mark.display()
    );
    let output =
        diff(folder.path(), &["--profile", "debian-7.2", "--target", &once, "--ops", "300", "--seed", "5"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    let report = report(folder.path());
    assert_eq!(report["unsteady"].as_array().unwrap().len(), 1, "{}", text(&output));
    assert_eq!(report["unsteady"][0]["signature"]["what"], "initstate");
}

#[test]
fn a_machine_that_dies_is_started_again_and_one_that_always_does_is_no_verdict() {
    let folder = tempfile::tempdir().unwrap();
    let mark = folder.path().join("died");
    let flaky = format!(
        "flaky=if [ -e '{mark}' ]; then '{PROGRAM}' serve-model; else touch '{mark}'; sed -u 50q | '{PROGRAM}' serve-model; fi",
        mark = mark.display()
    );
    let output = diff(folder.path(), &["--profile", "debian-7.2", "--target", &flaky, "--ops", "300"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    assert!(text(&output).contains("started again 1 times"), "{}", text(&output));
    let output =
        diff(folder.path(), &["--profile", "debian-7.2", "--target", "dead=echo it burns >&2; exit 1"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output).contains("it burns"), "{}", text(&output));
}

#[test]
fn two_kernels_must_be_named() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in [&["--profile", "debian-7.2"][..], &["--profile", "debian-7.2", "--profile", "bsd"], &[]]
    {
        let output = diff(folder.path(), arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    }
}
