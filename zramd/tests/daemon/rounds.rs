//! What a round does when nothing goes wrong.

use zram_host::{Machine as _, Port as _};
use zram_model::Profile;
use zramd::{
    config::{Pages, Tier},
    daemon::Daemon,
    driver::Occasion,
    policy::{Refusal, Task, backoff::Outcome},
    store::MemoryStore,
};

use crate::machine::{attribute, config, fill, hours, intact, machine, number, write, written};

#[test]
fn old_pages_go_and_young_ones_stay() {
    let mut host = machine(Profile::debian_7_2());
    fill(&mut host, 0..40);
    host.pause(hours(20));
    fill(&mut host, 40..80);
    let mut daemon = Daemon::new(config(), MemoryStore::default(), &mut host);
    let report = daemon.round(&mut host, Occasion::Start, &mut || true);
    let [done] = &report.acted[..] else { panic!("{report:?}") };
    assert_eq!((done.task, done.outcome, done.written.0), (Task::WriteBack, Outcome::Done, 40));
    assert_eq!(written(&mut host), 40);
    assert_eq!(attribute(&mut host, "writeback_limit"), "0", "nothing is left to write");
    assert_eq!(attribute(&mut host, "writeback_limit_enable"), "1");
    let states = String::from_utf8(host.block_state(0, 0, 1 << 20).unwrap()).unwrap();
    let away: Vec<u64> = states
        .lines()
        .filter(|line| line.contains(".w"))
        .map(|line| line.split_whitespace().next().unwrap().parse().unwrap())
        .collect();
    assert_eq!(away, (0..40).collect::<Vec<_>>());
    intact(&mut host, 0..80);
}

#[test]
fn a_round_that_is_broken_off_leaves_no_limit() {
    let mut host = machine(Profile::debian_7_2());
    fill(&mut host, 0..90);
    host.pause(hours(20));
    let mut daemon = Daemon::new(config(), MemoryStore::default(), &mut host);
    daemon.round(&mut host, Occasion::Start, &mut || false);
    assert_eq!(written(&mut host), 32, "one pass");
    assert_eq!(attribute(&mut host, "writeback_limit"), "0");
    assert_eq!(daemon.state().ledger.spent().0, 32);
}

#[test]
fn rounds_keep_their_distance_and_their_size() {
    let mut host = machine(Profile::debian_7_2());
    fill(&mut host, 0..400);
    host.pause(hours(20));
    let mut daemon = Daemon::new(config(), MemoryStore::default(), &mut host);
    let mut at = Vec::new();
    for _ in 0..6 {
        let report = daemon.round(&mut host, Occasion::Time, &mut || true);
        at.push((host.clocks().boot.as_secs() / 3600, written(&mut host)));
        host.pause(report.again);
    }
    let rounds: Vec<u64> = at.iter().map(|(_, written)| *written).collect();
    assert_eq!(rounds, [100, 200, 300, 400, 400, 400]);
    let early = daemon.round(&mut host, Occasion::Time, &mut || true);
    assert!(early.acted.is_empty());
}

#[test]
fn what_is_not_worth_a_round_waits() {
    let mut host = machine(Profile::debian_7_2());
    fill(&mut host, 0..7);
    host.pause(hours(20));
    let mut daemon = Daemon::new(config(), MemoryStore::default(), &mut host);
    let report = daemon.round(&mut host, Occasion::Start, &mut || true);
    assert!(report.acted.is_empty());
    let why = report.refused.iter().find(|refused| refused.task == Task::WriteBack).unwrap().why;
    assert!(matches!(why, Refusal::TooLittle { .. }), "{why}");
    assert_eq!(why.to_string(), "28K could be written, less than the 32K that are worth a round");
}

/// Recompression clears the time of the last access, and a kernel takes such a page for the oldest of all.
#[test]
fn what_was_just_recompressed_does_not_look_old() {
    let mut host = machine(Profile::custom_7_2());
    host.write_attr(0, "reset", b"1").unwrap();
    host.write_attr(0, "comp_algorithm", b"lz4").unwrap();
    host.write_attr(0, "recomp_algorithm", b"algo=deflate priority=1").unwrap();
    crate::machine::set_up(&mut host, 0);
    // Young pages that are recompressed, none that is old enough to be written.
    fill(&mut host, 0..200);
    host.pause(hours(3));
    let mut wanted = config();
    wanted.idle.min = hours(9);
    wanted.recompression = vec![Tier {
        algorithm: "deflate".to_owned(),
        pages: Pages::Idle,
        older: hours(2),
        threshold: None,
        max_pages: Some(64),
        every: hours(1),
    }];
    let mut daemon = Daemon::new(wanted, MemoryStore::default(), &mut host);
    let report = daemon.round(&mut host, Occasion::Start, &mut || true);
    let done: Vec<(Task, Outcome)> = report.acted.iter().map(|acted| (acted.task, acted.outcome)).collect();
    assert!(done.contains(&(Task::Recompress(0), Outcome::Done)), "{done:?}");
    let states = String::from_utf8(host.block_state(0, 0, 1 << 20).unwrap()).unwrap();
    let recompressed = states.lines().filter(|line| line.contains("r")).count();
    assert!(recompressed > 10, "{recompressed}");
    for _ in 0..2 {
        host.pause(hours(1));
        let report = daemon.round(&mut host, Occasion::Time, &mut || true);
        assert!(report.acted.iter().all(|acted| acted.task != Task::WriteBack), "{:?}", report.acted);
    }
    assert_eq!(written(&mut host), 0);
    host.pause(hours(20));
    daemon.round(&mut host, Occasion::Time, &mut || true);
    assert!(written(&mut host) > 0, "in the end they are old");
    intact(&mut host, 0..200);
}

/// Linux 6.12 takes no ranges: pages are marked by age, and written by type, within the same budget.
#[test]
fn kernels_without_ranges_write_by_type() {
    let mut host = machine(Profile::debian_6_12());
    fill(&mut host, 0..150);
    host.pause(hours(20));
    fill(&mut host, 150..200);
    let mut daemon = Daemon::new(config(), MemoryStore::default(), &mut host);
    let report = daemon.round(&mut host, Occasion::Start, &mut || true);
    let done: Vec<&str> = report.acted.iter().map(|acted| acted.what.as_str()).collect();
    assert_eq!(
        done,
        ["mark pages as idle that are older than 3 h 39 min", "write back up to 400K of idle pages"]
            .map(|text| text),
        "{report:?}"
    );
    assert_eq!(written(&mut host), 100);
    assert!(report.acted[1].passes > 2, "in slices");
    host.pause(hours(1));
    daemon.round(&mut host, Occasion::Time, &mut || true);
    assert_eq!(written(&mut host), 150, "the young ones stay");
    intact(&mut host, 0..200);
}

#[test]
fn the_machine_is_as_it_was_afterwards() {
    let mut host = machine(Profile::debian_7_2());
    fill(&mut host, 0..40);
    host.pause(hours(20));
    assert_eq!(attribute(&mut host, "writeback_limit_enable"), "0");
    let mut daemon = Daemon::new(config(), MemoryStore::default(), &mut host);
    daemon.round(&mut host, Occasion::Start, &mut || true);
    assert_eq!(attribute(&mut host, "writeback_limit_enable"), "1");
    daemon.end(&mut host).unwrap();
    assert_eq!(attribute(&mut host, "writeback_limit_enable"), "0");
}

#[test]
fn devices_that_are_not_its_own_are_not_touched() {
    let mut host = machine(Profile::debian_7_2());
    fill(&mut host, 0..40);
    host.pause(hours(20));
    assert_eq!(host.hot_add(), Ok(1));
    let mut wanted = config();
    wanted.devices = zramd::config::Devices::Named(vec![zram_host::DeviceNumber(1)]);
    let mut daemon = Daemon::new(wanted, MemoryStore::default(), &mut host);
    let report = daemon.round(&mut host, Occasion::Start, &mut || true);
    assert!(report.acted.is_empty() && report.refused.is_empty());
    assert_eq!((written(&mut host), attribute(&mut host, "writeback_limit_enable").as_str()), (0, "0"));
}

#[test]
fn a_night_asleep_makes_no_page_old() {
    let mut host = machine(Profile::debian_7_2());
    fill(&mut host, 0..40);
    let mut daemon = Daemon::new(config(), MemoryStore::default(), &mut host);
    daemon.round(&mut host, Occasion::Start, &mut || true);
    host.suspend(hours(12));
    host.pause(hours(1));
    daemon.round(&mut host, Occasion::Time, &mut || true);
    assert_eq!(written(&mut host), 0);
    host.pause(hours(6));
    daemon.round(&mut host, Occasion::Time, &mut || true);
    assert_eq!(written(&mut host), 40);
}

#[test]
fn a_pool_full_of_holes_is_compacted() {
    let mut host = machine(Profile::debian_7_2());
    fill(&mut host, 0..2000);
    for slot in (0..2000).filter(|slot| slot % 3 != 0) {
        host.discard(0, slot * 4096, 4096).unwrap();
    }
    let mut wanted = config();
    wanted.compaction.least = 64 << 10;
    let before = number(&mut host, "mm_stat", 2);
    let mut daemon = Daemon::new(wanted, MemoryStore::default(), &mut host);
    let report = daemon.round(&mut host, Occasion::Start, &mut || true);
    let compacted = report.acted.iter().find(|acted| acted.task == Task::Compact).expect("compacted");
    assert_eq!(compacted.freed, before - number(&mut host, "mm_stat", 2));
    assert!(compacted.freed > 0);
    write(&mut host, 0, 1);
}

/// A kernel that does not keep times: pages are marked, and those that are not used for a while are old.
#[test]
fn kernels_without_times_are_asked_twice() {
    let profile = Profile { memory_tracking: false, entry_access_time: false, ..Profile::debian_7_2() };
    let mut host = machine(profile);
    fill(&mut host, 0..60);
    host.pause(hours(20));
    let mut daemon = Daemon::new(config(), MemoryStore::default(), &mut host);
    let mut at = Vec::new();
    for hour in 0..24 {
        if hour == 2 {
            // Used since they were marked.
            fill(&mut host, 40..60);
        }
        let report = daemon.round(&mut host, Occasion::Time, &mut || true);
        at.extend(report.acted.iter().map(|acted| (hour, acted.task, written(&mut host))));
        host.pause(hours(1));
    }
    let marks: Vec<u64> =
        at.iter().filter(|(_, task, _)| *task == Task::Mark).map(|(hour, ..)| *hour).collect();
    assert_eq!(marks[..2], [0, 5], "once more after what was old has been written: {at:?}");
    assert_eq!(at.iter().find(|(_, task, _)| *task == Task::WriteBack), Some(&(4, Task::WriteBack, 40)));
    assert_eq!(at.last().map(|(.., written)| *written), Some(60), "the others when they are old: {at:?}");
    intact(&mut host, 0..60);
}
