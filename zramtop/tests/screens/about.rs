//! What the program says about itself.

use std::process::Command;

use clap::CommandFactory as _;
use zramtop::cli::Cli;

fn prints(words: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_zramtop")).args(words).output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{words:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// Every option is on the page and in what shells complete.
#[test]
fn every_option_is_documented() {
    let page = prints(&["--man"]).replace("\\-", "-");
    let scripts = ["bash", "zsh", "fish"].map(|shell| prints(&["--completions", shell]));
    let mut program = Cli::command();
    program.build();
    let options: Vec<String> =
        program.get_arguments().filter_map(|option| option.get_long()).map(str::to_owned).collect();
    assert!(options.len() > 12, "{options:?}");
    for option in &options {
        assert!(page.contains(&format!("--{option}")), "{option}: {page}");
        for script in &scripts {
            assert!(script.contains(option.as_str()), "{option}");
        }
    }
    assert!(page.contains(".SH EXAMPLES") && page.contains(".SH \"EXIT STATUS\""), "{page}");
}

#[test]
fn the_help_fits_into_80_columns() {
    let help = prints(&["--help"]);
    assert!(help.contains("zramtop --sim"), "{help}");
    for line in help.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
}

/// A sentence that names the thing, the status that is documented, and nothing on standard output.
#[test]
fn what_is_wrong_is_said() {
    for (words, status, says) in [
        (&["--once", "--replay", "/nowhere/at/all"][..], 1, "/nowhere/at/all"),
        (&["--sim", "--once", "zram77"], 1, "zram77"),
        (&["--interval", "0"], 2, "0.1 to 3600"),
        (&["--man", "--once"], 2, "--man"),
        (&["--sim"], 1, "zramtop --once"),
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_zramtop")).args(words).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(status), "{words:?}: {said}");
        assert!(said.contains(says) && output.stdout.is_empty(), "{words:?}: {said}");
    }
}
