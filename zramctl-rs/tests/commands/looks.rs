//! How everything looks: on a terminal of 80 columns, in a pipe, in colour, and as JSON.

use std::fmt::Write as _;

use anstream::adapter::strip_str;
use clap::Parser as _;
use zram_codecs::Codecs;
use zram_host::{Buffer, Iovec, Port as _, SimHost, Simulated};
use zram_model::Profile;
use zram_terminal::command_line;
use zramctl_rs::{cli::Cli, columns::Column, devices::Devices, run};

use crate::{
    machine::{Sim, fill, machine, prose, write},
    setup::all_there_is,
    watch::busy,
};

/// An ordinary machine, with two more devices than [`machine`]: one with a long path, and one that nobody uses and which has trouble.
fn ordinary() -> Sim {
    let mut host = machine();
    host.hot_add().unwrap();
    let mut set = |dev: u32, attribute: &str, value: &str| {
        host.write_attr(dev, attribute, value.as_bytes()).unwrap();
    };
    set(2, "comp_algorithm", "deflate");
    set(2, "disksize", "4G");
    set(3, "comp_algorithm", "lz4hc");
    set(3, "disksize", "1900M");
    set(3, "mem_limit", "32K");
    for slot in (0..40).filter(|slot| slot % 4 != 3) {
        fill(&mut host, 2, slot);
    }
    // Up to the limit, and further, which fails.
    let fails = |slot: &u64| {
        let pieces = [Iovec { start: 0, len: 4096 }];
        host.write(3, slot * 4096, Buffer { arena: &mut prose(*slot), pieces: &pieces }).is_err()
    };
    assert_eq!((3..40).step_by(4).filter(fails).count(), 8);
    host.set_kernel_file(
        "/proc/self/mountinfo",
        "36 1 254:1 / /var/my\\040tmp rw,relatime shared:9 - ext4 /dev/zram1 rw\n\
         37 1 254:2 / /var/lib/containers/storage/overlay-layers rw,relatime shared:9 - btrfs /dev/zram2 rw\n",
    );
    host
}

/// A device that has been compressed with two algorithms.
fn recompressing() -> Sim {
    let mut host = SimHost::new(Profile::custom_7_2(), Simulated::new(Codecs::new()));
    host.hot_add().unwrap();
    for (attribute, value) in [
        ("comp_algorithm", "lz4"),
        ("recomp_algorithm", "algo=zstd priority=1"),
        ("recomp_algorithm", "algo=deflate priority=2"),
        ("disksize", "4M"),
    ] {
        host.write_attr(0, attribute, value.as_bytes()).unwrap();
    }
    for slot in 0..40 {
        write(&mut host, 0, slot, prose(slot as u64));
    }
    host
}

/// A machine on which a swap area can be taken out of use.
fn swapping() -> Sim {
    let mut host = recompressing();
    host.hot_add().unwrap();
    host.write_attr(1, "comp_algorithm", b"lz4").unwrap();
    host.write_attr(1, "disksize", b"8M").unwrap();
    host
}

/// One that is swapped to, as it can be ended.
fn swapped() -> Sim {
    let mut host = recompressing();
    printed(&mut host, "swap on zram0", None);
    host
}

/// What a command prints, with its escapes. `columns`: of the terminal, if there is one.
fn printed(host: &mut Sim, words: &str, columns: Option<usize>) -> String {
    let mut cli = Cli::try_parse_from(format!("zramctl-rs {words}").split_whitespace()).unwrap();
    cli.output.columns = columns;
    let mut out = Vec::new();
    let ended = run(&cli, host, &mut out);
    let mut text = String::from_utf8(out).unwrap();
    if let Err(error) = ended {
        writeln!(text, "zramctl-rs: {error:#}").unwrap();
    }
    text
}

/// Escapes as words. Only those of the palette are known, and each that is begun in a line ends in it.
fn visible(text: &str) -> String {
    let mut shown = text.to_owned();
    for (code, word) in [
        ("1", "bold"),
        ("2", "dim"),
        ("31", "red"),
        ("32", "green"),
        ("33", "yellow"),
        ("36", "cyan"),
        ("0", "/"),
    ] {
        shown = shown.replace(&format!("\x1b[{code}m"), &format!("‹{word}›"));
    }
    assert!(!shown.contains('\x1b'), "not in the palette: {shown:?}");
    for line in shown.lines() {
        // Behind the end of a style, none is open.
        let open = line.rsplit("‹/›").next().is_some_and(|rest| rest.contains('‹'));
        assert!(!open, "a style goes beyond the end of the line: {line}");
    }
    shown
}

/// What a command prints, in all forms, one below the other.
fn looks(make: fn() -> Sim, words: &str) -> String {
    let mut all = String::new();
    let plain = strip_str(&printed(&mut make(), words, None)).to_string();
    let terminal = printed(&mut make(), words, Some(80));
    let stripped = strip_str(&terminal).to_string();
    writeln!(all, "--- {words}\n{plain}").unwrap();
    if stripped != plain {
        writeln!(all, "--- 80 columns\n{stripped}").unwrap();
    }
    let coloured = visible(&terminal);
    if coloured != stripped {
        writeln!(all, "--- in colour\n{coloured}").unwrap();
    }
    // The status is never cut, and neither is what is raw, or what has happened.
    let is_cut = !words.is_empty() && !words.contains("--raw") && !words.starts_with("watch");
    // A command that is to be copied stays whole.
    for line in stripped.lines().filter(|line| is_cut && !line.contains('`')) {
        assert!(line.chars().count() <= 80, "{words}: {line}");
    }
    all
}

macro_rules! looks {
    ($($name:ident $machine:ident $words:literal $(and $json:literal)?,)*) => {
        $(
            #[test]
            fn $name() {
                let mut all = looks($machine, $words);
                let documents: &[&str] = &[$($json)?];
                for words in documents {
                    let text = printed(&mut $machine(), words, None);
                    let document: serde_json::Value = serde_json::from_str(&text).unwrap();
                    assert_eq!(document["schema"], 1, "{text}");
                    writeln!(all, "--- {words}\n{text}").unwrap();
                }
                insta::assert_snapshot!(concat!("looks_", stringify!($name)), all);
            }
        )*
    };
}

looks! {
    status ordinary "",
    list ordinary "list",
    list_all ordinary "list --all --no-headings -o NAME,RATIO,USE,BACKING,FAILED,WB-LIMIT",
    list_raw ordinary "list --raw",
    show_swap ordinary "show zram0",
    show_mounted ordinary "show zram2",
    show_limited ordinary "show zram3",
    show_recompressing recompressing "show zram0",
    show_not_set_up machine "show zram2",
    slots ordinary "slots zram0",
    slots_list ordinary "slots zram0 --list --range 0-15",
    slots_list_bare ordinary "slots zram0 --list --no-headings --range 0-3",
    slots_sizes ordinary "slots zram0 --sizes" and "slots zram0 --sizes --range 0-3 --json",
    slots_histogram ordinary "slots zram0 --histogram --sizes" and "slots zram0 --histogram --json",
    caps ordinary "caps" and "caps --json",
    doctor ordinary "doctor" and "doctor --json",
    doctor_sample recompressing "doctor zram0 --sample 20" and "doctor zram0 --sample 20 --json",
    setup all_there_is "setup --size 64M --algorithm zstd --swap" and "setup --size 64M --algorithm zstd --swap --json",
    setup_dry all_there_is "setup --size 64M --backing /dev/ram0 --dry-run" and "setup --size 64M --backing /dev/ram0 --dry-run --json",
    watch busy "watch --for 1",
    watch_bare busy "watch --for 1 --no-headings",
    slots_ranges ordinary "slots zram0 --same --ranges" and "slots zram0 --same --ranges --json",
    idle machine "idle zram0" and "idle zram0 --older 10m --json",
    writeback machine "writeback zram0 --huge" and "writeback zram0 --huge --json",
    writeback_dry machine "writeback zram0 --range 0-9 --dry-run",
    recompress recompressing "recompress zram0" and "recompress zram0 --json",
    compact machine "compact zram0" and "compact zram0 --json",
    limit machine "limit zram0 --memory 2M --writeback 64K" and "limit zram0 --memory 2M --writeback 64K --json",
    reset machine "reset zram2 --settings --dry-run" and "reset zram2 --settings --json",
    remove machine "remove zram2" and "remove zram2 --json",
    swap_on swapping "swap on zram1 --priority 5" and "swap on zram1 --priority 5 --json",
    swap_off swapped "swap off zram0" and "swap off zram0 --json",
}

/// Whoever may mount something may choose a path that clears the screen of whoever looks.
#[test]
fn a_path_does_not_reach_the_terminal_as_an_escape() {
    let mut host = machine();
    host.set_kernel_file("/proc/self/mountinfo", "36 1 254:1 / /a\x1b[2Jb\\012c rw - ext4 /dev/zram1 rw\n");
    for words in ["list", "show zram1", ""] {
        let text = strip_str(&printed(&mut host, words, Some(200))).to_string();
        assert!(text.contains("/a\\x1b[2Jb\\x0ac"), "{words}: {text}");
    }
}

/// What ended early is in the document, too.
#[test]
fn what_was_done_before_an_error_is_said() {
    let mut host = machine();
    printed(&mut host, "limit zram0 --writeback 8K", None);
    let text = printed(&mut host, "writeback zram0 --huge --json", None);
    assert!(
        text.contains("\"written_back_pages\": 2\n}\nzramctl-rs: the writeback limit was reached: "),
        "{text}"
    );
    let text = printed(&mut host, "remove zram2 zram1 --json", None);
    assert!(text.contains("\"removed\": [\n    \"zram2\"\n  ]\n}\nzramctl-rs: zram1 is in use"), "{text}");
    let text = printed(&mut host, "reset zram0 --json", None);
    assert!(text.contains("\"reset\": [],"), "{text}");
    assert!(Cli::try_parse_from(["zramctl-rs", "compact", "zram0", "--json", "--dry-run"]).is_err());
}

/// Nothing is cut in a pipe, and on a terminal nothing goes beyond its edge as long as something can be left out.
#[test]
fn a_list_fits_into_its_terminal() {
    let whole = strip_str(&printed(&mut ordinary(), "list", None)).to_string();
    assert!(whole.contains("/var/lib/containers/storage/overlay-layers"), "{whole}");
    let wide = printed(&mut ordinary(), "list", Some(200));
    assert_eq!(strip_str(&wide).to_string(), whole);
    let mut all = String::new();
    for columns in [100, 80, 72, 60, 50] {
        let text = strip_str(&printed(&mut ordinary(), "list", Some(columns))).to_string();
        for line in text.lines() {
            assert!(line.chars().count() <= columns, "{columns}: {line}");
        }
        writeln!(all, "--- {columns} columns\n{text}").unwrap();
    }
    insta::assert_snapshot!("looks_list_widths", all);
    // What was asked for by name stays.
    let text =
        strip_str(&printed(&mut ordinary(), "list -o NAME,PEAK,DATA,BACKED,ALGORITHM", Some(20))).to_string();
    assert!(text.starts_with("NAME "), "{text}");
    assert!(text.contains("PEAK  DATA BACKED ALGORITHM"), "{text}");
}

/// The status is for scripts.
#[test]
fn the_status_has_no_style_and_is_never_cut() {
    for words in ["", "--output-all", "zram1 --raw"] {
        let text = printed(&mut ordinary(), words, Some(20));
        assert_eq!(text, printed(&mut ordinary(), words, None), "{words}");
        assert!(!text.contains('\x1b'), "{words}");
    }
}

/// Of each command, also those that somebody will add.
#[test]
fn every_help_fits_into_80_columns() {
    help(&command_line::styled::<Cli>(80), "");
}

fn help(command: &clap::Command, words: &str) {
    let arguments: Vec<_> = format!("zramctl-rs{words} --help").split(' ').map(Into::into).collect();
    let rendered = Cli::of(&arguments, Some(80)).unwrap_err().render();
    let (plain, coloured) = (rendered.to_string(), rendered.ansi().to_string());
    assert_eq!(strip_str(&coloured).to_string(), plain, "{words}");
    for line in plain.lines() {
        assert!(line.chars().count() <= 80, "{words}: {line}");
    }
    let name = format!("looks_help{}", words.replace(' ', "_"));
    insta::assert_snapshot!(name, format!("{plain}\n--- in colour\n{}", visible(&coloured)));
    for inner in command.get_subcommands().filter(|inner| inner.get_name() != "help") {
        help(inner, &format!("{words} {}", inner.get_name()));
    }
}

/// Where a line of an example does not fit, it is broken so that a shell still takes it.
#[test]
fn examples_are_broken_for_a_shell() {
    let arguments: Vec<_> = ["zramctl-rs", "writeback", "--help"].map(Into::into).into();
    let text = Cli::of(&arguments, Some(60)).unwrap_err().render().to_string();
    let wanted = "
  zramctl-rs idle zram0 --older 6h && zramctl-rs writeback \\
    zram0 --idle
  zramctl-rs slots zram0 --huge --ranges          which
                                                  those
                                                  would be
";
    assert!(text.contains(wanted), "{text}");
}

/// A column that is asked for alone is what it is beside all others, for which everything is read.
#[test]
fn a_column_is_made_of_what_it_says() {
    let mut machine = ordinary();
    let devices = Devices::new(&mut machine).unwrap();
    let whole = devices.all(&mut machine, &|_| true).unwrap();
    let mut filled = 0;
    for column in Column::ALL {
        let alone = devices.all(&mut machine, &|attribute| column.attributes().contains(&attribute)).unwrap();
        for (whole, alone) in whole.iter().zip(&alone) {
            let cell = column.cell(whole, true);
            assert_eq!(column.cell(alone, true), cell, "{}", column.name());
            filled += usize::from(cell.is_some());
        }
    }
    assert!(filled > 2 * Column::ALL.len(), "most columns have something in them: {filled}");
}
