//! The model looks into itself.

use zram_events::Kind;
use zram_model::SlotWord;

use super::{SimHost, Surroundings};
use crate::{
    port::Port as _,
    probed::{Absent, Happened, Probed, SlotWords},
};

impl<E: Surroundings> SimHost<E> {
    /// From now on nothing can look into it, for this reason.
    pub fn without_probes(&mut self, reason: &str) {
        self.unprobed = Some(reason.to_owned());
    }

    fn looked_into(&self) -> Result<(), Absent> {
        self.unprobed.as_ref().map_or(Ok(()), |reason| Err(Absent(reason.clone())))
    }
}

impl<E: Surroundings> Probed for SimHost<E> {
    fn slot_table(&mut self, dev: u32, first: u64, count: u64) -> Result<Vec<SlotWords>, Absent> {
        self.looked_into()?;
        let slots = self.slots(dev).map_err(|errno| Absent(format!("zram{dev}: {}", errno.desc())))?;
        let skipped = usize::try_from(first).unwrap_or(usize::MAX);
        let taken = usize::try_from(count).unwrap_or(usize::MAX);
        let words = slots.iter().skip(skipped).take(taken).map(|slot| {
            let handle = match slot.word {
                SlotWord::Empty => 0,
                SlotWord::Fill(word) => word,
                SlotWord::Handle(life) => life.0.into(),
                SlotWord::Block(block) => block.0,
            };
            SlotWords { handle, flags: slot.flags }
        });
        Ok(words.collect())
    }

    /// It always takes note, of everything.
    fn watch(&mut self, _kinds: &[Kind]) -> Result<Vec<Kind>, Absent> {
        self.looked_into()?;
        Ok(Vec::new())
    }

    /// Everything of which nobody was told yet. The model's clock stands still while something happens.
    fn happened(&mut self) -> Result<Vec<Happened>, Absent> {
        self.looked_into()?;
        let boot_nanos = self.boot_time();
        let events = self.take_events();
        Ok(events.into_iter().map(|event| Happened { boot_nanos, thread: 0, event }).collect())
    }

    fn lost(&mut self) -> Result<u64, Absent> {
        Ok(0)
    }
}
