//! Several workers at once: the operation `together`.

use zram_host::{
    Port,
    together::{Act, TaskEnded},
};

use crate::{
    during::{Prepared, at_most, prepare},
    protocol::{Boundary, Bytes, Data, Deed, Done, WorkerDone},
    world::Trouble,
};

/// Most workers, and most calls of one.
const MOST_WORKERS: u64 = 4;
const MOST_DEEDS: u64 = 16;

/// Attributes that may be written beside bios: each write is one step. Others turn the device into one
/// that is not taken step by step (`mem_limit`, `writeback`), wait until nobody has it open (`reset`), or go from slot to slot
/// and leave no trace of when (`idle`).
const BESIDE: [&str; 4] = ["compact", "writeback_limit", "writeback_limit_enable", "writeback_batch_size"];

/// One call, its memory laid out.
enum Laid<'a> {
    Io(Prepared),
    Set { name: &'a str, text: &'a [u8] },
}

impl Laid<'_> {
    fn act(&mut self) -> Act<'_> {
        match self {
            Self::Io(prepared) => Act::Io(prepared.io()),
            Self::Set { name, text } => Act::Set { name, text },
        }
    }
}

/// What all workers do.
pub(crate) struct Workers<'a>(Vec<Vec<Laid<'a>>>);

impl<'a> Workers<'a> {
    /// Lays the memory out, before anything is timed.
    ///
    /// # Errors
    /// When there is too much of something, an attribute that is not written beside bios, or more than one worker that
    /// writes attributes: nothing would say in which order.
    pub(crate) fn prepare(workers: &'a [Vec<Deed>]) -> Result<Self, Trouble> {
        at_most("a number of workers", workers.len() as u64, MOST_WORKERS)?;
        let sets = |deeds: &&Vec<Deed>| deeds.iter().any(|deed| matches!(deed, Deed::Set { .. }));
        at_most("a number of workers that write attributes", workers.iter().filter(sets).count() as u64, 1)?;
        let laid = workers.iter().map(|deeds| {
            at_most("a number of calls of a worker", deeds.len() as u64, MOST_DEEDS)?;
            deeds.iter().map(lay).collect()
        });
        laid.collect::<Result<_, _>>().map(Self)
    }

    /// Does everything.
    pub(crate) fn run(&mut self, world: &mut impl Port, dev: u32) -> Vec<TaskEnded> {
        let tasks = self.0.iter_mut().map(|deeds| deeds.iter_mut().map(Laid::act).collect());
        let tasks = tasks.collect();
        world.together(dev, tasks)
    }

    /// What is reported of it, and how many calls succeeded.
    pub(crate) fn report(self, ended: Vec<TaskEnded>) -> (u64, Data) {
        let mut succeeded = 0;
        let workers = self.0.into_iter().zip(ended).map(|(deeds, ended)| {
            let done = deeds.into_iter().zip(ended.acts).map(|(laid, acted)| {
                succeeded += u64::from(acted.result.is_ok());
                let memory = match laid {
                    Laid::Io(prepared) => prepared.memory(),
                    Laid::Set { .. } => None,
                };
                Done {
                    outcome: acted.result.map(|moved| moved as u64).into(),
                    clock: Boundary { before: acted.before, after: acted.after, tick: None },
                    memory: memory.map(Bytes),
                }
            });
            WorkerDone { thread: ended.thread, deeds: done.collect() }
        });
        let workers = workers.collect();
        (succeeded, Data::Together(workers))
    }
}

fn lay(deed: &Deed) -> Result<Laid<'_>, Trouble> {
    match (deed, deed.touch()) {
        (Deed::Set { attr, value }, _) if BESIDE.contains(&attr.as_str()) => {
            Ok(Laid::Set { name: attr, text: value.as_bytes() })
        }
        (Deed::Set { attr, .. }, _) => Err(Trouble::NotBeside { attr: attr.clone() }),
        (_, Some(touch)) => prepare(&touch).map(Laid::Io),
        (_, None) => Err(Trouble::NotBeside { attr: "a call that is no I/O".to_owned() }),
    }
}
