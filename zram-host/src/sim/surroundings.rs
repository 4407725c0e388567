//! What is around the module: the model's own questions, and a clock for the port.

use std::ops::RangeInclusive;

use zram_events::{BioOp, Context, DeviceId, Event};
use zram_model::{
    Allocation, BackingOp, BackingRequest, Bio, BioStatus, BlockContent, ClockUse, Codec, Complaint,
    Completion, Contention, Environment, Errno, Hazard, Memory, PageBytes, Step,
};

use super::{
    Ahead, BACKING, Disk, Following, MAPPED_BACKING, Seen, Turn,
    paths::{Found, find},
};

/// The world around a simulated kernel: it answers the model's questions, and keeps the clock that
/// programs read. The backing device at [`BACKING`] is [`super::SimHost`]'s own; what is asked about
/// any other path comes here.
pub trait Surroundings: Environment {
    /// `CLOCK_BOOTTIME` in nanoseconds.
    fn boot_time(&mut self) -> u64;

    /// So many nanoseconds pass.
    fn pass(&mut self, nanoseconds: u64);

    /// From now on this is the backing device.
    fn disk(&mut self, disk: Disk) {
        let _ = disk;
    }

    /// Whether another task's bio is served now. `sent`: the pass has sent something to the backing device, and
    /// waits for it if that takes its time; which is as good a moment as any.
    fn lets_in(&mut self, dev: DeviceId, bio: &Bio, sent: bool) -> bool {
        let _ = (dev, bio);
        sent
    }

    /// How many bytes a bio has that began at this sector and was full, of a call that goes on behind it. Where the kernel makes one segment of
    /// pages that are neighbours in physical memory, the call alone does not say; without any, it has the fewest.
    fn bio_ends(&mut self, dev: DeviceId, op: BioOp, sector: u64, possible: RangeInclusive<u32>) -> u32 {
        let _ = (dev, op, sector);
        *possible.start()
    }

    /// Which of several tasks takes its next step: those that have one ahead are there. `step` counts the steps so far. By
    /// default they take turns.
    fn turn(&mut self, step: usize, ahead: &[Option<Ahead>]) -> Turn {
        Turn::rotating(step, ahead)
    }

    /// What a workload was seen to do next, on this device where nothing says another.
    fn follow(&mut self, dev: u32) -> Following {
        let _ = dev;
        Following::Unknown
    }

    /// What this compressor makes of a page. The model knows only how long that is; the bytes are
    /// asked for when somebody looks at a block of the backing device that holds a compressed
    /// object. `None`: nobody can say.
    fn object(&mut self, codec: Codec, page: &PageBytes) -> Option<Vec<u8>> {
        let _ = (codec, page);
        None
    }
}

/// Surroundings of one call, with somebody taking notes.
pub(super) struct Watched<'a, E> {
    pub(super) surroundings: &'a mut E,
    pub(super) seen: &'a mut Seen,
    pub(super) keeps_events: bool,
}

impl<E: Surroundings> Environment for Watched<'_, E> {
    fn emit(&mut self, event: Event) {
        if self.keeps_events {
            self.seen.events.push(event);
            if self.seen.thread != 0 {
                self.seen.threads.push(self.seen.thread);
            }
        }
        self.surroundings.emit(event);
    }

    fn complain(&mut self, complaint: Complaint) {
        self.seen.log.complain(complaint);
        self.surroundings.complain(complaint);
    }

    fn compress(&mut self, codec: Codec, page: &PageBytes) -> Result<u32, Errno> {
        self.surroundings.compress(codec, page)
    }

    fn compress_again(&mut self, codec: Codec, was: u32) -> Result<u32, Errno> {
        self.surroundings.compress_again(codec, was)
    }

    fn submitter(&self) -> Context {
        self.surroundings.submitter()
    }

    fn boot_seconds(&mut self, asked: ClockUse) -> u32 {
        self.surroundings.boot_seconds(asked)
    }

    fn boot_nanoseconds(&mut self, asked: ClockUse) -> u64 {
        self.surroundings.boot_nanoseconds(asked)
    }

    fn open_backing(&mut self, path: &str) -> Result<u64, Errno> {
        let clean = self.backing_path(path);
        if let Some(opened) = self.seen.stores.open(&clean) {
            return opened;
        }
        let (ours, pages) = (self.seen.backing_path(), self.seen.backing_pages);
        let disks: &[&str] = match (pages, ours) {
            (0, _) => &[],
            (_, BACKING) => &[BACKING],
            _ => &[BACKING, MAPPED_BACKING],
        };
        match find(path, &clean, disks) {
            Ok(Found::Disk(disk)) if disk == ours => Ok(pages),
            // The slow device has it open for itself.
            Ok(Found::Disk(_)) => Err(Errno::EBUSY),
            Err(Errno::ENOTDIR) => Err(Errno::ENOTDIR),
            _ => self.surroundings.open_backing(path),
        }
    }

    fn backing_path(&mut self, path: &str) -> String {
        self.surroundings.backing_path(path)
    }

    fn submit_backing(&mut self, request: BackingRequest) -> Completion {
        if request.op == BackingOp::Write {
            self.seen.touched.insert((request.dev.0, request.block.0));
        }
        let completion = self.surroundings.submit_backing(request);
        self.seen.waiting.sent |= request.op == BackingOp::Write && completion != Completion::Later;
        completion
    }

    fn complete_backing(&mut self, request: BackingRequest) -> u8 {
        self.surroundings.complete_backing(request)
    }

    fn later_read_back_is_last(&mut self, page: usize, contents: [&BlockContent; 2]) -> bool {
        self.surroundings.later_read_back_is_last(page, contents)
    }

    fn overwritten(&mut self, page: usize) -> bool {
        self.surroundings.overwritten(page)
    }

    fn listed(&mut self, reported: &[BackingRequest]) -> usize {
        self.surroundings.listed(reported)
    }

    fn endio_returned(&mut self, request: BackingRequest) -> bool {
        self.surroundings.endio_returned(request)
    }

    fn compress_into(&mut self, codec: Codec, page: &PageBytes, out: &mut Vec<u8>) -> Result<u32, Errno> {
        self.surroundings.compress_into(codec, page, out)
    }

    fn decompress(&mut self, codec: Codec, bytes: &[u8], page: &mut PageBytes) -> Result<(), Errno> {
        self.surroundings.decompress(codec, bytes, page)
    }

    fn contended(&mut self, what: Contention) -> bool {
        self.surroundings.contended(what)
    }

    fn hazard(&mut self, hazard: Hazard) {
        self.surroundings.hazard(hazard);
    }

    fn choose(&mut self, ready: &[Step]) -> usize {
        self.seen.waiting.sent |= !ready.contains(&Step::Continue);
        self.surroundings.choose(ready)
    }

    fn intrude(&mut self, dev: DeviceId) -> Option<(Bio, Memory)> {
        let sent = self.seen.waiting.sent;
        let bio = self.seen.waiting.next(dev)?;
        if !self.surroundings.lets_in(dev, bio, sent) {
            return None;
        }
        self.seen.waiting.let_in()
    }

    fn intruded(&mut self, bio: Bio, memory: Memory, status: BioStatus) {
        self.seen.waiting.finish(&bio, memory, status);
    }

    fn peak(&mut self, dev: DeviceId, low: u64, high: u64) -> u64 {
        self.surroundings.peak(dev, low, high)
    }

    fn allocate(&mut self, what: Allocation) -> bool {
        match &mut self.seen.failing {
            Some(failing) => failing.allocate(what),
            None => self.surroundings.allocate(what),
        }
    }

    fn read_dictionary(&mut self, path: &str) -> Result<u64, Errno> {
        self.surroundings.read_dictionary(path)
    }

    fn decompress_foreign(
        &mut self,
        found: Option<&BlockContent>,
        len: u32,
        codec: Codec,
    ) -> Result<Option<Box<PageBytes>>, Errno> {
        self.surroundings.decompress_foreign(found, len, codec)
    }

    fn undetermined(&mut self, page: usize) {
        self.seen.undetermined.insert(page);
        self.surroundings.undetermined(page);
    }
}
