//! The budget holds.

use zram_host::{Machine as _, Port as _};
use zram_model::Profile;
use zramd::{
    daemon::Daemon,
    driver::Occasion,
    policy::{Refusal, Task},
    store::{MemoryStore, Store as _},
};

use crate::machine::{BOOT_ID, Host, config, fill, hours, machine, reboot, written};

const PER_DAY: u64 = 600;

fn old(host: &mut Host) {
    fill(host, 0..1000);
    host.pause(hours(20));
}

/// Rounds for a while; what was written.
fn rounds(daemon: &mut Daemon<MemoryStore>, host: &mut Host, hours_long: u64) -> u64 {
    let end = host.clocks().boot + hours(hours_long);
    while host.clocks().boot < end {
        let report = daemon.round(host, Occasion::Time, &mut || true);
        host.pause(report.again.min(hours(1)));
    }
    written(host)
}

#[test]
fn no_day_sees_more() {
    let mut host = machine(Profile::debian_7_2());
    old(&mut host);
    let mut daemon = Daemon::new(config(), MemoryStore::default(), &mut host);
    assert_eq!(rounds(&mut daemon, &mut host, 23), PER_DAY);
    let report = daemon.round(&mut host, Occasion::Time, &mut || true);
    let why = report.refused.iter().find(|refused| refused.task == Task::WriteBack).unwrap().why;
    assert!(matches!(why, Refusal::BudgetSpent { .. }), "{why}");
    assert!(rounds(&mut daemon, &mut host, 4) > PER_DAY, "a day later there is more");
}

#[test]
fn what_others_write_counts() {
    let mut host = machine(Profile::debian_7_2());
    old(&mut host);
    host.write_attr(0, "writeback", b"page_indexes=0-549").unwrap();
    let before = written(&mut host);
    let mut daemon = Daemon::new(config(), MemoryStore::default(), &mut host);
    assert_eq!(rounds(&mut daemon, &mut host, 20), PER_DAY);
    assert!((500..=550).contains(&before));
}

#[test]
fn a_restart_and_a_reboot_keep_it() {
    let mut host = machine(Profile::debian_7_2());
    old(&mut host);
    let mut store = MemoryStore::default();
    let mut daemon = Daemon::new(config(), store.clone(), &mut host);
    let first = rounds(&mut daemon, &mut host, 4);
    assert!((300..=500).contains(&first), "{first}");
    store.0 = daemon.store_mut().load().unwrap();
    let mut again = Daemon::new(config(), store.clone(), &mut host);
    let second = rounds(&mut again, &mut host, 1);
    assert_eq!(second, first + 100, "goes on where it was");
    store.0 = again.store_mut().load().unwrap();
    reboot(&mut host, "second\n");
    old(&mut host);
    let mut after = Daemon::new(config(), store, &mut host);
    let third = rounds(&mut after, &mut host, 1);
    // 20 hours have passed, so that nothing of what was written is forgotten yet.
    assert_eq!(second + third, PER_DAY);
}

#[test]
fn records_that_are_damaged_or_from_the_future_are_taken_for_the_worst() {
    let mut host = machine(Profile::debian_7_2());
    old(&mut host);
    let mut damaged = Daemon::new(config(), MemoryStore(Some(b"{}".to_vec())), &mut host);
    assert!(damaged.lost().unwrap().contains("damaged"));
    assert_eq!(rounds(&mut damaged, &mut host, 23), 0);
    assert!(rounds(&mut damaged, &mut host, 3) > 0, "a day later there is a budget");

    let mut host = machine(Profile::debian_7_2());
    old(&mut host);
    let mut daemon = Daemon::new(config(), MemoryStore::default(), &mut host);
    let first = rounds(&mut daemon, &mut host, 20);
    assert_eq!(first, PER_DAY);
    let store = MemoryStore(daemon.store_mut().load().unwrap());
    reboot(&mut host, "second\n");
    // The clock on the wall is back in the past: no time has passed.
    host.set_wall_at_boot(hours(0));
    fill(&mut host, 0..1000);
    host.pause(hours(2));
    let mut after = Daemon::new(config(), store, &mut host);
    assert_eq!(rounds(&mut after, &mut host, 1), 0);
}

#[test]
fn the_wall_clock_may_jump() {
    let mut host = machine(Profile::debian_7_2());
    old(&mut host);
    let mut daemon = Daemon::new(config(), MemoryStore::default(), &mut host);
    assert_eq!(rounds(&mut daemon, &mut host, 10), PER_DAY);
    for wall in [hours(1_000_000), hours(0), hours(500_000)] {
        host.set_wall_at_boot(wall);
        assert_eq!(rounds(&mut daemon, &mut host, 2), PER_DAY);
    }
    assert!(host.kernel_file(BOOT_ID).is_ok());
}
