//! The program from outside: what it prints, writes and answers.
#![expect(clippy::unwrap_used, reason = "a program that cannot be run is a failed test")]

use std::{
    fs,
    io::Write as _,
    path::Path,
    process::{Command, Output, Stdio},
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_zram-verify");

fn verify(arguments: &[&str]) -> Output {
    Command::new(PROGRAM).args(arguments).env("NO_COLOR", "1").output().unwrap()
}

fn status(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// A target on which the model plays the kernel.
fn model(mutant: Option<&str>) -> String {
    let mutant = mutant.map(|name| format!(" --mutant {name}")).unwrap_or_default();
    format!("model='{PROGRAM}' serve-model{mutant}")
}

fn last_line(output: &Output) -> String {
    stdout(output).lines().last().unwrap().to_owned()
}

const PROGRAM_TEXT: &str = r#"# A page written, read and looked at.
{"op":"begin","backing_pages":0}
{"op":"add"}

{"op":"set","dev":0,"attr":"disksize","value":"64K"}
{"op":"write","dev":0,"slot":3,"pages":[{"kind":"text","seed":1},{"kind":"random","seed":1},{"kind":"same","word":7}]}
{"op":"set","dev":0,"attr":"disksize","value":"64K"}
{"op":"state","dev":0,"position":0,"bytes":4096}
"#;

#[test]
fn simulate_prints_observations() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("p.ndjson");
    fs::write(&file, PROGRAM_TEXT).unwrap();
    let output = verify(&["simulate", file.to_str().unwrap()]);
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    insta::assert_snapshot!(stdout(&output));

    let mut child = Command::new(PROGRAM)
        .args(["simulate", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(PROGRAM_TEXT.as_bytes()).unwrap();
    assert_eq!(child.wait_with_output().unwrap().stdout, output.stdout);
}

#[test]
fn bad_input_is_named_by_line() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bad.ndjson");
    for (text, wanted) in [
        (
            "{\"op\":\"begin\",\"backing_pages\":0}\n{\"op\":\"fly\"}\n",
            "bad.ndjson, line 2: unknown variant `fly`",
        ),
        ("{\"op\":\"add\"\n", "line 1: EOF"),
        ("{\"op\":\"add\",\"dev\":1}\n", "line 1: unknown field `dev`"),
        ("\n\n", "holds no operations"),
        (
            "{\"op\":\"begin\",\"backing_pages\":0}\n{\"op\":\"read\",\"dev\":0,\"slot\":18446744073709551615,\"count\":1}\n",
            "line 2",
        ),
    ] {
        fs::write(&file, text).unwrap();
        let output = verify(&["simulate", file.to_str().unwrap()]);
        assert_eq!(status(&output), 2);
        assert!(stderr(&output).contains(wanted), "{}", stderr(&output));
    }
    let output = verify(&["simulate", "/no/such/file"]);
    assert_eq!(status(&output), 2);
    assert!(stderr(&output).contains("/no/such/file"), "{}", stderr(&output));
}

#[test]
fn a_broken_pipe_is_quiet() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("p.ndjson");
    let mut text = PROGRAM_TEXT.to_owned();
    for _ in 0..400 {
        text.push_str("{\"op\":\"read\",\"dev\":0,\"slot\":0,\"count\":16}\n");
    }
    fs::write(&file, text).unwrap();
    let output = Command::new("sh")
        .arg("-c")
        .arg(format!("{{ '{PROGRAM}' simulate '{}'; echo $? >&2; }} | head -c 100", file.display()))
        .output()
        .unwrap();
    assert_eq!(stderr(&output), "0\n");
}

#[test]
fn a_sound_kernel_agrees() {
    let folder = tempfile::tempdir().unwrap();
    let json = folder.path().join("report.json");
    let output =
        verify(&["run", "--target", &model(None), "--ops", "1200", "--json", json.to_str().unwrap()]);
    assert_eq!(status(&output), 0, "{}{}", stdout(&output), stderr(&output));
    let line = last_line(&output);
    assert!(line.starts_with("verify: 1 kernel, 1200 operations, "), "{line}");
    assert!(line.ends_with(" comparisons, 0 divergences, 0 checks skipped"), "{line}");
    assert_eq!(stdout(&output).matches("verify:").count(), 1);

    let report: serde_json::Value = serde_json::from_str(&fs::read_to_string(&json).unwrap()).unwrap();
    assert_eq!(report["schema"], 2);
    assert_eq!(report["verdict"], "agreement");
    assert_eq!(report["summary"], line.as_str());
    let kernel = &report["kernels"][0];
    assert_eq!(kernel["origin"], "model");
    let sum: u64 =
        kernel["comparisons"].as_array().unwrap().iter().map(|row| row["count"].as_u64().unwrap()).sum();
    assert_eq!(report["totals"]["comparisons"], sum);
    for level in ["L0", "L1", "L2", "L3"] {
        assert!(kernel["comparisons"].as_array().unwrap().iter().any(|row| row["level"] == level), "{level}");
    }
    assert!(kernel["inputs"]["compressed_lengths"].as_u64().unwrap() > 0);
}

#[test]
fn the_same_seed_says_the_same() {
    let run =
        |seed: &str| last_line(&verify(&["run", "--target", &model(None), "--ops", "300", "--seed", seed]));
    assert_eq!(run("5"), run("5"));
    assert_ne!(run("5"), run("6"));
}

#[test]
fn a_wrong_kernel_differs_and_the_failure_is_made_small_and_repeatable() {
    let folder = tempfile::tempdir().unwrap();
    let target = model(Some("bucket-tail"));
    let failures = folder.path().to_str().unwrap();
    let output = verify(&["run", "--target", &target, "--failures", failures]);
    assert_eq!(status(&output), 1, "{}", stdout(&output));
    let text = stdout(&output);
    assert!(text.contains("DIVERGENCE at operation"), "{text}");
    assert!(text.contains("expected") && text.contains("observed"), "{text}");
    assert!(last_line(&output).contains(" 1 divergence, "), "{text}");
    // Said at once, and not only in the report at the end.
    let progress = String::from_utf8_lossy(&output.stderr);
    let number = text.split("DIVERGENCE at operation ").nth(1).and_then(|rest| rest.split(' ').next());
    let said = format!("model: differs at operation {}: L", number.unwrap());
    assert!(progress.contains(&said), "{said:?} in {progress}");
    let files: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    let [file] = &files[..] else { panic!("{files:?}") };
    let ops = fs::read_to_string(file).unwrap();
    assert!(ops.lines().count() <= 8, "{ops}");
    assert!(text.contains(&format!("--replay {}", file.display())), "{text}");

    let replay = |target: &str| {
        verify(&["run", "--target", target, "--replay", file.to_str().unwrap(), "--failures", failures])
    };
    assert_eq!(status(&replay(&target)), 1);
    assert_eq!(status(&replay(&model(None))), 0);
}

#[test]
fn keep_going_finds_more() {
    let folder = tempfile::tempdir().unwrap();
    let output = verify(&[
        "run",
        "--target",
        &model(Some("huge-not-counted-down")),
        "--ops",
        "400",
        "--keep-going",
        "--failures",
        folder.path().to_str().unwrap(),
    ]);
    assert_eq!(status(&output), 1);
    let divergences = stdout(&output).matches("DIVERGENCE").count();
    assert!(divergences > 1, "{divergences}");
}

#[test]
fn a_machine_that_always_dies_is_no_verdict() {
    let output = verify(&["run", "--target", "dead=echo it burns >&2; exit 1", "--ops", "10"]);
    assert_eq!(status(&output), 2);
    let text = stdout(&output);
    assert!(text.contains("no verdict") && text.contains("it burns"), "{text}");
    assert!(
        last_line(&output).starts_with("verify: 1 kernel, 0 operations, 0 events, 0 comparisons"),
        "{text}"
    );
}

/// The first machine dies after some operations, the second one does not.
#[test]
fn a_machine_that_dies_once_is_started_again_and_told_of() {
    let folder = tempfile::tempdir().unwrap();
    let mark = folder.path().join("died");
    let command = format!(
        "flaky=if [ -e '{mark}' ]; then '{PROGRAM}' serve-model; else touch '{mark}'; sed -u 50q | '{PROGRAM}' serve-model; fi",
        mark = mark.display()
    );
    let output = verify(&["run", "--target", &command, "--ops", "200"]);
    assert_eq!(status(&output), 0, "{}{}", stdout(&output), stderr(&output));
    assert!(stdout(&output).contains("started again once"), "{}", stdout(&output));
    // What the dead machine did in the program it died in is not counted.
    let sound = verify(&["run", "--target", &model(None), "--ops", "200"]);
    assert_eq!(last_line(&output), last_line(&sound));
}

#[test]
fn a_machine_that_comes_back_as_another_is_no_verdict() {
    let folder = tempfile::tempdir().unwrap();
    let mark = folder.path().join("died");
    let command = format!(
        r#"flaky=if [ -e '{mark}' ]; then '{PROGRAM}' serve-model | sed -u '1s/"kernel":"[^"]*/&-other/g'; else touch '{mark}'; sed -u 50q | '{PROGRAM}' serve-model; fi"#,
        mark = mark.display()
    );
    let output = verify(&["run", "--target", &command, "--ops", "200"]);
    assert_eq!(status(&output), 2, "{}", stdout(&output));
    assert!(stdout(&output).contains("started again with another kernel"), "{}", stdout(&output));
}

/// What comes after the last operation is part of the run.
#[test]
fn the_end_of_a_run_is_looked_at() {
    let run = |command: &str| {
        let output = verify(&["run", "--target", &format!("t={command}"), "--ops", "40"]);
        assert_eq!(status(&output), 2, "{command}: {}", stdout(&output));
        stdout(&output)
    };
    let text = run(&format!("'{PROGRAM}' serve-model; echo 'the VM died' >&2; exit 2"));
    assert!(text.contains("exit status: 2") && text.contains("the VM died"), "{text}");
    // The teardown of the last program is in the log of the answer after the last one.
    let text = run(&format!(
        r#"'{PROGRAM}' serve-model | sed -u '/"n":40,/s/}}}}$/,"kernel_log":["<4> BUG: KASAN: use-after-free"]}}}}/'"#
    ));
    assert!(text.contains("KASAN"), "{text}");
    let text = run(&format!(
        r#"'{PROGRAM}' serve-model | sed -u 's/"missed":0/"missed":1/;1,40s/"missed":1/"missed":0/'"#
    ));
    assert!(text.contains("lost records"), "{text}");
}

/// A target that shows nothing of its inside agrees with everything.
#[test]
fn a_blind_target_is_no_verdict() {
    for blindfold in [
        r#"1s/"coverage":.*/"coverage":null}}/"#,
        r#"s/"records":"[^"]*",//"#,
        r#"s/,"health":{[^}]*}//"#,
        r#"s/"n":17,/"n":18,/"#,
    ] {
        let command = format!("t='{PROGRAM}' serve-model | sed -u '{blindfold}'");
        let output = verify(&["run", "--target", &command, "--ops", "40"]);
        assert_eq!(status(&output), 2, "{blindfold}: {}", stdout(&output));
        let text = stdout(&output);
        assert!(text.contains("nobody looked at") || text.contains("answered operation 18"), "{text}");
    }
}

#[test]
fn one_sound_and_one_wrong_kernel_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let output = verify(&[
        "run",
        "--target",
        &model(None),
        "--target",
        &model(Some("highest-free-block")).replace("model=", "wrong="),
        "--ops",
        "300",
        "--failures",
        folder.path().to_str().unwrap(),
    ]);
    assert_eq!(status(&output), 1);
    assert!(last_line(&output).starts_with("verify: 2 kernels, "), "{}", stdout(&output));
}

#[test]
fn a_trace_of_a_model_proves_nothing_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let trace = folder.path().join("model.zst");
    let trace = trace.to_str().unwrap();
    let output = verify(&["run", "--target", &model(None), "--ops", "400", "--trace", trace]);
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    assert!(Path::new(trace).exists());
    for command in [&["trace", trace][..], &["mutants", "--trace", trace]] {
        let output = verify(command);
        assert_eq!(status(&output), 2);
        assert!(stderr(&output).contains("made by the model"), "{}", stderr(&output));
    }
    let output = verify(&["mutants", "--allow-model", "--trace", trace, "--only", "bucket-tail"]);
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    assert!(
        stdout(&output).contains("bucket-tail") && stdout(&output).contains("1 rejected"),
        "{}",
        stdout(&output)
    );
}

#[test]
fn a_mutant_that_survives_is_a_failure() {
    let folder = tempfile::tempdir().unwrap();
    let trace = folder.path().join("short.zst");
    let trace = trace.to_str().unwrap();
    let program = folder.path().join("p.ndjson");
    fs::write(&program, PROGRAM_TEXT).unwrap();
    let output =
        verify(&["run", "--target", &model(None), "--replay", program.to_str().unwrap(), "--trace", trace]);
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    let output = verify(&["mutants", "--allow-model", "--trace", trace, "--only", "bucket-tail"]);
    assert_eq!(status(&output), 1);
    assert!(stdout(&output).contains("SURVIVED"), "{}", stdout(&output));
}

#[test]
fn a_damaged_trace_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("t.zst");
    for bytes in [&b"not zstd at all"[..], &b""[..]] {
        fs::write(&file, bytes).unwrap();
        let output = verify(&["trace", file.to_str().unwrap()]);
        assert_eq!(status(&output), 2);
        assert!(stderr(&output).contains("t.zst"), "{}", stderr(&output));
    }
}

#[test]
fn options_that_make_no_sense_are_refused() {
    for (arguments, wanted) in [
        (&["run"][..], "--target NAME=COMMAND"),
        (&["run", "--target", "nameonly"], "expected NAME=COMMAND"),
        (&["run", "--target", "a=b", "--ops", "0"], "0 is not in"),
        (&["run", "--target", "a=b", "--target", "c=d", "--trace", "x"], "name one target"),
        (&["simulate", "-", "--profile", "bsd"], "debian-7.2"),
        (&["mutants", "--only", "nonsense"], "bucket-tail"),
    ] {
        let output = verify(arguments);
        assert_eq!(status(&output), 2, "{arguments:?}");
        assert!(stderr(&output).contains(wanted), "{arguments:?}: {}", stderr(&output));
    }
}
