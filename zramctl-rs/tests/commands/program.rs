//! The program itself, where it needs no device: standard output, and what can happen to it.

use std::{
    fs::File,
    process::{Command, Output, Stdio},
};

use anstream::adapter::strip_str;

fn program(words: &str) -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_zramctl-rs"));
    program.args(words.split_whitespace());
    for variable in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE"] {
        program.env_remove(variable);
    }
    program
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[test]
fn colour_changes_nothing_but_colour() {
    for words in ["--help", "list --help", "swap on --help", "list --nonsense", "show zram4000000"] {
        let always = text(&program(&format!("--color always {words}")).output().unwrap());
        let never = text(&program(&format!("{words} --color=never")).output().unwrap());
        assert!(always.contains("\x1b["), "{words}: {always}");
        assert!(!never.contains("\x1b["), "{words}: {never}");
        assert_eq!(strip_str(&always).to_string(), never, "{words}");
    }
}

#[test]
fn a_pipe_has_no_colour_unless_it_is_forced() {
    let show = |variable: &str| text(&program("show zram4000000").env(variable, "1").output().unwrap());
    assert!(!show("NO_COLOR").contains('\x1b'));
    assert!(!show("CLICOLOR").contains('\x1b'));
    assert!(show("CLICOLOR_FORCE").contains('\x1b'));
}

/// Where there is no zram at all, `list` says so in a line; that is enough to fill this disk.
#[test]
fn a_full_disk_is_an_error_and_says_where() {
    for words in ["list", "", "--help", "swap --help", "--version"] {
        let full = File::create("/dev/full").unwrap();
        let output = program(words).stdout(full).stderr(Stdio::piped()).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{words}");
        let why = "zramctl-rs: cannot write to standard output: No space left on device\n";
        assert_eq!(text(&output), why, "{words}");
    }
}

#[test]
fn who_has_read_enough_is_no_error() {
    for words in ["list", "--help"] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = program(words).stdout(writer).stderr(Stdio::piped()).output().unwrap();
        assert_eq!((output.status.code(), text(&output).as_str()), (Some(0), ""), "{words}");
    }
}

/// Standard error may be a log that is full.
#[test]
fn who_hears_no_complaint_gets_the_status() {
    for (words, status) in
        [("show zram4000000", 1), ("doctor --check zram4000000", 1), ("list --nonsense", 2)]
    {
        let full = File::create("/dev/full").unwrap();
        let output = program(words).stdout(Stdio::null()).stderr(full).status().unwrap();
        assert_eq!(output.code(), Some(status), "{words}");
    }
}

/// Whatever this machine is like.
#[test]
fn a_check_ends_with_3_where_there_is_a_problem() {
    let output = program("doctor --json").output().unwrap();
    let expected = match serde_json::from_slice::<serde_json::Value>(&output.stdout) {
        Ok(document) => {
            let findings = document["findings"].as_array().unwrap();
            if findings.iter().any(|finding| finding["severity"] == "problem") { 3 } else { 0 }
        }
        Err(_) => 1,
    };
    let output = program("doctor --check").output().unwrap();
    assert_eq!(output.status.code(), Some(expected), "{}", text(&output));
}
