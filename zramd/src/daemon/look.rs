//! What a decision takes.

use std::ops::ControlFlow;

use zram_host::{
    DeviceNumber, Machine, Survey,
    device::{SlotState, each_slot},
    machine::{Pressure, Resource, memory, pressure},
    storage::Place,
};

use super::{Daemon, adopt::Adopted, power::on_battery, tally::Tally};
use crate::{
    driver::Occasion,
    policy::{
        DeviceView, Observation,
        age::utilisation,
        census::{Ages, Census, Page, Sizes},
        observation::{Backing, Sight},
        wants_census,
    },
    store::Store,
    units::{Permille, Units},
};

impl<S: Store> Daemon<S> {
    /// Looks at the machine, and takes note. Slots are counted where that is worth it.
    pub(super) fn look(&mut self, machine: &mut dyn Machine, occasion: Occasion) -> Observation {
        let surveys = self.adopt(machine);
        let now = machine.clocks();
        let memory = memory(machine).ok();
        let mut observation = Observation {
            utilisation: memory.and_then(|memory| Some(utilisation(memory.total, memory.available?))),
            pressed: occasion == Occasion::MemoryPressure,
            asked: occasion == Occasion::Asked,
            io_waited: pressure(machine, Resource::Io).ok().map(|pressure| share(&pressure)),
            on_battery: on_battery(machine),
            devices: Vec::new(),
        };
        observation.devices = surveys
            .iter()
            .filter_map(|survey| {
                let sight = self.adopted.get(&survey.device).map(Adopted::sight)?;
                view(machine, survey, sight)
            })
            .collect();
        self.state.note(&observation, &self.config, now);
        for at in 0..observation.devices.len() {
            let view = &observation.devices[at];
            let worth = wants_census(&observation, view, &self.state, &self.config, now);
            if let (true, Ok(classes)) = (view.sight.states, worth) {
                let mut census = Census::new(classes);
                let mut tally = Tally::new(now.boot);
                // One that ends early counts what it saw: fewer pages than there are.
                let _ = self.each_page(machine, view, |slot, page| {
                    census.count(page);
                    tally.count(slot, page);
                });
                self.tallies.insert(view.device, tally);
                observation.devices[at].census = Some(census);
            }
        }
        self.seen = Some(observation.clone());
        observation
    }

    /// Calls this for every slot of a device that holds something, in order.
    pub(super) fn each_page(
        &self,
        machine: &mut dyn Machine,
        view: &DeviceView,
        mut each: impl FnMut(&SlotState, Page),
    ) -> Result<(), zram_host::device::SlotsError> {
        let known = self.state.devices.get(&view.device);
        let ages = Ages::new(
            machine.clocks().boot,
            &self.state.sleeps,
            known.and_then(|known| known.marked),
            known.and_then(|known| known.recompressed),
        );
        let sizes = Sizes { page: view.page, mean: view.mean_size() };
        each_slot(machine, view.device, 0, view.slots, |slot| {
            each(&slot, Page::of(&slot, &ages, sizes));
            ControlFlow::Continue(())
        })
    }

    /// The same device as it was looked at.
    pub(super) fn view_of(observation: &Observation, device: DeviceNumber) -> Option<&DeviceView> {
        observation.devices.iter().find(|view| view.device == device)
    }
}

fn view(machine: &mut dyn Machine, survey: &Survey, sight: Sight) -> Option<DeviceView> {
    let page = u32::try_from(machine.page_size()).ok().filter(|page| *page > 0)?;
    let backing = survey.writeback.as_ref().and_then(|writeback| {
        let path = writeback.backing_dev.as_deref()?;
        let size = match machine.place(path) {
            Ok(Place::Disk(bytes)) => Some(Units::within(bytes)),
            _ => None,
        };
        Some(Backing { bd: writeback.bd_stat?, size })
    });
    Some(DeviceView {
        device: survey.device,
        slots: survey.disksize / u64::from(page),
        page,
        mm: survey.mm_stat?,
        backing,
        algorithms: survey.recompression.iter().filter_map(|tier| tier.algorithms.chosen.clone()).collect(),
        sight,
        census: None,
    })
}

/// For which share of the last ten seconds somebody waited.
fn share(pressure: &Pressure) -> Permille {
    // Percent with two digits; the kernel's are between 0 and 100.
    Permille((pressure.some.avg10.clamp(0.0, 100.0) * 10.0) as u32)
}
