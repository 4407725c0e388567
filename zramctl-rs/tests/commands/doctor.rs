//! Each finding on a machine where it is found, and on one where it is not.

use clap::Parser as _;
use zram_codecs::Codecs;
use zram_host::{Disk, Machine as _, Port as _, SimHost, Simulated, Surroundings as _};
use zram_model::Profile;
use zramctl_rs::{cli::Cli, run};

use crate::machine::{Sim, fill, machine, prints, prose, write};

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
        run(&cli, host, &mut Vec::new()).map_err(|error| error.to_string())
    };
    let mut host = healthy();
    host.set_kernel_file("/proc/swaps", &format!("{SWAPS}/dev/sda2 partition 1000 0 200\n"));
    assert_eq!(ends(&mut host, "doctor"), Ok(()));
    assert_eq!(ends(&mut host, "doctor --check"), Err("1 problem found".to_owned()));
    assert_eq!(ends(&mut host, "doctor --check --json"), Err("1 problem found".to_owned()));
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
}

#[test]
fn a_limit_is_reached_or_out_of_reach() {
    let mut host = healthy();
    set(&mut host, "mem_limit", "32M");
    finds(&mut host, &[]);
    set(&mut host, "mem_limit", "64M");
    finds(&mut host, &[("note", "limit-out-of-reach")]);
    shrink(&mut host, 32 << 10);
    set(&mut host, "mem_limit", "33M");
    finds(&mut host, &[("note", "limit-out-of-reach")]);
    assert!(prints(&mut host, "doctor").contains("may take 33M, of the 32M that there are"));

    // 256 pages and no more; what is beyond fails.
    let mut host = healthy();
    set(&mut host, "mem_limit", "1M");
    let used = |host: &mut Sim| {
        let text = String::from_utf8(host.read_attr(0, "mm_stat").unwrap()).unwrap();
        text.split_whitespace().nth(2).unwrap().parse::<u64>().unwrap()
    };
    for slot in 20.. {
        let mut page = prose(slot);
        let pieces = [zram_host::Iovec { start: 0, len: 4096 }];
        let buffer = zram_host::Buffer { arena: &mut page, pieces: &pieces };
        if host.write(0, slot * 4096, buffer).is_err() {
            break;
        }
    }
    assert!(used(&mut host) <= 1 << 20);
    finds(&mut host, &[("problem", "failures"), ("problem", "limit-reached")]);
    set(&mut host, "mem_limit", "32M");
    finds(&mut host, &[("problem", "failures")]);
}

#[test]
fn a_size_beyond_the_memory_is_said() {
    let mut host = healthy();
    shrink(&mut host, 64 << 10);
    finds(&mut host, &[]);
    shrink(&mut host, 48 << 10);
    finds(&mut host, &[("note", "oversized")]);
    set(&mut host, "mem_limit", "16M");
    finds(&mut host, &[]);
    shrink(&mut host, 31 << 10);
    finds(&mut host, &[("waste", "oversized")]);
    // What is on a backing device takes none.
    let mut host = backed("1", "zstd");
    shrink(&mut host, 31 << 10);
    finds(&mut host, &[("note", "oversized")]);
    set(&mut host, "mem_limit", "16M");
    finds(&mut host, &[]);
}

#[test]
fn what_compaction_would_free_is_counted() {
    for (profile, expected) in [
        (Profile::custom_7_2(), ("waste", "fragmentation")),
        (Profile::debian_7_2(), ("note", "fragmentation")),
    ] {
        let mut host = with(profile, &[("comp_algorithm", "lz4")]);
        for slot in 0..1000 {
            write(&mut host, 0, slot, prose(slot as u64));
        }
        let is_fragmented = |host: &mut Sim| found(host).iter().any(|(_, check)| check == "fragmentation");
        assert!(!is_fragmented(&mut host));
        for slot in (0..1000).filter(|slot| slot % 4 != 0) {
            host.discard(0, slot * 4096, 4096).unwrap();
        }
        let all = found(&mut host);
        assert!(all.contains(&(expected.0.to_owned(), expected.1.to_owned())), "{all:?}");
        prints(&mut host, "compact zram0");
        assert!(!is_fragmented(&mut host), "{}", prints(&mut host, "doctor"));
    }
}

#[test]
fn what_does_not_compress_is_said() {
    let mut host = healthy();
    fill(&mut host, 0, 43);
    finds(&mut host, &[]);
    for slot in 0..10 {
        fill(&mut host, 0, 103 + 4 * slot);
    }
    finds(&mut host, &[("note", "incompressible")]);
    let mut host = backed("1", "zstd");
    for slot in 0..10 {
        fill(&mut host, 0, 103 + 4 * slot);
    }
    finds(&mut host, &[("waste", "incompressible")]);
    prints(&mut host, "writeback zram0 --huge");
    finds(&mut host, &[]);
}

#[test]
fn what_nobody_uses_is_said() {
    let mut host = healthy();
    host.set_kernel_file("/proc/swaps", "");
    finds(&mut host, &[]);
    for slot in 0..400 {
        write(&mut host, 0, slot, prose(slot as u64));
    }
    finds(&mut host, &[("note", "unused")]);
    host.set_kernel_file("/proc/swaps", SWAPS);
    finds(&mut host, &[]);
}

#[test]
fn writeback_that_nobody_drives_is_a_waste() {
    let mut host = backed("1", "zstd");
    // All is young.
    finds(&mut host, &[]);
    hours_pass(&mut host);
    finds(&mut host, &[("waste", "writeback-never-driven")]);
    host.set_kernel_file("/proc/812/comm", "zramd\n");
    finds(&mut host, &[]);
    host.set_kernel_file("/proc/812/comm", "zramd-other\n");
    finds(&mut host, &[("waste", "writeback-never-driven")]);
    prints(&mut host, "writeback zram0 --range 3");
    finds(&mut host, &[]);
    // Without ages it is at least worth a note.
    let profile = Profile { memory_tracking: false, ..Profile::custom_7_2() };
    let mut host = with(profile, &[("comp_algorithm", "zstd"), ("backing_dev", "/dev/ram0")]);
    finds(&mut host, &[("note", "not-looked-at"), ("note", "writeback-never-driven")]);
}

#[test]
fn writeback_that_cannot_go_on_is_a_problem() {
    let mut host = backed("1", "zstd");
    set(&mut host, "writeback_limit", "3");
    set(&mut host, "writeback_limit_enable", "1");
    finds(&mut host, &[]);
    prints(&mut host, "writeback zram0 --range 0-2");
    finds(&mut host, &[("problem", "writeback-limit-used-up")]);
    set(&mut host, "writeback_limit_enable", "0");
    finds(&mut host, &[]);
    // 4 blocks, of which 3 are taken; then 3.
    host.set_kernel_file("/sys/class/block/ram0/size", "32\n");
    finds(&mut host, &[]);
    host.set_kernel_file("/sys/class/block/ram0/size", "24\n");
    finds(&mut host, &[("problem", "backing-full")]);
}

#[test]
fn the_form_of_writeback_depends_on_what_comes_back() {
    let filled = |compressed, algorithm, pages: usize| {
        let mut host = backed(compressed, algorithm);
        for slot in 0..pages {
            write(&mut host, 0, slot, prose(slot as u64));
        }
        prints(&mut host, &format!("writeback zram0 --range 0-{}", pages - 1));
        host
    };
    let read_back = |host: &mut Sim, pages: usize| {
        for slot in 0..pages {
            let mut page = vec![0; 4096];
            let pieces = [zram_host::Iovec { start: 0, len: 4096 }];
            host.read(0, (slot * 4096) as u64, zram_host::Buffer { arena: &mut page, pieces: &pieces })
                .unwrap();
        }
    };
    // Nothing came back: compressed is less work. Too few say nothing.
    finds(&mut filled("0", "lz4", 255), &[]);
    let mut raw = filled("0", "lz4", 300);
    finds(&mut raw, &[("waste", "writeback-form")]);
    assert!(prints(&mut raw, "doctor").contains("67% less"), "{}", prints(&mut raw, "doctor"));
    finds(&mut filled("1", "lz4", 300), &[]);
    // Nobody has measured others.
    finds(&mut filled("0", "deflate", 300), &[]);
    // All came back: raw is less work.
    read_back(&mut raw, 300);
    finds(&mut raw, &[]);
    let mut compressed = filled("1", "lz4", 300);
    read_back(&mut compressed, 300);
    finds(&mut compressed, &[("waste", "writeback-form")]);
    let mut zstd = filled("1", "zstd", 300);
    read_back(&mut zstd, 240);
    finds(&mut zstd, &[]);
}

#[test]
fn marks_and_algorithms_for_nobody_are_said() {
    let mut host = healthy();
    set(&mut host, "idle", "all");
    finds(&mut host, &[("note", "idle-marks-unused")]);

    let mut host = with(
        Profile::custom_7_2(),
        &[("comp_algorithm", "lz4"), ("recomp_algorithm", "algo=zstd priority=1")],
    );
    finds(&mut host, &[("waste", "recompression-never-run")]);
    set(&mut host, "idle", "all");
    finds(&mut host, &[("waste", "recompression-never-run")]);
    prints(&mut host, "recompress zram0 --idle");
    finds(&mut host, &[]);
}

#[test]
fn a_sample_says_what_other_algorithms_would_do() {
    let mut host = with(Profile::custom_7_2(), &[("comp_algorithm", "lz4")]);
    for slot in 0..200 {
        write(&mut host, 0, slot, prose(slot as u64));
    }
    // Those marked are left alone, and stay so.
    set(&mut host, "idle", "all");
    for slot in 0..100 {
        write(&mut host, 0, slot, prose(slot as u64));
    }
    let states = |host: &mut Sim| prints(host, "slots zram0 --idle --ranges");
    assert_eq!(states(&mut host), "100-199\n");
    insta::assert_snapshot!("doctor_sample", prints(&mut host, "doctor --sample 50"));
    insta::assert_snapshot!("doctor_sample_json", prints(&mut host, "doctor --sample 10 --json"));
    assert_eq!(states(&mut host), "100-199\n");
    set(&mut host, "idle", "all");
    let text = prints(&mut host, "doctor zram0 --sample 50");
    assert!(text.contains("zram0: there is no page in memory that is not marked as idle"), "{text}");
    // With the best already in use there is nothing to find.
    let mut host = with(Profile::custom_7_2(), &[("comp_algorithm", "deflate")]);
    assert!(!prints(&mut host, "doctor --sample 20").contains("would take"));
}

/// What the sample expects is what the device takes.
#[test]
fn a_sample_of_all_comes_to_what_is_taken() {
    let mut host = with(Profile::custom_7_2(), &[("comp_algorithm", "lz4")]);
    for slot in 0..2000 {
        write(&mut host, 0, slot, prose(slot as u64));
    }
    // Pages of one word take no memory, and are none of them.
    for slot in 2000..2500 {
        write(&mut host, 0, slot, vec![7; 4096]);
    }
    let text = prints(&mut host, "doctor --sample 2000 --json");
    let document: serde_json::Value = serde_json::from_str(&text).unwrap();
    let sample = &document["samples"][0];
    assert_eq!((&sample["pages"], &sample["in_memory"]), (&2000.into(), &2000.into()));
    let lz4 = sample["algorithms"].as_array().unwrap().iter().find(|of| of["algorithm"] == "lz4").unwrap();
    let expected = lz4["memory"].as_u64().unwrap();
    let stat = String::from_utf8(host.read_attr(0, "mm_stat").unwrap()).unwrap();
    let taken: u64 = stat.split_whitespace().nth(2).unwrap().parse().unwrap();
    assert!(expected <= taken && taken - expected < taken / 10, "{expected} {taken}");
}

/// A page that does not compress takes a whole one, with every algorithm, and counts as one in the ratio.
#[test]
fn a_sample_knows_what_is_stored_as_it_is() {
    let mut host = with(Profile::custom_7_2(), &[("comp_algorithm", "zstd")]);
    for slot in 0..20 {
        fill(&mut host, 0, 3 + 4 * slot);
        host.discard(0, (4 * slot * 4096) as u64, 3 * 4096).unwrap();
    }
    let text = prints(&mut host, "doctor --sample 100 --json");
    let document: serde_json::Value = serde_json::from_str(&text).unwrap();
    for outcome in document["samples"][0]["algorithms"].as_array().unwrap() {
        let number = |field: &str| outcome[field].as_f64().unwrap();
        assert_eq!((number("ratio"), number("incompressible")), (1.0, 100.0), "{outcome}");
        assert_eq!((number("memory_per_page"), number("memory")), (4096.0, 81_920.0), "{outcome}");
    }
}

/// On files instead of a kernel: the live side's direct I/O takes the memory that the sample reads into.
#[test]
fn a_sample_is_read_by_direct_io() {
    let root = tempfile::tempdir().unwrap();
    let put = |path: &str, content: &[u8]| {
        let path = root.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    };
    let memory = healthy().kernel_file("/proc/meminfo").unwrap();
    put("proc/meminfo", &memory);
    put("proc/self/mountinfo", b"1 0 0:1 / / rw - rootfs none rw\n");
    put("sys/block/zram0/disksize", b"8192000\n");
    put("sys/block/zram0/initstate", b"1\n");
    put("sys/block/zram0/comp_algorithm", b"[lz4] zstd\n");
    // A file has bytes where block_state has slots: beyond its end there is nothing in either.
    put("sys/kernel/debug/zram/zram0/block_state", b"1000 5.0 ......\n1001 5.0 ......\n1003 5.0 s.....\n");
    let mut disk = vec![0; 1000 * 4096];
    disk.extend((0..4).flat_map(prose));
    put("dev/zram0", &disk);
    let cli = Cli::try_parse_from(["zramctl-rs", "doctor", "--json", "--sample", "9"]).unwrap();
    let mut out = Vec::new();
    run(&cli, &mut zram_host::LiveHost::rooted(root.path()), &mut out).unwrap();
    let document: serde_json::Value = serde_json::from_slice(&out).unwrap();
    let sample = &document["samples"][0];
    assert_eq!((&sample["pages"], &sample["in_memory"]), (&2.into(), &2.into()), "{document}");
    assert!(sample["algorithms"][0]["ratio"].as_f64().unwrap() > 2.0, "{document}");
}
