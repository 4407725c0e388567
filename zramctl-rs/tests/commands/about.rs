//! What the program says about itself is complete, and other programs understand it.

use std::{
    io::Write as _,
    process::{Command, Stdio},
};

use clap::CommandFactory as _;
use zramctl_rs::cli::Cli;

use crate::machine::{machine, prints};

/// Every command with the words that lead to it, and its long options.
fn commands() -> Vec<(Vec<String>, Vec<String>)> {
    fn below(command: &clap::Command, path: &[String], all: &mut Vec<(Vec<String>, Vec<String>)>) {
        let options = command.get_arguments().filter(|argument| !argument.is_hide_set());
        all.push((
            path.to_vec(),
            options.filter_map(|option| option.get_long()).map(str::to_owned).collect(),
        ));
        for command in command.get_subcommands() {
            let path: Vec<String> = path.iter().cloned().chain([command.get_name().to_owned()]).collect();
            below(command, &path, all);
        }
    }
    let mut all = Vec::new();
    let mut program = Cli::command().disable_help_subcommand(true);
    program.build();
    below(&program, &[], &mut all);
    assert!(all.len() > 15 && all.iter().map(|(_, options)| options.len()).sum::<usize>() > 50);
    all
}

fn is_here(program: &str) -> bool {
    Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
}

/// What a program says to this input, on both outputs.
fn says(program: &str, words: &[&str], input: &str) -> (bool, String, String) {
    let mut child = Command::new(program)
        .args(words)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.success(), text(&output.stdout), text(&output.stderr))
}

/// What bash would offer for the last of these words.
fn bash_offers(words: &[&str]) -> Vec<String> {
    let script = prints(&mut machine(), "completions bash");
    let line = words.iter().map(|word| format!("'{word}'")).collect::<Vec<_>>().join(" ");
    let at = words.len() - 1;
    let (last, before) = (words[at], words[at - 1]);
    let script = format!(
        "{script}\nCOMP_WORDS=({line}); COMP_CWORD={at}; _zramctl__rs zramctl-rs '{last}' '{before}'\nprintf '%s\\n' \"${{COMPREPLY[@]}}\"\n"
    );
    let (well, offers, complaints) = says("bash", &["--norc", "-s"], &script);
    assert!(well && complaints.is_empty(), "{complaints}");
    offers.lines().map(str::to_owned).collect()
}

#[test]
fn bash_takes_the_completions() {
    let script = prints(&mut machine(), "completions bash");
    assert_eq!(says("bash", &["-n"], &script), (true, String::new(), String::new()));
    assert_eq!(bash_offers(&["zramctl-rs", "sl"]), ["slots"]);
    assert_eq!(bash_offers(&["zramctl-rs", "slots", "--ra"]), ["--range", "--ranges"]);
    assert_eq!(bash_offers(&["zramctl-rs", "completions", ""])[..4], ["-h", "--color", "--help", "bash"]);
    for (path, options) in commands() {
        let words: Vec<&str> = ["zramctl-rs"].into_iter().chain(path.iter().map(String::as_str)).collect();
        let asked: Vec<&str> = words.iter().copied().chain(["--"]).collect();
        let offered = bash_offers(&asked);
        for option in options {
            assert!(offered.contains(&format!("--{option}")), "{path:?} --{option}: {offered:?}");
        }
    }
}

#[test]
fn zsh_and_fish_are_told_everything() {
    for shell in ["zsh", "fish"] {
        let script = prints(&mut machine(), &format!("completions {shell}"));
        if is_here(shell) {
            assert_eq!(says(shell, &["-n"], &script), (true, String::new(), String::new()));
        }
        for (path, options) in commands() {
            for word in &path {
                assert!(script.contains(word.as_str()), "{shell}: {path:?}");
            }
            for option in options {
                let there =
                    script.contains(&format!("--{option}")) || script.contains(&format!("-l {option}"));
                assert!(there, "{shell}: {path:?} --{option}");
            }
        }
    }
}

/// A page's text with the marks of fonts and escapes taken out.
fn plain(page: &str) -> String {
    page.replace("\\fB", "").replace("\\fI", "").replace("\\fR", "").replace("\\-", "-").replace("\\&", "")
}

#[test]
fn there_is_a_page_for_every_command() {
    let folder = tempfile::tempdir().unwrap();
    let written = prints(&mut machine(), &format!("man --dir {}", folder.path().display()));
    let commands = commands();
    assert_eq!(written.lines().count(), commands.len());
    for (path, options) in &commands {
        let name =
            ["zramctl-rs"].into_iter().chain(path.iter().map(String::as_str)).collect::<Vec<_>>().join("-");
        let page = std::fs::read_to_string(folder.path().join(format!("{name}.1"))).unwrap();
        let text = plain(&page);
        for option in options {
            assert!(text.contains(&format!("--{option}")), "{name}: --{option}");
        }
        for section in
            ["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "\"EXIT STATUS\"", "FILES", "\"SEE ALSO\""]
        {
            assert!(page.contains(&format!(".SH {section}\n")), "{name}: {section}");
        }
        let prints_json = commands
            .iter()
            .any(|(below, options)| below.starts_with(path) && options.iter().any(|option| option == "json"));
        assert_eq!(page.contains(".SH JSON\n"), prints_json, "{name}");
        // Only what checks ends with 3.
        let checks = path.is_empty() || path[0] == "doctor";
        assert_eq!(
            text.contains(".TP\n3\nWith doctor --check: there is a problem."),
            checks,
            "{name}: {text}"
        );
        if text.contains("DEVICE") {
            let described = text.split("[DEVICE]\n").nth(1).or_else(|| text.split("<DEVICE>\n").nth(1));
            let described = described.and_then(|rest| rest.lines().next()).unwrap_or_default();
            assert!(
                described.contains("evice") || described.starts_with("Which, as zram0"),
                "{name}: {described:?}"
            );
        }
        assert!(!text.contains("Exit status:"), "{name}: {text}");
        if is_here("groff") {
            let (well, shown, complaints) = says("groff", &["-man", "-ww", "-Tutf8", "-rLL=80n"], &page);
            assert!(well && complaints.is_empty() && shown.contains("zramctl-rs"), "{name}: {complaints}");
        }
    }
    let top = plain(&prints(&mut machine(), "man"));
    for (path, _) in commands.iter().filter(|(path, _)| path.len() == 1) {
        assert!(top.contains(&format!("zramctl-rs-{}(1)", path[0])), "{path:?}");
    }
    let nowhere = prints(&mut machine(), "man --dir /nowhere/at/all");
    assert!(
        nowhere.starts_with(
            "zramctl-rs: cannot write /nowhere/at/all/zramctl-rs.1 (--dir must be a folder that is there): "
        ),
        "{nowhere}"
    );
}
