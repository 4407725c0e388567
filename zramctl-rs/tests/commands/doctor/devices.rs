//! What is found about a device: its memory, writeback, recompression.

use zram_host::Port as _;
use zram_model::Profile;

use super::{SWAPS, backed, finds, found, healthy, hours_pass, in_one_line, set, shrink, with};
use crate::machine::{Sim, fill, prints, prose, write};

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
    // 64 MiB, at two to four times.
    let text = in_one_line(&prints(&mut host, "doctor"));
    assert!(text.contains("to fill it takes 16M to 32M of memory"), "{text}");
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
