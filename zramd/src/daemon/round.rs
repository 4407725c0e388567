//! A round: one look, one decision, and what comes of it.

use std::collections::BTreeMap;

use zram_host::{DeviceNumber, Machine};

use super::{Between, Daemon, Planned, Report, act::words, write_back};
use crate::{
    driver::Occasion,
    ledger::Written,
    policy::{
        Action, Decision, Observation, Task, Way,
        backoff::{Backoff, Outcome},
        decide,
        ranges::{Commands, Ranges},
    },
    store::Store,
    units::Units,
};

impl<S: Store> Daemon<S> {
    /// Looks, decides and acts.
    pub fn round(
        &mut self,
        machine: &mut dyn Machine,
        occasion: Occasion,
        between: &mut dyn Between,
    ) -> Report {
        let at = machine.clocks();
        if occasion == Occasion::Asked {
            // Who asks knows that something was mended, or wants to know whether it was.
            self.forgive_all();
        }
        let observation = self.look(machine, occasion);
        self.charge(machine, &observation);
        let decision = decide(&observation, &self.state, &self.config, machine.clocks());
        let chosen = self.resolve(machine, &observation, &decision);
        let mut acted = Vec::new();
        let mut unmarked = None;
        for (step, commands) in decision.steps.iter().zip(chosen) {
            if unmarked == Some(step.device) && step.action.needs_marks() {
                continue;
            }
            acted.extend(self.act(machine, &observation, step, commands, between));
            // Marks of before say something else than what was decided on.
            unmarked = acted
                .last()
                .filter(|acted| acted.task == Task::Mark && acted.outcome != Outcome::Done)
                .map_or(unmarked, |acted| Some(acted.device));
            if !between.goes_on() {
                break;
            }
        }
        let report = Report {
            at,
            occasion,
            acted,
            refused: decision.refused,
            troubles: self.troubles.clone(),
            changes: self.changes.clone(),
            again: decision.again,
        };
        self.history.note(&report);
        report
    }

    /// What a round would do now that somebody asks for.
    pub fn plan(&mut self, machine: &mut dyn Machine) -> (Vec<Planned>, Decision) {
        let failures = self.forgive_all();
        let observation = self.look(machine, Occasion::Asked);
        self.charge(machine, &observation);
        let decision = decide(&observation, &self.state, &self.config, machine.clocks());
        // Nothing was tried, so that nothing else is known of them.
        for (device, backoffs) in failures {
            if let Some(known) = self.state.devices.get_mut(&device) {
                known.backoffs = backoffs;
            }
        }
        let planned = decision.steps.iter().map(|step| Planned {
            device: step.device,
            task: step.action.task(),
            what: words(&step.action),
        });
        (planned.collect(), decision)
    }

    /// Charges for what was written since the last look, by whomever, and settles what a daemon before this one may have left.
    fn charge(&mut self, machine: &mut dyn Machine, observation: &Observation) {
        let mut left_open = false;
        for view in &observation.devices {
            let Some(backing) = view.backing else { continue };
            let limit = write_back::limit(machine, view.device).map(Units);
            left_open |= self.state.ledger.granted(view.device).is_some();
            self.state.ledger.settle(view.device, Written { writes: Units(backing.bd.writes), limit });
            if limit != Some(Units(0)) {
                // Not granted by anybody who is still there.
                let _ = machine.write_attr(view.device.0, "writeback_limit", b"0");
            }
        }
        // Of devices that are not driven any more: set up by nobody since, or not wanted.
        let others: Vec<DeviceNumber> = self
            .state
            .ledger
            .devices()
            .filter(|device| Self::view_of(observation, *device).is_none())
            .filter(|device| self.state.ledger.granted(*device).is_some())
            .collect();
        for device in others {
            left_open = true;
            self.state.ledger.forfeit(device);
        }
        if left_open {
            // If it is not saved, the record still says that all of it may have been written.
            let _ = self.save();
        }
    }

    /// Which slots are written, found before anything is done: recompression takes their ages away.
    fn resolve(
        &mut self,
        machine: &mut dyn Machine,
        observation: &Observation,
        decision: &Decision,
    ) -> Vec<Option<Commands>> {
        let mut chosen = Vec::new();
        for step in &decision.steps {
            let commands = match &step.action {
                Action::WriteBack { way: Way::Chosen(choice), .. } => {
                    let mut ranges = Ranges::new(choice.clone());
                    if let Some(view) = Self::view_of(observation, step.device) {
                        // One that ends early finds fewer.
                        let _ = self.each_page(machine, view, |slot, page| ranges.slot(slot.slot, page));
                    }
                    Some(ranges.finish())
                }
                _ => None,
            };
            chosen.push(commands);
        }
        chosen
    }

    /// Forgets a device's failures.
    pub(super) fn forgive(&mut self, device: DeviceNumber) {
        if let Some(known) = self.state.devices.get_mut(&device) {
            known.backoffs.clear();
        }
    }

    /// Forgets those of all devices: what they were.
    fn forgive_all(&mut self) -> Vec<(DeviceNumber, BTreeMap<Task, Backoff>)> {
        let devices = self.state.devices.iter_mut();
        devices.map(|(device, known)| (*device, std::mem::take(&mut known.backoffs))).collect()
    }
}
