//! A world: a kernel with zram, and what a test needs around it.
//!
//! The port says what a program may ask of a kernel. A test asks for more: a clean start, a backing
//! device and a look at its blocks, the slot table, what happened inside. [`World`] adds that, so
//! that [`crate::executor`] is one piece of code for the machine and for the model; whatever the two
//! then answer differently was not introduced on the way.

use thiserror::Error;
use zram_events::Event;
use zram_host::{Port, SetupError};
use zram_probe::{ClassEntry, Health, ProbeError};

use crate::protocol::{Bad, Fail, Failed, LayoutError, Ran, Report, SlotRow, Work};
use nix::errno::Errno;

/// What happened inside since the last time it was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    /// Nobody was looking: there are no probes.
    Nothing,
    /// Raw records, one after another, as the probes wrote them.
    Records(Vec<u8>),
    /// Events, as the model says them.
    Events(Vec<Event>),
}

/// The backing device of a program.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backing {
    /// Its pages. 0: there is none, whatever the rest says.
    pub pages: u64,
    /// Milliseconds that a write takes at least.
    pub delay_ms: u32,
    /// Milliseconds that a read takes at least.
    pub read_delay_ms: u32,
    /// What is below it.
    pub below: Disk,
    /// The block from which on it fails.
    pub bad_from: Option<u64>,
    /// What it fails there.
    pub bad: Bad,
}

/// The disk of a backing device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Disk {
    /// A RAM disk, which completes within the submission.
    #[default]
    Ram,
    /// A null block device, which completes in the interrupt of a timer.
    Null,
    /// A loop device, which completes from a worker.
    Loop,
    /// The virtual machine's disk, which completes in its own interrupt.
    Virtio,
}

impl Backing {
    /// The first bad block, if there is one.
    #[must_use]
    pub fn first_bad(&self) -> Option<u64> {
        self.bad_from.filter(|bad| *bad < self.pages)
    }

    /// Whether a RAM disk alone cannot be it.
    #[must_use]
    pub fn is_mapped(&self) -> bool {
        self.pages != 0 && (self.is_slow() || self.first_bad().is_some())
    }

    /// Whether it completes only after the submission.
    #[must_use]
    pub fn is_slow(&self) -> bool {
        self.delay_ms != 0 || self.read_delay_ms != 0 || self.below != Disk::Ram
    }
}

/// What a workload came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Worked {
    /// What it succeeded with.
    pub value: u64,
    /// What it says of itself.
    pub report: Report,
}

/// A kernel with zram, a backing device for it, and eyes inside.
pub trait World: Port {
    /// Removes every device that was added, makes the backing device anew and zeroed, and forgets what was
    /// seen so far.
    ///
    /// # Errors
    /// When the clean state cannot be reached.
    fn begin(&mut self, backing: Backing) -> Result<(), Trouble>;

    /// Says no to an operation on a device that is not the test's own.
    ///
    /// # Errors
    /// [`Trouble::Foreign`].
    fn own(&mut self, dev: u32) -> Result<(), Trouble>;

    /// Whether the device's folder holds something of this name. A world without folders has no names
    /// beyond those of zram.
    fn has_attr(&mut self, _dev: u32, _name: &str) -> bool {
        false
    }

    /// Whether the path leads to a disk that is not the test's own. A world without disks of others has none.
    fn is_others_disk(&mut self, _path: &[u8]) -> bool {
        false
    }

    /// The path of the backing device.
    fn backing_path(&self) -> &str;

    /// Bytes of blocks of the backing device, read past zram; fewer where the device ends.
    ///
    /// # Errors
    /// The errno of the open or the read.
    fn read_blocks(&mut self, first: u64, count: u32) -> Result<Vec<u8>, Errno>;

    /// The rows of a device's slot table that are not all zero; the device is initialised and has
    /// this many slots. `None`: this world has no eyes.
    ///
    /// # Errors
    /// When the snapshot fails.
    fn slot_table(&mut self, dev: u32, slots: u32) -> Result<Option<Vec<SlotRow>>, Trouble>;

    /// The size classes of a device's pool; the device is initialised.
    ///
    /// # Errors
    /// When the snapshot fails or this world has no eyes.
    fn classes(&mut self, dev: u32) -> Result<Vec<ClassEntry>, Trouble>;

    /// Takes what was seen since the last call.
    ///
    /// # Errors
    /// When it cannot be taken.
    fn take_events(&mut self) -> Result<Seen, Trouble>;

    /// What was lost. `None`: nothing was watched.
    ///
    /// # Errors
    /// When the counters cannot be read.
    fn health(&mut self) -> Result<Option<Health>, Trouble>;

    /// Lines that the kernel logged since the last call, each as `<level> text`.
    fn kernel_log(&mut self) -> Vec<String>;

    /// Has the kernel do something of which only it knows what bios it becomes, and waits until nothing goes on any more.
    ///
    /// # Errors
    /// When it cannot be done here: a model alone does not know what a kernel would do.
    fn work(&mut self, dev: u32, work: Work<'_>) -> Result<Result<Worked, Errno>, Trouble>;

    /// From now on an allocation fails, as said.
    ///
    /// # Errors
    /// When it cannot be arranged here.
    fn fail(&mut self, fail: Fail) -> Result<(), Trouble>;

    /// Whether [`World::fail`] is in force.
    fn is_failing(&self) -> bool;

    /// No more of that; how many allocations of the kind there were. `None`: nothing was to fail.
    ///
    /// # Errors
    /// When nobody can say.
    fn relent(&mut self) -> Result<Option<Failed>, Trouble>;

    /// Runs a program to its end.
    ///
    /// # Errors
    /// When it cannot be started, or this world runs none: only one that is a machine of the test's own does.
    fn run(&mut self, words: &[String]) -> Result<Ran, Trouble> {
        let _ = words;
        Err(Trouble::Programs)
    }

    /// Lets time pass.
    fn sleep(&mut self, millis: u32);

    /// Returns at a moment in which the kernel's coarse clock and the fine one agree on the second
    /// of boot time, and will for a while.
    fn steady_clock(&mut self);
}

/// Why there is no answer: the machine is not fit for the test, or the operation cannot be meant.
#[derive(Debug, Error)]
pub enum Trouble {
    /// Preparing the world failed.
    #[error(transparent)]
    Setup(#[from] SetupError),
    /// The buffer's layout cannot be meant.
    #[error("the layout of the operation is wrong: {0}")]
    Layout(#[from] LayoutError),
    /// The operation names a device that the test did not add.
    #[error(
        "zram{dev} was there before the test or was not added by it; only devices that the test adds are touched"
    )]
    Foreign {
        /// The device's number.
        dev: u32,
    },
    /// A program, where none is run.
    #[error("programs are run only in a virtual machine of which the agent is the first process")]
    Programs,
    /// A disk that the test did not make.
    #[error("{path} is a disk that the test did not make, and writeback would overwrite it; give $BACKING")]
    ForeignDisk {
        /// Its path.
        path: String,
    },
    /// A backing device on two disks.
    #[error("backing_interrupts and backing_below name two disks, and a backing device is on one")]
    TwoDisks,
    /// An attribute that is none of zram's.
    #[error(
        "{attr} is no attribute of zram: the block layer or the driver core answers for it, and the model has \
         neither; `get` and `set` take zram's own attributes"
    )]
    NotOfZram {
        /// Its name.
        attr: String,
    },
    /// A call that workers do not make beside others.
    #[error(
        "{attr} is not written beside other calls: what came of it would depend on moments that leave no trace"
    )]
    NotBeside {
        /// What was asked for.
        attr: String,
    },
    /// A device that cannot be looked at after every operation.
    #[error(
        "zram{dev} would have {slots} slots; all of them are looked at after every operation, so that a device may \
         have at most {limit} (a disksize of 256M)"
    )]
    TooLarge {
        /// The device's number.
        dev: u32,
        /// Its slots.
        slots: u64,
        /// The most.
        limit: u64,
    },
    /// A number that no test needs and no machine could take.
    #[error("{what} of {asked} is more than the {limit} that an operation may have")]
    TooMuch {
        /// What the number counts.
        what: &'static str,
        /// The number.
        asked: u64,
        /// The most.
        limit: u64,
    },
    /// A snapshot, or the counters of the probes.
    #[error("the probes failed: {0}")]
    Probe(#[from] ProbeError),
    /// An operation needs probes and there are none.
    #[error("{what} needs probes, and the agent runs with --no-probes")]
    NoProbes {
        /// What needs them.
        what: &'static str,
    },
    /// The model of zram is none of swap or of file systems.
    #[error(
        "{work} cannot be simulated: which bios it becomes is decided outside zram; run it on a kernel, and the model \
         follows what is observed"
    )]
    NotSimulated {
        /// The operation.
        work: &'static str,
    },
    /// An allocation was to fail in an operation of which that cannot be said.
    #[error("after fail comes an operation whose own call allocates, and {op} is none: {why}")]
    NothingToFail {
        /// The operation.
        op: &'static str,
        /// Why not.
        why: &'static str,
    },
    /// The kernel answered in a form that we cannot read.
    #[error("{what} reads {text:?}, which is not {expected}")]
    Unreadable {
        /// What was read.
        what: String,
        /// Its text.
        text: String,
        /// What it should be.
        expected: &'static str,
    },
}

impl Trouble {
    /// A failed step of setting up.
    pub(crate) fn setup(doing: impl Into<String>, source: impl Into<std::io::Error>) -> Self {
        Self::Setup(SetupError { doing: doing.into(), source: source.into() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_block_beyond_the_device_is_none() {
        let backing = |pages, bad| Backing { pages, bad_from: Some(bad), ..Backing::default() };
        for (backing, first) in
            [(backing(8, 0), Some(0)), (backing(8, 7), Some(7)), (backing(8, 8), None), (backing(0, 0), None)]
        {
            assert_eq!((backing.first_bad(), backing.is_mapped()), (first, first.is_some()), "{backing:?}");
        }
        assert!(Backing { delay_ms: 1, ..backing(8, 8) }.is_mapped());
    }
}
