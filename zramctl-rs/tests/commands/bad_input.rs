//! Whatever is asked for that makes no sense: a sentence that names it and the way out, the right exit status, and nothing is changed.

use std::fmt::Write as _;

use zram_terminal::escape::escaped_lines;
use zramctl_rs::{cli::Cli, run, status};

use crate::{
    machine::{Sim, machine},
    setup::{all_there_is, seen},
};

/// Status and sentence.
fn said(machine: &mut Sim, words: &[String]) -> (i32, String) {
    let arguments: Vec<_> =
        std::iter::once("zramctl-rs".into()).chain(words.iter().map(Into::into)).collect();
    let cli = match Cli::of(&arguments, None) {
        Ok(cli) => cli,
        // Behind it comes what the usage is, and where there is help.
        Err(wrong) => {
            let text = wrong.render().to_string();
            let sentence = text.split("\n\nUsage").next().unwrap_or_default();
            return (wrong.exit_code(), sentence.replace("\n\nFor more information, try '--help'.", ""));
        }
    };
    let mut out = Vec::new();
    match run(&cli, machine, &mut out) {
        Ok(()) => (0, String::from_utf8(out).unwrap()),
        Err(error) => (status(&error).into(), format!("zramctl-rs: {error:#}")),
    }
}

/// Each is refused with this status and changes nothing; what is said.
fn refused(machine: &mut Sim, wanted: i32, lines: &[&str]) -> String {
    let mut all = String::new();
    let before = seen(machine);
    for line in lines {
        let (status, sentence) = said(machine, &shlex::split(line).unwrap());
        assert_eq!(status, wanted, "{line}: {sentence}");
        assert_eq!(seen(machine), before, "{line}");
        writeln!(all, "{line}\n    {}", sentence.trim_end().replace('\n', "\n    ")).unwrap();
    }
    all
}

#[test]
fn what_makes_no_sense() {
    let lines = [
        "shwo zram0",
        "--nonsense",
        "show",
        "show ''",
        "show sda",
        "show /dev/sda",
        "show zram01",
        "show zram1x",
        "show zram99999999999",
        "list zram0",
        "list -o NAME,NONSENSE",
        "list --color blue",
        "zram2 -s x",
        "zram2 -s -1",
        "zram2 -s 16E",
        "-r",
        "-f zram2",
        "slots zram0 --range 5-3",
        "slots zram0 --older 1w",
        "slots zram0 --older 99999999999999999d",
        "slots zram0 --at-least 1.5K",
        "slots zram0 --list --ranges",
        "slots zram0 --no-headings",
        "writeback zram0",
        "writeback zram0 --idle --huge",
        "writeback zram0 --range 0-5 --idle",
        "recompress zram0 --priority 4",
        "recompress zram0 --algorithm 'zstd type=idle'",
        "recompress zram0 --threshold -1",
        "limit zram0",
        "limit zram0 --memory 0",
        "limit zram0 --memory 17179869184G",
        "limit zram0 --writeback 100",
        "swap on zram2 --priority -1",
        "swap on zram2 --priority 99999",
        "watch --kind nonsense",
        "watch --count 0",
        "watch --for x",
        "doctor --sample 0",
        "completions tcsh",
        "setup",
        "setup --size 10Z",
        "setup --size 1.5G",
        "setup --size -4G",
        "setup --size 99999999999T",
        "setup --size 'min(ram, 99999999999999999999)'",
        "setup --size 1G --algorithm 'a;b'",
        "setup --size 1G --mount mnt",
        "setup --size 1G --backing /x --backing-size 99999999999T",
        "setup --size 1G --backing /x --backing-size 1G --keep-free 150%",
        "setup --file ''",
        "setup sda --size 1G",
    ];
    insta::assert_snapshot!("bad_input_2", refused(&mut machine(), 2, &lines));
}

#[test]
fn what_cannot_be_done() {
    let lines = [
        "show zram10",
        "zram2 zram9",
        "-s 4G",
        "zram0 -s 4M",
        "zram2 -s 0",
        "zram2 -s 8M -a nonsense",
        "zram1 zram2 -s 4M",
        "-r zram9",
        "slots zram9",
        "slots zram0 --range 1024-1030",
        "idle zram2",
        "idle zram9",
        "idle zram0 --older 0",
        "idle zram0 --older 99999999d",
        "writeback zram1 --idle",
        "writeback zram2 --idle",
        "writeback zram0 --range 1020-1030",
        "writeback zram0 --range 18446744073709551615",
        "recompress zram0",
        "compact zram2",
        "reset zram0",
        "reset zram9",
        "remove zram1",
        "remove zram9",
        "swap on zram0",
        "swap on zram2",
        "swap off zram1",
        "swap off zram9",
        "caps zram9",
        "doctor zram9",
        "doctor zram2",
        "man --dir /nowhere/x",
        "setup --size 1",
        "setup --size 99999999%",
        "setup --size 16777215T",
        "setup --size 1G --algorithm zst",
        "setup --size 1G --recompress zstd",
        "setup --size 1G --mount /dev/null",
        "setup --size 1G --backing /nowhere/x",
        "setup --size 1G --backing /var/x --backing-size 1",
        "setup --size 1G --backing /var/x --backing-size 9999T",
        "setup --size 1G --backing /var/ --backing-size 1G",
        "setup --file /nowhere.toml",
        "setup --file /var",
        "setup zram0 --size 1G",
        "setup zram1 --size 1G",
        "setup zram9 --size 1G",
    ];
    insta::assert_snapshot!("bad_input_1", refused(&mut machine(), 1, &lines));
}

/// With line and column, wherever there is a line that is wrong.
#[test]
fn what_makes_no_sense_in_a_file() {
    let mut all = String::new();
    for text in [
        "",
        "x",
        "\u{1b}[2J",
        "devices = []",
        "device = []",
        "[device]\nsize = '4G'",
        "[[device]]",
        "[[device]]\nsize = 4",
        "[[device]]\nsize = '4Q'",
        "[[device]]\nsize = '99999999999T'",
        "[[device]]\nsize = '4G'\nsize = '5G'",
        "[[device]]\nsize = '4G'\nnonsense = 1",
        "[[device]]\nsize = '4G'\nname = 'sda'",
        "[[device]]\nsize = '4G'\nmemory = '0'",
        "[[device]]\nsize = '4G'\nswap = true",
        "[[device]]\nsize = '4G'\nswap = { priority = 99999 }",
        "[[device]]\nsize = '4G'\nswap = { priority = -1 }",
        "[[device]]\nsize = '4G'\nswap = {}\nmount = { at = '/mnt' }",
        "[[device]]\nsize = '4G'\nmount = { at = 'mnt' }",
        "[[device]]\nsize = '4G'\nmount = { at = '/mnt', file-system = '-t' }",
        "[[device]]\nsize = '4G'\nbacking = '/dev/ram0'",
        "[[device]]\nsize = '4G'\nbacking = { path = 'x' }",
        "[[device]]\nsize = '4G'\nbacking = { path = '/x', batch-size = 0 }",
        "[[device]]\nsize = '4G'\nbacking = { path = '/x', keep-free = '1G' }",
        "[[device]]\nsize = '4G'\nrecompress = 'zstd'",
        "[[device]]\nsize = '4G'\nrecompress = ['zstd', 'lz4', 'lz4hc', 'deflate']",
        "[[device]]\nsize = '4G'\nalgorithm-params = 'level=3'",
        "[[device]]\nsize = '4G'\nname = 'zram1'\n[[device]]\nsize = '1G'\nname = 'zram1'",
    ] {
        let mut machine = all_there_is();
        machine.put_file("/etc/zram.toml", text.len() as u64, text.as_bytes());
        writeln!(all, "{}", escaped_lines(text)).unwrap();
        let sentence = refused(&mut machine, 1, &["setup --file /etc/zram.toml"]);
        let (_, sentence) = sentence.split_once('\n').unwrap();
        // As it is on standard error.
        writeln!(all, "{}", escaped_lines(sentence)).unwrap();
    }
    insta::assert_snapshot!("bad_input_file", all);
}
