//! What is kept of a device from moment to moment.

use super::history::History;
use crate::{
    map::SlotTable,
    sample::{Class, Known, Latency, Sample},
};

/// A device.
#[derive(Clone, Debug)]
pub struct Device {
    /// What was seen last. Its windows are in the table.
    pub sample: Sample,
    /// Its slots, as far as they were seen.
    pub table: SlotTable,
    /// Why its slots cannot be seen.
    pub unseen: Option<String>,
    /// Its classes when they were last looked at.
    pub classes: Known<Vec<Class>>,
    /// How its numbers went.
    pub history: History,
    /// When it was last seen, in microseconds since boot.
    pub boot_micros: u64,
}

impl Device {
    /// As it is first seen.
    #[must_use]
    pub fn new(sample: Sample, boot_micros: u64) -> Self {
        let table = SlotTable::default();
        let classes = Known::Unasked;
        let mut this =
            Self { sample, table, unseen: None, classes, history: History::default(), boot_micros };
        this.take_in();
        this.history.first(&this.sample.attributes);
        this
    }

    /// As it is seen next.
    pub fn see(&mut self, sample: Sample, boot_micros: u64) {
        let micros = boot_micros.saturating_sub(self.boot_micros);
        self.history.next(&self.sample.attributes, &sample.attributes, sample.page, micros);
        self.sample = sample;
        self.boot_micros = boot_micros;
        self.take_in();
    }

    fn take_in(&mut self) {
        let slots = if self.sample.attributes.initialised { self.sample.slots() } else { 0 };
        if self.table.len() != slots {
            self.table = SlotTable::new(slots);
        }
        match std::mem::replace(&mut self.sample.windows, Known::Unasked) {
            Known::Here(windows) => {
                self.unseen = None;
                windows.iter().for_each(|window| self.table.apply(window));
            }
            Known::Missing(why) => self.unseen = Some(why),
            Known::Unasked => {}
        }
        if self.sample.classes != Known::Unasked {
            self.classes = std::mem::replace(&mut self.sample.classes, Known::Unasked);
        }
    }

    /// `zram0`.
    #[must_use]
    pub fn name(&self) -> String {
        format!("zram{}", self.sample.device)
    }

    /// How long things took.
    #[must_use]
    pub fn latency(&self) -> &Known<Latency> {
        &self.sample.latency
    }

    /// For how many seconds a slot was not touched that was last touched in this one.
    #[must_use]
    pub fn age(&self, second: u32) -> u64 {
        (self.boot_micros / crate::sample::SECOND).saturating_sub(second.into())
    }
}
