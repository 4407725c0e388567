//! A device's slots, counted for people: by state and by age, as they were when somebody looked last.

use std::time::Duration;

use zram_host::device::SlotState;

use crate::{
    control::status::{Age, Slots},
    policy::census::Page,
};

/// Ages from which on slots are counted together, in minutes.
const AGES: [u64; 9] = [0, 10, 30, 60, 180, 360, 720, 1440, 4320];

/// Slots, counted.
#[derive(Clone, Debug)]
pub(super) struct Tally {
    at: Duration,
    slots: Slots,
    ages: [u64; AGES.len()],
}

impl Tally {
    /// Of nothing yet, at this time since boot.
    pub(super) fn new(at: Duration) -> Self {
        Self { at, slots: Slots::default(), ages: [0; AGES.len()] }
    }

    /// Takes note of a slot.
    pub(super) fn count(&mut self, slot: &SlotState, page: Page) {
        let slots = &mut self.slots;
        slots.stored += 1;
        slots.same += u64::from(slot.same);
        slots.huge += u64::from(slot.huge);
        slots.incompressible += u64::from(slot.incompressible == Some(true));
        slots.idle += u64::from(slot.idle);
        slots.written_back += u64::from(slot.written_back);
        if let Page::Here { age: Some(age), .. } = page {
            let minutes = age.seconds() / 60;
            // The first class begins at 0.
            let class = AGES.partition_point(|from| *from <= minutes) - 1;
            self.ages[class] += 1;
        }
    }

    /// What is told of it.
    pub(super) fn told(&self, now: Duration) -> Slots {
        let counted = AGES.iter().zip(self.ages);
        let ages = counted.map(|(minutes, slots)| Age { from_seconds: 60 * minutes, slots }).collect();
        let known = self.ages.iter().any(|slots| *slots > 0);
        Slots {
            seconds_ago: now.saturating_sub(self.at).as_secs(),
            ages: if known { ages } else { Vec::new() },
            ..self.slots.clone()
        }
    }
}
