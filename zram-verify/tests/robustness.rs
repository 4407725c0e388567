//! Machines that die, hang, or lose their channel, and users who have seen enough.
#![expect(clippy::unwrap_used, reason = "a program that cannot be run is a failed test")]

use std::{
    fs,
    path::Path,
    process::{Command, Output, Stdio},
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::Value;

const PROGRAM: &str = env!("CARGO_BIN_EXE_zram-verify");

/// What became of a run on a target that is this shell command.
struct Run {
    status: i32,
    text: String,
    report: Value,
}

fn run(folder: &Path, command: &str, ops: u32) -> Run {
    let json = folder.join("report.json");
    let output: Output = Command::new(PROGRAM)
        .args([
            "run",
            "--target",
            &format!("t={command}"),
            "--ops",
            &ops.to_string(),
            "--patience",
            "1",
            "--json",
        ])
        .arg(&json)
        .arg("--failures")
        .arg(folder)
        .env("NO_COLOR", "1")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let report = serde_json::from_str(&fs::read_to_string(json).unwrap()).unwrap();
    Run { status: output.status.code().unwrap(), text, report }
}

/// A sound machine the second time; the first time, one that answers some operations and then does this.
fn at_first(mark: &Path, then: &str) -> String {
    let mark = mark.display();
    format!(
        "if [ -e '{mark}' ]; then exec '{PROGRAM}' serve-model; fi; touch '{mark}'; sed -u 50q | '{PROGRAM}' serve-model; {then}"
    )
}

/// Ways to go: the process ends, the kernel panics (what `cargo xtask vm` makes of it), nothing comes any more, the
/// channel closes while the machine goes on.
const WAYS: [(&str, &str); 4] = [
    ("kill -9 $$", "went away"),
    ("echo 'error: the VM died: Kernel panic - not syncing: Fatal exception' >&2; exit 2", "Kernel panic"),
    ("exec sleep 600", "did not answer within 1 s"),
    ("exec >&-; exec sleep 600", "went away"),
];

#[test]
fn a_machine_that_goes_is_started_again_once_and_told_of() {
    let folder = tempfile::tempdir().unwrap();
    let sound = run(folder.path(), &format!("exec '{PROGRAM}' serve-model"), 120);
    assert_eq!((sound.status, &sound.report["kernels"][0]["restarts"]), (0, &0.into()), "{}", sound.text);
    for (then, said) in WAYS {
        let folder = tempfile::tempdir().unwrap();
        let once = run(folder.path(), &at_first(&folder.path().join("mark"), then), 120);
        assert_eq!(once.status, 0, "{then}: {}", once.text);
        let kernel = &once.report["kernels"][0];
        assert_eq!(kernel["restarts"], 1, "{then}");
        // What the machine lacks is said as well.
        let remarks: Vec<_> =
            kernel["remarks"].as_array().unwrap().iter().filter_map(|remark| remark.as_str()).collect();
        let told = remarks.iter().any(|text| text.starts_with("started again: ") && text.contains(said));
        assert!(told, "{then}: {remarks:?}");
        assert!(once.text.contains("started again once"), "{}", once.text);
        // What the first machine did in the program it died in is not counted.
        assert_eq!(once.report["totals"], sound.report["totals"], "{then}");
    }
}

#[test]
fn a_machine_that_goes_twice_is_no_verdict() {
    for (then, said) in WAYS {
        let folder = tempfile::tempdir().unwrap();
        let command = format!("sed -u 50q | '{PROGRAM}' serve-model; {then}");
        let twice = run(folder.path(), &command, 120);
        assert_eq!(twice.status, 2, "{then}: {}", twice.text);
        let kernel = &twice.report["kernels"][0];
        assert_eq!((&twice.report["verdict"], &kernel["restarts"]), (&"trouble".into(), &1.into()), "{then}");
        assert!(kernel["trouble"].as_str().unwrap().contains(said), "{then}: {}", kernel["trouble"]);
    }
}

/// Before it has said a word.
#[test]
fn a_machine_that_does_not_boot_is_no_verdict() {
    let folder = tempfile::tempdir().unwrap();
    let run = run(folder.path(), "echo 'no bootable device' >&2; exit 1", 120);
    assert_eq!((run.status, &run.report["kernels"][0]["restarts"]), (2, &1.into()), "{}", run.text);
    assert!(run.text.contains("no bootable device") && run.text.contains("0 operations"), "{}", run.text);
}

/// A retry may not hide what a kernel did wrong before its machine died.
#[test]
fn a_divergence_before_a_death_is_a_divergence() {
    let folder = tempfile::tempdir().unwrap();
    let mark = folder.path().join("mark");
    let command =
        at_first(&mark, "kill -9 $$").replace("serve-model", "serve-model --mutant highest-free-block");
    let run = run(folder.path(), &command, 300);
    assert_eq!((run.status, &run.report["verdict"]), (1, &"divergence".into()), "{}", run.text);
}

fn wait_for<T>(mut condition: impl FnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(found) = condition() {
            return found;
        }
        assert!(started.elapsed() < Duration::from_secs(60), "waited in vain");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn is_running(pid: &str) -> bool {
    // A zombie waits only for init to collect it.
    fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z"))
}

/// A target with files of its own, a machine that it starts, and an order to leave: as `cargo xtask vm`.
fn vm(folder: &Path, machine: &str) -> String {
    let folder = folder.display();
    format!(
        "touch '{folder}/image'; trap 'kill $machine; rm \"{folder}/image\"; exit 130' TERM; {machine} & machine=$!; \
         echo $machine >'{folder}/pid.part'; mv '{folder}/pid.part' '{folder}/pid'; wait $machine"
    )
}

#[test]
fn an_interrupted_run_leaves_nothing_running_and_nothing_lying_about() {
    // While it boots; in the middle of things, with an answer that does not come.
    let boots = "sleep 600 >&2".to_owned();
    let hangs = format!("{{ echo '{}'; exec sleep 600; }}", HELLO);
    for machine in [boots, hangs] {
        for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP] {
            let folder = tempfile::tempdir().unwrap();
            let child = Command::new(PROGRAM)
                .args(["run", "--target", &format!("t={}", vm(folder.path(), &machine))])
                .env("NO_COLOR", "1")
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap();
            let pid = wait_for(|| fs::read_to_string(folder.path().join("pid")).ok());
            kill(Pid::from_raw(i32::try_from(child.id()).unwrap()), signal).unwrap();
            let output = child.wait_with_output().unwrap();
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert_eq!(output.status.code(), Some(130), "{said}");
            assert!(said.contains("interrupted; everything that was started has been stopped"), "{said}");
            // Killed it is; that the kernel has buried it may take a moment.
            wait_for(|| (!is_running(pid.trim())).then_some(()));
            assert!(!folder.path().join("image").exists(), "its files survived {signal}");
            // It is no verdict, and says so.
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            assert!(text.contains("no verdict: interrupted"), "{text}");
        }
    }
}

const HELLO: &str = r#"{"hello":{"protocol":1,"kernel":"7.2.0","bpf_object":"0","attributes":[],"backing_path":"/b","coverage":{"kernel":"7.2.0","object_sha256":"","attached":[],"unobservable":[]}}}"#;
