//! Which devices are driven.
//!
//! A kernel without a limit on writeback writes whatever it is told to, and so would whoever else tells it: so with the first look at a device its limit is 0 and
//! counts, in that order. That its limit did not count before is on record first, to be put back when the daemon ends.

use std::collections::{BTreeMap, BTreeSet};

use nix::errno::Errno;
use zram_host::{
    DeviceNumber, Machine, Survey,
    machine::capabilities::{Feature, capabilities},
    survey,
};

use super::{Change, Daemon, Record};
use crate::{
    config::Devices,
    policy::observation::Sight,
    store::{self, Store},
};

/// A device that is driven.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Adopted {
    /// Whether its limit counted before, where it has one.
    limit_counted: Option<bool>,
    /// What the kernel shows of it. `None`: nobody has asked yet.
    sight: Option<Sight>,
}

impl Adopted {
    /// One that was driven before.
    pub(super) fn on_record(limit_counted: bool) -> Self {
        Self { limit_counted: Some(limit_counted), sight: None }
    }

    /// Whether its limit counted before, where it has one.
    pub(super) fn limit_counted(&self) -> Option<bool> {
        self.limit_counted
    }

    /// What the kernel shows of it.
    pub(super) fn sight(&self) -> Sight {
        self.sight.unwrap_or_default()
    }
}

impl<S: Store> Daemon<S> {
    /// The devices that are driven now, looked at; new ones are taken over, and those that are not there any more let go.
    pub(super) fn adopt(&mut self, machine: &mut dyn Machine) -> Vec<Survey> {
        self.troubles.clear();
        self.changes.clear();
        let numbers = match machine.devices() {
            Ok(numbers) => numbers,
            // A list that cannot be read is no list of nothing.
            Err(errno) => {
                self.troubles.push(format!("zram's devices cannot be listed: {}", errno.desc()));
                return Vec::new();
            }
        };
        let there: BTreeSet<DeviceNumber> = numbers.iter().copied().map(DeviceNumber).collect();
        let gone: Vec<DeviceNumber> =
            self.adopted.keys().filter(|device| !there.contains(device)).copied().collect();
        for device in gone {
            self.adopted.remove(&device);
            self.state.devices.remove(&device);
            self.state.ledger.gone(device);
        }
        let mut driven = Vec::new();
        let mut idle: BTreeMap<DeviceNumber, &'static str> = BTreeMap::new();
        let wanted: BTreeSet<DeviceNumber> = match &self.config.devices {
            Devices::All => there,
            Devices::Named(names) => names.iter().copied().filter(|name| there.contains(name)).collect(),
            Devices::From(handed) => handed.there(machine).into_iter().collect(),
        };
        for device in wanted {
            let taken = match survey(machine, device) {
                Ok(survey) => match is_idle(&survey) {
                    None => self.take_over(machine, &survey).map(|()| survey),
                    Some(why) => {
                        idle.insert(device, why);
                        continue;
                    }
                },
                Err(error) => Err(error.to_string()),
            };
            match taken {
                Ok(survey) => driven.push(survey),
                Err(why) => {
                    // Which is said of it then.
                    self.driven.remove(&device);
                    self.troubles.push(format!("{device} is left alone: {why}"));
                }
            }
        }
        self.compare(driven.iter().map(|survey| survey.device).collect(), &numbers, &idle);
        driven
    }

    /// What is driven now, beside what was. A device that is driven anew was set up anew, so that what failed before says nothing about it.
    fn compare(
        &mut self,
        now: BTreeSet<DeviceNumber>,
        there: &[u32],
        idle: &BTreeMap<DeviceNumber, &'static str>,
    ) {
        let before = std::mem::replace(&mut self.driven, now);
        for device in before.difference(&self.driven) {
            let why = match idle.get(device) {
                Some(why) => why,
                None if there.contains(&device.0) => "the configuration does not want it",
                None => "it has gone",
            };
            self.changes.push(Change { device: *device, over: Some(why) });
        }
        let anew: Vec<DeviceNumber> = self.driven.difference(&before).copied().collect();
        for device in anew {
            self.changes.push(Change { device, over: None });
            self.forgive(device);
        }
    }

    /// Takes a device over, if it is not yet. An error is a sentence.
    fn take_over(&mut self, machine: &mut dyn Machine, survey: &Survey) -> Result<(), String> {
        let device = survey.device;
        let counts = survey.writeback.as_ref().and_then(|writeback| writeback.limit_enabled);
        let adopted = self.adopted.entry(device).or_insert(Adopted { limit_counted: counts, sight: None });
        if adopted.sight.is_some() && counts != Some(false) {
            return Ok(());
        }
        adopted.sight = Some(sight(machine, device));
        if counts == Some(false) {
            let record = Record::of(&self.state, &self.adopted);
            if let Err(error) = store::save(&mut self.store, &record) {
                // What is not on record is not done; it is tried again with the next look.
                self.adopted.remove(&device);
                return Err(format!("{} cannot be written: {error}", self.store.place()));
            }
            for (name, text) in [("writeback_limit", b"0"), ("writeback_limit_enable", b"1")] {
                let said = |errno: Errno| format!("{name} cannot be written: {}", errno.desc());
                machine.write_attr(device.0, name, text).map_err(said)?;
            }
        }
        Ok(())
    }

    /// Lets all devices go: their limits count as they did before, and the record says so.
    ///
    /// # Errors
    /// When the record cannot be saved.
    pub fn end(&mut self, machine: &mut dyn Machine) -> std::io::Result<()> {
        for (device, adopted) in std::mem::take(&mut self.adopted) {
            if adopted.limit_counted == Some(false) {
                // A device that has gone has no limit either.
                let _ = machine.write_attr(device.0, "writeback_limit_enable", b"0");
            }
        }
        self.save()
    }

    /// Puts on record what is remembered.
    pub(super) fn save(&mut self) -> std::io::Result<()> {
        store::save(&mut self.store, &Record::of(&self.state, &self.adopted))
    }
}

/// Why there is nothing to do for it, if so.
fn is_idle(survey: &Survey) -> Option<&'static str> {
    let backed = survey.writeback.as_ref().is_some_and(|writeback| writeback.backing_dev.is_some());
    match survey.initialised {
        false => Some("it is not set up"),
        true if backed || !survey.recompression.is_empty() => None,
        true => Some("it has neither a backing device nor an algorithm for recompression"),
    }
}

fn sight(machine: &mut dyn Machine, device: DeviceNumber) -> Sight {
    let Ok(abilities) = capabilities(machine, Some(device)) else { return Sight::default() };
    Sight {
        states: abilities.is_able(Feature::BlockState),
        times: abilities.is_able(Feature::AccessTimes),
        ranges: abilities.is_able(Feature::WritebackRanges),
    }
}
