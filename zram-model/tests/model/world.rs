//! A small world for the model to live in: it records events and answers as told.

use crate::{invariants, script::Script};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

use zram_events::{Block, DeviceId, Event};
use zram_model::{
    Allocation, BackingOp, BackingRequest, Bio, BioStatus, BlockContent, ClockUse, Codec, Complaint,
    Completion, Contention, Environment, Errno, Hazard, Kernel, Memory, Moment, PageBytes, PageSize, Profile,
    Segment, Step, Storage,
};

pub(crate) use zram_events::BioOp;

/// Bytes of a page of most machines here.
pub(crate) const PAGE: usize = PageSize::KIB_4.as_usize();

/// A page that the world's compressor makes `len` bytes of, and that differs from others by its seed.
pub(crate) fn page(len: u32, seed: u64) -> [u8; PAGE] {
    let mut page = [0; PAGE];
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x1234_5678;
    for word in page.as_chunks_mut::<8>().0 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        *word = state.to_le_bytes();
    }
    page[..4].copy_from_slice(&len.to_le_bytes());
    page
}

/// A page of one word.
pub(crate) fn filled(word: u64) -> [u8; PAGE] {
    let mut page = [0; PAGE];
    for chunk in page.as_chunks_mut::<8>().0 {
        *chunk = word.to_le_bytes();
    }
    page
}

/// The environment.
#[derive(Clone, Debug, Default)]
pub(crate) struct World {
    pub(crate) events: Vec<Event>,
    pub(crate) now: u32,
    /// Blocks of `/dev/backing`.
    pub(crate) blocks: u64,
    /// Whether the backing device completes later rather than at once.
    pub(crate) later: bool,
    /// Blocks whose writes fail, with `BLK_STS_IOERR`.
    pub(crate) bad_writes: BTreeSet<u64>,
    /// Blocks whose reads fail, with `BLK_STS_MEDIUM`.
    pub(crate) bad_reads: BTreeSet<u64>,
    /// Statuses of writes to come, before `bad_writes` is looked at.
    pub(crate) write_statuses: VecDeque<u8>,
    /// Statuses of reads to come, before `bad_reads` is looked at.
    pub(crate) read_statuses: VecDeque<u8>,
    /// What to choose when there is a choice; exhausted: the first.
    pub(crate) choices: VecDeque<usize>,
    /// The choices that were offered.
    pub(crate) offered: Vec<Vec<Step>>,
    /// Which of the next allocations succeed; exhausted: by predicate.
    pub(crate) fates: VecDeque<bool>,
    pub(crate) refused: usize,
    /// Allocations that fail, by predicate.
    pub(crate) refuse: Option<fn(Allocation) -> bool>,
    /// Where another task is in the way, by predicate.
    pub(crate) contend: Option<fn(Contention) -> bool>,
    /// Allocations that were asked for.
    pub(crate) asked: Vec<Allocation>,
    pub(crate) complaints: Vec<Complaint>,
    pub(crate) undetermined: Vec<usize>,
    /// How many completions are on the list each time the pass looks; exhausted: all.
    pub(crate) listed: VecDeque<usize>,
    /// Bios of another task, each to come after so many questions.
    pub(crate) intruders: VecDeque<(usize, Bio, Memory)>,
    pub(crate) compress_error: Option<Errno>,
    pub(crate) decompress_error: Option<Errno>,
    /// What each compressed object was made of, by algorithm: the others cannot decompress it.
    pub(crate) objects: BTreeMap<(&'static str, Vec<u8>), Vec<u8>>,
    /// The path under which every backing device is shown; none: its own.
    pub(crate) shown: Option<String>,
    /// How much an algorithm makes of a page, in percent of what the page says; 100 where nothing is said.
    pub(crate) percent: BTreeMap<&'static str, u32>,
    /// Whether the last completion of a pass is slow to return.
    pub(crate) slow_endio: bool,
    pub(crate) hazards: Vec<Hazard>,
    /// How another task's bios went.
    pub(crate) intruded: Vec<(Bio, Memory, BioStatus)>,
    /// Answers to every question in turn, for runs that try them all.
    pub(crate) script: Option<Script>,
    /// Whether each moment in the middle of something is looked at; and how many there were.
    pub(crate) watch: bool,
    pub(crate) moments: usize,
    /// Nanoseconds into the current second.
    pub(crate) nanoseconds: u32,
    /// Whether, each time a worker is about to decompress a page of memory that is disputed, other bytes are there; exhausted: no.
    pub(crate) overwritten: VecDeque<bool>,
    /// Whether of two read-backs into one page of memory the one that completes first comes last.
    pub(crate) first_is_last: bool,
}

impl Environment for World {
    fn emit(&mut self, event: Event) {
        self.events.push(event);
    }

    fn complain(&mut self, complaint: Complaint) {
        self.complaints.push(complaint);
    }

    fn compress(&mut self, codec: Codec, page: &PageBytes) -> Result<u32, Errno> {
        let percent = self.percent.get(codec.name).copied().unwrap_or(100);
        match self.compress_error {
            Some(errno) => Err(errno),
            None => Ok(u32::from_le_bytes([page[0], page[1], page[2], page[3]]) % 8193 * percent / 100),
        }
    }

    fn compress_into(&mut self, codec: Codec, page: &PageBytes, out: &mut Vec<u8>) -> Result<u32, Errno> {
        let len = self.compress(codec, page)?;
        out.extend_from_slice(&Self::compressed(page)[..(len as usize).min(PAGE)]);
        self.objects.insert((codec.name, out.clone()), page.to_vec());
        Ok(len)
    }

    fn compress_again(&mut self, codec: Codec, was: u32) -> Result<u32, Errno> {
        Ok(was * self.percent.get(codec.name).copied().unwrap_or(100) / 100)
    }

    fn decompress(&mut self, codec: Codec, bytes: &[u8], page: &mut PageBytes) -> Result<(), Errno> {
        if let Some(errno) = self.decompress_error {
            return Err(errno);
        }
        page.copy_from_slice(self.objects.get(&(codec.name, bytes.to_vec())).ok_or(Errno::EINVAL)?);
        Ok(())
    }

    fn boot_seconds(&mut self, _asked: ClockUse) -> u32 {
        self.now
    }

    fn open_backing(&mut self, path: &str) -> Result<u64, Errno> {
        match path {
            "/dev/backing" | "/dev//backing" => Ok(self.blocks),
            "/dev/other" => Ok(4),
            "/dev/empty" => Ok(0),
            "/etc/passwd" => Err(Errno::ENOTBLK),
            _ => Err(Errno::ENOENT),
        }
    }

    fn backing_path(&mut self, path: &str) -> String {
        match &self.shown {
            Some(shown) => shown.clone(),
            None => path.replace("//", "/"),
        }
    }

    fn submit_backing(&mut self, request: BackingRequest) -> Completion {
        if self.later { Completion::Later } else { Completion::Now(self.status(request)) }
    }

    fn complete_backing(&mut self, request: BackingRequest) -> u8 {
        if let Some(script) = &mut self.script
            && script.failing
        {
            return if script.answer(2) == 0 { 0 } else { 10 };
        }
        self.status(request)
    }

    fn choose(&mut self, ready: &[Step]) -> usize {
        if let Some(script) = &mut self.script {
            return script.answer(ready.len());
        }
        self.offered.push(ready.to_vec());
        self.choices.pop_front().unwrap_or(0)
    }

    fn overwritten(&mut self, _page: usize) -> bool {
        self.overwritten.pop_front().unwrap_or_default()
    }

    fn later_read_back_is_last(&mut self, _page: usize, _contents: [&BlockContent; 2]) -> bool {
        !self.first_is_last
    }

    fn listed(&mut self, reported: &[BackingRequest]) -> usize {
        if let Some(script) = &mut self.script {
            return reported.len() - script.answer(reported.len() + 1);
        }
        self.listed.pop_front().unwrap_or(reported.len())
    }

    fn intrude(&mut self, _dev: DeviceId) -> Option<(Bio, Memory)> {
        if let Some(script) = &mut self.script {
            let comes = !self.intruders.is_empty() && script.answer(2) == 1;
            return if comes {
                self.intruders.pop_front().map(|(_, bio, memory)| (bio, memory))
            } else {
                None
            };
        }
        let (wait, ..) = self.intruders.front_mut()?;
        if *wait > 0 {
            *wait -= 1;
            return None;
        }
        self.intruders.pop_front().map(|(_, bio, memory)| (bio, memory))
    }

    fn boot_nanoseconds(&mut self, _asked: ClockUse) -> u64 {
        u64::from(self.now) * 1_000_000_000 + u64::from(self.nanoseconds)
    }

    fn intruded(&mut self, bio: Bio, memory: Memory, status: BioStatus) {
        self.intruded.push((bio, memory, status));
    }

    fn watches(&self) -> bool {
        self.watch
    }

    fn moment(&mut self, moment: &Moment<'_>) {
        self.moments += 1;
        invariants::blocks_are_held(moment);
    }

    fn endio_returned(&mut self, _request: BackingRequest) -> bool {
        if let Some(script) = &mut self.script {
            return script.answer(2) == 0;
        }
        !self.slow_endio
    }

    fn hazard(&mut self, hazard: Hazard) {
        self.hazards.push(hazard);
    }

    fn allocate(&mut self, what: Allocation) -> bool {
        if let Some(fate) = self.fates.pop_front() {
            self.refused += usize::from(!fate);
            return fate;
        }
        self.asked.push(what);
        !self.refuse.is_some_and(|refuse| refuse(what))
    }

    fn contended(&mut self, what: Contention) -> bool {
        self.contend.is_some_and(|contend| contend(what))
    }

    fn read_dictionary(&mut self, path: &str) -> Result<u64, Errno> {
        match path {
            "/dict" => Ok(4096),
            "/tiny" => Ok(7),
            "/empty" => Ok(0),
            _ => Err(Errno::ENOENT),
        }
    }

    fn undetermined(&mut self, page: usize) {
        self.undetermined.push(page);
    }
}

impl World {
    /// What the world's compressor makes of a page: so many bytes of this as it says.
    pub(crate) fn compressed(page: &PageBytes) -> Vec<u8> {
        page.iter().rev().map(|byte| byte ^ 0x5a).collect()
    }

    fn status(&mut self, request: BackingRequest) -> u8 {
        let block = request.block.0;
        let told = match request.op {
            BackingOp::Read => &mut self.read_statuses,
            BackingOp::Write => &mut self.write_statuses,
        };
        if let Some(status) = told.pop_front() {
            return status;
        }
        match request.op {
            BackingOp::Write if self.bad_writes.contains(&block) => 10,
            BackingOp::Read if self.bad_reads.contains(&block) => 7,
            _ => 0,
        }
    }
}

/// A kernel with one device, in its world.
#[derive(Clone, Debug)]
pub(crate) struct Machine {
    pub(crate) kernel: Kernel,
    pub(crate) world: World,
    pub(crate) dev: DeviceId,
}

impl Machine {
    /// One device without a size.
    pub(crate) fn bare(profile: Profile) -> Self {
        Self::keeping(Storage::default(), profile)
    }

    /// As [`Machine::bare`], with a choice of what is kept of the pages.
    pub(crate) fn keeping(storage: Storage, profile: Profile) -> Self {
        let mut world = World { blocks: 64, now: 1000, ..World::default() };
        let mut kernel = Kernel::with_storage(profile, storage);
        let dev = kernel.hot_add(&mut world).unwrap();
        Self { kernel, world, dev }
    }

    /// One device of this many pages.
    pub(crate) fn new(pages: u64) -> Self {
        let mut machine = Self::bare(Profile::debian_7_2());
        machine.set_size(pages);
        machine
    }

    /// One device of this many pages, with a backing device.
    pub(crate) fn backed(pages: u64, blocks: u64, compressed: bool) -> Self {
        Self::backed_as(Profile::debian_7_2(), pages, blocks, compressed)
    }

    pub(crate) fn backed_as(profile: Profile, pages: u64, blocks: u64, compressed: bool) -> Self {
        let mut machine = Self::bare(profile);
        machine.world.blocks = blocks;
        machine.put("backing_dev", "/dev/backing\n");
        if machine.has("compressed_writeback") {
            machine.put("compressed_writeback", if compressed { "1" } else { "0" });
        }
        machine.set_size(pages);
        machine
    }

    /// Whether this kernel has such an attribute.
    pub(crate) fn has(&self, attribute: &str) -> bool {
        self.kernel.attributes().any(|(name, ..)| name == attribute)
    }

    pub(crate) fn set_size(&mut self, pages: u64) {
        self.put("disksize", &(pages * PAGE as u64).to_string());
    }

    /// A write to an attribute.
    pub(crate) fn write(&mut self, name: &str, text: &str) -> Result<usize, Errno> {
        self.kernel.write_attr(self.dev, name, text.as_bytes(), &mut self.world)
    }

    /// A write to an attribute that must be taken whole.
    pub(crate) fn put(&mut self, name: &str, text: &str) {
        assert_eq!(self.write(name, text), Ok(text.len()), "{name} = {text:?}");
    }

    pub(crate) fn text(&self, name: &str) -> String {
        String::from_utf8(self.kernel.read_attr(self.dev, name).unwrap()).unwrap()
    }

    /// The numbers in an attribute.
    pub(crate) fn numbers(&self, name: &str) -> Vec<u64> {
        self.text(name).split_whitespace().filter_map(|word| word.parse().ok()).collect()
    }

    /// Writes pages from `slot` on, in one aligned bio.
    pub(crate) fn store(&mut self, slot: u64, pages: &[[u8; PAGE]]) -> BioStatus {
        let bio = aligned(BioOp::Write, slot, pages.len());
        self.kernel.submit(self.dev, &bio, &mut Memory::of_pages(pages), &mut self.world)
    }

    /// Writes one page that must be taken.
    pub(crate) fn fill(&mut self, slot: u64, content: &[u8; PAGE]) {
        assert_eq!(self.store(slot, &[*content]), BioStatus::OK, "slot {slot}");
    }

    /// Reads pages from `slot` on, in one aligned bio.
    pub(crate) fn load(&mut self, slot: u64, count: usize) -> (BioStatus, Vec<[u8; PAGE]>) {
        let mut memory = Memory(vec![0xee; PAGE * count]);
        let status =
            self.kernel.submit(self.dev, &aligned(BioOp::Read, slot, count), &mut memory, &mut self.world);
        (status, memory.0.as_chunks().0.to_vec())
    }

    pub(crate) fn discard(&mut self, slot: u64, pages: u32) -> BioStatus {
        let bio =
            Bio { op: BioOp::Discard, sector: slot * 8, segments: Vec::new(), bytes: pages * PAGE as u32 };
        self.kernel.submit(self.dev, &bio, &mut Memory(Vec::new()), &mut self.world)
    }

    /// The debugfs file `classes`.
    pub(crate) fn classes_text(&self) -> Result<String, Errno> {
        self.kernel.classes_text(self.dev).map(|text| String::from_utf8(text).unwrap())
    }

    /// The events since the last call.
    pub(crate) fn events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.world.events)
    }

    /// The names of the events since the last call.
    pub(crate) fn names(&mut self) -> Vec<&'static str> {
        self.events().iter().map(Event::name).collect()
    }

    pub(crate) fn flags(&self, slot: usize) -> u32 {
        self.kernel.slots(self.dev).unwrap()[slot].flags
    }

    /// Everything that can be looked at without changing it.
    pub(crate) fn look(&self) -> String {
        let kernel = &self.kernel;
        let attributes: Vec<_> = kernel
            .attributes()
            .filter(|(_, readable, _)| *readable)
            .map(|(name, ..)| (name, kernel.read_attr(self.dev, name)))
            .collect();
        let blocks: Vec<_> =
            (0..self.world.blocks).map(|b| summary(&kernel.block(self.dev, Block(b)))).collect();
        let used: Vec<_> = kernel
            .classes(self.dev)
            .unwrap()
            .into_iter()
            .filter(|class| class.nominal == class.index && class.stats[12] > 0)
            .collect();
        format!(
            "{attributes:?} {:?} {:?} {blocks:?} {used:?} {}",
            kernel.block_state(self.dev, 0, 1 << 20),
            kernel.slots(self.dev),
            kernel.blocks_taken(self.dev)
        )
    }
}

/// A bio of whole, aligned pages; its memory starts with page 0.
pub(crate) fn aligned(op: BioOp, slot: u64, count: usize) -> Bio {
    let segments = (0..count).map(|page| Segment { page, offset: 0, len: PAGE as u32 }).collect();
    Bio { op, sector: slot * 8, segments, bytes: 0 }
}

/// What is in a block, short enough for a log.
fn summary(content: &BlockContent) -> String {
    match content {
        BlockContent::Untouched => "-".to_owned(),
        BlockContent::Unknown => "?".to_owned(),
        BlockContent::Raw(page) => format!("raw {:?}", &page[..16]),
        BlockContent::Compressed { len, codec, page } => {
            format!("compressed {len} {codec} {:?}", &page[..16])
        }
        BlockContent::Unclean { len, stale, codec, page } => {
            format!("unclean {len} {stale} {codec} {:?}", &page[..16])
        }
    }
}
