//! What the commands that show something print.

use zram_codecs::Codecs;
use zram_host::{Port as _, SimHost, Simulated};
use zram_model::Profile;

use crate::machine::{fill, machine, prints, write};

macro_rules! snapshots {
    ($($name:ident $words:literal,)*) => {
        $(
            #[test]
            fn $name() {
                let text = prints(&mut machine(), $words);
                insta::assert_snapshot!(stringify!($name), text, $words);
            }
        )*
    };
}

snapshots! {
    status "",
    status_of_one "/dev/zram2",
    status_of_none "/dev/zram7",
    status_raw "--raw --bytes --output-all",
    status_more_columns "--noheadings -o +PEAK,RATIO",
    list "list",
    list_all "list --all --output-all --raw",
    list_json "list --all --json",
    show_backed "show zram0",
    show_mounted "show zram1 --bytes",
    show_not_set_up "show zram2",
    show_json "show zram0 --json",
    slots "slots zram0",
    slots_older "slots zram0 --older 10m --huge --list",
    slots_ranges "slots zram0 --idle --in-memory --ranges",
    slots_ranges_json "slots zram0 --written-back --ranges --json",
    slots_json "slots zram0 --range 0-2 --json",
    slots_of_none "slots zram2",
    slots_sizes "slots zram0 --sizes",
    slots_sizes_list "slots zram0 --sizes --list --range 0-23",
    slots_sizes_json "slots zram0 --sizes --json --range 0-3",
    slots_histogram "slots zram0 --histogram --sizes",
    slots_histogram_json "slots zram0 --histogram --sizes --json",
}

#[test]
fn nothing_is_said_as_such() {
    let mut host = SimHost::new(Profile::debian_7_2(), Simulated::new(Codecs::new()));
    assert_eq!(prints(&mut host, "list"), "There is no zram device.\n");
    assert_eq!(prints(&mut host, ""), "NAME ALGORITHM DISKSIZE DATA COMPR TOTAL STREAMS MOUNTPOINT\n");
    host.hot_add().unwrap();
    assert_eq!(prints(&mut host, "list"), "There is 1 zram device, which is not set up (--all shows it).\n");
}

#[test]
fn lines_fit_into_80_columns() {
    for words in [
        "",
        "list",
        "show zram0",
        "show zram1",
        "slots zram0",
        "slots zram0 --sizes --list",
        "slots zram0 --sizes --histogram",
    ] {
        for line in prints(&mut machine(), words).lines() {
            assert!(line.chars().count() <= 80, "{words}: {line}");
        }
    }
}

#[test]
fn an_older_kernel_has_less_to_show() {
    let mut host = SimHost::new(Profile::debian_6_12(), Simulated::new(Codecs::new()));
    host.hot_add().unwrap();
    host.write_attr(0, "disksize", b"1M").unwrap();
    fill(&mut host, 0, 3);
    insta::assert_snapshot!("older_show", prints(&mut host, "show zram0"));
    insta::assert_snapshot!("older_status", prints(&mut host, "--raw --output-all"));
    insta::assert_snapshot!("older_slots", prints(&mut host, "slots zram0 --list"));
}

/// More than one read of `block_state` brings.
#[test]
fn a_large_device_is_read_in_windows() {
    let mut host = SimHost::new(Profile::debian_7_2(), Simulated::new(Codecs::new()));
    host.hot_add().unwrap();
    host.write_attr(0, "disksize", b"64M").unwrap();
    for slot in (0..5000).chain([16_383]) {
        write(&mut host, 0, slot, vec![7; 4096]);
    }
    assert_eq!(prints(&mut host, "slots zram0 --ranges"), "0-4999\n16383-16383\n");
    assert_eq!(prints(&mut host, "slots zram0 --range 1500-3499 --ranges"), "1500-3499\n");
    assert_eq!(prints(&mut host, "slots zram0 --range 4000-9999 --list").lines().count(), 1001);
    assert!(prints(&mut host, "slots zram0").starts_with("zram0: 16384 slots looked at, 5001 found ("));
}

#[test]
fn without_probes_there_are_no_sizes_and_a_reason() {
    let mut host = machine();
    host.without_probes("the kernel must be built with CONFIG_DEBUG_INFO_BTF");
    insta::assert_snapshot!("unprobed_summary", prints(&mut host, "slots zram0 --sizes"));
    insta::assert_snapshot!("unprobed_list", prints(&mut host, "slots zram0 --sizes --list --range 0-2"));
    insta::assert_snapshot!("unprobed_histogram", prints(&mut host, "slots zram0 --sizes --histogram"));
    insta::assert_snapshot!("unprobed_json", prints(&mut host, "slots zram0 --sizes --json --range 0-0"));
}

/// The kernel's own sums are those of the slots.
#[test]
fn sizes_add_up_to_what_the_attributes_say() {
    let mut host = machine();
    let document: serde_json::Value =
        serde_json::from_str(&prints(&mut host, "slots zram0 --sizes --json")).unwrap();
    let states = document["states"].as_array().unwrap();
    let stored = states.iter().filter(|slot| slot["written_back"] == false);
    let sum: u64 = stored.filter_map(|slot| slot["size"].as_u64()).sum();
    let number = |host: &mut crate::machine::Sim, attribute: &str, at: usize| {
        let text = String::from_utf8(host.read_attr(0, attribute).unwrap()).unwrap();
        text.split_whitespace().nth(at).unwrap().parse::<u64>().unwrap()
    };
    assert_eq!(sum, number(&mut host, "mm_stat", 1));
    let mut blocks: Vec<u64> = states.iter().filter_map(|slot| slot["block"].as_u64()).collect();
    assert_eq!(blocks.len() as u64, number(&mut host, "bd_stat", 0));
    blocks.sort_unstable();
    blocks.dedup();
    assert_eq!(blocks.len() as u64, number(&mut host, "bd_stat", 0));
}

/// Sizes are asked for without being shown, and slots of which none is known are none.
#[test]
fn slots_are_found_by_size() {
    let mut host = machine();
    let lines = |host: &mut crate::machine::Sim, words: &str| {
        prints(host, &format!("slots zram0 --list {words}")).lines().skip(1).count()
    };
    let all = lines(&mut host, "");
    let (large, small) = (lines(&mut host, "--at-least 4K"), lines(&mut host, "--at-most 4095"));
    let same = lines(&mut host, "--same");
    assert!(large > 0 && small > 0 && same > 0);
    assert_eq!(large + small + same, all);
    assert_eq!(lines(&mut host, "--at-least 4K --huge"), large);
    assert_eq!(lines(&mut host, "--at-least 4097"), 0);
    let ranges = prints(&mut host, "slots zram0 --at-least 4K --in-memory --ranges");
    assert!(ranges.lines().count() > 0 && ranges.lines().all(|line| line.contains('-')), "{ranges}");
    host.without_probes("the kernel must be built with CONFIG_DEBUG_INFO_BTF");
    let text = prints(&mut host, "slots zram0 --at-least 4K --ranges");
    let said =
        "zramctl-rs: the sizes of slots are not known: the kernel must be built with CONFIG_DEBUG_INFO_BTF\n";
    assert_eq!(text, said);
}
