//! The world of the model.

use nix::errno::Errno;
use zram_host::{
    Buffer, Disk, Port, SimHost, Surroundings,
    meanwhile::{Ended, Errand, Io},
    together::{Act, TaskEnded},
};
use zram_model::SlotWord;
use zram_probe::{ClassEntry, Health};

use crate::{
    protocol::{Bad, Fail, Failed, Report, SlotRow, Work},
    workload::{Holdings, digest_of},
    world::{Backing, Seen, Trouble, Worked, World},
};

const MILLISECOND: u64 = 1_000_000;

/// A model with a simulated backing device. Every device in it is the test's own.
#[derive(Clone, Debug)]
pub struct SimWorld<E> {
    host: SimHost<E>,
    holdings: Holdings,
}

impl<E: Surroundings> SimWorld<E> {
    /// The world of this host.
    #[must_use]
    pub fn new(host: SimHost<E>) -> Self {
        Self { host, holdings: Holdings::default() }
    }

    /// The host.
    #[must_use]
    pub fn host(&self) -> &SimHost<E> {
        &self.host
    }

    /// What workloads hold.
    #[must_use]
    pub fn holdings(&self) -> &Holdings {
        &self.holdings
    }

    /// The host.
    pub fn host_mut(&mut self) -> &mut SimHost<E> {
        &mut self.host
    }
}

impl<E: Surroundings> World for SimWorld<E> {
    fn begin(&mut self, backing: Backing) -> Result<(), Trouble> {
        self.holdings = Holdings::default();
        self.host.restart(Disk {
            pages: backing.pages,
            slow: backing.is_slow(),
            bad_from: backing.first_bad(),
            fails_reads: backing.bad != Bad::Writes,
            fails_writes: backing.bad != Bad::Reads,
        });
        Ok(())
    }

    fn own(&mut self, _dev: u32) -> Result<(), Trouble> {
        Ok(())
    }

    fn backing_path(&self) -> &str {
        self.host.backing_path()
    }

    fn read_blocks(&mut self, first: u64, count: u32) -> Result<Vec<u8>, Errno> {
        let pages = self.host.backing_pages();
        if pages == 0 {
            return Err(Errno::ENOENT);
        }
        let end = first.saturating_add(u64::from(count)).min(pages);
        Ok((first..end).flat_map(|block| self.host.block(block).into_vec()).collect())
    }

    /// The word of a slot that holds an object is the number of the handle's life: what an
    /// address on the live side becomes through [`zram_events::Decoder::handle`].
    fn slot_table(&mut self, dev: u32, _slots: u32) -> Result<Option<Vec<SlotRow>>, Trouble> {
        let doing = || format!("reading the slot table of the model's zram{dev}");
        let slots = self.host.slots(dev).map_err(|errno| Trouble::setup(doing(), errno))?;
        let rows = (0..).zip(slots).map(|(slot, view)| {
            let word = match view.word {
                SlotWord::Empty => 0,
                SlotWord::Fill(word) => word,
                SlotWord::Handle(life) => u64::from(life.0),
                SlotWord::Block(block) => block.0,
            };
            SlotRow {
                slot,
                word,
                flags: view.flags,
                time: view.access_time,
                nanoseconds: view.access_nanoseconds,
            }
        });
        Ok(Some(
            rows.filter(|row| (row.word, row.flags, row.time, row.nanoseconds) != (0, 0, 0, 0)).collect(),
        ))
    }

    fn classes(&mut self, dev: u32) -> Result<Vec<ClassEntry>, Trouble> {
        let doing = || format!("reading the classes of the model's zram{dev}");
        let classes = self.host.classes(dev).map_err(|errno| Trouble::setup(doing(), errno))?;
        let entries = classes.into_iter().map(|class| ClassEntry {
            nominal: class.nominal,
            index: class.index,
            size: class.size,
            objects: class.objects,
            pages: class.pages,
            stats: class.stats,
        });
        Ok(entries.collect())
    }

    fn take_events(&mut self) -> Result<Seen, Trouble> {
        Ok(Seen::Events(self.host.take_events()))
    }

    fn health(&mut self) -> Result<Option<Health>, Trouble> {
        Ok(None)
    }

    fn kernel_log(&mut self) -> Vec<String> {
        self.host.take_kernel_log()
    }

    /// What is read back is what was written; everything else is followed.
    fn work(&mut self, dev: u32, work: Work<'_>) -> Result<Result<Worked, Errno>, Trouble> {
        let taken = matches!(work, Work::SwapOn { .. } | Work::Mount { .. });
        let expected = match (taken, self.host.devices().is_ok_and(|devices| devices.contains(&dev))) {
            (true, false) => Err(Errno::ENOENT),
            _ => self.holdings.note(dev, work),
        };
        let doing = || format!("following a workload on the model's zram{dev}");
        let trouble = |errno| Trouble::setup(doing(), errno);
        if taken && expected.is_ok() {
            self.host.claim(dev).map_err(trouble)?;
        }
        if !self.host.follow(dev).map_err(trouble)? {
            return Err(Trouble::NotSimulated { work: work.name() });
        }
        if matches!(work, Work::SwapOff | Work::Unmount) && expected.is_ok() {
            self.host.unclaim(dev).map_err(trouble)?;
        }
        Ok(expected.map(|expected| Worked {
            value: expected.value,
            report: Report { digest: expected.read.as_deref().map(digest_of), ..Report::default() },
        }))
    }

    fn fail(&mut self, fail: Fail) -> Result<(), Trouble> {
        self.host.fail(fail.site, fail.nth);
        Ok(())
    }

    fn is_failing(&self) -> bool {
        self.host.is_failing()
    }

    fn relent(&mut self) -> Result<Option<Failed>, Trouble> {
        Ok(self.host.relent().map(|(asked, failed)| Failed { asked, failed }))
    }

    fn sleep(&mut self, millis: u32) {
        self.host.surroundings_mut().pass(u64::from(millis) * MILLISECOND);
    }

    /// There is only one clock.
    fn steady_clock(&mut self) {}
}

impl<E: Surroundings> Port for SimWorld<E> {
    fn hot_add(&mut self) -> Result<u32, Errno> {
        self.host.hot_add()
    }

    fn hot_remove(&mut self, text: &[u8]) -> Result<usize, Errno> {
        self.host.hot_remove(text)
    }

    fn devices(&mut self) -> Result<Vec<u32>, Errno> {
        self.host.devices()
    }

    fn read_attr(&mut self, dev: u32, name: &str) -> Result<Vec<u8>, Errno> {
        self.host.read_attr(dev, name)
    }

    fn write_attr(&mut self, dev: u32, name: &str, text: &[u8]) -> Result<usize, Errno> {
        self.host.write_attr(dev, name, text)
    }

    fn hold(&mut self, dev: u32) -> Result<(), Errno> {
        self.host.hold(dev)
    }

    fn release(&mut self, dev: u32) -> Result<(), Errno> {
        self.host.release(dev)
    }

    fn write(&mut self, dev: u32, at: u64, buffer: Buffer<'_>) -> Result<usize, Errno> {
        self.host.write(dev, at, buffer)
    }

    fn read(&mut self, dev: u32, at: u64, buffer: Buffer<'_>) -> Result<usize, Errno> {
        self.host.read(dev, at, buffer)
    }

    fn discard(&mut self, dev: u32, at: u64, bytes: u64) -> Result<(), Errno> {
        self.host.discard(dev, at, bytes)
    }

    fn zero_out(&mut self, dev: u32, at: u64, bytes: u64) -> Result<(), Errno> {
        self.host.zero_out(dev, at, bytes)
    }

    fn meanwhile(&mut self, dev: u32, errand: Errand<'_>, io: Vec<Io<'_>>) -> Ended {
        self.host.meanwhile(dev, errand, io)
    }

    fn together(&mut self, dev: u32, tasks: Vec<Vec<Act<'_>>>) -> Vec<TaskEnded> {
        self.host.together(dev, tasks)
    }

    fn block_state(&mut self, dev: u32, position: u64, bytes: usize) -> Result<Vec<u8>, Errno> {
        self.host.block_state(dev, position, bytes)
    }

    fn boot_time(&mut self) -> u64 {
        self.host.boot_time()
    }

    fn boot_tick(&mut self) -> u64 {
        self.host.boot_tick()
    }
}
