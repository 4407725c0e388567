//! Each finding on a machine where it is found, and on one where it is not.

mod devices;
mod sample;

use clap::Parser as _;
use zram_codecs::Codecs;
use zram_host::{Disk, Machine as _, Port as _, SimHost, Simulated, Surroundings as _};
use zram_model::Profile;
use zramctl_rs::{cli::Cli, run, status};

use crate::machine::{Sim, machine, prints, prose, write};

const SWAPS: &str = "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n/dev/zram0 partition 65532 160 100\n";

/// A device of 64 MiB with some prose in it, swapped to, on a kernel that has everything. `set`: attributes before its size.
fn with(profile: Profile, set: &[(&str, &str)]) -> Sim {
    let mut host = SimHost::new(profile, Simulated::new(Codecs::new()));
    host.restart(Disk { pages: 1024, ..Disk::default() });
    host.hot_add().unwrap();
    for (attribute, value) in set {
        host.write_attr(0, attribute, value.as_bytes()).unwrap();
    }
    host.write_attr(0, "disksize", b"64M").unwrap();
    for slot in 0..20 {
        write(&mut host, 0, slot, prose(slot as u64));
    }
    host.set_kernel_file("/proc/swaps", SWAPS);
    host
}

fn healthy() -> Sim {
    with(Profile::custom_7_2(), &[("comp_algorithm", "zstd")])
}

fn backed(compressed: &str, algorithm: &str) -> Sim {
    let set =
        [("comp_algorithm", algorithm), ("backing_dev", "/dev/ram0"), ("compressed_writeback", compressed)];
    with(Profile::custom_7_2(), &set)
}

/// What was found: severity and check.
fn found(host: &mut Sim) -> Vec<(String, String)> {
    let document: serde_json::Value = serde_json::from_str(&prints(host, "doctor --json")).unwrap();
    let word = |finding: &serde_json::Value, field: &str| finding[field].as_str().unwrap().to_owned();
    let findings = document["findings"].as_array().unwrap();
    findings.iter().map(|finding| (word(finding, "severity"), word(finding, "check"))).collect()
}

/// A text as if a line had no end.
fn in_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// That exactly this was found.
#[track_caller]
fn finds(host: &mut Sim, expected: &[(&str, &str)]) {
    let found = found(host);
    let found: Vec<_> = found.iter().map(|(severity, check)| (severity.as_str(), check.as_str())).collect();
    assert_eq!(found, expected, "{}", prints(host, "doctor"));
}

fn set(host: &mut Sim, attribute: &str, value: &str) {
    host.write_attr(0, attribute, value.as_bytes()).unwrap();
}

fn hours_pass(host: &mut Sim) {
    host.surroundings_mut().pass(7200 * 1_000_000_000);
}

/// So much memory in the whole machine.
fn shrink(host: &mut Sim, kibibytes: u64) {
    let text = String::from_utf8(host.kernel_file("/proc/meminfo").unwrap()).unwrap();
    let (_, rest) = text.split_once('\n').unwrap();
    host.set_kernel_file("/proc/meminfo", &format!("MemTotal: {kibibytes} kB\n{rest}"));
}

#[test]
fn a_healthy_machine_has_nothing() {
    let mut host = healthy();
    finds(&mut host, &[]);
    assert_eq!(prints(&mut host, "doctor --check"), "1 device looked at: nothing was found.\n");
}

#[test]
fn what_is_said_can_be_read() {
    let mut host = machine();
    host.set_kernel_file("/sys/module/zswap/parameters/enabled", "Y\n");
    host.set_kernel_file("/usr/lib/systemd/zram-generator.conf", "[zram0]\n");
    host.set_kernel_file("/proc/swaps", &format!("{SWAPS}/dev/sda2 partition 1000 0 100\n"));
    set(&mut host, "writeback_limit", "0");
    hours_pass(&mut host);
    let text = prints(&mut host, "doctor");
    insta::assert_snapshot!("doctor", text);
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    insta::assert_snapshot!("doctor_json", prints(&mut host, "doctor zram0 --json"));
    assert_eq!(
        prints(&mut host, "doctor zram2"),
        "zramctl-rs: zram2 is not set up: `zramctl-rs setup zram2 --size SIZE`\n"
    );
    assert_eq!(prints(&mut host, "doctor zram7"), "zramctl-rs: there is no zram7\n");
}

#[test]
fn only_a_problem_fails_a_check() {
    let ends = |host: &mut Sim, words: &str| {
        let cli = Cli::try_parse_from(format!("zramctl-rs {words}").split_whitespace()).unwrap();
        run(&cli, host, &mut Vec::new()).map_err(|error| (error.to_string(), status(&error)))
    };
    let mut host = healthy();
    host.set_kernel_file("/proc/swaps", &format!("{SWAPS}/dev/sda2 partition 1000 0 200\n"));
    assert_eq!(ends(&mut host, "doctor"), Ok(()));
    let unwell = Err(("1 problem found".to_owned(), 3));
    assert_eq!(ends(&mut host, "doctor --check"), unwell);
    assert_eq!(ends(&mut host, "doctor --check --json"), unwell);
    // What could not be looked at may be well.
    assert_eq!(ends(&mut host, "doctor --check zram7"), Err(("there is no zram7".to_owned(), 1)));
    // A note is none.
    let mut host = with(Profile::debian_6_12(), &[]);
    finds(&mut host, &[("note", "kernel-lacks")]);
    assert_eq!(ends(&mut host, "doctor --check"), Ok(()));
}

#[test]
fn a_kernel_without_zram_is_a_problem() {
    let mut host = SimHost::new(Profile::custom_7_2(), Simulated::new(Codecs::new()));
    finds(&mut host, &[]);
    host.remove_kernel_file("/sys/class/zram-control/hot_remove");
    finds(&mut host, &[("problem", "kernel-lacks")]);
}

#[test]
fn what_could_not_be_looked_at_is_said() {
    let mut host = healthy();
    host.set_kernel_file("/proc/self/status", "Uid:\t1000\t1000\t1000\t1000\n");
    finds(&mut host, &[("note", "not-looked-at")]);
    let profile = Profile { memory_tracking: false, ..Profile::custom_7_2() };
    let mut host = with(profile, &[("comp_algorithm", "zstd")]);
    finds(&mut host, &[("note", "not-looked-at")]);
    assert!(prints(&mut host, "doctor").contains("built without\n         CONFIG_ZRAM_MEMORY_TRACKING"));
}

#[test]
fn swap_on_a_disk_comes_after_zram() {
    let mut host = healthy();
    for (priority, expected) in [
        ("-2", &[][..]),
        ("99", &[]),
        ("100", &[("problem", "swap-order")]),
        ("101", &[("problem", "swap-order")]),
    ] {
        host.set_kernel_file("/proc/swaps", &format!("{SWAPS}/dev/sda2 partition 1000 0 {priority}\n"));
        finds(&mut host, expected);
    }
    assert!(prints(&mut host, "doctor").contains("swapon --priority 102"));
    host.set_kernel_file("/proc/swaps", &format!("{SWAPS}/dev/sda2 partition 1000 0 32767\n"));
    assert!(prints(&mut host, "doctor").contains("give /dev/sda2 a lower priority"));
    host.set_kernel_file("/proc/swaps", &format!("{SWAPS}/dev/zram1 partition 1000 0 50\n"));
    finds(&mut host, &[("note", "several-swaps")]);
}

#[test]
fn conflicts_are_findings() {
    let mut host = healthy();
    host.set_kernel_file("/sys/module/zswap/parameters/enabled", "Y\n");
    host.set_kernel_file("/usr/lib/systemd/zram-generator.conf", "[zram0]\n");
    finds(&mut host, &[("problem", "zswap"), ("note", "zram-generator")]);
    let text = in_one_line(&prints(&mut host, "doctor"));
    assert!(text.contains("What zswap holds does not reach zram, "), "{text}");
}

#[test]
fn one_that_sets_up_and_one_that_drives_are_well() {
    let mut host = healthy();
    host.set_kernel_file("/usr/lib/systemd/zram-generator.conf", "[zram0]\n");
    host.set_kernel_file("/run/systemd/generator/dev-zram0.swap", "[Swap]\n");
    host.set_kernel_file("/usr/lib/systemd/system/zramd.service", "[Service]\n");
    host.set_kernel_file("/etc/systemd/system/multi-user.target.wants/zramd.service", "[Service]\n");
    host.set_kernel_file("/etc/zramd/zramd.toml", "");
    finds(&mut host, &[("note", "zram-generator"), ("note", "zramd")]);
    let text = prints(&mut host, "doctor --check");
    assert!(text.ends_with("1 device looked at: 2 notes.\n"), "{text}");
    assert!(text.contains("What is changed here by hand, it may change again."), "{text}");
}

#[test]
fn what_others_have_named_is_no_command_to_the_terminal() {
    let mut host = healthy();
    host.set_kernel_file("/proc/swaps", &format!("{SWAPS}/mnt/\x1b[2J/swap file 1000 0 200\n"));
    let text = prints(&mut host, "doctor");
    assert!(text.contains(r"/mnt/\x1b[2J/swap (priority 200)"), "{text}");
}
