//! Writeback requests under way, while the pass goes on.
//!
//! A completion may come at any moment between two things the pass does. To give it the chance, the
//! requests stand between the pass and its environment: before each event of the pass the
//! environment is asked whether a completion comes first. On a device that completes within the
//! submission nothing is ever asked.

use std::collections::VecDeque;

use zram_events::{Context, DeviceId, Event};

use crate::{
    bio::{Bio, BioStatus, Memory},
    complaint::Complaint,
    contention::Contention,
    context::Call,
    environment::{Allocation, BackingRequest, ClockUse, Codec, Completion, Environment, Hazard, Step},
    errno::Errno,
    mutation::Mutation,
    page::PageBytes,
    site::{Site, SiteSet},
    view::{BlockContent, Moment},
};

/// `struct zram_wb_req`, from its submission on.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) request: BackingRequest,
    /// What goes to the device.
    pub(super) content: BlockContent,
    /// Its page.
    pub(super) buffer: Buffer,
    /// `bi_status`, once it has completed.
    pub(super) status: u8,
}

/// Requests under way and finished (`struct zram_wb_ctl`), over the pass's environment.
pub(super) struct InFlight<'a, E: ?Sized> {
    env: &'a mut E,
    silent: SiteSet,
    /// Submitted, not completed.
    pending: Vec<Request>,
    /// Reported as complete, and perhaps not yet on the list when the pass looked at it: on another processor, they come
    /// while the pass goes from one event to the next, and between the entry of `zram_writeback_endio` and its `list_add`
    /// some time passes.
    reported: VecDeque<Request>,
    /// Completed, not yet processed: the last completed is at the end.
    done: Vec<Request>,
    /// The last request that completed other than within its submission.
    last_later: Option<BackingRequest>,
    fifo: bool,
}

impl<'a, E: Environment + ?Sized> InFlight<'a, E> {
    pub(super) fn new(env: &'a mut E, silent: SiteSet, fifo: bool) -> Self {
        Self {
            env,
            silent,
            pending: Vec::new(),
            reported: VecDeque::new(),
            done: Vec::new(),
            last_later: None,
            fifo,
        }
    }

    /// Whether any request is under way or waits to be processed (`num_inflight`).
    pub(super) fn any(&self) -> bool {
        !self.pending.is_empty() || !self.reported.is_empty() || !self.done.is_empty()
    }

    /// `submit_bio` of a request.
    pub(super) fn submit(&mut self, mut request: Request) {
        match self.env.submit_backing(request.request) {
            Completion::Now(status) => {
                request.status = status;
                self.endio(request);
                self.list(usize::MAX);
            }
            Completion::Later => self.pending.push(request),
        }
    }

    /// Waits until a request is done (`wait_event` on `done_wait`). False if none ever will be.
    pub(super) fn wait(&mut self) -> bool {
        while self.done.is_empty() {
            if !self.reported.is_empty() {
                self.list(1);
                continue;
            }
            if self.pending.is_empty() {
                return false;
            }
            let steps: Vec<Step> = self.pending.iter().map(step).collect();
            let choice = self.env.choose(&steps);
            self.complete(if choice < steps.len() { choice } else { 0 });
        }
        true
    }

    /// The next finished request: the one that finished last.
    pub(super) fn take_done(&mut self) -> Option<Request> {
        self.let_complete();
        if !self.reported.is_empty() {
            let requests: Vec<_> = self.reported.iter().map(|reported| reported.request).collect();
            let listed = self.env.listed(&requests);
            self.list(listed);
        }
        if self.fifo && !self.done.is_empty() {
            return Some(self.done.remove(0));
        }
        self.done.pop()
    }

    /// The end of a pass that does not wait for the completions themselves to be through (before bf62f69574b1): the last one
    /// may still be about to wake somebody.
    pub(super) fn free_control_block(&mut self) {
        if let Some(request) = self.last_later
            && !self.env.endio_returned(request)
        {
            self.env.hazard(Hazard::ControlBlockFreed);
        }
    }

    /// Completions that come before the pass's next event.
    fn let_complete(&mut self) {
        while !self.pending.is_empty() {
            let mut steps = vec![Step::Continue];
            steps.extend(self.pending.iter().map(step));
            match self.env.choose(&steps).checked_sub(1) {
                Some(at) if at < self.pending.len() => self.complete(at),
                _ => return,
            }
        }
    }

    fn complete(&mut self, at: usize) {
        let mut request = self.pending.remove(at);
        self.last_later = Some(request.request);
        request.status = self.env.complete_backing(request.request);
        self.endio(request);
    }

    /// `zram_writeback_endio`
    fn endio(&mut self, request: Request) {
        let BackingRequest { slot, block, .. } = request.request;
        if !self.silent.contains(Site::WritebackEndio) {
            self.env.emit(Event::WritebackEndio { slot, block, status: request.status });
        }
        self.reported.push_back(request);
    }

    /// The first so many of those reported are on the list now.
    fn list(&mut self, count: usize) {
        let count = count.min(self.reported.len());
        self.done.extend(self.reported.drain(..count));
    }
}

fn step(request: &Request) -> Step {
    Step::WritebackEndio { slot: request.request.slot, block: request.request.block }
}

impl<E: Environment + ?Sized> Environment for InFlight<'_, E> {
    fn emit(&mut self, event: Event) {
        self.let_complete();
        // Completions come one after the other: all but the last are through with what they do.
        self.list(self.reported.len().saturating_sub(1));
        self.env.emit(event);
    }

    fn complain(&mut self, complaint: Complaint) {
        self.env.complain(complaint);
    }

    fn compress(&mut self, codec: Codec, page: &PageBytes) -> Result<u32, Errno> {
        self.env.compress(codec, page)
    }

    fn compress_into(&mut self, codec: Codec, page: &PageBytes, out: &mut Vec<u8>) -> Result<u32, Errno> {
        self.env.compress_into(codec, page, out)
    }

    fn decompress(&mut self, codec: Codec, bytes: &[u8], page: &mut PageBytes) -> Result<(), Errno> {
        self.env.decompress(codec, bytes, page)
    }

    fn compress_again(&mut self, codec: Codec, was: u32) -> Result<u32, Errno> {
        self.env.compress_again(codec, was)
    }

    fn submitter(&self) -> Context {
        self.env.submitter()
    }

    fn boot_seconds(&mut self, asked: ClockUse) -> u32 {
        self.env.boot_seconds(asked)
    }

    fn boot_nanoseconds(&mut self, asked: ClockUse) -> u64 {
        self.env.boot_nanoseconds(asked)
    }

    fn open_backing(&mut self, path: &str) -> Result<u64, Errno> {
        self.env.open_backing(path)
    }

    fn backing_path(&mut self, path: &str) -> String {
        self.env.backing_path(path)
    }

    fn complete_backing(&mut self, request: BackingRequest) -> u8 {
        self.env.complete_backing(request)
    }

    fn listed(&mut self, reported: &[BackingRequest]) -> usize {
        self.env.listed(reported)
    }

    fn watches(&self) -> bool {
        self.env.watches()
    }

    fn moment(&mut self, moment: &Moment<'_>) {
        let requests = self.pending.iter().chain(&self.reported).chain(&self.done);
        let in_flight = requests.map(|request| request.request).collect();
        self.env.moment(&Moment { in_flight, ..moment.clone() });
    }

    fn endio_returned(&mut self, request: BackingRequest) -> bool {
        self.env.endio_returned(request)
    }

    fn hazard(&mut self, hazard: Hazard) {
        self.env.hazard(hazard);
    }

    fn intrude(&mut self, dev: DeviceId) -> Option<(Bio, Memory)> {
        self.let_complete();
        self.env.intrude(dev)
    }

    fn intruded(&mut self, bio: Bio, memory: Memory, status: BioStatus) {
        self.env.intruded(bio, memory, status);
    }

    fn read_dictionary(&mut self, path: &str) -> Result<u64, Errno> {
        self.env.read_dictionary(path)
    }

    fn decompress_foreign(
        &mut self,
        found: Option<&BlockContent>,
        len: u32,
        codec: Codec,
    ) -> Result<Option<Box<PageBytes>>, Errno> {
        self.env.decompress_foreign(found, len, codec)
    }

    fn undetermined(&mut self, page: usize) {
        self.env.undetermined(page);
    }

    fn later_read_back_is_last(&mut self, page: usize, contents: [&BlockContent; 2]) -> bool {
        self.env.later_read_back_is_last(page, contents)
    }

    fn overwritten(&mut self, page: usize) -> bool {
        self.env.overwritten(page)
    }

    fn submit_backing(&mut self, request: BackingRequest) -> Completion {
        self.env.submit_backing(request)
    }

    /// Steps of another task's read-back, which completions of the pass may precede too.
    fn choose(&mut self, ready: &[Step]) -> usize {
        self.let_complete();
        self.env.choose(ready)
    }

    fn allocate(&mut self, what: Allocation) -> bool {
        self.env.allocate(what)
    }

    fn contended(&mut self, what: Contention) -> bool {
        self.env.contended(what)
    }
}

/// The page of a request: its first so many bytes were written in this pass. What is behind them is what some page of the kernel's held.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Buffer(pub(super) u32);

/// The requests that a pass has to hand (`idle_reqs`). The last to come back is the first to go out again, so that those that were never
/// out are all alike and at the bottom.
pub(super) struct Batch {
    /// Not allocated in the model yet.
    fresh: u32,
    next: u32,
    /// Allocated, idle, and never out.
    unused: u32,
    /// Idle again: the last to come back is at the end.
    idle: Vec<Buffer>,
}

impl Batch {
    /// `init_wb_ctl`: as many as the batch size says and memory allows; none at all is an error.
    pub(super) fn new(size: u32, call: &mut Call<'_, impl Environment + ?Sized>) -> Result<Self, Errno> {
        let room = u32::try_from(call.profile.memory >> call.profile.page_size.shift()).unwrap_or(u32::MAX);
        let size = size.min(room);
        let ahead = if call.profile.batch_in_advance { size } else { size.min(1) };
        let got = (0..ahead)
            .find(|index| !call.env.allocate(Allocation::WritebackRequest { index: *index }))
            .unwrap_or(ahead);
        if got == 0 || got < ahead && call.broken(Mutation::ShortBatchRefused) {
            return Err(Errno::ENOMEM);
        }
        let fresh = if got == ahead { size - got } else { 0 };
        Ok(Self { fresh, next: got, unused: got, idle: Vec::new() })
    }

    /// `zram_select_idle_req`
    pub(super) fn take(&mut self, env: &mut (impl Environment + ?Sized)) -> Option<Buffer> {
        if let Some(buffer) = self.idle.pop() {
            return Some(buffer);
        }
        if self.unused == 0 && self.fresh > 0 {
            if env.allocate(Allocation::WritebackRequest { index: self.next }) {
                (self.fresh, self.next, self.unused) = (self.fresh - 1, self.next + 1, 1);
            } else {
                self.fresh = 0;
            }
        }
        self.unused = self.unused.checked_sub(1)?;
        Some(Buffer::default())
    }

    /// A request is idle again.
    pub(super) fn put(&mut self, buffer: Buffer) {
        self.idle.push(buffer);
    }
}
