//! What goes wrong: it goes on, says so, and backs off.

use std::{cell::Cell, io, rc::Rc};

use nix::errno::Errno;
use zram_host::{Disk, Machine as _, Port as _, sim::When};
use zram_model::Profile;
use zramd::{
    daemon::{Daemon, Report},
    driver::Occasion,
    policy::{Refusal, Task, backoff::Outcome},
    store::{MemoryStore, Store},
};

use crate::machine::{BLOCKS, Host, attribute, config, fill, hours, intact, machine, set_up, write, written};

fn old() -> Host {
    let mut host = machine(Profile::debian_7_2());
    fill(&mut host, 0..200);
    host.pause(hours(20));
    host
}

fn begin(host: &mut Host) -> Daemon<MemoryStore> {
    Daemon::new(config(), MemoryStore::default(), host)
}

fn outcome(report: &Report) -> Option<Outcome> {
    report.acted.iter().find(|acted| acted.task == Task::WriteBack).map(|acted| acted.outcome)
}

fn refusal(report: &Report) -> Refusal {
    report.refused.iter().find(|refused| refused.task == Task::WriteBack).expect("refused").why
}

/// Rounds for this many hours; how writeback ended in each in which it was tried.
fn outcomes(daemon: &mut Daemon<impl Store>, host: &mut Host, long: u64) -> Vec<Outcome> {
    let end = host.clocks().boot + hours(long);
    let mut outcomes = Vec::new();
    while host.clocks().boot < end {
        let report = daemon.round(host, Occasion::Time, &mut || true);
        outcomes.extend(outcome(&report));
        host.pause(report.again);
    }
    outcomes
}

#[test]
fn a_disk_that_fails_is_left_alone_for_longer_and_longer() {
    let mut host = machine(Profile::debian_7_2());
    host.write_attr(0, "reset", b"1").unwrap();
    host.restart(Disk { pages: BLOCKS, bad_from: Some(0), fails_writes: true, ..Disk::default() });
    assert_eq!(host.hot_add(), Ok(0));
    let path = host.backing_path();
    host.write_attr(0, "backing_dev", path.as_bytes()).unwrap();
    host.write_attr(0, "disksize", b"8M").unwrap();
    fill(&mut host, 0..200);
    host.pause(hours(20));
    let mut daemon = begin(&mut host);
    let ended = outcomes(&mut daemon, &mut host, 48);
    assert!(ended.iter().all(|outcome| *outcome == Outcome::IoError), "{ended:?}");
    // Ten minutes, twenty, … and rounds are an hour apart: 10 min to 24 h.
    assert!((6..=10).contains(&ended.len()), "{} tries in two days", ended.len());
    intact(&mut host, 0..200);
    assert_eq!(daemon.state().ledger.spent().0, written(&mut host), "what failed is not charged");
    host.pause(hours(20));
    // By itself it waits. Whoever asks may know that it was mended, and learns whether it was.
    let mut tries = |occasion| outcome(&daemon.round(&mut host, occasion, &mut || true));
    assert_eq!(tries(Occasion::Asked), Some(Outcome::IoError));
    assert_eq!(tries(Occasion::Time), None);
    assert_eq!(tries(Occasion::Asked), Some(Outcome::IoError), "it is tried again however soon");
    assert_eq!(attribute(&mut host, "writeback_limit"), "0", "nobody else may write what was granted");
    let (planned, _) = daemon.plan(&mut host);
    assert!(planned.iter().any(|planned| planned.task == Task::WriteBack), "{planned:?}");
    let report = daemon.round(&mut host, Occasion::Time, &mut || true);
    assert!(
        matches!(refusal(&report), Refusal::Failed { how: Outcome::IoError, .. }),
        "a plan changes nothing"
    );
}

#[test]
fn a_full_disk_is_seen_before_it_is_hit() {
    let mut host = machine(Profile::debian_7_2());
    fill(&mut host, 0..1600);
    host.pause(hours(20));
    let mut wanted = config();
    wanted.writeback.per_day = zramd::units::Units(5000);
    let mut daemon = Daemon::new(wanted, MemoryStore::default(), &mut host);
    outcomes(&mut daemon, &mut host, 48);
    let room = BLOCKS - BLOCKS / 20;
    assert!((room - 16..=room).contains(&written(&mut host)), "{} of {room}", written(&mut host));
    let report = daemon.round(&mut host, Occasion::Time, &mut || true);
    assert!(matches!(refusal(&report), Refusal::NoRoom { .. }), "{:?}", refusal(&report));
    intact(&mut host, 0..1600);
}

#[test]
fn a_read_only_sysfs_is_said_and_not_insisted_on() {
    let mut host = old();
    let mut daemon = begin(&mut host);
    daemon.round(&mut host, Occasion::Start, &mut || false);
    let before = written(&mut host);
    host.intercept(|when, _| (when == When::Before).then_some(Errno::EROFS));
    host.pause(hours(1));
    let ended = outcomes(&mut daemon, &mut host, 12);
    assert!(!ended.is_empty() && ended.len() <= 7, "{ended:?}");
    assert!(ended.iter().all(|outcome| *outcome == Outcome::NotAllowed), "{ended:?}");
    assert_eq!(written(&mut host), before);
    host.let_through();
    host.pause(hours(24));
    assert_eq!(outcomes(&mut daemon, &mut host, 1), [Outcome::Done], "and goes on");
}

#[test]
fn a_device_that_cannot_be_taken_over_is_left_alone() {
    let mut host = old();
    host.intercept(|when, _| (when == When::Before).then_some(Errno::EROFS));
    let mut daemon = begin(&mut host);
    let report = daemon.round(&mut host, Occasion::Start, &mut || true);
    assert_eq!(
        report.troubles,
        ["zram0 is left alone: writeback_limit cannot be written: Read-only file system"]
    );
    assert!(report.acted.is_empty());
}

/// A store on a disk that is full.
struct Full;

impl Store for Full {
    fn load(&mut self) -> io::Result<Option<Vec<u8>>> {
        Ok(None)
    }

    fn save(&mut self, _: &[u8]) -> io::Result<()> {
        Err(io::ErrorKind::StorageFull.into())
    }

    fn place(&self) -> String {
        "/var/lib/zramd/state.json".to_owned()
    }
}

#[test]
fn what_cannot_be_recorded_is_not_written() {
    let mut host = old();
    let mut daemon = Daemon::new(config(), Full, &mut host);
    let report = daemon.round(&mut host, Occasion::Start, &mut || true);
    assert_eq!(
        report.troubles,
        ["zram0 is left alone: /var/lib/zramd/state.json cannot be written: no storage space"]
    );
    // Where the limit counts already, nothing has to be recorded but the grant.
    host.write_attr(0, "writeback_limit_enable", b"1").unwrap();
    let report = daemon.round(&mut host, Occasion::Start, &mut || true);
    assert_eq!(outcome(&report), Some(Outcome::NotRecorded));
    assert_eq!(written(&mut host), 0);
}

/// Between two passes of a round.
#[test]
fn a_device_may_be_reset_or_removed_under_it() {
    for gone in ["reset", "remove"] {
        let mut host = old();
        let mut daemon = begin(&mut host);
        daemon.round(&mut host, Occasion::Start, &mut || true);
        host.pause(hours(1));
        let passes = Rc::new(Cell::new(0));
        let seen = Rc::clone(&passes);
        host.intercept(move |when, write| {
            if write.name != "writeback" || when == When::After {
                return None;
            }
            seen.set(seen.get() + 1);
            (seen.get() > 1).then_some(Errno::ENODEV)
        });
        let report = daemon.round(&mut host, Occasion::Time, &mut || true);
        assert_eq!(outcome(&report), Some(Outcome::Gone), "{gone}");
        host.let_through();
        match gone {
            "reset" => {
                host.write_attr(0, "reset", b"1").unwrap();
                let report = daemon.round(&mut host, Occasion::Time, &mut || true);
                assert!(report.acted.is_empty() && report.refused.is_empty(), "it is not set up");
                set_up(&mut host, 0);
            }
            _ => {
                host.hot_remove(b"0").unwrap();
                daemon.round(&mut host, Occasion::Time, &mut || true);
                assert_eq!(host.hot_add(), Ok(0));
                set_up(&mut host, 0);
            }
        }
        fill(&mut host, 0..200);
        host.pause(hours(20));
        assert_eq!(outcomes(&mut daemon, &mut host, 1), [Outcome::Done], "{gone}: and goes on");
        assert_eq!(written(&mut host), 100);
        intact(&mut host, 0..200);
    }
}

#[test]
fn a_kernel_without_pressure_has_none() {
    let mut host = old();
    host.remove_kernel_file("/proc/pressure/io");
    host.remove_kernel_file("/proc/pressure/memory");
    host.remove_kernel_file("/proc/meminfo");
    let mut daemon = begin(&mut host);
    let report = daemon.round(&mut host, Occasion::Start, &mut || true);
    assert_eq!(outcome(&report), Some(Outcome::Done));
}

#[test]
fn a_disk_that_others_wait_for_is_left_alone() {
    let mut host = old();
    let busy = |share: &str| {
        format!(
            "some avg10={share} avg60=0.00 avg300=0.00 total=0\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n"
        )
    };
    let mut daemon = begin(&mut host);
    let mut tries = |share: &str| {
        host.set_kernel_file("/proc/pressure/io", &busy(share));
        host.pause(hours(1));
        outcome(&daemon.round(&mut host, Occasion::Time, &mut || true)).is_some()
    };
    assert_eq!(["25.00", "15.00", "9.99"].map(&mut tries), [false, false, true]);
}

#[test]
fn on_battery_it_waits_if_so_wanted() {
    let mut host = old();
    host.set_kernel_file("/sys/class/power_supply/BAT0/type", "Battery\n");
    host.set_kernel_file("/sys/class/power_supply/BAT0/status", "Discharging\n");
    let mut wanted = config();
    wanted.writeback.on_battery = false;
    let mut daemon = Daemon::new(wanted, MemoryStore::default(), &mut host);
    let report = daemon.round(&mut host, Occasion::Start, &mut || true);
    assert_eq!(refusal(&report), Refusal::OnBattery);
    host.set_kernel_file("/sys/class/power_supply/BAT0/status", "Charging\n");
    assert_eq!(outcome(&daemon.round(&mut host, Occasion::Start, &mut || true)), Some(Outcome::Done));
}

#[test]
fn somebody_else_at_work_is_waited_for() {
    let mut host = old();
    let mut daemon = begin(&mut host);
    host.intercept(|when, write| {
        (when == When::Before && write.name == "writeback").then_some(Errno::EAGAIN)
    });
    let report = daemon.round(&mut host, Occasion::Start, &mut || true);
    assert_eq!(outcome(&report), Some(Outcome::Busy));
    let report = daemon.round(&mut host, Occasion::Time, &mut || true);
    assert!(matches!(refusal(&report), Refusal::Failed { how: Outcome::Busy, .. }));
    write(&mut host, 0, 0);
}
