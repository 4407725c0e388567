//! Every view and every key, on the simulated machine, which shows the same each time.

use insta::assert_snapshot;

use crate::tmux::Terminal;

#[test]
fn a_walk_through_everything() {
    let Some(terminal) = Terminal::new(80, 24) else { return };
    terminal.line(concat!(env!("CARGO_BIN_EXE_zramtop"), " --sim --paused --mouse"));
    let mut screens = String::new();
    let mut see = |what: &str, keys: &[&str], shown: &str| {
        terminal.press(keys);
        let screen = terminal.shows(shown);
        screens.push_str(&format!("==== {what}\n{screen}"));
    };
    see("overview", &[], "swap 100");
    see("three moments on", &[".", ".", "."], "up 1h 07m");
    see("the other device", &["Down"], "▸ zram1");
    see("sorted, and all", &["s", "a"], "zram2");
    see("back", &["Up", "a", "s", "s", "s"], "sorted by number");
    see("slots", &["2"], "slots each");
    see("zoomed in", &["+", "+", "Right", "Down"], "4 slots each");
    see("single slots", &["Enter"], "a slot each");
    see("typing", &["/", "i", "d"], "id_");
    see("found", &["Enter"], "idle");
    see("the next", &["n"], "idle");
    see("marked", &["0", "m", "m"], "marked: written-back");
    see("following", &["Escape", "f"], "following");
    see("ages", &["3"], "not touched for");
    see("classes", &["4"], "empty to full");
    see("classes by size", &["s", "Down", "Down"], "empty to full");
    see("writeback", &["5"], "regret");
    see("latency", &["6"], "read back");
    see("events", &["7"], "what happened");
    see("help", &["?"], "this help");
    see("units", &["Escape", "1", "u"], "units: bytes");
    see("letters", &["u", "u", "t", "c"], "> zram0");
    see("shapes again, faster", &["t", ">", ">"], "4x");
    terminal.resize(60, 15);
    see("narrow", &["2"], "2 Slot");
    terminal.resize(120, 40);
    see("wide", &[], "flag             slots");
    assert_snapshot!(screens);
    terminal.press(&["q"]);
    terminal.shows("ready>");
    terminal.is_sane();
}
