//! The simulated side of the port: the model behind the block layer's part of a system call.
//!
//! The model takes bios. A program makes system calls. What lies between (the checks of `pread(2)` on
//! a block device, the cutting of a buffer into bios, the two discard `ioctl`s) belongs to the kernel's
//! block layer, not to zram; it is re-stated here, in `direct_io` and `range`, so that the same
//! program gets the same answers from both sides of the port, refusals included.
//!
//! What the model does not determine it asks of its [`Surroundings`], a trait: [`Simulated`] answers
//! from a compressor and a clock that stands still; a checker answers with what it observed.

mod direct_io;
mod failing;
mod files;
mod follow;
mod intercept;
mod log;
mod meanwhile;
mod paths;
mod probed;
mod range;
mod simulated;
mod storage;
mod surroundings;
mod together;

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use nix::errno::Errno;
use zram_events::{BioOp, Block, DeviceId, Event, Shortage, SlotIndex};
use zram_model::{
    BackingOp, BackingRequest, Bio, BioStatus, BlockContent, ClassView, Kernel, Memory, PageBytes, PageSize,
    Profile, SlotView,
};

pub use follow::{Followed, Following};
pub use intercept::{AttrWrite, When};
pub use simulated::{Compressor, Simulated};
pub use surroundings::Surroundings;
pub use together::{Ahead, Turn};

use crate::{
    meanwhile::{Ended, Errand, Io},
    port::{Buffer, Iovec, Port},
    together::{Act, TaskEnded},
};
use direct_io::{Direction, Pieces, Rules};
use failing::Failing;
use files::Files;
use intercept::Interceptor;
use log::Log;
use meanwhile::Waiting;
use storage::Stores;
use surroundings::Watched;

/// The path of the simulated backing device.
pub const BACKING: &str = "/dev/ram0";

/// Its path where it is one that takes its time to write, or has bad blocks.
pub const MAPPED_BACKING: &str = "/dev/zram-agent-mapped";

/// What stands in for the backing device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Disk {
    /// Its pages. 0: there is none.
    pub pages: u64,
    /// Whether a write takes its time.
    pub slow: bool,
    /// The block from which on it fails.
    pub bad_from: Option<u64>,
    /// Whether reads fail there.
    pub fails_reads: bool,
    /// Whether writes fail there.
    pub fails_writes: bool,
}

impl Disk {
    /// `blk_status_t` of a request: bad blocks fail.
    #[must_use]
    pub fn status(&self, request: BackingRequest) -> u8 {
        let fails = match request.op {
            BackingOp::Read => self.fails_reads,
            BackingOp::Write => self.fails_writes,
        };
        let bad = fails && self.bad_from.is_some_and(|bad| request.block.0 >= bad);
        if bad { BioStatus::IO_ERROR.0 } else { BioStatus::OK.0 }
    }
}

/// The model as a kernel with zram.
#[derive(Clone, Debug)]
pub struct SimHost<E> {
    kernel: Kernel,
    surroundings: E,
    devices: BTreeSet<u32>,
    held: BTreeMap<u32, u32>,
    seen: Seen,
    files: Files,
    /// Why nothing can look into it, if so.
    unprobed: Option<String>,
    /// Whether events are kept until they are taken.
    keeps_events: bool,
    /// How long it was suspended.
    suspended: Duration,
    /// What the clock on the wall said at boot.
    wall: Duration,
    /// Who stands between it and programs.
    interceptor: Option<Interceptor>,
}

/// Some time in 2026.
const BOOTED: Duration = Duration::from_secs(1_780_000_000);

/// What is kept of a run beside the model's own state.
#[derive(Clone, Debug, Default)]
struct Seen {
    events: Vec<Event>,
    /// The thread beside each event of several tasks.
    threads: Vec<u32>,
    /// That of the task at work: 0 where there is only one.
    thread: u32,
    undetermined: BTreeSet<usize>,
    log: Log,
    stores: Stores,
    /// Pages of the backing device; 0: there is none.
    backing_pages: u64,
    /// Whether it is more than a RAM disk.
    mapped: bool,
    /// Blocks to which a write went, not yet looked at.
    touched: BTreeSet<(u32, u64)>,
    /// Another task's bios.
    waiting: Waiting,
    /// An allocation that is to fail.
    failing: Option<Failing>,
    /// What the backing device holds. The model forgets it when a device is reset; a disk does not.
    disk: BTreeMap<u64, BlockContent>,
}

impl Seen {
    fn backing_path(&self) -> &'static str {
        if self.mapped { MAPPED_BACKING } else { BACKING }
    }
}

impl<E: Surroundings> SimHost<E> {
    /// A kernel just booted, with zram loaded and no device.
    #[must_use]
    pub fn new(profile: Profile, surroundings: E) -> Self {
        Self {
            files: Files::new(&profile),
            kernel: Kernel::new(profile),
            surroundings,
            devices: BTreeSet::new(),
            held: BTreeMap::new(),
            seen: Seen::default(),
            unprobed: None,
            keeps_events: true,
            suspended: Duration::ZERO,
            wall: BOOTED,
            interceptor: None,
        }
    }

    /// Starts again: no devices, ordinals from 0, and a zeroed backing device, at [`MAPPED_BACKING`] or at
    /// [`BACKING`]. The surroundings stay.
    pub fn restart(&mut self, disk: Disk) {
        self.kernel = Kernel::new(self.kernel.profile().clone());
        self.devices.clear();
        self.held.clear();
        let mapped = disk.pages != 0 && (disk.slow || disk.bad_from.is_some());
        self.seen = Seen { backing_pages: disk.pages, mapped, ..Seen::default() };
        self.surroundings.disk(disk);
    }

    /// The path of the backing device.
    #[must_use]
    pub fn backing_path(&self) -> &'static str {
        self.seen.backing_path()
    }

    /// The model.
    #[must_use]
    pub fn kernel(&self) -> &Kernel {
        &self.kernel
    }

    /// What the model asks.
    #[must_use]
    pub fn surroundings(&self) -> &E {
        &self.surroundings
    }

    /// What the model asks.
    pub fn surroundings_mut(&mut self) -> &mut E {
        &mut self.surroundings
    }

    /// Takes what happened since the last call.
    pub fn take_events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.seen.events)
    }

    /// Takes the threads beside the events of the last [`Port::together`].
    pub fn take_threads(&mut self) -> Vec<u32> {
        std::mem::take(&mut self.seen.threads)
    }

    /// Takes the lines that the kernel wrote into its log since the last call, each as `<level> text`: of a complaint
    /// the lines that name it, without registers and addresses.
    pub fn take_kernel_log(&mut self) -> Vec<String> {
        self.seen.log.take()
    }

    /// Takes the pages of the last read's arena of which the model cannot say what they hold, since
    /// it carries no compressed bytes.
    pub fn take_undetermined(&mut self) -> BTreeSet<usize> {
        std::mem::take(&mut self.seen.undetermined)
    }

    /// From now on this is called before and after each write to an attribute. [`When::Before`] it may answer for the kernel.
    pub fn intercept(&mut self, call: impl FnMut(When, AttrWrite<'_>) -> Option<Errno> + 'static) {
        self.interceptor = Some(Interceptor::new(call));
    }

    /// No more.
    pub fn let_through(&mut self) {
        self.interceptor = None;
    }

    /// From now on allocations of this kind are counted, and the `nth`, from 1, fails. No other does.
    pub fn fail(&mut self, shortage: Shortage, nth: u32) {
        self.seen.failing = Some(Failing::new(shortage, nth));
    }

    /// Whether an allocation is to fail.
    #[must_use]
    pub fn is_failing(&self) -> bool {
        self.seen.failing.is_some()
    }

    /// No more of that; how many such allocations there were, and how many of them failed.
    pub fn relent(&mut self) -> Option<(u32, u32)> {
        self.seen.failing.take().map(Failing::counts)
    }

    /// Pages of the backing device.
    #[must_use]
    pub fn backing_pages(&self) -> u64 {
        self.seen.backing_pages
    }

    fn page_size(&self) -> PageSize {
        self.kernel.profile().page_size
    }

    /// How this kernel cuts a call into bios.
    fn rules(&self) -> Rules {
        let profile = self.kernel.profile();
        let pieces =
            if profile.behaviours.pieces_in_blocks { Pieces::WholeBlocks } else { Pieces::WholeSectors };
        Rules { page: profile.page_size, pieces, neighbours_merged: profile.behaviours.neighbours_merged }
    }

    /// The bytes of a block of the backing device. Where the model knows only what was compressed,
    /// the surroundings say what came out ([`Surroundings::object`]), and a block of which nobody can
    /// say it reads as zeros.
    pub fn block(&mut self, block: u64) -> Box<PageBytes> {
        let mut bytes: Box<PageBytes> = vec![0; self.page_size().as_usize()].into();
        match self.seen.disk.get(&block) {
            None | Some(BlockContent::Untouched | BlockContent::Unknown) => {}
            Some(BlockContent::Raw(page)) => bytes.copy_from_slice(page),
            Some(
                BlockContent::Compressed { codec, page, .. } | BlockContent::Unclean { codec, page, .. },
            ) => {
                let object = self.surroundings.object(*codec, page).unwrap_or_default();
                for (byte, object) in bytes.iter_mut().zip(object) {
                    *byte = object;
                }
            }
        }
        bytes
    }

    /// The slot table.
    ///
    /// # Errors
    /// `ENOENT` if there is no such device.
    pub fn slots(&self, dev: u32) -> Result<Vec<SlotView>, Errno> {
        self.kernel.slots(DeviceId(dev)).map_err(errno)
    }

    /// The pool's classes.
    ///
    /// # Errors
    /// `ENOENT` if there is no such device.
    pub fn classes(&self, dev: u32) -> Result<Vec<ClassView>, Errno> {
        self.kernel.classes(DeviceId(dev)).map_err(errno)
    }

    /// Swap tells that a slot of its area is free (`zram_slot_free_notify`).
    ///
    /// # Errors
    /// `ENOENT` if there is no such device or slot.
    pub fn swap_slot_free(&mut self, dev: u32, slot: u64) -> Result<(), Errno> {
        let slot = SlotIndex(u32::try_from(slot).map_err(|_| Errno::ENOENT)?);
        self.call(|kernel, env| kernel.slot_free_notify(DeviceId(dev), slot, false, env)).map_err(errno)
    }

    /// Runs a call of the model in surroundings that take note.
    fn call<T>(&mut self, call: impl FnOnce(&mut Kernel, &mut Watched<'_, E>) -> T) -> T {
        let mut watched = Watched {
            surroundings: &mut self.surroundings,
            seen: &mut self.seen,
            keeps_events: self.keeps_events,
        };
        call(&mut self.kernel, &mut watched)
    }

    /// Keeps what the blocks hold to which writes went, before the model may forget it.
    fn look_at_blocks(&mut self) {
        for (dev, block) in std::mem::take(&mut self.seen.touched) {
            let content = self.kernel.block(DeviceId(dev), Block(block));
            self.seen.disk.insert(block, content);
        }
    }

    fn exists(&self, dev: u32) -> bool {
        self.kernel.slots(DeviceId(dev)).is_ok()
    }

    /// Bytes of the block device: `disksize`, and 0 before that is set.
    fn size(&self, dev: u32) -> Result<u64, Errno> {
        let text = self.kernel.read_attr(DeviceId(dev), "disksize").map_err(errno)?;
        Ok(String::from_utf8_lossy(&text).trim_end().parse().unwrap_or(0))
    }

    /// Does something with the block device open.
    fn opened<T>(&mut self, dev: u32, call: impl FnOnce(&mut Self) -> Result<T, Errno>) -> Result<T, Errno> {
        self.kernel.open(DeviceId(dev)).map_err(errno)?;
        let result = call(self);
        self.kernel.close(DeviceId(dev)).map_err(errno)?;
        result
    }

    fn submit(&mut self, dev: u32, bio: &Bio, memory: &mut Memory) -> BioStatus {
        self.call(|kernel, env| kernel.submit(DeviceId(dev), bio, memory, env))
    }

    /// A read or write: cut into bios, submitted in order; the first error counts.
    fn transfer(
        &mut self,
        dev: u32,
        direction: Direction,
        at: u64,
        buffer: Buffer<'_>,
    ) -> Result<usize, Errno> {
        let Buffer { arena, pieces } = buffer;
        check(arena, pieces, self.page_size())?;
        let (size, rules) = (self.size(dev)?, self.rules());
        let plan = direct_io::plan(direction, at, size, pieces, rules, &mut |op, sector, possible| {
            self.surroundings.bio_ends(DeviceId(dev), op, sector, possible)
        })?;
        let mut memory = Memory(arena.to_vec());
        let mut worst = BioStatus::OK;
        // Nobody waits for one bio before the next is submitted.
        let ended = self.call(|kernel, env| kernel.submit_all(DeviceId(dev), &plan.bios, &mut memory, env));
        for status in ended {
            if worst == BioStatus::OK {
                worst = status;
            }
        }
        arena.copy_from_slice(&memory.0);
        if let Some(refused) = plan.refused {
            return Err(refused);
        }
        worst.into_result().map_err(errno)?;
        Ok(plan.bios.iter().map(|bio| bio.size() as usize).sum())
    }

    /// A discard or a zeroing of a range.
    fn ranged(&mut self, dev: u32, op: BioOp, at: u64, bytes: u64) -> Result<(), Errno> {
        let mut bios = range::bios(op, at, bytes, self.size(dev)?)?;
        let mut memory = Memory::default();
        let page = self.page_size();
        if op == BioOp::WriteZeroes && page != PageSize::KIB_4 {
            bios = bios.iter().flat_map(|bio| range::zero_writes(bio, page)).collect();
            memory.0.resize(page.as_usize(), 0);
        }
        let mut worst = BioStatus::OK;
        for bio in &bios {
            let status = self.submit(dev, bio, &mut memory);
            if worst == BioStatus::OK {
                worst = status;
            }
        }
        range::outcome(op, worst)
    }
}

/// What the live side checks too: the arena is whole pages and holds the pieces.
fn check(arena: &[u8], pieces: &[Iovec], page: PageSize) -> Result<(), Errno> {
    let inside = |piece: &Iovec| piece.start.checked_add(piece.len).is_some_and(|end| end <= arena.len());
    if arena.len().is_multiple_of(page.as_usize()) && pieces.iter().all(inside) {
        Ok(())
    } else {
        Err(Errno::EFAULT)
    }
}

fn errno(errno: zram_model::Errno) -> Errno {
    Errno::from_raw(errno.number())
}

impl<E: Surroundings> Port for SimHost<E> {
    fn hot_add(&mut self) -> Result<u32, Errno> {
        let DeviceId(dev) = self.call(|kernel, env| kernel.hot_add(env)).map_err(errno)?;
        self.devices.insert(dev);
        Ok(dev)
    }

    fn hot_remove(&mut self, text: &[u8]) -> Result<usize, Errno> {
        let taken = self.call(|kernel, env| kernel.hot_remove(text, env)).map_err(errno);
        let gone = self.devices.iter().copied().filter(|dev| !self.exists(*dev)).collect::<Vec<_>>();
        for dev in gone {
            self.devices.remove(&dev);
        }
        self.settle_stores();
        taken
    }

    fn devices(&mut self) -> Result<Vec<u32>, Errno> {
        Ok(self.devices.iter().copied().collect())
    }

    fn read_attr(&mut self, dev: u32, name: &str) -> Result<Vec<u8>, Errno> {
        // Not zram's own: every block device has it.
        if name == "dev" && self.exists(dev) {
            return Ok(format!("254:{dev}\n").into_bytes());
        }
        self.kernel.read_attr(DeviceId(dev), name).map_err(errno)
    }

    fn write_attr(&mut self, dev: u32, name: &str, text: &[u8]) -> Result<usize, Errno> {
        let write = AttrWrite { dev, name, text };
        let interceptor = self.interceptor.clone();
        if let Some(errno) = interceptor.as_ref().and_then(|it| it.call(When::Before, write)) {
            return Err(errno);
        }
        if let Some(failing) = &mut self.seen.failing {
            failing.within(name);
        }
        let taken = self.call(|kernel, env| kernel.write_attr(DeviceId(dev), name, text, env));
        self.look_at_blocks();
        if name == "reset" {
            self.settle_stores();
        }
        if let Some(interceptor) = interceptor {
            interceptor.call(When::After, write);
        }
        taken.map_err(errno)
    }

    fn hold(&mut self, dev: u32) -> Result<(), Errno> {
        self.kernel.open(DeviceId(dev)).map_err(errno)?;
        *self.held.entry(dev).or_default() += 1;
        Ok(())
    }

    fn release(&mut self, dev: u32) -> Result<(), Errno> {
        let held = self.held.get_mut(&dev).filter(|held| **held > 0).ok_or(Errno::EBADF)?;
        *held -= 1;
        self.kernel.close(DeviceId(dev)).map_err(errno)
    }

    fn write(&mut self, dev: u32, at: u64, buffer: Buffer<'_>) -> Result<usize, Errno> {
        self.opened(dev, |host| host.transfer(dev, Direction::Write, at, buffer))
    }

    fn read(&mut self, dev: u32, at: u64, buffer: Buffer<'_>) -> Result<usize, Errno> {
        self.seen.undetermined.clear();
        self.opened(dev, |host| host.transfer(dev, Direction::Read, at, buffer))
    }

    fn discard(&mut self, dev: u32, at: u64, bytes: u64) -> Result<(), Errno> {
        self.opened(dev, |host| host.ranged(dev, BioOp::Discard, at, bytes))
    }

    fn zero_out(&mut self, dev: u32, at: u64, bytes: u64) -> Result<(), Errno> {
        self.opened(dev, |host| host.ranged(dev, BioOp::WriteZeroes, at, bytes))
    }

    fn meanwhile(&mut self, dev: u32, errand: Errand<'_>, io: Vec<Io<'_>>) -> Ended {
        self.during(dev, errand, io)
    }

    fn together(&mut self, dev: u32, tasks: Vec<Vec<Act<'_>>>) -> Vec<TaskEnded> {
        self.beside_each_other(dev, tasks)
    }

    fn block_state(&mut self, dev: u32, position: u64, bytes: usize) -> Result<Vec<u8>, Errno> {
        let read = self.kernel.block_state(DeviceId(dev), position, bytes).map_err(errno);
        // The file is opened first; then a position beyond the largest file is refused before zram sees it.
        let end = position.checked_add(bytes as u64).and_then(|end| i64::try_from(end).ok());
        match read {
            Err(Errno::ENOENT) => Err(Errno::ENOENT),
            _ if end.is_none() => Err(Errno::EINVAL),
            read => read.map(|(text, _)| text),
        }
    }

    fn boot_time(&mut self) -> u64 {
        self.surroundings.boot_time()
    }

    /// Every nanosecond is a tick.
    fn boot_tick(&mut self) -> u64 {
        self.surroundings.boot_time()
    }
}
