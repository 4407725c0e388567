//! The daemon dies, at each of its writes: to a file of the kernel's or to its own.

use std::{
    cell::Cell,
    io,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    rc::Rc,
};

use zram_host::{Machine as _, Port as _, sim::When};
use zram_model::Profile;
use zramd::{daemon::Daemon, driver::Occasion, store::Store};

use crate::machine::{Host, attribute, config, fill, hours, intact, machine, reboot, written};

/// Writes until death.
#[derive(Clone, Debug)]
struct Fate(Rc<Cell<u64>>);

/// How a daemon dies here.
struct Death;

impl Fate {
    fn at(writes: u64) -> Self {
        Self(Rc::new(Cell::new(writes)))
    }

    fn strikes(&self) {
        match self.0.get().checked_sub(1) {
            Some(left) => self.0.set(left),
            // Quietly: a panic would be printed.
            None => resume_unwind(Box::new(Death)),
        }
    }
}

/// A store that a daemon dies at, before what it saves is on the disk or after.
struct Mortal {
    kept: Rc<Cell<Option<Vec<u8>>>>,
    fate: Fate,
}

impl Store for Mortal {
    fn load(&mut self) -> io::Result<Option<Vec<u8>>> {
        let kept = self.kept.take();
        self.kept.set(kept.clone());
        Ok(kept)
    }

    fn save(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.fate.strikes();
        self.kept.set(Some(bytes.to_vec()));
        self.fate.strikes();
        Ok(())
    }

    fn place(&self) -> String {
        "a test".to_owned()
    }
}

/// Rounds until death or for a day; whether it lived.
fn live(host: &mut Host, kept: &Rc<Cell<Option<Vec<u8>>>>, fate: Fate, rounds: u32) -> bool {
    let store = Mortal { kept: Rc::clone(kept), fate: fate.clone() };
    let lived = catch_unwind(AssertUnwindSafe(|| {
        host.intercept(move |_, _| {
            fate.strikes();
            None
        });
        let mut daemon = Daemon::new(config(), store, host);
        for _ in 0..rounds {
            let report = daemon.round(host, Occasion::Time, &mut || true);
            host.pause(report.again.min(hours(1)));
        }
    }));
    host.let_through();
    lived.is_ok()
}

/// At every write of the first three rounds: nothing is lost, no more is written than may be, and whoever starts next goes on.
#[test]
fn it_may_die_at_any_write() {
    let mut deaths = 0;
    for writes in 0.. {
        let mut host = machine(Profile::debian_7_2());
        fill(&mut host, 0..700);
        host.pause(hours(20));
        let kept = Rc::new(Cell::new(None));
        if live(&mut host, &kept, Fate::at(writes), 3) {
            break;
        }
        deaths += 1;
        // Somebody else writes whatever the limit leaves: it was granted.
        let _ = host.write_attr(0, "writeback", b"page_indexes=600-699");
        let before = written(&mut host);
        assert!(before <= 600, "death {writes}: {before}");
        assert!(live(&mut host, &kept, Fate::at(u64::MAX), 9), "death {writes}");
        let after = written(&mut host);
        assert!(after <= 600, "death {writes}: {after} of 600 a day");
        assert!(after >= 500, "death {writes}: only {after}, so that it does not go on");
        assert_eq!(attribute(&mut host, "writeback_limit"), "0");
        intact(&mut host, 0..700);
    }
    assert!(deaths >= 40, "{deaths}");
}

/// The machine dies with it.
#[test]
fn the_machine_may_die_at_any_write() {
    let mut deaths = 0;
    for writes in 0.. {
        let mut host = machine(Profile::debian_7_2());
        fill(&mut host, 0..700);
        host.pause(hours(20));
        let kept = Rc::new(Cell::new(None));
        if live(&mut host, &kept, Fate::at(writes), 3) {
            break;
        }
        deaths += 1;
        let before = written(&mut host);
        reboot(&mut host, "second\n");
        fill(&mut host, 0..700);
        host.pause(hours(12));
        assert!(live(&mut host, &kept, Fate::at(u64::MAX), 9), "death {writes}");
        let after = written(&mut host);
        assert!(before + after <= 600, "death {writes}: {before} and {after} of 600 a day");
        assert!(before + after >= 400, "death {writes}: only {before} and {after}");
        intact(&mut host, 0..700);
    }
    assert!(deaths >= 40, "{deaths}");
}

/// It dies within a round, and when the next one starts the device is not set up any more: nobody knows what became of the grant, so that it was all of it. It does not
/// stay open for ever.
#[test]
fn a_grant_of_a_device_that_was_reset_is_forfeit() {
    let mut host = machine(Profile::debian_7_2());
    fill(&mut host, 0..700);
    host.pause(hours(20));
    let kept = Rc::new(Cell::new(None));
    host.intercept(|when, write| match (when, write.name) {
        (When::Before, "writeback") => resume_unwind(Box::new(Death)),
        _ => None,
    });
    let store = || Mortal { kept: Rc::clone(&kept), fate: Fate::at(u64::MAX) };
    let dies = catch_unwind(AssertUnwindSafe(|| {
        Daemon::new(config(), store(), &mut host).round(&mut host, Occasion::Start, &mut || true);
    }));
    assert!(dies.is_err());
    host.let_through();
    host.write_attr(0, "reset", b"1").unwrap();
    let mut daemon = Daemon::new(config(), store(), &mut host);
    let device = zram_host::DeviceNumber(0);
    assert_eq!(daemon.state().ledger.granted(device).map(|units| units.0), Some(100));
    daemon.round(&mut host, Occasion::Start, &mut || true);
    assert_eq!((daemon.state().ledger.granted(device), daemon.state().ledger.spent().0), (None, 100));
    host.pause(hours(25));
    daemon.round(&mut host, Occasion::Time, &mut || true);
    assert_eq!(daemon.state().ledger.spent().0, 0);
}
