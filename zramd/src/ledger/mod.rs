//! How much may still be written: a budget that holds.
//!
//! Flash wears, and what wears it is not what a program meant to write but what the kernel wrote. So the ledger charges by the kernel's own counter
//! (`bd_stat`), whoever caused it, and in a window that slides: at no moment have the last 24 hours seen more than the budget allows.
//!
//! The kernel writes no more than its `writeback_limit` says, so that is what is handed out. Before the kernel gets a grant the grant is on disk, and
//! counts as spent in full; after the round the kernel says what is left of it, and the rest is returned. A daemon that dies anywhere in between has at most
//! been too careful: whoever starts next finds the grant, asks the kernel what became of it, and if the kernel does not know any more, since the machine was booted
//! again or the device reset, it was all of it.
//!
//! * `timeline` is a clock that does not go back, and does not jump because somebody set the one on the wall.
//! * `window` is what was written in the last 24 hours.

mod timeline;
mod window;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use zram_host::{DeviceNumber, machine::Clocks};

pub use timeline::Timeline;
pub use window::Window;

use crate::units::Units;

/// What was written, and what may be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ledger {
    time: Timeline,
    window: Window,
    accounts: BTreeMap<u32, Account>,
}

/// What is known of a device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Account {
    /// What it had written in all, when it was charged last.
    writes: Units,
    /// What it may write now, and has not been charged for.
    granted: Option<Units>,
}

/// What the kernel says about a device's writing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written {
    /// All that it has written since it was set up.
    pub writes: Units,
    /// What it may still write, if there is a limit.
    pub limit: Option<Units>,
}

impl Ledger {
    /// Of a machine on which nothing is on record.
    #[must_use]
    pub fn new(boot: &str, clocks: Clocks) -> Self {
        Self { time: Timeline::new(boot, clocks), window: Window::default(), accounts: BTreeMap::new() }
    }

    /// Of a machine whose records are lost: as if everything had been written just now.
    #[must_use]
    pub fn lost(boot: &str, clocks: Clocks) -> Self {
        let mut ledger = Self::new(boot, clocks);
        ledger.window.charge(ledger.time.seconds(), Units(u64::MAX));
        ledger
    }

    /// Goes on in this boot of the machine. Returns whether it is another than the one that it was kept in: then the devices begin anew, and what
    /// was granted counts as written.
    pub fn resume(&mut self, boot: &str, clocks: Clocks) -> bool {
        let booted = self.time.resume(boot, clocks);
        if booted {
            let granted = self.accounts.values().filter_map(|account| account.granted).sum();
            self.window.charge(self.time.seconds(), granted);
            self.accounts.clear();
        }
        booted
    }

    /// Time passes.
    pub fn pass(&mut self, clocks: Clocks) {
        self.time.pass(clocks);
        self.window.forget(self.time.seconds());
    }

    /// What was written in the last 24 hours, as far as is known, what is granted included.
    #[must_use]
    pub fn spent(&self) -> Units {
        let granted = self.accounts.values().filter_map(|account| account.granted).sum();
        self.window.sum().and(granted)
    }

    /// Of a budget, what may still be granted.
    #[must_use]
    pub fn left(&self, per_day: Units) -> Units {
        per_day.less(self.spent())
    }

    /// Seconds until some of what was spent is forgotten. `None`: nothing is.
    #[must_use]
    pub fn frees_in(&self) -> Option<u64> {
        self.window.frees_in(self.time.seconds())
    }

    /// Charges a device by what the kernel says it has written since it was charged last, by whomever. A device that was not known is charged for all that it ever
    /// wrote: it was in this boot, and nobody knows when.
    ///
    /// A grant that is open is settled: what the kernel has not used of it is returned.
    pub fn settle(&mut self, device: DeviceNumber, written: Written) {
        let account = self.accounts.entry(device.0).or_default();
        let granted = account.granted.take();
        let charge = if written.writes >= account.writes {
            // Both say the same, unless somebody else has written a limit or the device was set up anew meanwhile.
            let by_limit = granted.map_or(Units(0), |granted| match written.limit {
                Some(left) => granted.less(left),
                None => Units(0),
            });
            written.writes.less(account.writes).max(by_limit)
        } else {
            // It was reset, and forgot.
            written.writes.max(granted.unwrap_or_default())
        };
        account.writes = written.writes;
        self.window.charge(self.time.seconds(), charge);
    }

    /// Nobody can say any more what became of a device's grant: it counts as written.
    pub fn forfeit(&mut self, device: DeviceNumber) {
        let granted = self.accounts.get_mut(&device.0).and_then(|account| account.granted.take());
        self.window.charge(self.time.seconds(), granted.unwrap_or_default());
    }

    /// A device has gone: what it was granted counts as written.
    pub fn gone(&mut self, device: DeviceNumber) {
        if let Some(account) = self.accounts.remove(&device.0) {
            self.window.charge(self.time.seconds(), account.granted.unwrap_or_default());
        }
    }

    /// Grants a device this much. It is settled, and the ledger is on disk before the kernel hears of it.
    pub fn grant(&mut self, device: DeviceNumber, units: Units) {
        self.accounts.entry(device.0).or_default().granted = Some(units);
    }

    /// What a device has been granted.
    #[must_use]
    pub fn granted(&self, device: DeviceNumber) -> Option<Units> {
        self.accounts.get(&device.0)?.granted
    }

    /// Devices that are on record.
    pub fn devices(&self) -> impl Iterator<Item = DeviceNumber> {
        self.accounts.keys().copied().map(DeviceNumber)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const ZRAM0: DeviceNumber = DeviceNumber(0);

    fn at(seconds: u64) -> Clocks {
        let boot = Duration::from_secs(seconds);
        Clocks { boot, awake: boot, wall: Duration::from_secs(1_700_000_000) + boot }
    }

    fn written(writes: u64, limit: u64) -> Written {
        Written { writes: Units(writes), limit: Some(Units(limit)) }
    }

    fn ledger() -> Ledger {
        let mut ledger = Ledger::new("a", at(0));
        ledger.settle(ZRAM0, written(0, 0));
        ledger
    }

    #[test]
    fn a_grant_is_spent_until_it_is_settled() {
        let mut ledger = ledger();
        ledger.grant(ZRAM0, Units(100));
        assert_eq!(ledger.left(Units(150)), Units(50));
        ledger.settle(ZRAM0, written(30, 70));
        assert_eq!((ledger.spent(), ledger.granted(ZRAM0)), (Units(30), None));
    }

    #[test]
    fn what_others_wrote_is_charged() {
        let mut ledger = ledger();
        ledger.settle(ZRAM0, written(40, 0));
        ledger.settle(ZRAM0, written(40, 0));
        assert_eq!(ledger.spent(), Units(40));
        ledger.settle(DeviceNumber(1), written(7, 0));
        assert_eq!(ledger.spent(), Units(47), "before it was known");
    }

    #[test]
    fn what_nobody_can_say_was_all_of_it() {
        let granted = || {
            let mut ledger = ledger();
            ledger.grant(ZRAM0, Units(100));
            ledger
        };
        let mut rebooted = granted();
        assert!(rebooted.resume("b", at(5)));
        assert_eq!((rebooted.spent(), rebooted.granted(ZRAM0)), (Units(100), None));
        let mut restarted = granted();
        assert!(!restarted.resume("a", at(5)));
        restarted.settle(ZRAM0, written(60, 40));
        assert_eq!(restarted.spent(), Units(60), "the kernel still knows");
        let mut forfeited = granted();
        forfeited.forfeit(ZRAM0);
        forfeited.settle(ZRAM0, written(0, 0));
        assert_eq!((forfeited.spent(), forfeited.granted(ZRAM0)), (Units(100), None));
        let mut gone = granted();
        gone.gone(ZRAM0);
        assert_eq!(gone.spent(), Units(100));
        let mut reset = granted();
        reset.settle(ZRAM0, written(10, 90));
        reset.grant(ZRAM0, Units(50));
        reset.settle(ZRAM0, written(0, 50));
        assert_eq!(reset.spent(), Units(60), "10 that were seen, and 50 that may have been");
        assert_eq!(Ledger::lost("a", at(0)).left(Units(u64::MAX)), Units(0));
    }

    #[test]
    fn it_is_the_same_when_read_again() {
        let mut ledger = ledger();
        ledger.grant(ZRAM0, Units(100));
        let text = serde_json::to_string(&ledger).unwrap();
        assert_eq!(serde_json::from_str::<Ledger>(&text).unwrap(), ledger);
    }
}
