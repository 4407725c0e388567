//! However it ends, the terminal is given back.

use std::{env, fs};

use zramtop::terminal::Screen;

use crate::tmux::Terminal;

const PROGRAM: &str = env!("CARGO_BIN_EXE_zramtop");

#[test]
fn ctrl_c_ends_it() {
    let Some(terminal) = Terminal::new(80, 24) else { return };
    terminal.line(&format!("{PROGRAM} --sim --mouse; echo status $?"));
    terminal.shows("swap 100");
    terminal.press(&["C-c"]);
    terminal.shows("status 0");
    terminal.is_sane();
}

#[test]
fn a_signal_ends_it() {
    let Some(terminal) = Terminal::new(80, 24) else { return };
    let file = terminal.folder().join("pid");
    terminal
        .line(&format!("sh -c 'echo $$ >{}; exec {PROGRAM} --sim --paused'; echo status $?", file.display()));
    terminal.shows("swap 100");
    let process: i32 = fs::read_to_string(file).unwrap().trim().parse().unwrap();
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(process), nix::sys::signal::SIGTERM).unwrap();
    terminal.shows("status 0");
    terminal.is_sane();
}

/// Not for itself: the next test runs it in a terminal.
#[test]
#[ignore = "ends in a panic, in a terminal"]
fn panics_on_a_terminal() {
    let _screen = Screen::take(true).unwrap();
    panic!("as a defect would");
}

#[test]
fn a_panic_ends_it() {
    let Some(terminal) = Terminal::new(80, 24) else { return };
    let ourselves = env::current_exe().unwrap();
    let ourselves = ourselves.display();
    terminal.line(&format!(
        "{ourselves} --exact ends::panics_on_a_terminal --ignored --nocapture; echo status $?"
    ));
    let screen = terminal.shows("status 101");
    assert!(screen.contains("as a defect would"), "{screen}");
    terminal.line("clear");
    terminal.is_sane();
}

#[test]
fn what_cannot_be_had_is_said_before_anything_is_drawn() {
    let Some(terminal) = Terminal::new(80, 24) else { return };
    for (words, said) in [
        ("--sim zram9", "zramtop: there is no zram9"),
        ("--replay /nowhere", "zramtop: cannot play /nowhere: No such file or directory"),
        ("--sim --record /nowhere/at-all", "zramtop: cannot record to /nowhere/at-all"),
        ("--sim | cat", "zramtop: standard input and output must be a terminal"),
        ("--sim --once | head -1", "zram0: 64M, swap 100"),
    ] {
        terminal.line(&format!("clear; {PROGRAM} {words}"));
        terminal.shows(said);
    }
    terminal.line("clear");
    terminal.is_sane();
}
