//! What the program says about itself is complete, and other programs understand it.

use std::{
    fs,
    io::Write as _,
    process::{Command, Stdio},
};

use clap::CommandFactory as _;
use zramd::cli::Cli;

use crate::program::{program, text};

/// Every command but the program itself, with its long options.
fn commands() -> Vec<(String, Vec<String>)> {
    let cli = Cli::command();
    let commands = cli.get_subcommands().map(|command| {
        let options = command.get_arguments().filter_map(|argument| argument.get_long());
        (command.get_name().to_owned(), options.map(str::to_owned).collect())
    });
    let commands: Vec<(String, Vec<String>)> = commands.collect();
    assert!(commands.len() >= 10, "{commands:?}");
    commands
}

/// What another program says to this input, on both outputs. `None`: it is not here.
fn says(other: &str, words: &[&str], input: &str) -> Option<(bool, String, String)> {
    let mut child = Command::new(other)
        .args(words)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .ok()?;
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Some((output.status.success(), text(&output.stdout), text(&output.stderr)))
}

#[test]
fn shells_take_the_completions() {
    for shell in ["bash", "zsh", "fish"] {
        let script = text(&program(&format!("completions {shell}")).output().unwrap());
        if let Some(said) = says(shell, &["-n"], &script) {
            assert_eq!(said, (true, String::new(), String::new()), "{shell}");
        }
        for (command, options) in commands() {
            assert!(script.contains(&command), "{shell}: {command}");
            for option in options {
                let there = [format!("--{option}"), format!("-l {option}")];
                assert!(there.iter().any(|there| script.contains(there)), "{shell}: {command} --{option}");
            }
        }
    }
    let script = text(&program("completions bash").output().unwrap());
    let offers = |words: &str, last: &str, before: &str| {
        let script = format!(
            "{script}\nCOMP_WORDS=({words} {last}); COMP_CWORD={}; _zramd zramd '{last}' '{before}'\nprintf '%s ' \"${{COMPREPLY[@]}}\"\n",
            words.split(' ').count()
        );
        says("bash", &["--norc", "-s"], &script).unwrap().1
    };
    assert_eq!(offers("zramd", "run", "zramd"), "run run-now ");
    assert_eq!(offers("zramd run-now", "--dr", "run-now"), "--dry-run ");
}

#[test]
fn there_is_a_page_for_every_command() {
    let folder = tempfile::tempdir().unwrap();
    let written = program("man --dir").arg(folder.path()).output().unwrap();
    let commands = commands();
    assert_eq!(text(&written).lines().count(), commands.len() + 1);
    let top = fs::read_to_string(folder.path().join("zramd.8")).unwrap();
    for (command, options) in &commands {
        let page = fs::read_to_string(folder.path().join(format!("zramd-{command}.8"))).unwrap();
        let plain = |page: &str| page.replace("\\fB", "").replace("\\fR", "").replace("\\-", "-");
        for option in options {
            assert!(plain(&page).contains(&format!("--{option}")), "{command}: --{option}");
        }
        assert!(plain(&top).contains(&format!("zramd-{command}(8)")), "{command}");
        for section in ["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "\"EXIT STATUS\"", "FILES", "EXAMPLES"]
        {
            assert!(page.contains(&format!(".SH {section}\n")), "{command}: {section}");
        }
        if let Some((well, _, complaints)) = says("groff", &["-man", "-ww", "-Tutf8", "-rLL=80n"], &page) {
            assert!(well && complaints.is_empty(), "{command}: {complaints}");
        }
    }
    let nowhere = text(&program("man --dir /nowhere/at/all").output().unwrap());
    assert!(
        nowhere.starts_with(
            "zramd: cannot write /nowhere/at/all/zramd.8 (--dir must be a folder that is there): "
        ),
        "{nowhere}"
    );
}
