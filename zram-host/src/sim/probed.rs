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

    /// From now on no events are kept, until somebody asks to watch: for a run so long that they would fill the memory.
    pub fn keep_no_events(&mut self) {
        self.keeps_events = false;
        self.seen.events.clear();
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

    /// It takes note of everything: always, or since this was asked ([`SimHost::keep_no_events`]).
    fn watch(&mut self, _kinds: &[Kind]) -> Result<Vec<Kind>, Absent> {
        self.looked_into()?;
        self.keeps_events = true;
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

#[cfg(test)]
mod tests {
    use zram_model::{Errno, PageBytes, Profile};

    use super::*;
    use crate::{
        Simulated,
        port::{Buffer, Iovec, Port},
    };

    fn half(_: zram_model::Codec, page: &PageBytes) -> Result<Vec<u8>, Errno> {
        Ok(vec![0; page.len() / 2])
    }

    #[test]
    fn events_are_kept_from_when_somebody_watches() {
        let mut host = SimHost::new(Profile::debian_7_2(), Simulated::new(half));
        host.keep_no_events();
        let dev = host.hot_add().unwrap();
        host.write_attr(dev, "disksize", b"1M").unwrap();
        let mut page = (0..4096_u32).map(|at| at as u8).collect::<Vec<u8>>();
        let pieces = [Iovec { start: 0, len: 4096 }];
        host.write(dev, 0, Buffer { arena: &mut page, pieces: &pieces }).unwrap();
        assert_eq!(host.happened(), Ok(Vec::new()));
        host.watch(&[Kind::SlotFree]).unwrap();
        host.swap_slot_free(dev, 0).unwrap();
        assert!(!host.happened().unwrap().is_empty());
        assert_eq!(host.swap_slot_free(dev, 256), Err(nix::errno::Errno::ENOENT));
        // Freed, and counted as swap's.
        let io = String::from_utf8(host.read_attr(dev, "io_stat").unwrap()).unwrap();
        assert_eq!(io.split_whitespace().last(), Some("1"), "{io}");
    }
}
