//! Reports in files: HTML and JSON.
#![expect(clippy::unwrap_used, reason = "a program that cannot be run is a failed test")]

use std::{
    fs,
    process::{Command, Output},
};

use serde_json::Value;

const PROGRAM: &str = env!("CARGO_BIN_EXE_zram-verify");

/// Runs a sound kernel, a wrong one and one that is not there.
fn verify(folder: &std::path::Path, more: &[&str]) -> Output {
    Command::new(PROGRAM)
        .current_dir(folder)
        .args(["run", "--ops", "300", "--failures", ".", "--json", "r.json", "--html", "r.html"])
        .args(["--target", &format!("sound='{PROGRAM}' serve-model")])
        .args(["--target", &format!("wrong='{PROGRAM}' serve-model --mutant bucket-tail")])
        .args(["--unavailable", "absent=<script>alert('no such & package')</script>"])
        .args(more)
        .env("NO_COLOR", "1")
        .output()
        .unwrap()
}

#[test]
fn the_page_needs_nothing_and_escapes_everything() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(verify(folder.path(), &[]).status.code(), Some(1));
    let page = fs::read_to_string(folder.path().join("r.html")).unwrap();
    for foreign in ["http:", "https:", "<script", "<link", "<img", "@import", "url(", " src=", "javascript"] {
        assert!(!page.contains(foreign), "{foreign}");
    }
    assert!(
        page.contains("&lt;script&gt;alert('no such &amp; package')&lt;/script&gt;"),
        "the reason is there"
    );
    for there in ["sound", "wrong", "absent", "prefers-color-scheme", "Kernels and levels", "Time by stage"] {
        assert!(page.contains(there), "{there}");
    }
    // The two timelines, the list, and how to repeat it.
    for there in [
        "expected: the model",
        "observed: the kernel",
        "class=\"first\"",
        "release_slot dev=0",
        "<ol class=\"ops\">",
        "--replay",
    ] {
        assert!(page.contains(there), "{there}");
    }
}

#[test]
fn the_report_for_programs_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    let output = verify(folder.path(), &[]);
    let report: Value =
        serde_json::from_str(&fs::read_to_string(folder.path().join("r.json")).unwrap()).unwrap();
    assert_eq!(report["schema"], 2);
    let kernels = report["kernels"].as_array().unwrap();
    let verdicts: Vec<_> = kernels.iter().map(|kernel| kernel["verdict"].as_str().unwrap()).collect();
    assert_eq!(verdicts, ["agreement", "divergence", "trouble"]);
    assert!(kernels[2]["trouble"].as_str().unwrap().contains("absent cannot be had: <script>"));
    let stages = kernels[0]["stages"].as_object().unwrap();
    let parts = stages.iter().filter(|(name, _)| *name != "system_calls");
    let sum: f64 = parts.map(|(_, seconds)| seconds.as_f64().unwrap()).sum();
    assert!((sum - kernels[0]["seconds"].as_f64().unwrap()).abs() < 1e-6, "{stages:?}");
    assert!(kernels[0]["operations_per_second"].as_f64().unwrap() > 0.0);
    let shortest = &kernels[1]["divergences"][0]["reproduction"];
    let differences = shortest["differences"].as_array().unwrap();
    let timeline = differences.iter().map(|one| &one["timeline"]).find(|found| found.is_object()).unwrap();
    let (from, differs) = (timeline["from"].as_u64().unwrap(), timeline["differs"].as_u64().unwrap());
    let at = usize::try_from(differs - from).unwrap();
    assert_ne!(timeline["expected"][at], timeline["observed"][at]);
    assert_eq!(timeline["expected"][at - 1], timeline["observed"][at - 1]);
    // The command of the report does what it says.
    let command = shortest["command"].as_str().unwrap();
    assert!(command.contains("serve-model --mutant bucket-tail"), "{command}");
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains(command), "{text}");
    let command = command.replacen("zram-verify", PROGRAM, 1);
    let again = Command::new("sh").current_dir(folder.path()).args(["-c", &command]).output().unwrap();
    assert_eq!(again.status.code(), Some(1), "{}", String::from_utf8_lossy(&again.stdout));
}

#[test]
fn several_at_a_time_come_out_as_one_by_one() {
    let lines = |jobs: &str| {
        let folder = tempfile::tempdir().unwrap();
        let output = verify(folder.path(), &["--jobs", jobs, "--again", "make again K={target}"]);
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(text.contains("make again K=wrong --replay"), "{text}");
        let order: Vec<_> = ["sound  ", "wrong  ", "absent  "].iter().map(|name| text.find(name)).collect();
        assert!(order.is_sorted() && order.iter().all(Option::is_some), "{text}");
        text.lines().last().unwrap().to_owned()
    };
    assert_eq!(lines("1"), lines("3"));
}
