//! The program itself: what it prints, and how it ends.

use std::process::{Command, Output, Stdio};

use crate::{
    asked::{Served, decision},
    root::Root,
};

pub(crate) fn program(words: &str) -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_zramd"));
    program.args(words.split_whitespace());
    for variable in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "NOTIFY_SOCKET", "JOURNAL_STREAM"] {
        program.env_remove(variable);
    }
    program
}

pub(crate) fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// What it says, and how it ends.
fn says(root: &Root, words: &str) -> String {
    let output = program(words).arg("--root").arg(root.path()).output().unwrap();
    format!("{}(ends with {})", root.plain(&text(&output)), output.status.code().unwrap())
}

#[test]
fn a_configuration_is_checked() {
    let root = Root::new();
    let right = says(&root, "check-config");
    root.put("/etc/zramd/zramd.toml", "[idle]\nmin = \"1h\"\n");
    root.put("/run/zramd/zramd.toml.d/10.toml", "[writeback]\nhuge = false\n");
    let files = says(&root, "check-config");
    let json = says(&root, "check-config --json");
    root.put("/run/zramd/zramd.toml.d/20.toml", "[idle]\nmin = \"2\"\nmad = \"3h\"\n");
    let wrong = says(&root, "check-config");
    let wrong_json = says(&root, "check-config --json");
    let shown = says(&root, "show-config");
    let run = says(&root, "run");
    insta::assert_snapshot!([right, files, json, wrong, wrong_json, shown, run].join("\n\n"));
}

#[test]
fn a_configuration_is_shown() {
    let root = Root::with(&[
        (
            "/etc/zramd/zramd.toml",
            "devices = [\"zram1\"]\n[idle]\nmin = \"90min\"\n[paths]\nmetrics = \"/run/\\u001b[2J\"\n",
        ),
        ("/etc/zramd/zramd.toml.d/10.toml", "recompression = [{ algorithm = \"zstd\", threshold = 3000 }]\n"),
    ]);
    insta::assert_snapshot!("shown", says(&root, "show-config"));
    insta::assert_snapshot!("shown_with_origin", says(&root, "show-config --origin"));
    insta::assert_snapshot!("shown_as_json", says(&root, "show-config --json"));
    // What is shown is a configuration: the same one.
    let shown = program("show-config").arg("--root").arg(root.path()).output().unwrap();
    let again = Root::with(&[("/usr/lib/zramd/zramd.toml", &String::from_utf8(shown.stdout).unwrap())]);
    assert_eq!(again.loaded().config, root.loaded().config);
}

#[test]
fn a_client_shows_what_the_daemon_says() {
    let mut served = Served::control();
    let mut says = |words: &str| {
        let mut program = program(words);
        program.arg("--socket").arg(served.path()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let output = served.while_running(program.spawn().unwrap());
        format!("{}(ends with {})", text(&output), output.status.code().unwrap())
    };
    insta::assert_snapshot!("status", says("status"));
    insta::assert_snapshot!("status_as_json", says("status --json"));
    let asked = [
        "why",
        "why --json",
        "why --device zram9",
        "pause --for 90min",
        "pause",
        "pause --json --for 1h",
        "resume",
        "run-now --dry-run",
        "run-now",
    ];
    let said: Vec<String> = asked.iter().map(|words| format!("$ zramd {words}\n{}", says(words))).collect();
    insta::assert_snapshot!("told", said.join("\n\n"));
    assert!(says("why").contains(&decision(2).says));
}

#[test]
fn the_socket_is_that_of_the_configuration() {
    let mut served = Served::control();
    let path = served.path().display().to_string();
    let root = Root::with(&[("/etc/zramd/zramd.toml", &format!("[paths]\ncontrol = \"{path}\"\n"))]);
    let mut asks = program("resume");
    asks.arg("--root").arg(root.path()).stdout(Stdio::piped());
    assert_eq!(text(&served.while_running(asks.spawn().unwrap())), "zramd goes on\n");
}

#[test]
fn how_it_ends_says_what_was_wrong() {
    let ends = |words: &str| program(words).output().unwrap().status.code();
    assert_eq!(ends("--version"), Some(0));
    for wrong in [
        "",
        "nonsense",
        "pause --for soon",
        "why --device sda",
        "pause --for 10ms",
        "show-config --json --origin",
    ] {
        assert_eq!(ends(wrong), Some(2), "{wrong}");
    }
    for unasked in ["status", "why", "pause", "resume", "run-now"] {
        assert_eq!(ends(&format!("{unasked} --socket /nowhere/at/all")), Some(4), "{unasked}");
    }
}

#[test]
fn colour_changes_nothing_but_colour() {
    let root = Root::with(&[("/etc/zramd/zramd.toml", "[idle]\nmin = \"1\"\n")]);
    for words in
        ["--help", "why --help", "why --nonsense", "show-config --root /nowhere", "status --socket /nowhere"]
    {
        let words = format!("{words} --color");
        let always = text(&program(&format!("{words} always")).output().unwrap());
        let never = text(&program(&format!("{words} never")).output().unwrap());
        assert!(always.contains("\x1b["), "{words}: {always}");
        assert!(!never.contains("\x1b["), "{words}: {never}");
        assert_eq!(anstream::adapter::strip_str(&always).to_string(), never, "{words}");
    }
    let forced = |variable: &str| {
        let mut check = program("check-config");
        text(&check.arg("--root").arg(root.path()).env(variable, "1").output().unwrap())
    };
    assert!(forced("CLICOLOR_FORCE").contains('\x1b'));
    assert!(!forced("NO_COLOR").contains('\x1b'));
}

#[test]
fn a_full_disk_is_an_error_and_a_reader_who_has_enough_is_none() {
    for words in
        ["show-config --root /nowhere", "show-config --defaults", "--help", "man", "completions bash"]
    {
        let full = std::fs::File::create("/dev/full").unwrap();
        let output = program(words).stdout(full).stderr(Stdio::piped()).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{words}");
        let why = "zramd: cannot write to standard output: No space left on device\n";
        assert_eq!(text(&output), why, "{words}");
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = program(words).stdout(writer).stderr(Stdio::piped()).output().unwrap();
        assert_eq!((output.status.code(), text(&output).as_str()), (Some(0), ""), "{words}");
    }
}
