//! Read-back: what happens to a read after its slot turned out to be on the backing device.
//!
//! zram submits a bio of its own for each such slot and returns. Those bios go out only then, and
//! each writes its block over the whole page of memory. With compressed writeback the bytes are
//! decompressed in place by a work item, because completion may come in interrupt context. The parent
//! completes with the last of them. Which step comes when is the environment's to say.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use zram_events::{Block, Context, Event, SlotIndex};

use super::{
    device::Live,
    slot::flag::{HUGE, WB},
    stats::add,
};
use crate::{
    behaviours::ReadBackRequest,
    bio::{BioStatus, Memory},
    context::Call,
    environment::{BackingOp, BackingRequest, Codec, Completion, Environment, Step},
    errno::Errno,
    mutation::Mutation,
    page::{PageBytes, PageSize},
    site::Site,
    view::BlockContent,
};

/// `struct zram_rb_req`
#[derive(Clone, Copy)]
pub(super) struct ReadBack {
    pub(super) request: BackingRequest,
    /// The page of memory that it fills.
    pub(super) page: usize,
    /// Which bio of the call it is for.
    pub(super) bio: usize,
}

/// The read-backs of one system call's bios.
pub(super) struct ReadBacks<'m> {
    /// Bios to the backing device, in the order of their submission.
    submitted: Vec<(ReadBack, Completion)>,
    /// Work items that wait for a worker.
    queued: VecDeque<ReadBack>,
    /// Work items that are between their beginning and the end of decompression.
    running: Vec<ReadBack>,
    pub(super) memory: &'m mut Memory,
    page_size: PageSize,
    /// Pages of memory whose bytes the model does not carry: they hold a compressed object (which one), or what
    /// the decompressor made of bytes that were none.
    opaque: BTreeMap<usize, Option<BlockContent>>,
    /// All that were ever on their way.
    sent: Vec<ReadBack>,
    /// Pages of memory that several of them fill, which were on their way together.
    disputed: BTreeSet<usize>,
    /// Pages of memory that a read-back has filled.
    filled: BTreeSet<usize>,
    /// How each of the bios ends.
    pub(super) statuses: Vec<BioStatus>,
}

/// What a chosen step is about.
enum Chosen {
    Continue,
    Endio(usize),
    Decompress(usize),
    Work(usize),
}

impl Live<'_> {
    pub(super) fn backing_request(&self, op: BackingOp, slot: SlotIndex, block: Block) -> BackingRequest {
        BackingRequest { dev: self.dev, op, slot, block }
    }

    /// Whatever happens to the read-backs of earlier bios before the submitting task's next move.
    pub(super) fn read_backs_go_on(
        &mut self,
        reads: &mut ReadBacks<'_>,
        call: &mut Call<'_, impl Environment + ?Sized>,
    ) {
        self.run_read_backs(reads, true, call);
    }

    /// Everything from the end of the last `zram_submit_bio` to the parents' completion: how each ended.
    pub(super) fn finish_read_backs(
        &mut self,
        mut reads: ReadBacks<'_>,
        call: &mut Call<'_, impl Environment + ?Sized>,
    ) -> Vec<BioStatus> {
        self.run_read_backs(&mut reads, false, call);
        for page in reads.opaque.keys() {
            call.env.undetermined(*page);
        }
        reads.statuses
    }

    fn run_read_backs(
        &mut self,
        reads: &mut ReadBacks<'_>,
        submitting: bool,
        call: &mut Call<'_, impl Environment + ?Sized>,
    ) {
        loop {
            self.overtake(reads);
            if reads.all_done() {
                return;
            }
            self.let_intrude(call);
            self.overtake(reads);
            match reads.choose(submitting, call) {
                None | Some(Chosen::Continue) => return,
                Some(Chosen::Endio(at)) => self.read_back_endio(reads, at, call),
                Some(Chosen::Work(at)) => self.read_back_work(reads, at, call),
                Some(Chosen::Decompress(at)) => {
                    let read = reads.running.remove(at);
                    self.decompress_in_place(reads, read, Context::Worker, call);
                }
            }
        }
    }

    /// A worker that has been seen to begin, and whose slot has changed since, had not yet locked it: nobody could have
    /// changed it otherwise. What it finds when it does is the end of its work, without an event.
    fn overtake(&self, reads: &mut ReadBacks<'_>) {
        let mut at = 0;
        while let Some(read) = reads.running.get(at).copied() {
            if self.needs_decompression(reads, read) {
                at += 1;
            } else {
                reads.running.remove(at);
            }
        }
    }

    /// `zram_async_read_endio`
    fn read_back_endio(
        &mut self,
        reads: &mut ReadBacks<'_>,
        at: usize,
        call: &mut Call<'_, impl Environment + ?Sized>,
    ) {
        let (read, completion) = reads.submitted.remove(at);
        let status = match completion {
            Completion::Now(status) => status,
            Completion::Later => call.env.complete_backing(read.request),
        };
        let BackingRequest { slot, block, .. } = read.request;
        let chained = call.behaviours().read_back_request == ReadBackRequest::Chained;
        if !chained {
            call.emit(Site::ReadBackEndio, Event::ReadBackEndio { slot, block, status });
        }
        if status != 0 {
            let parent = &mut reads.statuses[read.bio];
            if !chained || *parent == BioStatus::OK {
                *parent = BioStatus(status);
            }
            return;
        }
        reads.land(read.page, self.content(block), call);
        if !self.state.writeback.compressed {
            return;
        }
        if call.broken(Mutation::ReadBackInTask) {
            if self.needs_decompression(reads, read) {
                self.decompress_in_place(reads, read, Context::Task, call);
            }
            return;
        }
        reads.queued.push_back(read);
    }

    /// `zram_deferred_decompress`, up to the decompressor.
    fn read_back_work(
        &mut self,
        reads: &mut ReadBacks<'_>,
        at: usize,
        call: &mut Call<'_, impl Environment + ?Sized>,
    ) {
        let Some(read) = reads.queued.remove(at) else { return };
        let BackingRequest { slot, block, .. } = read.request;
        call.emit(Site::ReadBackWork, Event::ReadBackWork { slot, block, context: Context::Worker });
        if self.needs_decompression(reads, read) {
            reads.running.push(read);
        }
    }

    /// The checks of `decompress_bdev_page`: a slot that is gone is an error, a huge one is complete as it is.
    fn needs_decompression(&self, reads: &mut ReadBacks<'_>, read: ReadBack) -> bool {
        let slot = &self.disk.slots[read.request.slot.0 as usize];
        if !slot.has(WB) {
            reads.fill(read.page, BlockContent::Untouched);
            reads.statuses[read.bio] = BioStatus::IO_ERROR;
            return false;
        }
        !slot.has(HUGE)
    }

    /// The decompression of `decompress_bdev_page`, with the size and the algorithm that the slot has now.
    fn decompress_in_place(
        &mut self,
        reads: &mut ReadBacks<'_>,
        read: ReadBack,
        context: Context,
        call: &mut Call<'_, impl Environment + ?Sized>,
    ) {
        let object = (self.disk.slots[read.request.slot.0 as usize].size(), self.codec_of(read.request.slot));
        let overwritten = reads.is_disputed(read) && call.env.overwritten(read.page);
        let found = if overwritten { None } else { reads.content(read.page) };
        match decompress(found.as_ref(), object, self.keeps_bytes(), context, call) {
            Ok(Some(page)) => reads.fill(read.page, BlockContent::Raw(page.into())),
            Ok(None) => {
                reads.opaque.insert(read.page, None);
            }
            Err(_) => reads.statuses[read.bio] = BioStatus::IO_ERROR,
        }
    }

    /// `read_from_bdev_sync`: for partial I/O only, which no kernel with 4 KiB pages takes. The task waits for the
    /// device with no lock held, and looks at the slot again only if there is something to decompress. None for a page
    /// that the model does not keep.
    pub(super) fn read_back_sync(
        &mut self,
        index: SlotIndex,
        call: &mut Call<'_, impl Environment + ?Sized>,
    ) -> Result<Option<Box<PageBytes>>, Errno> {
        let slot = self.disk.slots[index.0 as usize];
        add(&mut self.state.stats.bd_reads, 1);
        let block = Block(slot.word);
        let request = self.backing_request(BackingOp::Read, index, block);
        let completion = call.env.submit_backing(request);
        self.let_intrude(call);
        let status = match completion {
            Completion::Now(status) => status,
            Completion::Later => call.env.complete_backing(request),
        };
        BioStatus(status).into_result()?;
        let content = self.content(block);
        let slot = self.disk.slots[index.0 as usize];
        if self.state.writeback.compressed && !slot.has(WB) {
            return Err(Errno::EIO);
        }
        if self.state.writeback.compressed && !slot.has(HUGE) {
            let object = (slot.size(), self.codec_of(index));
            return decompress(Some(&content), object, self.keeps_bytes(), Context::Task, call);
        }
        Ok(match content {
            BlockContent::Raw(page) => Some(Box::from(&*page)),
            BlockContent::Untouched => Some(vec![0; call.profile.page_size.as_usize()].into()),
            BlockContent::Unknown | BlockContent::Compressed { .. } | BlockContent::Unclean { .. } => None,
        })
    }

    /// Whether there are real bytes to decompress.
    fn keeps_bytes(&self) -> bool {
        self.disk.pool.keeps_bytes()
    }

    fn content(&self, block: Block) -> BlockContent {
        self.state.backing.as_ref().map_or(BlockContent::Untouched, |backing| backing.content(block))
    }
}

/// `zcomp_decompress` of what a page of memory holds.
fn decompress(
    found: Option<&BlockContent>,
    (len, codec): (u32, Codec),
    real: bool,
    context: Context,
    call: &mut Call<'_, impl Environment + ?Sized>,
) -> Result<Option<Box<PageBytes>>, Errno> {
    let result = match found {
        Some(BlockContent::Unknown) => Ok(None),
        Some(BlockContent::Raw(bytes)) if real => {
            let mut page: Box<PageBytes> = vec![0; bytes.len()].into();
            let compressed = bytes.get(..len as usize).unwrap_or(bytes);
            call.env.decompress(codec, compressed, &mut page).map(|()| Some(page))
        }
        Some(
            BlockContent::Compressed { len: stored, codec: by, page }
            | BlockContent::Unclean { len: stored, codec: by, page, .. },
        ) if *stored == len && *by == codec => Ok(Some(Box::from(&**page))),
        foreign => call.env.decompress_foreign(foreign, len, codec),
    };
    let code = result.as_ref().err().map_or(0, |errno| errno.negative());
    call.emit(Site::DecompressReadBack, Event::Decompress { result: code, len, context });
    result
}

impl<'m> ReadBacks<'m> {
    /// None yet, for so many bios.
    pub(super) fn new(memory: &'m mut Memory, page_size: PageSize, bios: usize) -> Self {
        Self {
            submitted: Vec::new(),
            queued: VecDeque::new(),
            running: Vec::new(),
            memory,
            page_size,
            opaque: BTreeMap::new(),
            sent: Vec::new(),
            disputed: BTreeSet::new(),
            filled: BTreeSet::new(),
            statuses: vec![BioStatus::OK; bios],
        }
    }

    /// The bios that one `zram_submit_bio` left go out.
    pub(super) fn submit(&mut self, queue: Vec<ReadBack>, call: &mut Call<'_, impl Environment + ?Sized>) {
        for read in queue {
            let waiting = self.submitted.iter().map(|(other, _)| other);
            if waiting.chain(&self.queued).chain(&self.running).any(|other| other.page == read.page) {
                self.disputed.insert(read.page);
            }
            self.sent.push(read);
            let completion = call.env.submit_backing(read.request);
            // Whoever says so from what was seen takes the first completion of a slot for that of each of its read-backs. An unaligned
            // read has several, and behind a device with a queue those of another slot may come between them.
            let twin = |(other, done): &(ReadBack, Completion)| {
                other.request == read.request && matches!(done, Completion::Now(_))
            };
            let known = !self.submitted.iter().any(twin);
            self.submitted.push((read, if known { completion } else { Completion::Later }));
        }
    }

    /// A page of memory has received a slot's page from the pool, or zeros in its place if that is not kept.
    pub(super) fn filled_from_memory(&mut self, page: usize, kept: bool) {
        self.opaque.remove(&page);
        if !kept {
            self.opaque.insert(page, None);
        }
    }

    /// Some bytes of a page of memory are of a slot whose page is not kept.
    pub(super) fn not_known(&mut self, page: usize) {
        self.opaque.insert(page, None);
    }

    fn all_done(&self) -> bool {
        self.submitted.is_empty() && self.queued.is_empty() && self.running.is_empty()
    }

    /// What can happen next, and which of it does. None when all is done. While the task that reads is still
    /// `submitting`, it may go on by itself.
    fn choose(&self, submitting: bool, call: &mut Call<'_, impl Environment + ?Sized>) -> Option<Chosen> {
        let mut steps = Vec::new();
        let mut meanings = Vec::new();
        let at_once = |(_, completion): &(ReadBack, Completion)| matches!(completion, Completion::Now(_));
        if submitting && !self.submitted.iter().any(at_once) {
            steps.push(Step::Continue);
            meanings.push(Chosen::Continue);
        }
        for (at, (read, completion)) in self.submitted.iter().enumerate() {
            let BackingRequest { slot, block, .. } = read.request;
            steps.push(Step::ReadBackEndio { slot, block });
            meanings.push(Chosen::Endio(at));
            if matches!(completion, Completion::Now(_)) {
                // It completes within its submission: those behind it have not been submitted yet.
                break;
            }
        }
        for (at, read) in self.running.iter().enumerate() {
            let BackingRequest { slot, block, .. } = read.request;
            steps.push(Step::ReadBackDecompress { slot, block });
            meanings.push(Chosen::Decompress(at));
        }
        for (at, read) in self.queued.iter().enumerate() {
            let BackingRequest { slot, block, .. } = read.request;
            steps.push(Step::ReadBackWork { slot, block });
            meanings.push(Chosen::Work(at));
        }
        if meanings.is_empty() {
            return None;
        }
        let choice = call.env.choose(&steps);
        let choice = if choice < meanings.len() { choice } else { 0 };
        Some(meanings.swap_remove(choice))
    }

    /// Whether a worker may find another's bytes where this one put its own. Of two read-backs of one slot into two pages nobody can say which
    /// of them a worker took up first: if the page of one is disputed, so is the other's.
    fn is_disputed(&self, read: ReadBack) -> bool {
        let twin = |other: &ReadBack| other.request == read.request && self.disputed.contains(&other.page);
        !self.disputed.is_empty() && self.sent.iter().any(twin)
    }

    /// What a page of memory holds. None where that is not known.
    fn content(&self, page: usize) -> Option<BlockContent> {
        match self.opaque.get(&page) {
            Some(content) => content.clone(),
            None => self.memory.page(page, self.page_size).map(|page| BlockContent::Raw(page.into())),
        }
    }

    /// A read-back has completed. Its block is in the page of memory, unless that of another came there after it, which
    /// completed before.
    fn land(&mut self, page: usize, content: BlockContent, call: &mut Call<'_, impl Environment + ?Sized>) {
        let another = !self.filled.insert(page) && self.disputed.contains(&page);
        if let Some(there) = self.content(page).filter(|_| another)
            && !call.env.later_read_back_is_last(page, [&there, &content])
        {
            return;
        }
        self.fill(page, content);
    }

    /// A page of memory receives a block, from its first byte.
    fn fill(&mut self, page: usize, content: BlockContent) {
        let Some(bytes) = self.memory.page_mut(page, self.page_size) else { return };
        self.opaque.remove(&page);
        match &content {
            BlockContent::Raw(source) => bytes.copy_from_slice(source),
            BlockContent::Untouched => bytes.fill(0),
            BlockContent::Unknown | BlockContent::Compressed { .. } | BlockContent::Unclean { .. } => {
                bytes.fill(0);
                self.opaque.insert(page, Some(content));
            }
        }
    }
}
