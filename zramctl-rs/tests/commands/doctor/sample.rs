//! What a sample says, and what it leaves as it was.

use clap::Parser as _;
use zram_host::{Machine as _, Port as _};
use zram_model::Profile;
use zramctl_rs::{cli::Cli, run};

use super::{healthy, set, with};
use crate::machine::{Sim, fill, prints, prose, write};

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
